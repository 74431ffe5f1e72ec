#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a start says is true: it waits as long as it takes, fails with the first cause, and reads the database itself.

# shellcheck disable=SC2154 # root, guest: of lib.bash
load lib

setup_file() {
        boot_and_install
        record_engine
}

teardown_file() {
        remove_guest
}

# What one test changes is not the next one's configuration.
teardown() {
        in_guest_sh <<'SH'
rm -f /etc/lago/lago.conf.d/50-worker-pool.conf /etc/lago/lago.conf.d/external.conf
: >/etc/lago/lago.env
systemctl reset-failed
SH
}

start_in_background() {
        in_guest systemctl start --no-block lago.target
}

has_reached() {
        [ "$(in_guest systemctl is-active "$1")" = active ]
}

@test "a configuration error: one failure, the line, what to write instead, nothing started" {
        config worker pool events
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ]
        journal -u lago-setup | grep -F 'lago.conf.d/50-worker-pool.conf:2:' | grep -F 'pools'
        [ "$(in_guest systemctl show -P ExecMainStatus lago-setup)" = 78 ]
        [ "$(in_guest systemctl show -P NRestarts lago-setup)" = 0 ]
        [ -z "$(containers)" ]
        wipe_stack
}

@test "a member with a database of its own: refused, the file and line named, and no password" {
        member_env clock 'DATABASE_URL=postgresql://lago:s3cret-of-the-test@elsewhere/lago'
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ]
        journal -u lago-setup | grep -F 'env.d/clock.env:1: DATABASE_URL is the same for every member; write it into lago.env'
        [ "$(in_guest systemctl show -P ExecMainStatus lago-setup)" = 78 ]
        [ -z "$(containers)" ]
        run journal -u 'lago-*'
        [[ $output != *s3cret-of-the-test* ]]
        wipe_stack
}

@test "a migration that fails for good: start fails, names it, and is not tried a third time" {
        in_guest_sh <<<'sed -i "s/^release = .*/release = v1.6.0/" /etc/lago/lago.conf'
        member_env migrate STANDIN_FAIL_MIGRATION=20240611074215
        in_guest truncate -s 0 /var/tmp/engine.log
        run in_guest timeout 100 systemctl start lago.target
        [ "$status" != 0 ]
        [ "$status" != 124 ]
        status_text migrate | grep -F 20240611074215
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 83 ]
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        [ "$(engine_calls 'run --detach --name=lago-migrate ')" = 2 ]
        status_text ready | grep -F "lago-migrate.service failed"
        refute active api
        [ "$(relation_errors)" = 0 ]
}

@test "the cause gone, one start heals it; and slow migrations outlive daemon-reload and daemon-reexec" {
        member_env migrate STANDIN_SLOW_MIGRATION=20240611074215:"${SLOW:-20}"
        in_guest systemctl reset-failed
        start_in_background
        wait_for 60 status_has migrate "Migrating 1 of 2: 20240611074215"
        in_guest systemctl daemon-reload
        in_guest systemctl daemon-reexec
        in_guest systemctl daemon-reload
        wait_for $((${SLOW:-20} + 100)) status_has ready "Lago serves v1.6.0"
        wait_for 10 active ready
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 316 ]
        [ "$(relation_errors)" = 0 ]
        stop_stack
}

@test "the manifest is real: one more migration, its version drawn now, is pending and named" {
        local version=20991231$((100000 + RANDOM))
        "$root/tests/images/variant" "$GUEST" api:v1.6.0 v1.6.0 --add-migration "${version}_drawn_at_test_time"
        in_guest rm -f /etc/lago/env.d/migrate.env
        config migrate automatic no
        start_in_background
        wait_for 60 status_has migrate 'lagoctl migrate'
        journal -u lago-migrate | grep -F "1 pending"
        refute active api
        config migrate automatic yes
        in_guest timeout 60 systemctl restart lago-migrate
        start_stack
        [ "$(sql "SELECT count(*) FROM schema_migrations WHERE version = '$version'")" = 1 ]
}

@test "a newer database is refused at once, untouched, with its own exit status" {
        local before after
        sql "INSERT INTO schema_migrations VALUES ('20990101000000')"
        before=$(dump | md5sum)
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 80 ]
        status_text migrate | grep -F Refused
        after=$(dump | md5sum)
        [ "$before" = "$after" ]
        refute active api
        sql "DELETE FROM schema_migrations WHERE version = '20990101000000'"
        start_stack
        serves
}

