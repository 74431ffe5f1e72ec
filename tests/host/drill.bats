#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Faults drawn at random, some on top of each other, over a Lago that serves and a client that writes: tests/drill/run, which can
# be run by hand. SOAK is how many, SEED repeats a run; in a check they are always the same few.

load lib

setup_file() {
        boot_and_install --forgetful
}

teardown_file() {
        remove_guest
}

@test "whatever happens at whatever moment: no READY too early, nothing stuck, left over, lost, applied by itself or shown" {
        "$root/tests/drill/run" "$GUEST" "${SOAK:-24}" "${SEED:-2}"
}
