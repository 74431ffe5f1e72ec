#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lagoctl, as an operator uses it. The tests go on from each other: one stack, from its first start to its stop.

load lib

setup_file() {
        boot_and_install
        record_engine
}

teardown_file() {
        remove_guest
}

# One that fails half-way must not take the others along.
teardown() {
        in_guest rm -rf /etc/lago/lago.conf.d
}

# lagoctl ARGUMENT...: sets $status and $output, which has both streams.
ctl() {
        run in_guest lagoctl "$@"
        echo "$output"
}

# No value of secrets.env is in the text on standard input.
without_secrets() {
        local text
        text=$(cat)
        [ -n "$text" ]
        in_guest cat /etc/lago/secrets.env >"$BATS_TEST_TMPDIR/secrets"
        while IFS='=' read -r key value; do
                [ ${#value} -ge 16 ] || continue
                if grep -qF -- "$value" <<<"$text"; then
                        echo "# $key is told"
                        return 1
                fi
        done <"$BATS_TEST_TMPDIR/secrets"
        [ "$(grep -c = "$BATS_TEST_TMPDIR/secrets")" -gt 4 ]
}

@test "what it does not know is told with the nearest" {
        ctl sttus
        [ "$status" = 64 ]
        [[ $output == *'"sttus"; did you mean status?'* ]]
        ctl start --quit
        [ "$status" = 64 ]
        [[ $output == *'did you mean --quiet?'* ]]
        ctl backup
        [ "$status" = 64 ]
        ctl backup --help
        [ "$status" = 0 ]
        [[ $output == 'Usage: lagoctl backup DIR'* ]]
}

@test "check tells every error with its line, and is 78" {
        in_guest_sh <<'SH'
mkdir -p /etc/lago/lago.conf.d
printf '[api]\nlisten = nowhere\n[worker]\npool = events\n' >/etc/lago/lago.conf.d/bad.conf
SH
        ctl check
        [ "$status" = 78 ]
        [[ $output == */etc/lago/lago.conf.d/bad.conf:2:* ]]
        [[ $output == */etc/lago/lago.conf.d/bad.conf:4:* ]]
        ctl start --quiet
        [ "$status" = 79 ]
        [[ $output == *'lago-setup.service failed: '* ]]
}

@test "start shows the chain, and returns when Lago serves" {
        ctl status
        [ "$status" = 3 ]
        ctl start
        [ "$status" = 0 ]
        serves
        [[ $output == *'migrate        done                   Schema verified: v1.50.0, 1046 of 1046'* ]]
        [[ ${lines[-1]} == 'Lago serves v1.50.0 ('*')' ]]
}

@test "a second start changes nothing; on a terminal the lines stay in place" {
        local before after
        before=$(for m in db migrate api ready; do invocation $m; done)
        ctl start --quiet
        [ "$status" = 0 ]
        [ -z "$output" ]
        run in_guest script -qec 'lagoctl start' /dev/null
        [ "$status" = 0 ]
        [[ $output == *$'\033[10A'* ]]
        [[ $output == *'Lago serves v1.50.0 ('* ]]
        after=$(for m in db migrate api ready; do invocation $m; done)
        [ "$before" = "$after" ]
}

@test "status for people and for programs" {
        ctl status
        [ "$status" = 0 ]
        grep -qE '^api +active +20[0-9-]+ [0-9:]+ +v1\.50\.0 +[0-9a-f]{12} +Serving v1\.50\.0, schema 1046 of 1046$' <<<"$output"
        ctl status --json
        [ "$status" = 0 ]
        jq -e '.serves and (.members | length) == 10' <<<"$output"
        jq -e '.members[] | select(.name == "api") | .active == "active" and .release == "v1.50.0" and
                (.image_id | length) == 64' <<<"$output"
        jq -e '.members[] | select(.name == "redis") | .image_id == null and .release == null' <<<"$output"
}

@test "check shows what is in force and where it comes from, and no secret" {
        in_guest_sh <<'SH'
echo 'LAGO_SMTP_PASSWORD=very-secret-indeed' >>/etc/lago/lago.env
echo 'LAGO_SMTP_ADDRESS=mail.example.com' >>/etc/lago/lago.env
chmod 600 /etc/lago/lago.env
SH
        ctl check
        [ "$status" = 0 ]
        grep -qE '^release = v1\.50\.0 +/etc/lago/lago\.conf:[0-9]+$' <<<"$output"
        grep -qE '^interval = 10s +default$' <<<"$output"
        grep -qE '^LAGO_SMTP_ADDRESS=mail\.example\.com +/etc/lago/lago\.env:[0-9]+$' <<<"$output"
        grep -qE '^SECRET_KEY_BASE=\(set, 128 characters\) +/etc/lago/secrets\.env:[0-9]+$' <<<"$output"
        [[ $output != *very-secret* ]]
        without_secrets <<<"$output"
}

@test "verify: of the release that runs, and of another before an upgrade" {
        ctl verify
        [ "$status" = 0 ]
        [[ $output == *'Schema verified: v1.50.0, 1046 of 1046'* ]]
        ctl verify v1.51.0
        [ "$status" = 10 ]
        [[ $output == *29* ]]
        ctl verify v1.6.0
        [ "$status" = 30 ]
        ctl verify v9.9.9
        [ "$status" = 81 ]
        [[ $output == *'lagoctl pull v9.9.9'* ]]
        [[ $(containers) != *files* ]]
}

@test "pull: what is here is left, what cannot come is named" {
        ctl pull
        [ "$status" = 0 ]
        [[ $output == *'docker.io/getlago/api:v1.50.0: here'* ]]
        ctl pull v9.9.9
        [ "$status" = 75 ]
        [[ $output == *'docker.io/getlago/api:v9.9.9 cannot be pulled: '* ]]
        ctl pull newest
        [ "$status" = 64 ]
}

@test "rails: the admitted image and settings, the command's own output and exit status" {
        in_guest truncate -s 0 /var/tmp/engine.log
        # What was admitted holds, not what lago.env says now.
        ctl rails runner 'puts ENV.values_at("LAGO_SMTP_ADDRESS", "RAILS_ENV").inspect; exit 7'
        [ "$status" = 7 ]
        [[ $output == *'[nil, "production"]'* ]]
        [[ $output == *'In v1.50.0, the release that was admitted'* ]]
        run in_guest_sh <<'SH'
echo 'puts "typed: #{ARGF.class} #{6 * 7}"' | lagoctl rails runner -
SH
        [ "$status" = 0 ]
        [[ $output == *'typed: '*' 42'* ]]
        [ "$(engine_calls '^run --rm .*--label=io.lago-supervisor.member=rails')" = 2 ]
        [[ $(containers) != *rails* ]]
        in_guest cat /var/tmp/engine.log | without_secrets
}

@test "create-org: the password is in no argument and no file" {
        in_guest truncate -s 0 /var/tmp/engine.log
        run in_guest_sh <<'SH'
echo 'Correct-Horse-1' | lagoctl create-org 'Acme & Co' boss@example.com
SH
        echo "$output"
        [ "$status" = 0 ]
        [ "$(sql "SELECT count(*) FROM organizations WHERE name = 'Acme & Co'")" = 1 ]
        [ "$(engine_calls Correct-Horse)" = 0 ]
        run in_guest grep -rlF Correct-Horse-1 /run/lago /var/lib/lago /var/cache/lago
        [ "$status" = 1 ]
        run in_guest_sh <<'SH'
lagoctl create-org Acme boss@example.com </dev/null
SH
        [ "$status" = 64 ]
        [[ $output == *'password is empty'* ]]
}

@test "backup: what its README says brings everything back, and no secret is in it" {
        run in_guest_sh <<'SH'
set -eu
sums() {
        for table in schema_migrations organizations roles; do
                podman exec lago-db psql -U lago -d lago -Atqc "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM $table t"
        done
}
dir=$(lagoctl backup /var/backups/lago)
[ "$(stat -c %a "$dir")" = 700 ]
[ "$(stat -c %a "$dir"/* | sort -u)" = 600 ]
[ "$(cd "$dir" && echo *)" = 'README fingerprints lago.dump manifest release' ]
grep -qx RELEASE=v1.50.0 "$dir/release"
cat "$dir"/README "$dir"/fingerprints "$dir"/release >/var/tmp/beside
before=$(sums)
podman exec lago-db psql -U lago -d lago -qc "INSERT INTO organizations (name) VALUES ('made after the backup')"
[ "$(sums)" != "$before" ]
sed -n 's/^    //p' "$dir/README" >/var/tmp/restore
[ "$(wc -l </var/tmp/restore)" = 9 ]
cd "$dir"
bash -eux /var/tmp/restore
[ "$(sums)" = "$before" ]
cmp fingerprints /var/lib/lago/fingerprints
SH
        echo "$output"
        [ "$status" = 0 ]
        serves
        in_guest cat /var/tmp/beside | without_secrets
}

@test "backup: of one that fails nothing is left, and an interrupted one is swept" {
        run in_guest_sh <<'SH'
set -eu
umask 077
mkdir -p /var/tmp/small /var/tmp/other/.lago-backup.partial
mount -t tmpfs -o size=160k,mode=700 none /var/tmp/small
status=0
lagoctl backup /var/tmp/small || status=$?
[ "$status" = 75 ]
[ -z "$(ls -A /var/tmp/small)" ]
umount /var/tmp/small
# A lock on the directory itself, which anybody may take who may read it, holds up nobody.
flock /var/tmp/other lagoctl backup /var/tmp/other
[ "$(ls -A /var/tmp/other | wc -l)" = 1 ]
SH
        echo "$output"
        [ "$status" = 0 ]
        [[ $output == *'/var/tmp/small is full'* ]]
}

@test "backup of an external server, the password in no argument" {
        in_guest truncate -s 0 /var/tmp/engine.log
        # The bundled server plays the part: from the container network it is a server like any other.
        run in_guest_sh <<'SH'
set -eu
mv /run/lago/admitted /run/lago/admitted.away
mkdir -p /etc/lago/lago.conf.d
printf '[database]\nmode = external\n' >/etc/lago/lago.conf.d/external.conf
cp -p /etc/lago/lago.env /var/tmp/lago.env
( . /etc/lago/secrets.env; echo "DATABASE_URL=postgresql://lago:$POSTGRES_PASSWORD@db:5432/lago" >>/etc/lago/lago.env )
status=0
lagoctl backup /var/backups/external || status=$?
cp -p /var/tmp/lago.env /etc/lago/lago.env
rm /etc/lago/lago.conf.d/external.conf
mv /run/lago/admitted.away /run/lago/admitted
exit $status
SH
        echo "$output"
        [ "$status" = 0 ]
        [ "$(engine_calls '^run --rm .*--label=io.lago-supervisor.member=pg')" = 3 ]
        in_guest cat /var/tmp/engine.log | without_secrets
        in_guest_sh <<<'test -s /var/backups/external/lago-*/lago.dump'
}

@test "automatic = no: start waits, Ctrl-C leaves it waiting, migrate goes on" {
        config lago release v1.51.0
        config migrate automatic no
        in_guest systemctl --no-block restart lago-migrate.service
        wait_for 40 status_has migrate 'Waiting for "lagoctl migrate": 29 pending'
        run in_guest timeout --preserve-status -s INT 1 lagoctl start
        echo "$output"
        [ "$status" = 130 ]
        [[ $output == *'Lago goes on starting: '* ]]
        status_has migrate 'Waiting for "lagoctl migrate"'
        ctl migrate
        [ "$status" = 0 ]
        # Two seconds are too short for each step to be seen: while Rails starts nothing is in hand, and then it may be over.
        [[ $output == *'Starting Rails to migrate to v1.51.0 (29 pending)'* || $output == *'Migrating '*' of 29'* ]]
        [[ ${lines[-1]} == 'Lago serves v1.51.0 ('* ]]
        serves
        in_guest test ! -e /run/lago/migrate-once
}

@test "a start that cannot succeed ends with the first cause, and 79" {
        config lago release v1.50.0
        ctl restart
        [ "$status" = 79 ]
        [[ $output == *'lagoctl: lago-migrate.service failed: Refused: database is newer than v1.50.0'* ]]
        [[ $output == *'journalctl -xu lago-migrate.service'* ]]
        ctl status
        [ "$status" = 3 ]
}

@test "stop: all of the stack, and nothing of others" {
        in_guest systemd-run --unit=lago-other sleep infinity
        ctl stop
        [ "$status" = 0 ]
        [[ ${lines[-1]} == 'Stopped ('* ]]
        [ -z "$(containers)" ]
        [ "$(in_guest systemctl is-active lago-other lago-db lago-setup lago.target | paste -sd ' ')" = 'active inactive inactive inactive' ]
        ctl status
        [ "$status" = 3 ]
        ctl verify
        [ "$status" = 20 ]
        ctl backup /var/backups/down
        [ "$status" = 75 ]
        [ -z "$(in_guest ls -A /var/backups/down)" ]
        in_guest systemctl stop lago-other
}
