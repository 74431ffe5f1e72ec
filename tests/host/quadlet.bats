#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What "lagoctl export quadlet" writes, started for real. Podman has Quadlet from 4.4 on: on trixie, in a soak only.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib
load elsewhere

setup_file() {
        boot_with_gate
        in_guest_sh <<'SH'
podman load -q -i /root/lago-gate-image.tar
# The keys; what lago-setup has made for this host besides is in the way of the units.
systemctl start lago-setup
podman network prune -f >/dev/null
lagoctl export quadlet --output /etc/containers/systemd/lago
# The stand-in of the database does not know POSTGRES_PASSWORD_FILE, as the official image does.
cd /etc/containers/systemd/lago && mkdir lago_db.container.d &&
printf '[Container]\nEnvironment=POSTGRES_PASSWORD=%s\n' "$(cat secrets/db-password)" >lago_db.container.d/stand-in.conf
systemctl daemon-reload
SH
}

teardown_file() {
        remove_guest
}

lago_units='lago_api lago_api-worker lago_api-clock lago_front lago_pdf'

ask_sql() {
        in_guest podman exec lago_db psql -U lago -d lago -Atqc "$1"
}

dead_jobs() {
        in_guest podman exec lago_redis redis-cli zcard dead
}

said() {
        journal -u "$1" | grep -F "$2"
}

@test "a first start: what needs the schema comes after the verdict, no relation is missing, no job is dead" {
        # shellcheck disable=SC2086 # a list
        in_guest timeout 300 systemctl start $lago_units
        serves
        said lago_migrate 'Schema verified: v1.50.0, 1046 of 1046'
        wait_for 30 said lago_api-clock 'Starting clock for'
        [ "$(relation_errors)" = 0 ]
        [ "$(dead_jobs)" = 0 ]
}

@test "a second start of the same changes nothing" {
        local before
        before=$(in_guest podman ps -q --no-trunc | sort)
        # shellcheck disable=SC2086 # a list
        in_guest timeout 60 systemctl start $lago_units
        [ "$(in_guest podman ps -q --no-trunc | sort)" = "$before" ]
}

@test "the schema is behind: what systemd restarts waits, and goes on by itself" {
        local v
        v=$(ask_sql 'SELECT max(version) FROM schema_migrations')
        ask_sql "DELETE FROM schema_migrations WHERE version = '$v'"
        in_guest podman kill lago_api-worker
        wait_for 60 said lago_api-worker 'Waiting for the schema: 1 of 1046 missing'
        refute in_guest podman exec lago_api-worker curl -fsS -o /dev/null http://localhost:8080/
        ask_sql "INSERT INTO schema_migrations VALUES ('$v')"
        wait_for 60 in_guest podman exec lago_api-worker curl -fsS -o /dev/null http://localhost:8080/
}

@test "a reboot: all of it comes up by itself, without Rails for migrations" {
        in_guest sh -c 'sync'
        # The boot waits for what is WantedBy=multi-user.target.
        LAGO_TEST_BOOT_SECONDS=240 "$guest" reboot "$GUEST"
        wait_for 180 serves
        said lago_migrate 'Schema verified: v1.50.0, 1046 of 1046'
        journal -u lago_migrate | refute grep -F 'rails db:migrate'
        wait_for 60 said lago_api-clock 'Starting clock for'
        [ "$(relation_errors)" = 0 ]
        [ "$(dead_jobs)" = 0 ]
}

@test "an image older than the database: each ends with 30, and none of Lago runs" {
        in_guest systemctl stop lago_front lago_api-clock lago_api-worker lago_api lago_gate lago_migrate
        ask_sql "INSERT INTO schema_migrations VALUES ('20991231000000')"
        in_guest systemctl start --no-block lago_api-worker
        wait_for 60 said lago_migrate 'Refused: database is newer than v1.50.0'
        wait_for 60 said lago_api-worker 'Refused: database is newer than v1.50.0'
        refute in_guest podman exec lago_api-worker curl -fsS -o /dev/null http://localhost:8080/
        in_guest systemctl stop lago_api-worker
        ask_sql "DELETE FROM schema_migrations WHERE version = '20991231000000'"
}
