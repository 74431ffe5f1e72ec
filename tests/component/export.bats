#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The script that "lagoctl export" puts between an engine and Lago's own ones, in a root as bare as Alpine's, against a real
# PostgreSQL. "bundle" stands in for Rails: it does to the ledger what $RUN/root/tmp/rails says.

bats_require_minimum_version 1.5.0

load helper

setup_file() {
        [ "$(id -u)" -eq 0 ] || skip 'chroot is for root'
        start_everything
        bare_root "$RUN/root"
        "$LAGO_GATE" install "$RUN/root/gate"
        "$LAGO_GATE-clickhouse" install "$RUN/root/gate"
        write_run >"$RUN/root/lago/run"
        sed 's/--fresh=auto/--fresh=load/' "$RUN/root/lago/run" >"$RUN/root/lago/run-that-loads"
        write_run LAGO_CLICKHOUSE_{MIGRATIONS_ENABLED=true,HOST=ch.example} >"$RUN/root/lago/run-with-clickhouse"
}

teardown_file() {
        [ -z "${RUN-}" ] || stop_everything
}

bare_root() {
        local applet
        mkdir -p "$1"/{bin,dev,etc,proc,gate,app,tmp,lago,run/secrets}
        cp "$(type -P busybox)" "$1/bin/busybox"
        for applet in sh sed tail mkfifo rm cat sleep touch date; do
                ln -s busybox "$1/bin/$applet"
        done
        printf '127.0.0.1 localhost\n127.0.0.1 db\n' >"$1/etc/hosts"
        cp -r "$RUN/images/v1.50.0/app/." "$1/app"
        # As old releases have them: without exec.
        printf '#!/bin/sh\n# a clock\necho Starting clock\nsleep 1000\n' >"$1/app/scripts/start.clock.sh"
        printf '#!/bin/sh\nexec echo serves "$SECRET_KEY_BASE"\n' >"$1/app/scripts/start.api.sh"
        # shellcheck disable=SC2016 # it is for the script
        printf '#!/bin/sh\necho "bundle $*" >>/tmp/said\n. /tmp/rails\n' >"$1/bin/bundle"
        printf '#!/bin/sh\n[ -e /tmp/answers ]\n' >"$1/bin/curl"
        chmod 755 "$1"/app/scripts/* "$1/bin"/{bundle,curl}
}

# write_run [NAME=VALUE...]: out of a configuration that nobody else sees, with these in lago.env.
write_run() {
        unshare --mount bash -ec '
                mount -t tmpfs tmpfs /mnt
                mkdir /mnt/{upper,work}
                mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
                rm -rf /etc/lago
                mkdir /etc/lago
                cp "$2/conf/lago.conf" /etc/lago
                {
                        for key in POSTGRES_PASSWORD SECRET_KEY_BASE LAGO_ENCRYPTION_{PRIMARY_KEY,DETERMINISTIC_KEY,KEY_DERIVATION_SALT}; do
                                echo "$key=$(openssl rand -hex 32)"
                        done
                        echo "LAGO_RSA_PRIVATE_KEY=$(openssl genrsa 2048 2>/dev/null | base64 -w0)"
                        [ "$#" -lt 3 ] || printf "%s\n" "${@:3}"
                } >/etc/lago/lago.env
                chmod 600 /etc/lago/lago.env
                "$1/lagoctl" export compose --output /mnt/out >/dev/null
                cat /mnt/out/run' sh "${LAGO_GATE%/*}" "$TOP" "$@"
}

setup() {
        new_database
        printf "DATABASE_URL='postgresql://lago:changeme@db:%s/%s'\nSECRET_KEY_BASE='it'\\\\''s %s'\n" "$PORT" "$DATABASE" "\$HOME" \
                >"$RUN/root/run/secrets/lago"
        rm -f "$RUN/root/tmp/"*
        echo : >"$RUN/root/tmp/rails"
        SCRIPT=/lago/run
}

# run_in_root VERB ARGUMENT...
run_in_root() {
        unshare --mount --pid --fork --kill-child -- bash -ec 'mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"
                root=$1; shift; exec env -i PATH=/bin busybox chroot "$root" /bin/sh -c "cd /app && exec /bin/sh \"\$@\"" sh "$@"' \
                sh "$RUN/root" "$SCRIPT" "$@"
}

# Process 1 of that root, as an engine sees it from outside.
init_of_root() {
        local pid
        for pid in $(pgrep -f "^/bin/sh $SCRIPT "); do
                [ "$(readlink "/proc/$pid/root")" != "$RUN/root" ] || ! grep -q -E '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" || echo "$pid"
        done
}

# other_holds LOCK: another host has it, until the process $holder ends.
other_holds() {
        "$LAGO_GATE" hold --lock "$1" >"$RUN/other" 3>&- &
        holder=$!
        wait_for grep -q held "$RUN/other"
}

# stops_at_once SAYING VERB ARGUMENT...: once it has said that, the signal that an engine sends first is the end.
stops_at_once() {
        local pid init
        : >"$RUN/stopped"
        run_in_root "${@:2}" >"$RUN/stopped" 2>&1 3>&- &
        pid=$!
        wait_for grep -q "$1" "$RUN/stopped"
        init=$(init_of_root)
        kill -TERM "$init"
        timeout 15 tail -f --pid="$init" /dev/null || { kill -KILL "$init"; return 1; }
        wait "$pid" || [ "$?" = 143 ]
}

said() {
        cat "$RUN/root/tmp/said" 2>/dev/null || :
}

@test "run start: nothing before the verdict; then Lago's script, with the secrets as they are" {
        fill v1.50.0
        run --separate-stderr run_in_root start scripts/none.sh scripts/start.api.sh
        [ "$status" -eq 0 ]
        [[ $output == *"serves it's \$HOME" ]]
        sql "$DATABASE" -c "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)"
        run --separate-stderr run_in_root gate 2
        [ "$status" -eq 75 ]
        [ "$(grep -c 'Waiting for the schema: 1 of' <<<"$stderr")" -eq 1 ]
        run_in_root start scripts/start.api.sh >"$RUN/start" 2>&1 3>&- &
        wait_for grep -q 'Waiting for the schema: 1 of' "$RUN/start"
        run ! grep -q serves "$RUN/start"
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$(versions v1.50.0 | tail -n 1)')"
        wait_for grep -q serves "$RUN/start"
}

@test "run migrate: no Rails when nothing is pending" {
        fill v1.50.0
        run run_in_root migrate
        [ "$status" -eq 0 ]
        [ -z "$(said)" ]
}

@test "run migrate: what ended with 0 and did nothing is 83, tried once" {
        fill v1.49.0
        run run_in_root migrate
        [ "$status" -eq 83 ]
        [ "$(said)" = 'bundle exec rails db:migrate' ]
}

@test "run migrate: an older image on a newer database is 30, and no Rails" {
        fill v1.51.0
        run run_in_root migrate
        [ "$status" -eq 30 ]
        [ -z "$(said)" ]
}

@test "run migrate: while another migrates it waits, and finds the work done" {
        local holder
        fill v1.49.0
        other_holds migrate
        run_in_root migrate >"$RUN/second" 2>&1 3>&- &
        wait_for grep -q 'the migrate of this database runs at' "$RUN/second"
        sql "$DATABASE" -c 'DROP TABLE schema_migrations, billable_metrics, subscriptions, invoices'
        fill v1.50.0
        kill "$holder"
        wait_for grep -q '^Schema verified' "$RUN/second"
        [ -z "$(said)" ]
}

@test "run clock: it ends when its lock is lost" {
        local pid
        fill v1.50.0
        run_in_root clock scripts/start.clock.sh >"$RUN/clock" 2>&1 3>&- &
        pid=$!
        # Its script does not end in exec, so its last command alone is run.
        wait_for sh -c "psql -h $RUN -p $PORT -U postgres -d $DATABASE -Atqc \"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'\" | grep -qx 1"
        sleep 1
        kill -0 "$pid"
        sql "$DATABASE" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lago-gate' AND datname = '$DATABASE'"
        wait_for sh -c "! kill -0 $pid"
}

@test "run: who waits ends when it is told to, whatever it waits for" {
        local holder
        fill v1.49.0
        stops_at_once 'Waiting for the schema' start scripts/start.api.sh
        stops_at_once 'Waiting for the schema' gate 3600
        other_holds migrate
        stops_at_once 'the migrate of this database runs at' migrate
        kill "$holder"
        sed -i 's/@db:[0-9]*/@db:1/' "$RUN/root/run/secrets/lago"
        stops_at_once 'Waiting for' migrate
        [ -z "$(said)" ]
}

