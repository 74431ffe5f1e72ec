#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A worse night: killed and cut off while the migrations run, power cuts, and a supervisor that hangs.

load lib
load night

# Where it stops for long: the one before the last of v1.6.0, in the database.
slow=20240611074215

@test "kill -9 of the supervisor of a migration: it runs to its end, and once" {
        member_env migrate STANDIN_SLOW_MIGRATION=$slow:12
        in_the_night $slow <<'SH'
empty_database v1.6.0
: >/var/tmp/engine.log
start_all
has_status migrate "$1" || exit 1
pid=$(container_pid migrate)
kill -9 "$(main_pid migrate)"
seen=0
while [ "$(systemctl show -P ActiveState lago-migrate)" != active ]; do
        migrators=$(podman exec lago-db psql -U lago -d lago -Atqc \
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
        [ "${migrators:-0}" -le 1 ] || { echo "# $migrators migrate at once"; exit 1; }
        [ "${migrators:-0}" = 0 ] || seen=$((seen + 1))
        # While it runs its process is the one that was there.
        if [ -e "/proc/$pid" ] && ! systemctl is-active -q lago-migrate; then
                [ "$(container_pid migrate)" = "$pid" ] || [ ! -e "/proc/$pid" ] || { echo "# it was cut short"; exit 1; }
        fi
        sleep 0.3
done
[ "$seen" -gt 3 ] || { echo "# seen running $seen times only"; exit 1; }
healed 60 || exit 1
runs=$(grep -c 'run --detach --name=lago-migrate .*db:migrate' /var/tmp/engine.log)
[ "$runs" = 1 ] || { echo "# $runs runs"; exit 1; }
SH
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        [ "$(relation_errors)" = 0 ]
}

@test "kill -9 of that supervisor while the engine still starts the container: the migration that begins is not cut short" {
        in_the_night <<'SH'
empty_database v1.6.0
# A start that takes its time, before and after the container runs.
sed -i 's|^exec /usr/bin/podman|case "$*" in *" run --detach --name=lago-migrate "*) touch /run/start-in-flight; sleep 3; /usr/bin/podman "$@"; sleep 2; exit ;; esac\n&|' \
        /usr/local/bin/podman
: >/var/tmp/engine.log
rm -f /run/start-in-flight
start_all
for ((i = 0; i < 600; i++)); do
        [ ! -e /run/start-in-flight ] || break
        sleep 0.1
done
[ "$(state_of migrate)" = starting ] || { echo "# it is $(state_of migrate)"; exit 1; }
kill -9 "$(main_pid migrate)"
healed 120 || exit 1
sed -i '/start-in-flight/d' /usr/local/bin/podman
runs=$(grep -c 'run --detach --name=lago-migrate .*db:migrate' /var/tmp/engine.log)
[ "$runs" = 1 ] || { echo "# $runs runs"; grep lago-migrate /var/tmp/engine.log; exit 1; }
SH
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        [ "$(relation_errors)" = 0 ]
}

@test "kill -9 of the monitor of a migration: it runs to its end, and once" {
        member_env migrate STANDIN_SLOW_MIGRATION=$slow:6
        in_the_night $slow <<'SH'
empty_database v1.6.0
: >/var/tmp/engine.log
start_all
has_status migrate "$1" || exit 1
before=$(systemctl show -P InvocationID lago-migrate)
pid=$(container_pid migrate)
kill -9 "$(monitor_pid migrate)" || exit 1
while [ -e "/proc/$pid" ]; do
        [ "$(systemctl show -P ActiveState lago-migrate)" = activating ] || { echo "# it is not waited for"; exit 1; }
        sleep 0.1
done
healed 60 || exit 1
runs=$(grep -c 'run --detach --name=lago-migrate .*db:migrate' /var/tmp/engine.log)
[ "$runs" = 1 ] || { echo "# $runs runs"; exit 1; }
[ "$(systemctl show -P InvocationID lago-migrate)" = "$before" ]
SH
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        in_guest journalctl -b -o cat -u lago-migrate | grep -F 'The run ended after' | grep -F '(exit 0)'
}

# PostgreSQL itself would find out only when it has a word for the client, with the statement done.
@test "a migration is killed while its ALTER waits for a lock: the statement ends with it, and the next run heals" {
        local release version=20991231000000
        release=$(in_guest sed -n 's/^release = //p' /etc/lago/lago.conf)
        "$root/tests/images/variant" "$GUEST" "api:$release" more --add-migration ${version}_add_something
        config images api getlago/api:more
        in_the_night <<'SH'
stop_all
systemctl start lago-db
podman exec -d lago-db psql -U lago -d lago -c 'BEGIN; LOCK organizations IN ACCESS SHARE MODE; SELECT pg_sleep(600)'
start_all
ask() { podman exec lago-db psql -U lago -d lago -Atqc "$1"; }
waits() { # the backend whose ALTER waits, or nothing
        ask "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%'"
}
for ((i = 0; i < 300; i++)); do
        orphan=$(waits)
        [ -z "$orphan" ] || break
        sleep 0.1
done
[ -n "$orphan" ] || { echo "# no ALTER waits"; tell_all; exit 1; }
kill -9 "$(container_pid migrate)" || exit 1
for ((i = 0; i < 100; i++)); do
        [ -n "$(ask "SELECT pid FROM pg_stat_activity WHERE pid = $orphan")" ] || break
        sleep 0.1
done
[ $i -lt 100 ] || { echo "# backend $orphan still waits"; exit 1; }
ask "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()" >/dev/null
healed 60 || exit 1
[ "$(systemctl show -P NRestarts lago-migrate)" = 0 ]
SH
        [ "$(sql "SELECT count(*) FROM schema_migrations WHERE version = '$version'")" = 1 ]
        in_guest rm /etc/lago/lago.conf.d/50-images-api.conf
}

@test "the database killed during the same migration, twice: it is not the migration's fault" {
        member_env migrate STANDIN_SLOW_MIGRATION=$slow:6
        in_the_night $slow <<'SH'
empty_database v1.6.0
start_all
last=none
for i in 1 2; do
        for ((tries = 0; tries < 600; tries++)); do
                pid=$(container_pid migrate)
                [ -z "$pid" ] || [ "$pid" = "$last" ] ||
                        [[ $(systemctl show -P StatusText lago-migrate) != *"$1"* ]] || break
                sleep 0.1
        done
        last=$pid
        kill -9 "$(container_pid db)" || exit 1
        echo "# killed during $1 of process $pid"
done
healed 120 || exit 1
[ "$(systemctl show -P NRestarts lago-migrate)" = 0 ]
SH
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
}

@test "power cut while serving: what Redis and PostgreSQL had is there" {
        in_guest systemctl enable -q lago.target
        # As after one between the end of the migrations and the removal of what ran them.
        in_guest podman create --name=lago-migrate --label=io.lago-supervisor.member=migrate \
                docker.io/library/redis:7-alpine
        redis set night 1
        sql 'CREATE TABLE night (n int); INSERT INTO night VALUES (1)'
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        in_the_night <<'SH'
healed 120 || exit 1
[ "$(podman exec lago-redis redis-cli get night)" = 1 ] || { echo "# Redis has lost it"; exit 1; }
[ "$(podman exec lago-redis redis-cli config get appendonly | tail -n 1)" = yes ] || exit 1
podman exec lago-db psql -U lago -d lago -Atqc 'SELECT n FROM night' | grep -qx 1
podman exec lago-db psql -U lago -d lago -Atqc 'DROP TABLE night'
SH
}

@test "kill -9 of a supervisor that looks into an image: nothing of that is left" {
        in_the_night <<'SH'
stop_all
rm -f /var/cache/lago/manifest-*
sed -i 's|^exec /usr/bin/podman|case "$*" in *" rm "*-files) touch /run/looked-into; sleep 5 ;; esac\n&|' /usr/local/bin/podman
start_all
for ((i = 0; i < 600; i++)); do
        [ ! -e /run/looked-into ] || break
        sleep 0.1
done
pid=$(main_pid migrate)
kill -9 "$pid" || exit 1
gone migrate "$pid" || exit 1
sed -i '/looked-into/d' /usr/local/bin/podman
healed 120
SH
}

@test "power cut during a migration and while starting" {
        member_env migrate STANDIN_SLOW_MIGRATION=$slow:6
        in_the_night $slow <<'SH'
empty_database v1.6.0
start_all
has_status migrate "$1"
SH
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        in_the_night <<<'moment 3000; echo "# once more after $moment ms"'
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        in_the_night <<<'healed 120'
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        [ "$(relation_errors)" = 0 ]
}

@test "the first load of the schema cut off, by a kill and by the power: emptied and loaded again" {
        in_guest systemctl enable -q lago.target
        member_env migrate STANDIN_SLOW_LOAD=6
        in_the_night <<'SH'
empty_database v1.50.0
start_all
has_status migrate 'Loading the schema' || exit 1
loads() { podman exec lago-db psql -U lago -d lago -Atqc "SELECT to_regclass('invoices')" 2>/dev/null | grep -q invoices; }
for ((i = 0; i < 600; i++)); do
        ! loads || break
        sleep 0.1
done
kill -9 "$(container_pid migrate)" || exit 1
for ((i = 0; i < 600; i++)); do
        ! journalctl -b -o cat -u lago-migrate | grep -q 'the database is emptied and loaded again' || break
        sleep 0.1
done
for ((i = 0; i < 600; i++)); do
        ! loads || exit 0
        sleep 0.1
done
tell_all
exit 1
SH
        in_guest grep -q BEGUN /var/lib/lago/unfinished-load
        "$guest" kill "$GUEST"
        "$guest" start "$GUEST"
        in_the_night <<<'healed 180'
        in_guest journalctl -b -o cat -u lago-migrate | grep -F 'the database is emptied and loaded again'
        refute in_guest test -e /var/lib/lago/unfinished-load
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 1046 ]
        [ "$(sql 'SELECT count(*) FROM roles')" = 3 ]
        [ "$(relation_errors)" = 0 ]
}

