#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two hosts on one database and one Redis: migrations once, one clock at any time, whatever happens to one of the hosts.

load lib

setup_file() {
        export ONE=$GUEST-one TWO=$GUEST-two BRIDGE=lago$BASHPID
        "$guest" rm "$ONE" "$TWO" >/dev/null 2>&1 || :
        ip link add "$BRIDGE" type bridge
        ip link set "$BRIDGE" up
        host "$ONE" 10.77.0.1
        host "$TWO" 10.77.0.2
        managed_servers
        configure "$ONE"
        # The keys are the database's, not the host's: README says to take them along.
        on "$ONE" systemctl start lago-setup
        configure "$TWO"
        "$guest" pull "$ONE" /etc/lago/secrets.env | in_host "$TWO" 'install -m 600 /dev/stdin /etc/lago/secrets.env'
        watch_clocks
}

teardown_file() {
        [ ! -e "$BATS_FILE_TMPDIR/watcher" ] || kill "$(cat "$BATS_FILE_TMPDIR/watcher")" || :
        [ -n "${KEEP_GUEST-}" ] || "$guest" rm "$ONE" "$TWO"
        ip link delete "$BRIDGE"
}

# --- the hosts ------------------------------------------------------------------------------------------

host() {
        GUEST=$1 boot_and_install --bridge "$BRIDGE" --address "$2/24"
}

# on HOST COMMAND...
on() {
        GUEST=$1 in_guest "${@:2}"
}

# in_host HOST SCRIPT: with standard input.
in_host() {
        "$guest" run "$1" -- sh -c "$2"
}

# On the first host, for all: what somebody else manages in real life.
managed_servers() {
        GUEST=$ONE in_guest_sh <<'SH'
podman run -d --name managed-db -p 10.77.0.1:5432:5432 -e POSTGRES_USER=lago -e POSTGRES_PASSWORD=managed-by-the-test \
        docker.io/getlago/postgres-partman:15.0-alpine >/dev/null &&
podman run -d --name managed-redis -p 10.77.0.1:6379:6379 docker.io/library/redis:7-alpine >/dev/null
SH
}

configure() {
        GUEST=$1 in_guest_sh <<'SH'
mkdir -p /etc/lago/lago.conf.d
printf '[database]\nmode = external\n[redis]\nmode = external\n' >/etc/lago/lago.conf.d/external.conf
printf '%s\n' 'DATABASE_URL=postgresql://lago:managed-by-the-test@10.77.0.1:5432/lago' 'REDIS_URL=redis://10.77.0.1:6379' >/etc/lago/lago.env
chmod 600 /etc/lago/lago.env
systemctl daemon-reload
SH
}

managed_sql() {
        on "$ONE" podman exec managed-db psql -U lago -d lago -Atqc "$1"
}

# --- the clocks, seen from outside: the processes of all guests are this machine's ------------------------

# clocks HOST: one line for each container of a clock that runs there.
clocks() {
        # shellcheck disable=SC2086 # a pattern
        grep -ls . /sys/fs/cgroup/{,unified/}lago-guest-*-$1/{,payload/}lago.slice/lago-clock.service/libpod-payload-*/cgroup.procs
}

# The most clocks that ever ran at once, looked at all the time.
watch_clocks() {
        (
                exec 3>&-
                most=0 looks=0
                while sleep 0.02; do
                        now=$(clocks "$GUEST-*" | wc -l)
                        [ "$now" -le "$most" ] || most=$now
                        echo "$most $((++looks))" >"$BATS_FILE_TMPDIR/clocks.new"
                        mv "$BATS_FILE_TMPDIR/clocks.new" "$BATS_FILE_TMPDIR/clocks"
                done
        ) >/dev/null 2>&1 &
        echo "$!" >"$BATS_FILE_TMPDIR/watcher"
}

never_two_clocks() {
        local most looks
        read -r most looks <"$BATS_FILE_TMPDIR/clocks"
        echo "# at most $most clocks at once in $looks looks"
        [ "$most" = 1 ] && [ "$looks" -gt 100 ]
}

serves_on() {
        [[ $(GUEST=$1 status_text ready) == "Lago serves"* ]]
}

runs_on() {
        [ -n "$(clocks "$1")" ] && GUEST=$1 status_has clock Running
}

stands_by_on() {
        [ -z "$(clocks "$1")" ] && GUEST=$1 status_has clock 'Standby: the clock at'
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
