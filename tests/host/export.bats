#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What "lagoctl export" writes, started for real: by docker-compose on Podman's socket, in a guest that has it. In a soak only.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        export LAGO_TEST_PACKAGES='podman-compose docker-compose'
        make -s -C "$root" image >&2
        boot_and_install
        "$guest" push "$GUEST" "$root/build/lago-gate-image.tar" /root/
        in_guest_sh <<'SH'
podman load -q -i /root/lago-gate-image.tar
systemctl start lago-setup podman.socket
# What lago-setup has made for this host is in compose's way.
podman network rm -f lago
SH
}

teardown_file() {
        remove_guest
}

# The script on standard input, in the folder of the export; $compose is docker-compose.
# shellcheck disable=SC2016 # for the shell in the guest
with_compose() {
        {
                echo 'set -e'
                echo 'lacks() { if grep "$@"; then return 1; fi; }'
                echo 'refute() { if "$@"; then echo "it should not succeed: $*"; return 1; fi; }'
                echo 'export DOCKER_HOST=unix:///run/podman/podman.sock; cd /root/lago; compose="timeout 300 docker-compose"'
                echo 'until_ok() { for i in $(seq "$1"); do "${@:2}" >/dev/null 2>&1 && return; sleep 1; done; "${@:2}"; }'
                echo 'said() { podman logs "$1" 2>&1 | grep -F "$2"; }'
                echo 'sql() { podman exec lago-db-1 psql -U lago -d lago -Atqc "$1"; }'
                cat
        } | in_guest_sh
}

# The stand-in of the database does not know POSTGRES_PASSWORD_FILE, as the official image does.
write_export() {
        in_guest_sh <<'SH'
lagoctl export compose --output /root/lago
cd /root/lago
printf 'services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: "%s"\n' "$(cat secrets/db-password)" >compose.override.yaml
SH
}

@test "compose: clean starts without a missing relation or a dead job" {
        local i
        write_export
        for ((i = 0; i < ${SOAK:-3} && i < 10; i++)); do
                with_compose <<'SH'
$compose up -d >up.log 2>&1 || { cat up.log; exit 1; }
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/health)" = 200 ]
until_ok 60 said lago-api-clock-1 'Starting clock for'
sleep 3
for c in $(podman ps -aq); do podman logs "$c" 2>&1; done >all.log
lacks -E 'relation .* does not exist' all.log
[ "$(podman exec lago-redis-1 redis-cli zcard dead)" = 0 ]
SH
                [ $((i + 1)) -ge "${SOAK:-3}" ] || [ "$i" -ge 9 ] || with_compose <<<'timeout 300 docker-compose down -v >/dev/null 2>&1'
        done
}

@test "compose: a second \"up\" starts nothing again, and no Rails" {
        with_compose <<'SH'
before=$(podman ps -q --no-trunc | sort)
runs=$(podman logs lago-migrate-1 2>&1 | grep -c db:migrate || :)
$compose up -d >up.log 2>&1 || { cat up.log; exit 1; }
[ "$(podman ps -q --no-trunc | sort)" = "$before" ]
[ "$(podman logs --since 60s lago-migrate-1 2>&1 | tail -n 1)" = 'Schema verified: v1.50.0, 1046 of 1046' ]
[ "$(podman logs lago-migrate-1 2>&1 | grep -c db:migrate || :)" = "$runs" ]
SH
}

@test "compose: while the schema is behind the gate is red, and what the engine restarts waits" {
        with_compose <<'SH'
v=$(sql 'SELECT max(version) FROM schema_migrations')
sql "DELETE FROM schema_migrations WHERE version = '$v'"
status=0
$compose run -T --rm --no-deps gate gate 2 >gate.log 2>&1 </dev/null || status=$?
cat gate.log
[ "$status" = 75 ]
grep -q '1 of 1046 missing' gate.log
podman restart lago-api-worker-1 lago-api-1 >/dev/null
until_ok 30 said lago-api-worker-1 'Waiting for the schema: 1 of 1046 missing'
refute podman exec lago-api-worker-1 curl -fsS -o /dev/null http://localhost:8080/
refute podman exec lago-api-1 /bin/sh /lago/run healthy http://localhost:3000/health
sql "INSERT INTO schema_migrations VALUES ('$v')"
until_ok 60 curl -fsS -o /dev/null http://127.0.0.1:3000/health
podman exec lago-api-1 /bin/sh /lago/run healthy http://localhost:3000/health
SH
}

@test "compose: an image older than the database is refused, and nothing of Lago starts" {
        with_compose <<'SH'
$compose stop api api-worker api-clock front >/dev/null 2>&1
sql "INSERT INTO schema_migrations VALUES ('20991231000000')"
status=0
$compose up -d >up.log 2>&1 || status=$?
[ "$status" != 0 ]
[ "$(podman inspect lago-migrate-1 --format '{{.State.ExitCode}}')" = 30 ]
[ "$(podman inspect lago-api-1 --format '{{.State.Running}}')" = false ]
sql "DELETE FROM schema_migrations WHERE version = '20991231000000'"
$compose up -d >up.log 2>&1 || { cat up.log; exit 1; }
SH
}

@test "compose: of two clocks one runs; the other takes over, and stops in time" {
        with_compose <<'SH'
$compose up -d --no-recreate --scale api-clock=2 >up.log 2>&1 || { cat up.log; exit 1; }
until_ok 30 said lago-api-clock-2 'the clock of this database runs at'
podman logs lago-api-clock-2 2>&1 | lacks -q 'Starting clock for'
SECONDS=0
podman stop lago-api-clock-1 >/dev/null 2>&1
[ "$SECONDS" -lt 10 ]
until_ok 30 said lago-api-clock-2 'Starting clock for'
# Its session is lost: so is the lock, and this clock ends before another one can be without knowing.
sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'lago-gate'"
until_ok 20 sh -c "[ \$(podman logs lago-api-clock-2 2>&1 | grep -c 'Starting clock for') = 2 ]"
SH
}

@test "compose: stopping takes no longer than what is in hand" {
        with_compose <<'SH'
SECONDS=0
$compose stop api-worker api >/dev/null 2>&1
[ "$SECONDS" -lt 20 ]
$compose down -v >/dev/null 2>&1
SH
}
