# SPDX-License-Identifier: MIT
# The words of tests/host for a machine with a kernel of its own (tests/vm/vm), and those for a power cut.
# VM_MACHINE names one of "vm list" with the package in it, to run in and to keep, instead of a fresh one.
# VM_CUTS is how many moments are drawn for each kind of cut, SEED repeats a run. shellcheck shell=bash disable=SC2154

LAGO_TEST_GUEST=$(readlink -f "$BATS_TEST_DIRNAME/vm")
export LAGO_TEST_GUEST
load ../host/lib
if [ -n "${VM_MACHINE-}" ]; then
        GUEST=$VM_MACHINE
        export KEEP_GUEST=yes
fi

# Each look costs a machine without KVM seconds of its one processor, and what it waits for takes 10 to 20 times as long.
export PAUSE=3
slow=$("$LAGO_TEST_GUEST" pace)

# An operator's host: the package, lago.target enabled, all of it on the disk.
prepare_machine() {
        export SEED=${SEED:-$RANDOM} CUTS=${VM_CUTS:-1}
        [ -n "${VM_MACHINE-}" ] || boot_and_install "$@"
        "$guest" push "$GUEST" "$root/tests/host/crash.sh" /var/tmp/
        in_guest sh -c 'systemctl -q enable lago.target && sync'
        figure "SEED=$SEED, Linux $(in_guest uname -r)"
}

figure() {
        echo "# $*" >&3
}

# with_words [ARG]...: the script on standard input inside, with the words of crash.sh.
with_words() {
        {
                echo "PAUSE=$PAUSE slow=$slow; . /var/tmp/crash.sh"
                cat
        } | in_guest_sh "$@"
}

healed() {
        with_words <<<"healed ${1:-300}"
}

# confined_as PATTERN: the kernel's security module has the first process of each container in such a domain or profile.
confined_as() {
        with_words "$1" <<'SH'
for m in "${members[@]}"; do
        label=$(tr -d '\0' <"/proc/$(container_pid "$m")/attr/current")
        [[ $label =~ ^$1$ ]] || { echo "# the container of $m runs as '$label'"; exit 1; }
done
echo "# $label"
SH
}

# What we write is whole or not there. An environment that nobody filled is the package's own.
no_file_of_ours_is_empty() {
        local empty
        empty=$(in_guest find /etc/lago /var/lib/lago /var/cache/lago -type f -empty ! -name '*.env' ! -name '*.lock' ! -name lock)
        [ -z "$empty" ] || { echo "# empty: $empty"; return 1; }
}

# --- power cuts -----------------------------------------------------------------------------------------

# cut_within LIMIT_MS: waits between nothing and so long, cuts the power, boots, and Lago serves without a command.
cut_within() {
        local ms=$((RANDOM * $1 / 32768)) begun
        sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        begun=$SECONDS
        healed || { echo "# the power was cut after $ms ms"; return 1; }
        no_file_of_ours_is_empty || { echo "# the power was cut after $ms ms"; return 1; }
        figure "$BATS_TEST_DESCRIPTION: cut after $ms ms, $((SECONDS - begun)) s after the boot it serves"
}

# A client of PostgreSQL that writes a row at a time, and remembers here what was acknowledged to it.
start_writing() {
        acknowledged=$(mktemp -p "$BATS_TEST_TMPDIR")
        in_guest_sh <<'SH' >>"$acknowledged" 2>/dev/null 3>&- &
podman exec lago-db createdb -U lago acknowledged
podman exec lago-db psql -U lago -d acknowledged -qc 'CREATE TABLE IF NOT EXISTS row (id bigserial PRIMARY KEY, at timestamptz DEFAULT now())'
rm -f /run/enough
while [ ! -e /run/enough ] && echo 'INSERT INTO row DEFAULT VALUES RETURNING id;'; do sleep 0.02; done |
        podman exec -i lago-db psql -U lago -d acknowledged -Atq
SH
        writer=$!
        wait_for $((60 * slow)) some_are_acknowledged
}

some_are_acknowledged() {
        [ "$(wc -l <"$acknowledged")" -ge 5 ]
}

# One whose power was cut has ended.
stop_writing() {
        in_guest touch /run/enough
        wait "$writer" 2>/dev/null || :
}

every_acknowledged_row_is_there() {
        local missing
        in_guest podman exec lago-db psql -U lago -d acknowledged -Atqc 'SELECT id FROM row' </dev/null | sort >"$acknowledged.there"
        [ -s "$acknowledged.there" ]
        # The last line may have been cut with the power.
        missing=$(sed '$d' "$acknowledged" | sort | comm -23 - "$acknowledged.there")
        [ -z "$missing" ] || { echo "# acknowledged and lost: $missing"; return 1; }
        figure "$(wc -l <"$acknowledged") rows acknowledged, all there"
}

# release_is_whole: the database has what the release that serves brings.
release_is_whole() {
        local count
        count=$(sql 'SELECT count(*) FROM schema_migrations')
        case $(status_text ready) in
        'Lago serves v1.50.0'*) [ "$count" = 1046 ] ;;
        'Lago serves v1.51.0'*) [ "$count" = 1075 ] ;;
        *) false ;;
        esac || { echo "# $(status_text ready), and $count migrations"; return 1; }
}
