#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An API, a host of workers and one that has all of it, on servers of a fourth host: each loses its power and its network in
# turn. Migrations run once, one clock ticks at any time, and no job that was enqueued is lost. In a soak only.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib
load hosts

setup_file() {
        export API=$GUEST-api WORK=$GUEST-work ALL=$GUEST-all SERVERS=$GUEST-servers BRIDGE=lago$BASHPID
        "$guest" rm "$API" "$WORK" "$ALL" "$SERVERS" >/dev/null 2>&1 || :
        ip link add "$BRIDGE" type bridge
        ip link set "$BRIDGE" up
        GUEST=$SERVERS boot_guest --bridge "$BRIDGE" --address 10.78.0.9/24
        servers "$SERVERS" 10.78.0.9
        host "$API" 10.78.0.1
        host "$WORK" 10.78.0.2
        host "$ALL" 10.78.0.3
        local h
        for h in "$API" "$WORK" "$ALL"; do
                configure "$h" 10.78.0.9
        done
        part "$API" '[worker]' 'enabled = no' 'pools = events'
        part "$WORK" '[api]' 'enabled = no' '[front]' 'enabled = no' '[worker]' 'pools = events*3'
        part "$ALL" '[worker]' 'pools = events'
        share_keys "$API" "$WORK" "$ALL"
        watch_clocks
}

teardown_file() {
        [ ! -e "$BATS_FILE_TMPDIR/watcher" ] || kill "$(cat "$BATS_FILE_TMPDIR/watcher")" || :
        [ -n "${KEEP_GUEST-}" ] || "$guest" rm "$API" "$WORK" "$ALL" "$SERVERS"
        ip link delete "$BRIDGE"
}

# part HOST LINE...: of lago.conf.
part() {
        printf '%s\n' "${@:2}" | in_host "$1" 'cat >/etc/lago/lago.conf.d/part.conf; systemctl daemon-reload'
}

# enqueue HOST: twenty jobs through its API, for the pool and for the main worker; their names are kept.
enqueue() {
        GUEST=$1 in_guest_sh <<'SH' >"$BATS_FILE_TMPDIR/jobs"
for i in $(seq 10); do
        for queue in events webhook; do
                curl -s -m 10 -X POST "http://127.0.0.1:3000/test/jobs?queue=$queue&kind=none" | sed 's/.*"id":"\([^"]*\)".*/\1/'
                echo
        done
done
SH
        [ "$(grep -c . "$BATS_FILE_TMPDIR/jobs")" = 20 ]
}

# jobs_done HOST: as its API sees them.
jobs_done() {
        # shellcheck disable=SC2016,SC2046 # for the shell in the guest; names have no blanks
        GUEST=$1 in_guest_sh $(cat "$BATS_FILE_TMPDIR/jobs") <<'SH'
for id in "$@"; do
        curl -s -m 10 "http://127.0.0.1:3000/test/jobs/$id" | grep -q '"state":"done"' || exit 1
done
SH
}

dead_jobs() {
        on "$SERVERS" podman exec managed-redis redis-cli zcard dead
}

# others VICTIM: the two that are left; the API of the first one answers.
others() {
        case $1 in
        "$API") echo "$ALL $WORK" ;;
        "$WORK") echo "$API $ALL" ;;
        "$ALL") echo "$API $WORK" ;;
        esac
}

one_runs_of() {
        local h
        for h in "$@"; do
                ! runs_on "$h" || return 0
        done
        return 1
}

# Sidekiq asks for a job for two seconds at a time: what is handed to one that is gone meanwhile is lost, with its host.
go_on_without() {
        local left
        read -ra left <<<"$(others "$1")"
        sleep 3
        enqueue "${left[0]}"
        GUEST=${left[0]} wait_for 60 jobs_done "${left[0]}"
        GUEST=${left[0]} wait_for 180 one_runs_of "${left[@]}"
        never_two_clocks
}

@test "started at once on an empty database: migrated once, each runs its part, one clock ticks" {
        local h runs=0
        for h in "$API" "$WORK" "$ALL"; do
                on "$h" systemctl start --no-block lago.target
        done
        for h in "$API" "$WORK" "$ALL"; do
                GUEST=$h wait_for 300 serves_on "$h"
                runs=$((runs + $(GUEST=$h journal -u lago-migrate | grep -c '^Migrating: ' || :)))
                [ "$(GUEST=$h relation_errors)" = 0 ]
        done
        [ "$runs" = 1 ]
        [ "$(managed_sql 'SELECT count(*) FROM schema_migrations')" = 1046 ]
        [ "$(GUEST=$API status_text ready)" = 'Lago serves v1.50.0 (without the workers)' ]
        [ "$(GUEST=$WORK status_text ready)" = 'Lago serves v1.50.0 (without the API)' ]
        [ "$(GUEST=$ALL status_text ready)" = 'Lago serves v1.50.0' ]
        GUEST=$API containers | refute grep -w lago-worker
        GUEST=$WORK containers | grep -w 'lago-worker lago-worker-events lago-worker-events-2 lago-worker-events-3'
        GUEST=$WORK containers | refute grep -E 'lago-(api|front)'
        on "$WORK" lagoctl status | grep -E '^worker@events-3 +active '
        # The condition that is not met is no failure, and says why.
        on "$WORK" systemctl start lago-api
        on "$WORK" systemctl status lago-api --no-pager | grep -F '[api] enabled = no'
        one_runs_of "$API" "$WORK" "$ALL"
        enqueue "$API"
        GUEST=$API wait_for 60 jobs_done "$API"
        [ "$(dead_jobs)" = 0 ]
        never_two_clocks
}