@test "run clock: one that stands by ends when it is told to, one that runs ends its clock" {
        local holder
        fill v1.50.0
        other_holds clock
        stops_at_once 'the clock of this database runs at' clock scripts/start.clock.sh
        kill "$holder"
        # shellcheck disable=SC2016 # it is for the script
        printf '%s\n' '#!/bin/sh' 'exec sh -c "trap \"echo Ended; exit\" TERM; echo Ticks; while :; do sleep 1; done"' \
                >"$RUN/root/app/scripts/start.ticks.sh"
        chmod 755 "$RUN/root/app/scripts/start.ticks.sh"
        stops_at_once Ticks clock scripts/start.ticks.sh
        grep -q Ended "$RUN/stopped"
}

@test "run migrate: a try during which the database cut the session does not count, and the lock is taken again" {
        local pid
        fill v1.49.0
        echo 'touch /tmp/begun; while [ ! -e /tmp/cut ]; do sleep 0.1; done' >"$RUN/root/tmp/rails"
        run_in_root migrate >"$RUN/cut" 2>&1 3>&- &
        pid=$!
        wait_for test -e "$RUN/root/tmp/begun"
        sql "$DATABASE" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lago-gate' AND datname = '$DATABASE'"
        touch "$RUN/root/tmp/cut"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq 83 ]
        [ "$(said | grep -c db:migrate)" -eq 2 ]
}

