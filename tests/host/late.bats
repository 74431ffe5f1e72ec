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
        in_guest podman exec -e PGOPTIONS='-c default_transaction_read_only=off' lago-db psql -U rescue -d lago -Atqc "$1"
}

restart_migrate_in_background() {
        in_guest systemctl restart --no-block lago-migrate
}

# What the bad time ends in: the stack serves without another command, and nobody was restarted by systemd meanwhile.
healed() {
        {
                echo '. /var/tmp/crash.sh'
                echo "healed 120"
        } | in_guest_sh
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        [ "$(relation_errors)" = 0 ]
}

@test "a database that refuses the login, lets nobody write, wants another password" {
        rescue 'ALTER ROLE lago NOLOGIN'
        restart_migrate_in_background
        wait_for 120 status_has migrate 'Waiting for PostgreSQL'
        [ "$(in_guest systemctl show -P ActiveState lago-migrate)" = activating ]
        rescue 'ALTER DATABASE lago SET default_transaction_read_only = on; ALTER ROLE lago LOGIN'
        wait_for 120 status_has migrate 'it is read-only'
        rescue "ALTER ROLE lago PASSWORD 'another'; ALTER DATABASE lago RESET default_transaction_read_only"
        wait_for 120 status_has migrate 'password rejected'
        in_guest_sh <<'SH'
. /etc/lago/secrets.env
podman exec -i lago-db psql -U rescue -d lago -q <<<"ALTER ROLE lago PASSWORD '$POSTGRES_PASSWORD'"
SH
        healed
}

# Every slot, the ones kept for superusers too, is held by a client that sleeps until it is killed; nothing else of the stack
# runs meanwhile that could give one back.
take_all_connections() {
        in_guest podman exec -d lago-db sh -c 'for i in $(seq 20); do psql -U rescue -d lago -c "SELECT pg_sleep(3600)" & done; wait'
        wait_for 120 no_connection_left
}

no_connection_left() {
        in_guest podman exec lago-db psql -U rescue -d lago -c 'SELECT 1' 2>&1 | grep -qF 'too many clients already'
}

@test "too many connections" {
        stop_stack
        config database arguments '-c max_connections=20'
        in_guest systemctl start lago-db lago-redis
        take_all_connections
        in_guest systemctl start --no-block lago.target
        wait_for 120 status_has migrate 'too many'
        in_guest podman exec lago-db pkill -f '^postgres: rescue'
        healed
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
        wait_for 120 status_has migrate 'Waiting for Redis'
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
rm -rf /etc/lago/lago.conf.d
podman run -d --name managed-db --ip "$1" -e POSTGRES_USER=admin -e POSTGRES_PASSWORD=admin-of-the-test \
        docker.io/getlago/postgres-partman:15.0-alpine >/dev/null
podman run -d --name managed-redis --ip "$2" -v managed_redis:/data docker.io/library/redis:7-alpine \
        redis-server --requirepass redis-of-the-test >/dev/null
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
        run ! in_guest podman container exists lago-db
        # One by one, as many as there are files; structure.sql, loaded, writes 1046 rows.
        [ "$(in_guest podman exec managed-db psql -U admin -d billing -Atqc 'SELECT count(*) FROM schema_migrations')" = 597 ]
        [ "$(relation_errors)" = 0 ]
}

@test "external servers away: the members stay active, say so, and nobody is restarted" {
        local before
        before=$(for m in db redis api worker clock front; do invocation $m; done)
        in_guest podman stop -t 20 managed-db managed-redis
        wait_for 120 status_has db 'Not healthy'
        wait_for 120 status_has redis 'Not healthy'
        active db
        active redis
        in_guest podman start managed-db managed-redis
        wait_for 120 status_has db 'Watching'
        wait_for 120 status_has redis 'Watching'
        wait_for 120 serves
        [ "$(for m in db redis api worker clock front; do invocation $m; done)" = "$before" ]
}

@test "lago-gate killed while an external PostgreSQL is asked, at a start and while serving: it is asked again" {
        kill_the_gate() {
                in_guest_sh <<'SH'
for ((i = 0; i < 1200; i++)); do
        for pid in $(pgrep -x lago-gate); do
                ! grep -q lago-db.service "/proc/$pid/cgroup" || { kill -9 "$pid" && exit 0; }
        done
        sleep 0.1
done
echo '# lago-db asks nobody'
exit 1
SH
        }
        gate_was_missed() {
                journal -u lago-db | grep -F 'lago-gate gave no verdict'
        }
        stop_stack
        # It takes connections, and never answers.
        in_guest podman pause managed-db
        in_guest systemctl start --no-block lago.target
        kill_the_gate
        wait_for 120 gate_was_missed
        in_guest podman unpause managed-db
        wait_for 120 status_has ready 'Lago serves'
        in_guest podman pause managed-db
        kill_the_gate
        in_guest podman unpause managed-db
        wait_for 120 status_has db 'Watching'
        wait_for 120 serves
        [ "$(in_guest systemctl show -P NRestarts lago-db lago-redis lago-migrate | grep . | sort -u)" = 0 ]
}

# refused UNIT STATUS TEXT: the start fails for this, at once and for good.
refused() {
        run in_guest timeout 120 systemctl start lago.target
        [ "$status" != 0 ]
        [ "$status" != 124 ]
        [ "$(in_guest systemctl show -P ExecMainStatus "lago-$1")" = "$2" ]
        [ "$(in_guest systemctl show -P NRestarts "lago-$1")" = 0 ]
        status_has "$1" "$3" || { echo "# STATUS: $(status_text "$1")"; return 1; }
}

