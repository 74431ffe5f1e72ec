#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two hosts on one database and one Redis: migrations once, one clock at any time, whatever happens to one of the hosts.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib
load hosts

setup_file() {
        export ONE=$GUEST-one TWO=$GUEST-two BRIDGE=lago$BASHPID
        "$guest" rm "$ONE" "$TWO" >/dev/null 2>&1 || :
        ip link add "$BRIDGE" type bridge
        ip link set "$BRIDGE" up
        host "$ONE" 10.77.0.1
        host "$TWO" 10.77.0.2
        export SERVERS=$ONE
        servers "$ONE" 10.77.0.1
        configure "$ONE" 10.77.0.1
        configure "$TWO" 10.77.0.1
        share_keys "$ONE" "$TWO"
        watch_clocks
}

teardown_file() {
        [ ! -e "$BATS_FILE_TMPDIR/watcher" ] || kill "$(cat "$BATS_FILE_TMPDIR/watcher")" || :
        [ -n "${KEEP_GUEST-}" ] || "$guest" rm "$ONE" "$TWO"
        ip link delete "$BRIDGE"
}

@test "started at once on an empty database: migrated once, both serve, one clock ticks" {
        local h runs=0
        for h in "$ONE" "$TWO"; do
                on "$h" systemctl start --no-block lago.target
        done
        for h in "$ONE" "$TWO"; do
                GUEST=$h wait_for 300 serves_on "$h"
                GUEST=$h serves
                runs=$((runs + $(GUEST=$h journal -u lago-migrate | grep -c '^Migrating: ' || :)))
                [ "$(on "$h" systemctl show -P NRestarts lago-migrate)" = 0 ]
                [ "$(GUEST=$h relation_errors)" = 0 ]
        done
        echo "# $runs runs of migrations"
        [ "$runs" = 1 ]
        [ "$(managed_sql 'SELECT count(*) FROM schema_migrations')" = 1046 ]
        if runs_on "$ONE"; then stands_by_on "$TWO"; else runs_on "$TWO" && stands_by_on "$ONE"; fi
        never_two_clocks
}

@test "the host whose clock ticks loses its power: the other takes over; back again, it stands by" {
        on "$ONE" systemctl stop lago-clock
        wait_for 120 runs_on "$TWO"
        on "$ONE" systemctl start lago-clock
        stands_by_on "$ONE"
        "$guest" kill "$TWO"
        wait_for 180 runs_on "$ONE"
        "$guest" start "$TWO"
        on "$TWO" systemctl start lago.target
        stands_by_on "$TWO"
        # The one that ran when the power went.
        wait_for 60 no_clock_container "$TWO"
        never_two_clocks
}

no_clock_container() {
        refute on "$1" podman container exists lago-clock
}

@test "the network between them is cut: who cannot reach the database stops its clock before the other begins" {
        on "$ONE" systemctl stop lago-clock
        wait_for 120 runs_on "$TWO"
        on "$ONE" systemctl start lago-clock
        on "$TWO" ip link set host0 down
        wait_for 180 runs_on "$ONE"
        never_two_clocks
        on "$TWO" ip link set host0 up
        GUEST=$TWO wait_for 180 stands_by_on "$TWO"
        GUEST=$TWO wait_for 120 serves_on "$TWO"
        never_two_clocks
}
