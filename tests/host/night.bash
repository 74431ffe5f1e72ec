# SPDX-License-Identifier: MIT
# For the files that kill: SOAK is how many moments are drawn for each kind of killing, SEED repeats a run.
# shellcheck shell=bash disable=SC2154

setup_file() {
        export SEED=${SEED:-$RANDOM} MOMENTS=${SOAK:-2}
        echo "# SEED=$SEED, $MOMENTS moments each" >&3
        boot_and_install
        record_engine
        "$guest" push "$GUEST" "$BATS_TEST_DIRNAME/crash.sh" /var/tmp/
        start_stack
}

teardown_file() {
        remove_guest
}

# in_the_night [ARG]...: the script on standard input inside, with the words of crash.sh and $1 moments to draw.
in_the_night() {
        {
                echo "set -o pipefail; RANDOM=$((SEED + BATS_TEST_NUMBER)); MOMENTS=$MOMENTS"
                echo '. /var/tmp/crash.sh'
                cat
        } | in_guest_sh "$@"
}