@test "external servers that come after the start: a Redis that loads its data, a PostgreSQL that is a standby at first" {
        stop_stack
        in_guest_sh $managed_redis <<'SH'
set -e
redis() { podman exec managed-redis redis-cli --no-auth-warning -a redis-of-the-test "$@"; }
redis EVAL "for i = 1, 2000 do redis.call('SET', 'filler:' .. i, string.rep('x', 1000) .. i) end" 0 >/dev/null
redis SAVE
podman rm -f managed-redis >/dev/null
podman create --name managed-redis --ip "$1" -v managed_redis:/data docker.io/library/redis:7-alpine redis-server \
        --requirepass redis-of-the-test --rdbcompression no --key-load-delay 50000 --loading-process-events-interval-bytes 1024
podman exec -u postgres managed-db touch /var/lib/postgresql/data/standby.signal
podman stop -t 60 managed-db
systemctl start --no-block lago.target
SH
        wait_for 120 status_has db "Waiting for PostgreSQL at $managed:5432"
        wait_for 120 status_has redis "Waiting for Redis at $managed_redis:6379"
        in_guest podman start managed-db managed-redis
        wait_for 120 status_has db 'it is a standby'
        in_guest podman exec managed-db psql -U admin -Atqc 'SELECT pg_promote()'
        wait_for 120 status_has redis 'loading its data'
        in_guest podman exec managed-redis redis-cli --no-auth-warning -a redis-of-the-test CONFIG SET key-load-delay 0
        wait_for 120 status_has ready 'Lago serves'
        serves
        [ "$(in_guest systemctl show -P NRestarts lago-db lago-redis lago-migrate | grep . | sort -u)" = 0 ]
}

# A CA for the server, and one that has nothing to do with it; the certificate is for one of two names.
make_certificates() {
        in_guest_sh $managed <<'SH'
set -e
cd /root
for ca in ca other-ca; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca of the test" -keyout $ca.key -out /etc/lago/$ca.pem 2>/dev/null
done
openssl req -newkey rsa:2048 -nodes -subj /CN=managed.test -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA /etc/lago/ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.crt 2>/dev/null
podman cp server.key managed-db:/var/lib/postgresql/data/server.key
podman cp server.crt managed-db:/var/lib/postgresql/data/server.crt
podman exec managed-db sh -c 'cd /var/lib/postgresql/data && chown postgres server.key server.crt && chmod 600 server.key'
podman exec managed-db psql -U admin -qc 'ALTER SYSTEM SET ssl = on' -c 'SELECT pg_reload_conf()'
echo "$1 managed.test other.test" >>/etc/hosts
SH
}

database_url() {
        in_guest_sh "$1" <<'SH'
sed -i "s#^DATABASE_URL=.*#DATABASE_URL=$1#" /etc/lago/lago.env
SH
}

@test "78: an external Redis that wants another password" {
        stop_stack
        in_guest sed -i 's/redis-of-the-test/wrong/' /etc/lago/lago.env
        refused redis 78 'password'
        in_guest sed -i 's/wrong/redis-of-the-test/' /etc/lago/lago.env
}

@test "84: a certificate of another CA, or for another name" {
        stop_stack
        make_certificates
        database_url 'postgresql://app:app-of-the-test@managed.test:5432/billing?sslmode=verify-full'
        config database ca-file /etc/lago/other-ca.pem
        refused db 84 'its certificate is of another authority'
        config database ca-file /etc/lago/ca.pem
        database_url 'postgresql://app:app-of-the-test@other.test:5432/billing?sslmode=verify-full'
        refused db 84 'for another host name'
}

dump_of_new() {
        in_guest podman exec managed-db pg_dump -U admin new | grep -v -E '^[\]?[\](un)?restrict '
}

@test "84: a server without the extension that the tables need, told to load them" {
        local before
        stop_stack
        in_guest podman exec managed-db psql -U admin -qc 'CREATE DATABASE new OWNER app'
        database_url 'postgresql://app:app-of-the-test@managed.test:5432/new?sslmode=verify-full'
        config migrate fresh load
        before=$(dump_of_new | md5sum)
        refused migrate 84 'needs the extension pg_partman'
        [ "$(dump_of_new | md5sum)" = "$before" ]
        in_guest rm /etc/lago/lago.conf.d/50-migrate-fresh.conf
}

@test "with the right CA and name it serves, and Lago itself speaks TLS" {
        stop_stack
        database_url 'postgresql://app:app-of-the-test@managed.test:5432/billing?sslmode=verify-full'
        start_stack
        serves
        [ "$(in_guest podman exec managed-db psql -U admin -Atqc "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app'")" = t ]
}

# Lago's own client would want the CA in its image; what is watched is watched all the same.
@test "an external Redis that speaks TLS alone is watched" {
        stop_stack
        in_guest_sh $managed_redis <<'SH'
set -e
podman rm -f managed-redis >/dev/null
cp /root/server.key /root/server.crt /etc/lago/ca.pem "$(podman volume inspect managed_redis --format '{{.Mountpoint}}')/"
podman run -d --name managed-redis --ip "$1" -v managed_redis:/data docker.io/library/redis:7-alpine redis-server --port 0 \
        --tls-port 6379 --tls-cert-file server.crt --tls-key-file server.key --tls-ca-cert-file ca.pem --tls-auth-clients no
sed -i 's#^REDIS_URL=.*#REDIS_URL=rediss://:redis-of-the-test@managed-redis.test:6379#' /etc/lago/lago.env
echo "$1 managed-redis.test" >>/etc/hosts
timeout 120 systemctl start lago-redis
SH
        status_has redis 'Watching Redis at '
}
