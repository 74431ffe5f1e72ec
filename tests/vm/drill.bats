#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The faults of tests/drill on a kernel of its own, where a power cut loses all that was not flushed, of the engine, too.
# VM_FAULTS is how many, SEED repeats a run.

load vm

setup_file() {
        prepare_machine
}

teardown_file() {
        remove_guest
}

@test "faults drawn at random: no READY too early, nothing stuck, left over, lost, applied by itself or shown" {
        "$root/tests/drill/run" "$GUEST" "${VM_FAULTS:-8}" "$SEED"
}