@test "refused, then mended: the same command starts what followed, and leaves alone whom the operator had stopped" {
        start_stack
        in_guest systemctl stop lago-clock
        sql "INSERT INTO schema_migrations VALUES ('20990101000000')"
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        wait_for 10 status_has ready "lago-migrate.service failed: Refused"
        refute active api
        sql "DELETE FROM schema_migrations WHERE version = '20990101000000'"
        in_guest timeout 60 systemctl restart lago-migrate
        wait_for 90 status_has ready "Lago serves"
        active ready
        active worker
        serves
        refute active clock
        start_stack
        active clock
}

@test "a configuration refused at a restart is told as that, and not in the words of the run before" {
        in_guest_sh <<<'echo "front-ulr = x" >>/etc/lago/lago.conf'
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        wait_for 10 status_has ready "lago-migrate.service failed: Refused: configuration"
        in_guest_sh <<<'sed -i /front-ulr/d /etc/lago/lago.conf'
        in_guest timeout 60 systemctl restart lago-migrate
        wait_for 90 status_has ready "Lago serves"
        serves
}

@test "schema_migrations lost: refused, and not one row is dropped" {
        local before after
        before=$(sql 'SELECT count(*) FROM organizations')
        sql 'ALTER TABLE schema_migrations RENAME TO lost'
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 80 ]
        after=$(sql 'SELECT count(*) FROM organizations')
        [ "$before" = "$after" ]
        sql 'ALTER TABLE lost RENAME TO schema_migrations'
        start_stack
}

@test "other encryption keys than the database was first used with: refused, before a container starts" {
        stop_stack
        in_guest_sh <<'SH'
cp /etc/lago/secrets.env /root/secrets.env
sed -i 's/^\(LAGO_\)\?ENCRYPTION_PRIMARY_KEY=.*/\1ENCRYPTION_PRIMARY_KEY=0123456789abcdef0123456789abcdef/' /etc/lago/secrets.env
SH
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-setup)" = 82 ]
        journal -u lago-setup | grep -F "ENCRYPTION_PRIMARY_KEY changed"
        [ -z "$(containers)" ]
        in_guest mv /root/secrets.env /etc/lago/secrets.env
        in_guest systemctl reset-failed
        start_stack
}

@test "a port that somebody else holds: refused, the port named" {
        in_guest systemctl stop lago-front
        # shellcheck disable=SC2016 # the program is Perl's
        in_guest systemd-run --unit=squatter -- perl -MIO::Socket::INET -e \
                'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:8080", Listen => 1); sleep' 
        wait_for 10 sh -c "'$guest' run '$GUEST' -- ss -ltn | grep -q 127.0.0.1:8080"
        run in_guest timeout 60 systemctl start lago-front
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-front)" = 85 ]
        status_text front | grep -F 127.0.0.1:8080
        active api
        in_guest systemctl stop squatter
        in_guest systemctl reset-failed
        start_stack
        active front
}

@test "packets to the address of the API are lost: the clock finds it where it is published" {
        in_guest_sh <<'SH'
set -e
systemctl start lago.target
systemctl stop lago-clock
address=$(sed -n 's/^ADDRESS=//p' /run/lago/state/api)
nft -f - <<NFT
table inet lost {
        chain out {
                type filter hook output priority 10
                ip daddr $address tcp dport 3000 ct status & dnat != dnat drop
        }
}
NFT
if curl -s -m 2 "http://$address:3000/health"; then
        echo "# they are not lost"
        exit 1
fi
curl -s -m 5 -o /dev/null http://127.0.0.1:3000/health
timeout 120 systemctl start lago-clock
nft delete table inet lost
SH
        status_has clock Running
}

n_clock_starts() {
        journal -t lago-clock | grep -c 'Starting clock for' || :
}

clock_starts() {
        [ "$(n_clock_starts)" -ge "$1" ]
}

