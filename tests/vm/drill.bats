#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The faults of tests/host/drill.bats, and those of memory, disks and the clock, under a kernel of its own, whose power cuts lose
# what was not synced. VM_FAULTS is how many, SEED repeats a run.

load vm

setup_file() {
        prepare_machine
}

teardown_file() {
        remove_guest
}

@test "whatever happens at whatever moment, to memory, disks and the clock, too: nothing early, stuck, left over, lost or shown" {
        "$root/tests/drill/run" "$GUEST" "${VM_FAULTS:-8}" "$SEED"
}