# tables: what a load of structure.sql makes before it writes a row of the ledger.
tables() {
        sql "$DATABASE" -c 'SET ROLE lago; CREATE TABLE billable_metrics (id int); CREATE TABLE subscriptions (id int); CREATE TABLE invoices (id int);
                CREATE TABLE schema_migrations (version varchar PRIMARY KEY)'
}

@test "run migrate: a load that the database cut off is emptied and begun again, one of somebody else is refused" {
        local pid
        SCRIPT=/lago/run-that-loads
        # A plain role cannot make it.
        sed -i '/pg_partman/d' "$RUN/root/app/db/structure.sql"
        tables
        run run_in_root migrate
        [ "$status" -eq 34 ]
        new_database
        # shellcheck disable=SC2016 # it is for the script
        echo 'echo x >>/tmp/runs; n=$(sed -n "\$=" /tmp/runs); touch "/tmp/begun.$n"; while [ ! -e "/tmp/go.$n" ]; do sleep 0.1; done' >"$RUN/root/tmp/rails"
        run_in_root migrate >"$RUN/cut" 2>&1 3>&- &
        pid=$!
        wait_for test -e "$RUN/root/tmp/begun.1"
        tables
        sql "$DATABASE" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lago-gate' AND datname = '$DATABASE'"
        touch "$RUN/root/tmp/go.1"
        wait_for test -e "$RUN/root/tmp/begun.2"
        [ -z "$(sql "$DATABASE" -c "SELECT to_regclass('invoices')")" ]
        fill v1.50.0
        touch "$RUN/root/tmp/go.2"
        wait "$pid"
        grep -q '^Schema verified' "$RUN/cut"
}

