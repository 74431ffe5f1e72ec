#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# In a soak only: a stand-in that is made kinder in one line is told, and all else that tests/images/README.md says is true.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        boot_guest
}

teardown_file() {
        "$guest" rm "$GUEST"
}

@test "made kinder in one line, a stand-in is told by the table of facts: each line of kinder.txt" {
        run "$root/tests/images/kinder" "$GUEST"
        printf '%s\n' "$output"
        [ "$status" = 0 ]
}

@test "the stand-ins do what their README says" {
        local cases
        mapfile -t cases < <(sed -n 's/^case_\([a-z0-9_]*\)() {$/\1/p' "$root/tests/images/selftest-inside" | grep -v facts)
        [ ${#cases[@]} -gt 20 ]
        run "$root/tests/images/selftest" "$GUEST" "${cases[@]}"
        printf '%s\n' "$output"
        [ "$status" = 0 ]
}
