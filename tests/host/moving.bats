#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# From docker compose to here, by the very commands of the page that says how; then TLS in front, by the examples as
# they are shipped.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

page=/usr/share/doc/lago-supervisor/moving-from-docker-compose.md

setup_file() {
        boot_and_install
        start_compose
}

teardown_file() {
        remove_guest
}

# An installation as Lago's compose file makes it: its names of services, containers, volumes and network, its settings,
# its commands. There is no Docker here, so "docker" is Podman, and the few words of compose that the page uses are put
# into Podman's.
start_compose() {
        in_guest_sh <<'SH'
set -e
cat >/usr/local/bin/docker <<'DOCKER'
#!/bin/bash
set -e
declare -A container=([db]=lago-db [redis]=lago-redis [api]=lago-api [api-worker]=lago-worker [api-clock]=lago-clock
                      [front]=lago-front [pdf]=lago-pdf)
[ "$1" = compose ] || exec podman "$@"
verb=$2
shift 2
case $verb in
exec)
        [ "$1" = -T ]
        exec podman exec -i "${container[$2]}" "${@:3}"
        ;;
stop)
        [ "$1" = -t ]
        for service in "${@:3}"; do podman stop -t "$2" "${container[$service]}"; done
        ;;
down)
        [ $# = 0 ]
        podman rm -f "${container[@]}"
        podman network rm lago_default
        ;;
*) exit 64 ;;
esac
DOCKER
chmod 755 /usr/local/bin/docker

mkdir -p /srv/lago
cd /srv/lago
# shellcheck disable=SC2016
cat >.env <<ENV
DATABASE_URL=postgresql://lago:old-password@db:5432/lago?search_path=public
REDIS_URL=redis://redis:6379
REDIS_PASSWORD=
SECRET_KEY_BASE=$(openssl rand -hex 64)
RAILS_ENV=production
RAILS_LOG_TO_STDOUT=true
LAGO_RSA_PRIVATE_KEY=$(openssl genrsa 2048 2>/dev/null | base64 -w0)
LAGO_ENCRYPTION_PRIMARY_KEY=$(openssl rand -hex 16)
LAGO_ENCRYPTION_DETERMINISTIC_KEY=$(openssl rand -hex 16)
LAGO_ENCRYPTION_KEY_DERIVATION_SALT=$(openssl rand -hex 16)
LAGO_API_URL=https://api.billing.example.com
LAGO_FRONT_URL=https://billing.example.com
LAGO_PDF_URL=http://pdf:3000
LAGO_SIDEKIQ_WEB=true
LAGO_USE_AWS_S3=false
LAGO_AWS_S3_ACCESS_KEY_ID=azerty123456
LAGO_LICENSE=
LAGO_SMTP_ADDRESS=mail.example.com
ENV
podman network create lago_default >/dev/null
service() {
        local name=$1 container=$2
        shift 2
        podman run -d --network lago_default --network-alias "$name" --name "$container" "$@" >/dev/null
}
until_ok() {
        local deadline=$((SECONDS + 120))
        until "$@" >/dev/null 2>&1; do [ "$SECONDS" -lt "$deadline" ] || { echo "not in time: $*"; exit 1; }; sleep 0.2; done
}
api=docker.io/getlago/api:v1.50.0
service db lago-db -v lago_lago_postgres_data:/data/postgres -e POSTGRES_USER=lago -e POSTGRES_DB=lago \
        -e POSTGRES_PASSWORD=old-password -e PGDATA=/data/postgres docker.io/getlago/postgres-partman:15.0-alpine
service redis lago-redis -v lago_lago_redis_data:/data docker.io/library/redis:7-alpine --port 6379
until_ok podman exec lago-db pg_isready -q -h localhost -U lago -d lago
until_ok podman exec lago-redis redis-cli ping
podman run --rm --network lago_default --env-file .env $api ./scripts/migrate.sh
service api lago-api -p 3000:3000 --env-file .env -v lago_lago_storage_data:/app/storage $api ./scripts/start.api.sh
service api-worker lago-worker --env-file .env -v lago_lago_storage_data:/app/storage $api ./scripts/start.worker.sh
service api-clock lago-clock --env-file .env $api ./scripts/start.clock.sh
service front lago-front -p 80:80 -e API_URL=https://api.billing.example.com docker.io/getlago/front:v1.50.0
service pdf lago-pdf docker.io/getlago/lago-gotenberg:7.8.2
until_ok curl -sf http://127.0.0.1:3000/health
SH
}

# What Lago encrypts with its keys, and reads again.
encrypted() {
        in_guest podman exec lago-api bundle exec rails runner "puts ActiveRecord::Encryption.encryptor.$1" | tail -n 1
}

# commands_of_page FIRST LAST: its blocks marked as shell, in the order of its steps, as one script.
# shellcheck disable=SC2016 # backquotes of the page
commands_of_page() {
        echo 'set -eu; cd /srv/lago'
        in_guest awk -v first="$1" -v last="$2" '/^```sh$/ { shell = 1; n++; next } /^```$/ { shell = 0; next }
                                                 shell && n >= first && n <= last' "$page"
}

@test "a stack of docker compose, with rows, a file, a job that waits and something encrypted" {
        local text
        text=$(encrypted "encrypt('key of a payment provider')")
        sql "CREATE TABLE moved (text varchar); INSERT INTO moved VALUES ('$text'); INSERT INTO organizations (name) VALUES ('moved')"
        api -X POST 'http://127.0.0.1:3000/test/files?name=invoice.pdf&content=old-invoice'
        wait_for 120 api -f http://127.0.0.1:3000/test/files/invoice.pdf
        # Of the queue of a pool that does not run: it waits.
        redis lpush queue:moved a-job
        [ "$(redis config get appendonly | tail -n 1)" = no ]
        dump >"$BATS_FILE_TMPDIR/before"
}