@test "run migrate: a stop waits for the migration in hand, and for no other one" {
        local pid
        fill v1.49.0
        echo 'touch /tmp/begun; sleep 2; touch /tmp/ended' >"$RUN/root/tmp/rails"
        run_in_root migrate >"$RUN/stopped" 2>&1 3>&- &
        pid=$!
        wait_for test -e "$RUN/root/tmp/begun"
        kill -TERM "$(init_of_root)"
        wait "$pid" || [ "$?" = 143 ]
        [ -e "$RUN/root/tmp/ended" ]
        [ "$(said)" = 'bundle exec rails db:migrate' ]
}

@test "run await: it goes on when Lago answers, ends with 75 when that is too late, and when it is told to" {
        local pid
        run run_in_root await 1 http://api:3000/health
        [ "$status" -eq 75 ]
        [[ $output == *'http://api:3000/health does not answer' ]]
        stops_at_once 'starts when http' await 600 http://api:3000/health
        run_in_root await 600 http://api:3000/health >"$RUN/await" 2>&1 3>&- &
        pid=$!
        wait_for grep -q 'starts when http' "$RUN/await"
        touch "$RUN/root/tmp/answers"
        wait "$pid"
}

@test "run: an image without the script is told, and not taken for one that ended well" {
        fill v1.50.0
        run run_in_root start scripts/none.sh
        [ "$status" -eq 81 ]
        [[ $output == *"This image has no scripts/none.sh"* ]]
}

# clickhouse_lacks VERSION: a server with a ledger of all that $RUN/root has of such migrations, but for that one.
clickhouse_lacks() {
        local version
        mkdir -p "$RUN/root/app/db/clickhouse_migrate"
        for version in 20231024084411 20231026124912; do
                touch "$RUN/root/app/db/clickhouse_migrate/${version}_create_something.rb"
                [ "$version" = "$1" ] || echo "$version 1 1"
        done >"$RUN/root/tmp/ledger"
        : >"$RUN/port"
        perl "$BATS_TEST_DIRNAME/clickhouse.pl" ledger file="$RUN/root/tmp/ledger" user=lago password=word database=lago >"$RUN/port" 2>/dev/null 3>&- &
        SERVER=$!
        wait_for test -s "$RUN/port"
        printf '%s\n' LAGO_CLICKHOUSE_{MIGRATIONS_ENABLED=true,HOST=127.0.0.1,USERNAME=lago,PASSWORD=word,DATABASE=lago} \
                "LAGO_CLICKHOUSE_PORT=$(cat "$RUN/port")" >>"$RUN/root/run/secrets/lago"
        SCRIPT=/lago/run-with-clickhouse
}

@test "run migrate: what ClickHouse alone lacks is migrated, and believed when it is there" {
        fill v1.50.0
        clickhouse_lacks 20231026124912
        run run_in_root migrate
        echo "$output"
        [ "$status" -eq 83 ]
        [ "$(said)" = 'bundle exec rails db:migrate' ]
        echo 'echo "20231026124912 1 1" >>/tmp/ledger' >"$RUN/root/tmp/rails"
        run run_in_root migrate
        [ "$status" -eq 0 ]
        rm "$RUN/root/tmp/said"
        run run_in_root migrate
        [ "$status" -eq 0 ]
        [ -z "$(said)" ]
        kill "$SERVER"
}

@test "run: nothing starts before ClickHouse's verdict, and what waits for that ends when it is told to" {
        fill v1.50.0
        clickhouse_lacks 20231026124912
        run run_in_root gate 2
        [ "$status" -eq 75 ]
        stops_at_once 'Waiting for' start scripts/start.api.sh
        run ! grep -q serves "$RUN/stopped"
        # A server that refuses stops both before anything of PostgreSQL is changed.
        echo '20991231000000 1 1' >>"$RUN/root/tmp/ledger"
        sql "$DATABASE" -c "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)"
        run run_in_root migrate
        [ "$status" -eq 30 ]
        [ -z "$(said)" ]
        kill "$SERVER"
}
