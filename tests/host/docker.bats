#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What "lagoctl export compose" writes, started by docker-compose on Docker Engine: 20.10 on bookworm, 26.1 on trixie. In a
# soak only. The control is the order that Lago's own file had when nothing waited for its migrations.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        export LAGO_TEST_PACKAGES='docker.io docker-compose'
        # There its client is a package of its own.
        [ "${GUEST_SUITE-}" != trixie ] || LAGO_TEST_PACKAGES='docker.io docker-cli docker-compose'
        make -s -C "$root" image >&2
        boot_and_install
        "$guest" push "$GUEST" "$root/build/lago-gate-image.tar" /root/
        in_guest_sh <<'SH'
# Its layers can lie on no overlay; that folder is a plain one.
mkdir -p /etc/docker /var/lib/containers/docker
echo '{"data-root": "/var/lib/containers/docker"}' >/etc/docker/daemon.json
systemctl start lago-setup && systemctl restart docker || exit
podman network prune -f >/dev/null
docker load -q -i /root/lago-gate-image.tar
for image in getlago/api:v1.50.0 getlago/front:v1.50.0 getlago/postgres-partman:15.0-alpine library/redis:7-alpine getlago/lago-gotenberg:7.8.2; do
        podman save -q "docker.io/$image" | docker load -q || exit
        # Docker leaves out the registry that it asks by itself.
        docker tag "docker.io/$image" "$image" 2>/dev/null || :
done
lagoctl export compose --output /root/lago && cd /root/lago &&
printf 'services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: "%s"\n' "$(cat secrets/db-password)" >compose.override.yaml
SH
}

teardown_file() {
        remove_guest
}

# The script on standard input, in the folder of the export; the names of containers have "-" or "_" in them.
# shellcheck disable=SC2016 # for the shell in the guest
with_compose() {
        {
                echo 'set -e'
                echo 'lacks() { if grep "$@"; then return 1; fi; }'
                echo 'refute() { if "$@"; then echo "it should not succeed: $*"; return 1; fi; }'
                echo 'cd /root/lago; compose="timeout 300 docker-compose"'
                echo 'of() { docker ps -aq --filter "label=com.docker.compose.project=lago" --filter "label=com.docker.compose.service=$1" | head -n 1; }'
                echo 'sql() { docker exec "$(of db)" psql -U lago -d lago -Atqc "$1"; }'
                echo 'said() { docker logs "$(of "$1")" 2>&1 | grep -F "$2"; }'
                echo 'until_ok() { for i in $(seq "$1"); do "${@:2}" >/dev/null 2>&1 && return; sleep 1; done; "${@:2}"; }'
                echo 'serves() { [ "$(curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:3000/health)" = 200 ]; }'
                cat
        } | in_guest_sh
}

@test "a first start: no relation is missing, no job is dead" {
        with_compose <<'SH'
docker version --format 'engine {{.Server.Version}}'; docker-compose --version
$compose up -d >up.log 2>&1 || { cat up.log; exit 1; }
until_ok 60 serves
until_ok 60 said api-clock 'Starting clock for'
sleep 3
for c in $(docker ps -aq); do docker logs "$c" 2>&1; done >all.log
lacks -E 'relation .* does not exist' all.log
[ "$(docker exec "$(of redis)" redis-cli zcard dead)" = 0 ]
SH
}

@test "a second \"up\" makes no container again" {
        with_compose <<'SH'
before=$(docker ps -q --no-trunc | sort)
$compose up -d >up.log 2>&1 || { cat up.log; exit 1; }
[ "$(docker ps -q --no-trunc | sort)" = "$before" ]
SH
}

@test "the schema is behind: what the engine restarts waits, and goes on by itself" {
        with_compose <<'SH'
v=$(sql 'SELECT max(version) FROM schema_migrations')
sql "DELETE FROM schema_migrations WHERE version = '$v'"
docker restart "$(of api-worker)" "$(of api)" >/dev/null
until_ok 30 said api-worker 'Waiting for the schema: 1 of 1046 missing'
refute docker exec "$(of api-worker)" curl -fsS -o /dev/null http://localhost:8080/
sql "INSERT INTO schema_migrations VALUES ('$v')"
until_ok 60 serves
SH
}

@test "a reboot of the host: the engine starts all at once, and each waits for its verdict" {
        LAGO_TEST_BOOT_SECONDS=200 "$guest" reboot "$GUEST"
        with_compose <<'SH'
until_ok 120 serves
sleep 3
for c in $(docker ps -aq); do docker logs --since 3m "$c" 2>&1; done >all.log
lacks -E 'relation .* does not exist' all.log
[ "$(docker exec "$(of redis)" redis-cli zcard dead)" = 0 ]
SH
}

@test "an image older than the database is refused, and nothing of Lago starts" {
        with_compose <<'SH'
$compose stop api api-worker api-clock front >/dev/null 2>&1
sql "INSERT INTO schema_migrations VALUES ('20991231000000')"
status=0
$compose up -d >up.log 2>&1 || status=$?
[ "$status" != 0 ]
[ "$(docker inspect "$(of migrate)" --format '{{.State.ExitCode}}')" = 30 ]
[ "$(docker inspect "$(of api)" --format '{{.State.Running}}')" = false ]
$compose down -v >/dev/null 2>&1
SH
}

@test "the control: the same images, where workers wait for /health alone, fail on a missing relation" {
        with_compose <<'SH'
mkdir -p /root/control && cd /root/control
cat >compose.yaml <<'YAML'
services:
  db:
    image: getlago/postgres-partman:15.0-alpine
    environment: {POSTGRES_USER: lago, POSTGRES_PASSWORD: changeme, POSTGRES_DB: lago, PGDATA: /data/postgres}
    healthcheck: {test: [CMD-SHELL, pg_isready -U lago -d lago -h localhost], interval: 2s, retries: 30}
  redis: {image: redis:7-alpine}
  migrate: &backend
    image: getlago/api:v1.50.0
    entrypoint: [/bin/sh, -c]
    # So long takes a real boot of Rails.
    command: ["sleep 20; exec ./scripts/migrate.sh"]
    env_file: [env]
    depends_on: {db: {condition: service_healthy}, redis: {condition: service_started}}
  api:
    <<: *backend
    command: ["exec ./scripts/start.api.sh"]
    healthcheck: {test: [CMD, curl, -f, "http://localhost:3000/health"], interval: 2s, retries: 30}
  api-worker:
    <<: *backend
    command: ["exec ./scripts/start.worker.sh"]
    depends_on: {api: {condition: service_healthy}}
  api-clock:
    <<: *backend
    command: ["exec ./scripts/start.clock.sh"]
    depends_on: {api: {condition: service_healthy}}
YAML
{ sed 's/^\([A-Z_]*\)="\?\([^"]*\)"\?$/\1=\2/' /etc/lago/secrets.env
  printf '%s\n' DATABASE_URL=postgresql://lago:changeme@db:5432/lago REDIS_URL=redis://redis:6379 RAILS_ENV=production RAILS_LOG_TO_STDOUT=true
} | grep -v -E '^(POSTGRES|REDIS)_PASSWORD=' >env
docker-compose -p control up -d >up.log 2>&1 || { cat up.log; exit 1; }
for i in $(seq 60); do
        ! docker-compose -p control logs api-worker 2>&1 | grep -q -E 'relation .* does not exist' || break
        sleep 1
done
docker-compose -p control logs api-worker 2>&1 | grep -m 1 -E 'relation .* does not exist'
docker-compose -p control down -v >/dev/null 2>&1
SH
}
