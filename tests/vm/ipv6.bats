#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A host without IPv6 (ipv6.disable=1), which many hardening guides ask for.

load vm

setup_file() {
        prepare_machine --append ipv6.disable=1
}

teardown_file() {
        remove_guest
}

@test "first start and reboot without IPv6" {
        in_guest test ! -e /proc/net/if_inet6
        start_stack $((300 * slow))
        healed
        "$guest" reboot "$GUEST"
        healed
        # shellcheck disable=SC2119 # of every unit
        run journal
        [[ ${output,,} != *'address family not supported'* ]]
}
