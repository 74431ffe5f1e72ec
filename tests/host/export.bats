#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What "lagoctl export" writes, started for real: by docker-compose on Podman's socket, in a guest that has it. In a soak only.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib
load elsewhere

setup_file() {
        export ENGINE=podman
        boot_with_gate podman-compose docker-compose
        in_guest_sh <<'SH'
podman load -q -i /root/lago-gate-image.tar
systemctl start lago-setup podman.socket
# What lago-setup has made for this host is in compose's way.
podman network rm -f lago
SH
        write_compose
}

teardown_file() {
        remove_guest
}

@test "compose: clean starts without a missing relation or a dead job" {
        clean_starts "$(n_starts 3)"
}

@test "compose: a second \"up\" starts nothing again, and no Rails" {
        with_compose <<'SH'
before=$(podman ps -q --no-trunc | sort)
runs=$(podman logs "$(of migrate)" 2>&1 | grep -c db:migrate || :)
up
[ "$(podman ps -q --no-trunc | sort)" = "$before" ]
[ "$(podman logs --since 60s "$(of migrate)" 2>&1 | tail -n 1)" = 'Schema verified: v1.50.0, 1046 of 1046' ]
[ "$(podman logs "$(of migrate)" 2>&1 | grep -c db:migrate || :)" = "$runs" ]
SH
}

@test "compose: while the schema is behind the gate is red, and what the engine restarts waits" {
        with_compose <<'SH'
v=$(ask_sql 'SELECT max(version) FROM schema_migrations')
ask_sql "DELETE FROM schema_migrations WHERE version = '$v'"
status=0
# As the gate's container does it; the docker-compose of bookworm cannot "run" without a program of Docker's.
podman exec "$(of api)" /bin/sh /lago/run gate 2 >gate.log 2>&1 || status=$?
cat gate.log
[ "$status" = 75 ]
grep -q '1 of 1046 missing' gate.log
podman restart "$(of api-worker)" "$(of api)" >/dev/null
until_ok 30 said api-worker 'Waiting for the schema: 1 of 1046 missing'
refute podman exec "$(of api-worker)" curl -fsS -o /dev/null http://localhost:8080/
refute podman exec "$(of api)" /bin/sh /lago/run healthy http://localhost:3000/health
ask_sql "INSERT INTO schema_migrations VALUES ('$v')"
until_ok 60 curl -fsS -o /dev/null http://127.0.0.1:3000/health
podman exec "$(of api)" /bin/sh /lago/run gate 2
podman exec "$(of api)" /bin/sh /lago/run healthy http://localhost:3000/health
SH
}

@test "compose: an image older than the database is refused, and nothing of Lago starts" {
        with_compose <<'SH'
compose stop api api-worker api-clock front >/dev/null 2>&1
ask_sql "INSERT INTO schema_migrations VALUES ('20991231000000')"
refute up
[ "$(exit_code migrate)" = 30 ]
refute is_running api
ask_sql "DELETE FROM schema_migrations WHERE version = '20991231000000'"
up
SH
}

@test "compose: of two clocks one runs; the other takes over, and stops in time" {
        with_compose <<'SH'
up --no-recreate --scale api-clock=2
until_ok 30 said api-clock/2 'the clock of this database runs at'
podman logs "$(of api-clock/2)" 2>&1 | lacks -q 'Starting clock for'
SECONDS=0
podman stop "$(of api-clock)" >/dev/null 2>&1
[ "$SECONDS" -lt 10 ]
until_ok 30 said api-clock/2 'Starting clock for'
# Its session is lost: so is the lock, and this clock ends before another one can be without knowing.
ask_sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'lago-gate'"
started_twice() { [ "$(said api-clock/2 'Starting clock for' | wc -l)" = 2 ]; }
until_ok 20 started_twice
SH
}

@test "compose: stopping takes no longer than what is in hand" {
        with_compose <<'SH'
SECONDS=0
compose stop api-worker api >/dev/null 2>&1
[ "$SECONDS" -lt 20 ]
down
SH
}

@test "compose: with --pin the images are what is here by their ids, and start by them" {
        with_compose <<'SH'
lagoctl export compose --pin --output /root/pinned
diff <(sed 's/image: .*/image:/' compose.yaml) <(sed 's/image: .*/image:/' /root/pinned/compose.yaml)
[ "$(grep -c 'image: sha256:' /root/pinned/compose.yaml)" = 10 ]
cp compose.override.yaml /root/pinned
cd /root/pinned
clean_start
[ "$(podman inspect "$(of api)" --format '{{.Image}}')" = "$(podman image inspect docker.io/getlago/api:v1.50.0 --format '{{.Id}}')" ]
down
SH
}

@test "compose: the database is killed while its schema is loaded: it is loaded again, and no job is lost" {
        the_database_is_killed
}
