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
        write_run >"$RUN/root/lago/run"
}

teardown_file() {
        [ -z "${RUN-}" ] || stop_everything
}

bare_root() {
        local applet
        mkdir -p "$1"/{bin,dev,etc,proc,gate,app,tmp,lago,run/secrets}
        cp "$(type -P busybox)" "$1/bin/busybox"
        for applet in sh sed tail mkfifo rm cat sleep; do
                ln -s busybox "$1/bin/$applet"
        done
        printf '127.0.0.1 localhost\n127.0.0.1 db\n' >"$1/etc/hosts"
        cp -r "$RUN/images/v1.50.0/app/." "$1/app"
        # As old releases have them: without exec.
        printf '#!/bin/sh\n# a clock\necho Starting clock\nsleep 1000\n' >"$1/app/scripts/start.clock.sh"
        printf '#!/bin/sh\nexec echo serves "$SECRET_KEY_BASE"\n' >"$1/app/scripts/start.api.sh"
        # shellcheck disable=SC2016 # it is for the script
        printf '#!/bin/sh\necho "bundle $*" >>/tmp/said\n. /tmp/rails\n' >"$1/bin/bundle"
        chmod 755 "$1"/app/scripts/* "$1/bin/bundle"
}

# Out of a configuration that nobody else sees.
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
                } >/etc/lago/lago.env
                chmod 600 /etc/lago/lago.env
                "$1/lagoctl" export compose --output /mnt/out >/dev/null
                cat /mnt/out/run' sh "${LAGO_GATE%/*}" "$TOP"
}

setup() {
        new_database
        printf "DATABASE_URL='postgresql://lago:changeme@db:%s/%s'\nSECRET_KEY_BASE='it'\\\\''s %s'\n" "$PORT" "$DATABASE" "\$HOME" \
                >"$RUN/root/run/secrets/lago"
        rm -f "$RUN/root/tmp/"*
        echo : >"$RUN/root/tmp/rails"
}

# run_in_root VERB ARGUMENT...
run_in_root() {
        unshare --mount --pid --fork --kill-child -- bash -ec 'mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"
                root=$1; shift; exec env -i PATH=/bin busybox chroot "$root" /bin/sh -c "cd /app && exec /bin/sh /lago/run \"\$@\"" sh "$@"' \
                sh "$RUN/root" "$@"
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
        local pid
        fill v1.49.0
        "$LAGO_GATE" hold --lock migrate >"$RUN/other" 3>&- &
        pid=$!
        wait_for grep -q held "$RUN/other"
        run_in_root migrate >"$RUN/second" 2>&1 3>&- &
        wait_for grep -q 'the migrate of this database runs at' "$RUN/second"
        sql "$DATABASE" -c 'DROP TABLE schema_migrations, billable_metrics, subscriptions, invoices'
        fill v1.50.0
        kill "$pid"
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