@test "power cuts at moments drawn at random, of a first start too" {
        in_guest systemctl enable -q lago.target
        for ((cut = 1; cut <= ${SOAK:-1}; cut++)); do
                in_the_night "$cut" <<'SH'
RANDOM=$((SEED + 1000 * $1))
one_of fresh fresh warm
if [ "$drawn" = fresh ]; then
        empty_database v1.50.0
else
        stop_all
fi
start_all
moment 12000
echo "# power cut $1, $moment ms after a $drawn start: $(grep -h ^STATUS= /run/lago/state/{db,migrate,api} | paste -sd ' ')"
SH
                "$guest" kill "$GUEST"
                "$guest" start "$GUEST"
                in_the_night <<<'healed 180'
                [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 1046 ]
                [ "$(relation_errors)" = 0 ]
        done
}

@test "SIGSTOP of a supervisor, serving or still waiting, and in a soak at any moment: it is ended and started again" {
        in_the_night <<'SH'
mkdir -p /run/systemd/system/lago-worker.service.d
printf '[Service]\nWatchdogSec=4s\n' >/run/systemd/system/lago-worker.service.d/10-test.conf
systemctl daemon-reload
systemctl restart lago-worker
pid=$(main_pid worker)
kill -STOP "$pid"
while [ "$(main_pid worker)" = "$pid" ]; do sleep 0.2; done
healed 60 || exit 1
systemctl stop lago-redis
systemctl mask -q --runtime lago-redis # or the worker's start would start it
systemctl restart --no-block lago-worker
has_status worker "Waiting for Redis" || exit 1
pid=$(main_pid worker)
kill -STOP "$pid"
for ((i = 0; i < 300; i++)); do
        [ -e "/proc/$pid" ] || break
        sleep 0.2
done
[ ! -e "/proc/$pid" ] || { echo "# $pid is still there"; kill -KILL "$pid"; exit 1; }
systemctl unmask -q --runtime lago-redis
systemctl start lago-redis
healed 60
SH
        in_the_night "${SOAK:-0}" <<'SH'
mkdir -p /run/systemd/system/lago-.service.d
printf '[Service]\nWatchdogSec=4s\n' >/run/systemd/system/lago-.service.d/10-test.conf
systemctl daemon-reload
for ((i = 1; i <= $1; i++)); do
        stop_all
        start_all
        moment 9000
        one_of "${members[@]}" migrate ready
        pid=$(main_pid "$drawn")
        echo "# SIGSTOP $i after $moment ms: $drawn ($pid), $(systemctl show -P ActiveState "lago-$drawn")"
        if [ "$pid" != 0 ] && kill -STOP "$pid"; then
                gone "$drawn" "$pid" || gone "$drawn" "$pid" || exit 1
        fi
        healed 180 || exit 1
done
SH
}