@test "moved by the commands of the page; with the step about Redis left out, the start is refused" {
        commands_of_page 1 4 >"$BATS_FILE_TMPDIR/commands"
        [ "$(wc -l <"$BATS_FILE_TMPDIR/commands")" -gt 20 ]
        in_guest_sh <"$BATS_FILE_TMPDIR/commands"
        refute in_guest timeout 120 systemctl start lago.target
        [ "$(in_guest systemctl show -P ExecMainStatus lago-setup)" = 78 ]
        status_has setup "Redis would forget its jobs"
        [ -z "$(containers)" ]
}

@test "with it, Lago serves" {
        commands_of_page 5 6 >"$BATS_FILE_TMPDIR/commands"
        grep 'lago.target' "$BATS_FILE_TMPDIR/commands"
        in_guest_sh <"$BATS_FILE_TMPDIR/commands"
        serves
        [ "$(status_text ready)" = "Lago serves v1.50.0" ]
        [ "$(in_guest systemctl is-enabled lago.target)" = enabled ]
}

@test "rows, jobs, files and keys are those from before" {
        diff -u "$BATS_FILE_TMPDIR/before" <(dump)
        [ "$(redis lrange queue:moved 0 -1)" = a-job ]
        [ "$(redis config get appendonly | tail -n 1)" = yes ]
        [ "$(api http://127.0.0.1:3000/test/files/invoice.pdf)" = old-invoice ]
        [ "$(encrypted "decrypt('$(sql 'SELECT text FROM moved')')")" = 'key of a payment provider' ]
        in_guest_sh <<'SH'
set -e
for name in SECRET_KEY_BASE LAGO_RSA_PRIVATE_KEY LAGO_SMTP_ADDRESS LAGO_FRONT_URL LAGO_API_URL; do
        [ "$(podman exec lago-worker printenv $name)" = "$(sed -n "s/^$name=//p" /srv/lago/.env)" ] || { echo $name; exit 1; }
done
# No key was made anew; the old Redis had no password.
[ "$(sed -n '/^#/d; s/=.*//p' /etc/lago/secrets.env)" = REDIS_PASSWORD ] || { cut -d= -f1 /etc/lago/secrets.env; exit 1; }
# The old volumes are there for the way back.
for name in postgres redis storage; do podman volume exists lago_lago_${name}_data; done
SH
}

# --- TLS in front -----------------------------------------------------------------------------------------

# An authority, and a certificate of it for both names.
make_certificates() {
        in_guest_sh <<'SH'
set -e
mkdir -p /etc/ssl/lago
cd /etc/ssl/lago
[ ! -e billing.pem ] || exit 0
openssl req -x509 -newkey rsa:2048 -nodes -days 3 -subj /CN=authority -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=billing.example.com -keyout billing.key -out billing.csr 2>/dev/null
openssl x509 -req -in billing.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3 -out billing.pem 2>/dev/null \
        -extfile <(echo 'subjectAltName=DNS:billing.example.com,DNS:api.billing.example.com')
chmod 644 billing.key
SH
}

# through OPTION... URL: a client somewhere else, to whom the names lead here.
through() {
        in_guest curl -s -m 60 --cacert /etc/ssl/lago/ca.pem --resolve '*:443:127.0.0.1' --resolve '*:80:127.0.0.1' "$@"
}

tls_serves() {
        [ "$(through -o /dev/null -w '%{http_code} %{ssl_verify_result}' https://api.billing.example.com/health)" = '200 0' ]
        [ "$(through -o /dev/null -w '%{http_code}' https://billing.example.com/)" = 200 ]
        # It is the front that the browser is given, and it sends the browser to the API by TLS.
        through https://billing.example.com/env-config.js | grep -F https://api.billing.example.com
        [ "$(through https://api.billing.example.com/test/files/invoice.pdf)" = old-invoice ]
        [ "$(through -o /dev/null -w '%{http_code} %{redirect_url}' http://billing.example.com/x)" = "$1 https://billing.example.com/x" ]
        [ "$(through -o /dev/null -w '%{http_code}' https://api.billing.example.com/sidekiq)" = 404 ]
        [ "$(through -o /dev/null -w '%{http_code}' https://api.billing.example.com/metrics)" = 404 ]
        # The proxy said this, and not Lago behind it.
        [ "$(through -i https://api.billing.example.com/metrics | grep -ci x-request-id)" = 0 ]
        [ "$(through -i https://api.billing.example.com/health | grep -ci x-request-id)" = 1 ]
}

@test "nginx in front, by the example" {
        make_certificates
        in_guest_sh <<'SH'
set -e
systemctl unmask nginx
rm -f /etc/nginx/sites-enabled/default
cp /usr/share/doc/lago-supervisor/examples/nginx.conf /etc/nginx/conf.d/lago.conf
nginx -t
systemctl start nginx
SH
        tls_serves 301
        in_guest systemctl stop nginx
}

@test "caddy in front, by the example" {
        make_certificates
        in_guest_sh <<'SH'
set -e
systemctl unmask caddy
cp /usr/share/doc/lago-supervisor/examples/Caddyfile /etc/caddy/Caddyfile
caddy validate --config /etc/caddy/Caddyfile
systemctl start caddy
SH
        tls_serves 308
        in_guest systemctl stop caddy
}