@test "a restart of lago-migrate on a host without an API stops its clock too, and brings all back" {
        local before after
        on "$API" systemctl stop lago-clock
        on "$ALL" systemctl stop lago-clock
        GUEST=$WORK wait_for 120 runs_on "$WORK"
        before=$(GUEST=$WORK invocation clock)
        on "$WORK" timeout 120 systemctl restart lago-migrate
        GUEST=$WORK wait_for 120 runs_on "$WORK"
        after=$(GUEST=$WORK invocation clock)
        [ "$before" != "$after" ]
        on "$API" systemctl start lago-clock
        on "$ALL" systemctl start lago-clock
        never_two_clocks
}

@test "each host in turn loses its power: the others go on, no job is lost, one clock ticks" {
        local victim
        for victim in "$API" "$WORK" "$ALL"; do
                "$guest" kill "$victim"
                go_on_without "$victim"
                "$guest" start "$victim"
                on "$victim" timeout 200 systemctl start lago.target
                GUEST=$victim wait_for 60 serves_on "$victim"
        done
        [ "$(dead_jobs)" = 0 ]
        never_two_clocks
}

@test "each host in turn loses its network: the others go on, no job is lost, one clock ticks" {
        local victim
        for victim in "$API" "$WORK" "$ALL"; do
                on "$victim" ip link set host0 down
                go_on_without "$victim"
                on "$victim" ip link set host0 up
                GUEST=$victim wait_for 180 serves_on "$victim"
        done
        [ "$(dead_jobs)" = 0 ]
        never_two_clocks
}

@test "the host of the servers loses its power: all say so, nobody is restarted, all go on by themselves" {
        local h
        "$guest" kill "$SERVERS"
        for h in "$API" "$WORK" "$ALL"; do
                GUEST=$h wait_for 120 status_has db 'Not healthy'
        done
        "$guest" start "$SERVERS"
        on "$SERVERS" podman start managed-db managed-redis
        for h in "$API" "$WORK" "$ALL"; do
                GUEST=$h wait_for 180 serves_on "$h"
                [ "$(on "$h" systemctl show -P NRestarts lago-migrate)" = 0 ]
        done
        wait_for 120 one_runs_of "$API" "$WORK" "$ALL"
        enqueue "$API"
        GUEST=$API wait_for 60 jobs_done "$API"
        [ "$(dead_jobs)" = 0 ]
        never_two_clocks
}

@test "an upgrade: one host migrates, one that waits follows by itself, one that is behind is refused until it is told" {
        local h runs=0
        for h in "$API" "$WORK" "$ALL"; do
                on "$h" timeout 200 systemctl stop lago.target 'lago-*.service'
        done
        for h in "$API" "$WORK"; do
                GUEST=$h config lago release v1.51.0
        done
        GUEST=$WORK config migrate automatic no
        on "$WORK" systemctl start --no-block lago.target
        GUEST=$WORK wait_for 120 status_has migrate 'Waiting for "lagoctl migrate": 29 pending, automatic = no'
        on "$API" timeout 200 systemctl start lago.target
        GUEST=$WORK wait_for 120 serves_on "$WORK"
        [ "$(GUEST=$WORK status_text ready)" = 'Lago serves v1.51.0 (without the API)' ]
        for h in "$API" "$WORK"; do
                runs=$((runs + $(GUEST=$h journal -u lago-migrate --since "@$BATS_TEST_STARTED" | grep -c '^Migrating: ' || :)))
        done
        [ "$runs" = 1 ]
        on "$ALL" systemctl start --no-block lago.target
        GUEST=$ALL wait_for 60 status_has migrate 'Refused: database is newer than v1.50.0'
        GUEST=$ALL config lago release v1.51.0
        on "$ALL" timeout 200 lagoctl start
        GUEST=$ALL wait_for 60 serves_on "$ALL"
        enqueue "$ALL"
        GUEST=$ALL wait_for 60 jobs_done "$ALL"
        [ "$(dead_jobs)" = 0 ]
        never_two_clocks
}

setup() {
        export BATS_TEST_STARTED
        BATS_TEST_STARTED=$(date +%s)
}
