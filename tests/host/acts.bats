#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which acts admit what stands in /etc/lago, and which do not: the table of lago.target(7), row by row.

load lib
load admit

@test "every other act of the table in lago.target(7)" {
        leaves systemctl restart 'lago-*'
        leaves systemctl try-restart 'lago-*'
        leaves systemctl restart lago-setup
        leaves systemctl restart lago-db lago-redis lago-api lago-worker lago-clock lago-front lago-pdf lago-ready
        leaves systemctl start lago.target
        in_guest systemctl stop lago-migrate
        leaves systemctl start lago-worker lago-clock lago-front
        admits systemctl reload lago-migrate
        admits lagoctl restart
        stop_stack
        admits systemctl start lago.target
}