@test "a clock whose thread of ticks has ended, while its process lives, is told and started again" {
        local before
        stop_stack
        before=$(n_clock_starts)
        config clock silence 5s
        member_env clock STANDIN_END_TICKS=1
        start_stack
        wait_for 60 clock_starts $((before + 2))
        # Its process had lived on: nothing has ended by itself.
        [ "$(in_guest systemctl show -P NRestarts lago-clock)" = 0 ]
        journal -u lago-clock MESSAGE_ID=1cddb01245744e1bb0e17ddc68a04d69 | grep -F 'Not healthy: it begins no job any more'
        refute grep -F 'The container ended by itself' <<<"$(journal -u lago-clock _SYSTEMD_INVOCATION_ID="$(invocation clock)")"
        in_guest rm -r /etc/lago/env.d /etc/lago/lago.conf.d/50-clock-silence.conf
}

@test "pools: a job enqueued through the API is done by the pool's worker" {
        local id
        stop_stack
        config worker pools events
        start_stack
        active worker@events
        id=$(api -X POST 'http://127.0.0.1:3000/test/jobs?queue=events&kind=none' | sed 's/.*"id":"\([^"]*\)".*/\1/')
        wait_for 30 sh -c "'$guest' run '$GUEST' -- curl -s http://127.0.0.1:3000/test/jobs/$id | grep -q '\"state\":\"done\"'"
        api "http://127.0.0.1:3000/test/jobs/$id" | grep -F sidekiq_events.yml
        api "http://127.0.0.1:3000/test/jobs/$id" | grep -F '"queue":"events"'
}

guard_said() {
        journal MESSAGE_ID=8467a47c50a144c7a6ca2ae23963ff06 | grep -F "$1"
}

@test "a table that is missing all the same, in the log of a pool's worker, is told once and counted" {
        local thing='relation "no_such_table" does not exist'
        api -X POST 'http://127.0.0.1:3000/test/jobs?queue=events&kind=query&table=no_such_table'
        wait_for 20 guard_said "lago-worker@events.service: $thing, although the schema was verified."
        wait_for 5 status_has worker@events ", but $thing"
        # In the log of the database it is a client that asked.
        wait_for 5 guard_said "lago-db.service: $thing, and a client asked for it."
        api -X POST 'http://127.0.0.1:3000/test/jobs?queue=events&kind=query&table=no_such_table'
        # How many lines a release writes of one error is its own affair.
        wait_for 20 is_counted worker@events "$thing"
        [ "$(guard_said no_such_table | wc -l)" = 2 ]
        # From the first line of the container to the message about it: within a second.
        in_guest journalctl -b --no-pager -o json _SYSTEMD_UNIT=lago-worker@events.service |
                jq -sr 'map(select((.MESSAGE | type) == "string" and (.MESSAGE | contains("no_such_table")))) |
                        map({of: .SYSLOG_IDENTIFIER, at: (.__REALTIME_TIMESTAMP | tonumber)}) |
                        (map(select(.of == "lago-supervisor"))[0].at - map(select(.of == "lago-worker@events"))[0].at) / 1000' |
                tee /dev/stderr | awk '{ exit !($1 < 1000) }'
}

is_counted() {
        status_text "$1" | grep -qE "$2 \\([0-9]+ times\\)"
}

@test "a pool whose script the image lacks is refused, with the image's status" {
        config worker pools alerts
        run in_guest timeout 60 systemctl restart lago.target
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-worker@alerts)" = 81 ]
        status_text worker@alerts | grep -F start.alerts.worker.sh
        wipe_stack
}

@test "enabled and waiting, Lago does not hold up the boot" {
        in_guest systemctl enable lago.target
        in_guest_sh <<'SH'
printf '[database]\nmode = external\n[redis]\nmode = external\n' >/etc/lago/lago.conf.d/external.conf 2>/dev/null || {
        mkdir -p /etc/lago/lago.conf.d
        printf '[database]\nmode = external\n[redis]\nmode = external\n' >/etc/lago/lago.conf.d/external.conf
}
cat >/etc/lago/lago.env <<'ENV'
DATABASE_URL=postgresql://lago:s3cret-of-the-test@192.0.2.7:5432/lago
REDIS_URL=redis://192.0.2.7:6379
ENV
SH
        "$guest" reboot "$GUEST"
        wait_for 30 has_reached multi-user.target
        wait_for 30 status_has db "Waiting for PostgreSQL at 192.0.2.7:5432"
        [ "$(in_guest systemctl is-active lago.target)" != active ]
        in_guest systemctl disable lago.target
        stop_stack
}
