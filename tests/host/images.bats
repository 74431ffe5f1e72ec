#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The images that all other tests here stand on: each is as what is known of the published one. What was shown of them holds
# for as long as nothing of them changes, so a check asks anew only then.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

@test "every stand-in is as the table of facts says" {
        local images=$root/tests/images shown
        shown=$("$images/build").facts-$(cat "$images"/{facts.txt,selftest,selftest-inside} | sha256sum | cut -c1-12)
        [ -n "${SOAK-}" ] || [ ! -e "$shown" ] || return 0
        boot_guest
        run "$images/selftest" "$GUEST" facts
        "$guest" rm "$GUEST"
        printf '%s\n' "$output"
        [ "$status" = 0 ]
        touch "$shown"
}
