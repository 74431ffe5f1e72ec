#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A bad night: whatever is killed, at whatever moment, Lago serves again without a command, and nothing is left over.
# SOAK is how many moments are drawn for each kind of killing, SEED repeats a run.

load lib

setup_file() {
        export SEED=${SEED:-$RANDOM} MOMENTS=${SOAK:-4}
        echo "# SEED=$SEED, $MOMENTS moments each" >&3
        boot_and_install
        record_engine
        "$guest" push "$GUEST" "$BATS_TEST_DIRNAME/crash.sh" /var/tmp/
        start_stack
}

teardown_file() {
        remove_guest
}

# in_the_night [ARG]...: the script on standard input inside, with the words of crash.sh and $1 moments to draw.
in_the_night() {
        {
                echo "set -o pipefail; RANDOM=$((SEED + BATS_TEST_NUMBER)); MOMENTS=$MOMENTS"
                echo '. /var/tmp/crash.sh'
                cat
        } | in_guest_sh "$@"
}

@test "kill -9 of each supervisor that serves: PostgreSQL and the job in hand get their grace" {
        in_the_night <<'SH'
healed 60 || exit 1
id=$(curl -s -X POST 'http://127.0.0.1:3000/test/jobs?queue=default&kind=sleep&seconds=5' | jq -r .id)
until curl -s "http://127.0.0.1:3000/test/jobs/$id" | jq -e '.state == "running"' >/dev/null; do sleep 0.1; done
kill -9 "$(main_pid worker)"
serves_again 90 || exit 1
state=$(curl -s "http://127.0.0.1:3000/test/jobs/$id" | jq -r .state)
[ "$state" = done ] || { echo "# the job in hand is $state"; exit 1; }
for m in db redis api clock front pdf ready; do
        before=$(invocations)
        kill -9 "$(main_pid $m)"
        serves_again 90 || { echo "# after the kill of $m"; exit 1; }
        # The edges to the stores are Wants=: nobody else restarts.
        changed=$(comm -13 <(tr ' ' '\n' <<<"$before" | sort) <(invocations | tr ' ' '\n' | sort) | wc -l)
        case $m in
        api) want=3 ;; # and the clock and the front, which require it
        *) want=1 ;;
        esac
        [ "$changed" = "$want" ] || { echo "# the kill of $m changed $changed invocations"; exit 1; }
done
clean || exit 1
if journalctl -b -o cat -u lago-db | grep -F 'not properly shut down'; then
        echo "# PostgreSQL did not get its grace"
        exit 1
fi
SH
}

@test "kill -9 of supervisors while they start, at moments drawn at random" {
        in_the_night <<'SH'
for ((i = 1; i <= MOMENTS; i++)); do
        stop_all
        # Now and then a first start, which takes longer and migrates.
        one_of warm warm fresh
        [ "$drawn" = warm ] || podman volume rm -f lago_postgres_data >/dev/null
        start_all
        moment 5000
        for ((tries = 0; tries < 200; tries++)); do
                starting=$(systemctl list-units --state=activating --plain --no-legend 'lago-*' | cut -d' ' -f1 | grep -v setup)
                [ -z "$starting" ] || break
                sleep 0.05
        done
        one_of $starting
        pid=$(systemctl show -P MainPID "$drawn")
        [ "$pid" = 0 ] || kill -9 "$pid"
        echo "# after $moment ms: killed $drawn ($pid)"
        healed 120 || exit 1
done
SH
}

@test "kill -9 of a container's first process or of its monitor: no other unit restarts" {
        in_the_night <<'SH'
round() {
        before=$(invocations)
        pid=$(${2}_pid "$1")
        echo "# kill -9 of the $2 of $1 ($pid)"
        [ -n "$pid" ] && kill -9 "$pid" || return 1
        # The supervisor must have seen it before "it serves" can say anything.
        for ((i = 0; i < 100; i++)); do
                [ "$(state_of "$1")" = serving ] || break
                sleep 0.05
        done
        healed 60 || return 1
        [ "$(container_pid "$1")" != "$pid" ] && [ "$(invocations)" = "$before" ] ||
                { echo "# invocations before: $before"; echo "# and after: $(invocations)"; return 1; }
}
for m in "${members[@]}"; do
        round "$m" container || exit 1
done
for ((n = 1; n <= MOMENTS; n++)); do
        one_of "${members[@]}"
        round "$drawn" monitor || exit 1
done
journalctl -b -o cat -u lago-api | grep -F 'The container ended by itself' || exit 1
SH
}

@test "kill -9 of podman and of lago-gate half-way through a start" {
        in_the_night <<'SH'
for ((i = 1; i <= MOMENTS; i++)); do
        one_of podman podman lago-gate
        program=$drawn
        stop_all
        start_all
        moment 2500
        # The clients of our supervisors alone, not this script's.
        for ((killed = 0, tries = 0; killed == 0 && tries < 400; tries++)); do
                for pid in $(pgrep -x "$program"); do
                        grep -q lago.slice "/proc/$pid/cgroup" 2>/dev/null || continue
                        words=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-90)
                        kill -9 "$pid" && killed=1 && break
                done
                [ "$killed" = 1 ] || sleep 0.01
        done
        echo "# after $moment ms: killed $killed: $words"
        healed 120 || exit 1
done
SH
}

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
runs=$(grep -c 'create --name=lago-migrate .*db:migrate' /var/tmp/engine.log)
[ "$runs" = 1 ] || { echo "# $runs runs"; exit 1; }
SH
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        [ "$(relation_errors)" = 0 ]
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

@test "SIGSTOP of a supervisor, serving or still waiting: it is ended and started again" {
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
}
