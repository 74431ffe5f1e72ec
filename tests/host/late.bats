#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a start stands on comes late, goes away or is another's: the start waits, says for what, and goes on by itself.

load lib

setup_file() {
        boot_and_install
        "$guest" push "$GUEST" "$BATS_TEST_DIRNAME/crash.sh" /var/tmp/
        start_stack
        # One that can still log in when Lago's role cannot.
        sql 'CREATE ROLE rescue SUPERUSER LOGIN'
}

teardown_file() {
        remove_guest
}

rescue() {
        in_guest podman exec lago-db psql -U rescue -d lago -Atqc "$1"
}

restart_migrate_in_background() {
        in_guest systemctl restart --no-block lago-migrate
}

# What the bad time ends in: the stack serves without another command, and nobody was restarted by systemd meanwhile.
healed() {
        {
                echo '. /var/tmp/crash.sh'
                echo "healed ${1:-90}"
        } | in_guest_sh
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        [ "$(relation_errors)" = 0 ]
}

@test "a database that refuses the login" {
        rescue 'ALTER ROLE lago NOLOGIN'
        restart_migrate_in_background
        wait_for 60 status_has migrate 'Waiting for PostgreSQL'
        status_text migrate
        [ "$(in_guest systemctl show -P ActiveState lago-migrate)" = activating ]
        rescue 'ALTER ROLE lago LOGIN'
        healed
}

@test "a password that was changed in the server, and back" {
        rescue "ALTER ROLE lago PASSWORD 'another'"
        restart_migrate_in_background
        wait_for 60 status_has migrate 'password rejected'
        in_guest_sh <<'SH'
. /etc/lago/secrets.env
podman exec -i lago-db psql -U rescue -d lago -q <<<"ALTER ROLE lago PASSWORD '$POSTGRES_PASSWORD'"
SH
        healed
}

@test "too many connections" {
        stop_stack
        config database arguments '-c max_connections=20'
        start_stack
        in_guest podman exec -d lago-db sh -c \
                'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do (until psql -U rescue -d lago -c "SELECT pg_sleep(15)"; do sleep 0.1; done) & done; wait'
        wait_for 20 journal_says 'sorry, too many clients already'
        restart_migrate_in_background
        wait_for 60 status_has migrate 'too many'
        healed
}

journal_says() {
        journal -u lago-db | grep -qF "$1"
}

@test "Redis away while migrate starts, and while all serve" {
        local before
        in_guest systemctl stop lago-redis
        in_guest systemctl mask -q --runtime lago-redis
        before=$(invocation api)
        # The API serves on, or says what is missing; it is not restarted for it.
        active api
        active worker
        restart_migrate_in_background
        wait_for 60 status_has migrate 'Waiting for Redis'
        in_guest systemctl unmask -q --runtime lago-redis
        in_guest systemctl start lago-redis
        healed
        [ "$(invocation api)" != "$before" ]
}

# --- servers that somebody else manages -----------------------------------------------------------------

managed=10.88.0.200
managed_redis=10.88.0.201

@test "external servers: no superuser, no CREATEDB, no pg_partman; every file is replayed" {
        stop_stack
        in_guest_sh $managed $managed_redis <<'SH'
set -e
podman run -d --name managed-db --ip "$1" -e POSTGRES_USER=admin -e POSTGRES_PASSWORD=admin-of-the-test \
        docker.io/getlago/postgres-partman:15.0-alpine >/dev/null
podman run -d --name managed-redis --ip "$2" docker.io/library/redis:7-alpine redis-server --requirepass redis-of-the-test >/dev/null
podman exec managed-db sh -c 'rm /usr/share/postgresql/15/extension/pg_partman*'
until podman exec managed-db psql -h 127.0.0.1 -U admin -Atqc 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
podman exec -i managed-db psql -U admin -q <<'SQL'
CREATE ROLE app LOGIN NOSUPERUSER NOCREATEDB PASSWORD 'app-of-the-test';
CREATE DATABASE billing OWNER app;
SQL
podman exec -i managed-db psql -U admin -d billing -q <<'SQL'
CREATE EXTENSION IF NOT EXISTS pgcrypto; CREATE EXTENSION IF NOT EXISTS "uuid-ossp"; CREATE EXTENSION IF NOT EXISTS unaccent;
SQL
mkdir -p /etc/lago/lago.conf.d
printf '[database]\nmode = external\n[redis]\nmode = external\n' >/etc/lago/lago.conf.d/external.conf
cat >/etc/lago/lago.env <<ENV
DATABASE_URL=postgresql://app:app-of-the-test@$1:5432/billing
REDIS_URL=redis://:redis-of-the-test@$2:6379
ENV
chmod 600 /etc/lago/lago.env
systemctl daemon-reload
SH
        start_stack 240
        serves
        status_text db
        run ! in_guest podman container exists lago-db
        # One by one, as many as there are files; structure.sql, loaded, writes 1046 rows.
        [ "$(in_guest podman exec managed-db psql -U admin -d billing -Atqc 'SELECT count(*) FROM schema_migrations')" = 597 ]
        [ "$(relation_errors)" = 0 ]
}

@test "external servers away: the members stay active, say so, and nobody is restarted" {
        local before
        before=$(for m in db redis api worker clock front; do invocation $m; done)
        in_guest podman stop -t 20 managed-db managed-redis
        wait_for 60 status_has db 'Not healthy'
        wait_for 60 status_has redis 'Not healthy'
        active db
        active redis
        in_guest podman start managed-db managed-redis
        wait_for 60 status_has db 'Watching'
        wait_for 60 status_has redis 'Watching'
        wait_for 60 serves
        [ "$(for m in db redis api worker clock front; do invocation $m; done)" = "$before" ]
}

@test "external servers that come after the start" {
        stop_stack
        in_guest podman stop -t 20 managed-db managed-redis
        in_guest systemctl start --no-block lago.target
        wait_for 60 status_has db "Waiting for PostgreSQL at $managed:5432"
        wait_for 60 status_has redis "Waiting for Redis at $managed_redis:6379"
        in_guest podman start managed-redis
        wait_for 60 active redis
        in_guest podman start managed-db
        wait_for 120 status_has ready 'Lago serves'
        wait_for 20 serves
}

@test "78: an external Redis that wants another password" {
        stop_stack
        in_guest sed -i 's/redis-of-the-test/wrong/' /etc/lago/lago.env
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ]
        [ "$status" != 124 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-redis)" = 78 ]
        [ "$(in_guest systemctl show -P NRestarts lago-redis)" = 0 ]
        status_has redis 'password'
        in_guest sed -i 's/wrong/redis-of-the-test/' /etc/lago/lago.env
        start_stack
        serves
}
