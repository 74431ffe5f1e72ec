#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What "lagoctl export compose" writes, started by docker-compose on Docker Engine: 20.10 on bookworm, 26.1 on trixie. In a
# soak only. The control is the order that Lago's own file had when nothing waited for its migrations.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib
load elsewhere

setup_file() {
        export ENGINE=docker
        # On trixie its client is a package of its own.
        if [ "${GUEST_SUITE-}" = trixie ]; then
                boot_with_gate docker.io docker-cli docker-compose
        else
                boot_with_gate docker.io docker-compose
        fi
        in_guest_sh <<'SH'
# Its layers can lie on no overlay; that folder is a plain one.
mkdir -p /etc/docker /var/lib/containers/docker
echo '{"data-root": "/var/lib/containers/docker"}' >/etc/docker/daemon.json
systemctl start lago-setup && systemctl restart docker || exit
podman network prune -f >/dev/null
docker load -q -i /root/lago-gate-image.tar
for image in getlago/{api,front}:v1.5{0,1}.0 getlago/postgres-partman:15.0-alpine library/redis:7-alpine getlago/lago-gotenberg:7.8.2; do
        podman save -q "docker.io/$image" | docker load -q || exit
        # Docker leaves out the registry that it asks by itself.
        docker tag "docker.io/$image" "$image" 2>/dev/null || :
done
SH
        write_compose
}

teardown_file() {
        remove_guest
}

@test "clean starts: no relation is missing, no job is dead" {
        with_compose <<<'docker version --format "engine {{.Server.Version}}"; docker-compose --version'
        clean_starts "$(n_starts 2)"
}

@test "a second \"up\" makes no container again" {
        with_compose <<'SH'
before=$(docker ps -q --no-trunc | sort)
up
[ "$(docker ps -q --no-trunc | sort)" = "$before" ]
SH
}

@test "the schema is behind: what the engine restarts waits, and goes on by itself" {
        with_compose <<'SH'
v=$(ask_sql 'SELECT max(version) FROM schema_migrations')
ask_sql "DELETE FROM schema_migrations WHERE version = '$v'"
docker restart "$(of api-worker)" "$(of api)" >/dev/null
until_ok 30 said api-worker 'Waiting for the schema: 1 of 1046 missing'
refute docker exec "$(of api-worker)" curl -fsS -o /dev/null http://localhost:8080/
# Who waits ends when it is told to, and not after its whole grace.
SECONDS=0
docker restart "$(of api-worker)" >/dev/null
[ "$SECONDS" -lt 10 ]
ask_sql "INSERT INTO schema_migrations VALUES ('$v')"
until_ok 60 health
SH
}

@test "a reboot of the host: the engine starts all at once, and each waits for its verdict" {
        LAGO_TEST_BOOT_SECONDS=200 "$guest" reboot "$GUEST"
        with_compose <<'SH'
until_ok 120 health
nothing_is_lost --since 3m
SH
}

# Whatever the order says, "up" ends what runs before it migrates; so the order is given before it.
@test "an upgrade with automatic = no: an order migrates while the old release runs, and \"up\" goes on from there" {
        with_compose <<'SH'
mkdir -p /etc/lago/lago.conf.d
printf '[lago]\nrelease = v1.51.0\n[migrate]\nautomatic = no\n' >/etc/lago/lago.conf.d/upgrade.conf
lagoctl export compose --output /root/upgrade >/dev/null
rm /etc/lago/lago.conf.d/upgrade.conf
cp compose.override.yaml /root/upgrade
cd /root/upgrade
status=0
compose run --rm migrate migrate >run.log 2>&1 </dev/null || status=$?
[ "$status" = 10 ] || { cat run.log; exit 1; }
grep -F 'automatic = no in lago.conf' run.log
[[ $(docker inspect "$(of api)" --format '{{.Config.Image}}') = *getlago/api:v1.50.0 ]]
health
compose run --rm migrate migrate now >run.log 2>&1 </dev/null || { cat run.log; exit 1; }
grep -F 'Schema verified: v1.51.0' run.log
up
until_ok 60 health
[[ $(docker inspect "$(of api)" --format '{{.Config.Image}}') = *getlago/api:v1.51.0 ]]
until_ok 60 said api-clock 'Starting clock for'
nothing_is_lost
SH
}

# It is v1.50.0 on what v1.51.0 has left, and a version that no release has.
@test "an image older than the database is refused, and nothing of Lago starts" {
        with_compose <<'SH'
compose stop api api-worker api-clock front >/dev/null 2>&1
ask_sql "INSERT INTO schema_migrations VALUES ('20991231000000')"
refute up
[ "$(exit_code migrate)" = 30 ]
refute is_running api
down
SH
}

@test "the database is killed while its schema is loaded: it is loaded again, and no job is lost" {
        the_database_is_killed
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
fails() { docker-compose -p control logs api-worker >control.log 2>&1; grep -m 1 -E 'relation .* does not exist' control.log; }
until_ok 60 fails
fails
docker-compose -p control down -v >/dev/null 2>&1
SH
}
