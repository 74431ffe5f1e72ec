#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What can never succeed is refused once, in seconds, with a sentence and a status of its own; nothing is touched, and when
# it is mended one start is enough. What truth.bats shows already is not repeated here.

load lib

# An address of the guest that its containers reach too, for what stands in for ClickHouse.
clickhouse=10.78.0.1

setup_file() {
        boot_and_install
        "$guest" push "$GUEST" "$root/tests/component/clickhouse.pl" /var/tmp/
        in_guest ip address add "$clickhouse/32" dev lo
        clickhouse_is_set
        in_guest sed -i 's/^LAGO_CLICKHOUSE_HOST=/LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n&/' /etc/lago/lago.env
        clickhouse_serves
        start_stack
        sql "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (42)"
}

teardown_file() {
        remove_guest
}

# The next test begins with what this one should have mended.
teardown() {
        in_guest_sh <<'SH'
[ ! -e /etc/lago/kept ] || mv /etc/lago/kept /etc/lago/secrets.env
rm -rf /etc/lago/lago.conf.d /etc/lago/env.d
sed -i /LAGO_CLICKHOUSE/d /etc/lago/lago.env
systemctl stop clickhouse 2>/dev/null
podman rm -f stranger clickhouse-tls >/dev/null 2>&1
[ "$(podman inspect lago-front --format '{{index .Config.Labels "io.lago-supervisor.member"}}' 2>/dev/null)" = front ] ||
        podman rm -f lago-front >/dev/null 2>&1
systemctl daemon-reload
SH
}

# refused UNIT STATUS TEXT: the start of the stack fails for this, and for this alone.
refused() {
        run in_guest timeout 60 systemctl start lago.target
        [ "$status" != 0 ] || { echo "# it started"; return 1; }
        [ "$status" != 124 ] || { echo "# it waits"; show_stack; return 1; }
        local got
        got=$(in_guest systemctl show -P ExecMainStatus "lago-$1")
        [ "$got" = "$2" ] || { echo "# lago-$1 ended with $got"; show_stack; return 1; }
        [ "$(in_guest systemctl show -P NRestarts "lago-$1")" = 0 ]
        [ "$(in_guest systemctl show -P ActiveState "lago-$1")" = failed ]
        status_has "$1" "$3" || { echo "# STATUS: $(status_text "$1")"; return 1; }
        status_text ready | grep -F "lago-$1" || { echo "# lago-ready says: $(status_text ready)"; return 1; }
}

# Nothing was asked for since: not tried again behind our back.
stays_refused() {
        [ "$(in_guest systemctl is-active lago.target "lago-$1" | sort -u)" != active ]
        [ -z "$(in_guest systemctl list-jobs --no-legend 'lago*')" ]
}

# One command, as the message says.
mended() {
        start_stack
        serves
        [ "$(sql 'SELECT n FROM kept')" = 42 ]
}

# clickhouse_is_set: lago.env says where it is; that it is to be migrated is said elsewhere
clickhouse_is_set() {
        in_guest_sh "$clickhouse" <<'SH'
printf 'LAGO_CLICKHOUSE_%s\n' "HOST=$1" PORT=18123 DATABASE=lago USERNAME=lago PASSWORD=s3cret >>/etc/lago/lago.env
SH
}

# clickhouse_serves [ARGUMENT]: a stand-in for it, with the ledger /var/tmp/ledger
clickhouse_serves() {
        in_guest_sh "$clickhouse" "$@" <<'SH'
systemctl stop clickhouse 2>/dev/null
systemd-run -q --collect --unit=clickhouse perl /var/tmp/clickhouse.pl ledger address="$1" port=18123 file=/var/tmp/ledger \
        database=lago user=lago password=s3cret "${@:2}"
SH
        wait_for 60 in_guest bash -c "exec 3<>/dev/tcp/$clickhouse/18123"
}

# said MEMBER TEXT: it, or what runs in its container, since its unit was started.
said() {
        journal "_SYSTEMD_INVOCATION_ID=$(invocation "$1")" | grep -qF -- "$2"
}

# As many migrations of ClickHouse are recorded, each once.
ledger_has() {
        [ "$(in_guest cut -d ' ' -f 1 /var/tmp/ledger | sort -u | wc -l)" = "$1" ] && [ "$(in_guest wc -l /var/tmp/ledger)" = "$1 /var/tmp/ledger" ]
}

@test "the first start: an empty ClickHouse is migrated too, before anything serves" {
        serves
        status_has migrate 'Schema verified: v1.50.0, 1046 of 1046; ClickHouse 25 of 25'
        ledger_has 25
        [ "$(journal -u lago-migrate | grep -c 'migrating in ClickHouse$')" = 25 ]
        run -0 in_guest lagoctl verify
        [[ $output == *"Schema verified: v1.50.0"*"ClickHouse verified: v1.50.0, 25 of 25"* ]]
}

@test "81: an image that is not here, with pull = never" {
        stop_stack
        config images pull never
        config images api getlago/api:v0.0.1
        refused migrate 81 'getlago/api:v0.0.1'
        stays_refused migrate
        in_guest rm -r /etc/lago/lago.conf.d
        in_guest systemctl daemon-reload
        mended
}

@test "81: an image that holds no migrations" {
        stop_stack
        config images api library/redis:7-alpine
        refused migrate 81 'holds no migrations'
        in_guest rm -r /etc/lago/lago.conf.d
        mended
}

@test "82: keys missing for data that is there: none are made" {
        stop_stack
        in_guest mv /etc/lago/secrets.env /etc/lago/kept
        refused setup 82 'Refused'
        run ! in_guest test -e /etc/lago/secrets.env
        in_guest mv /etc/lago/kept /etc/lago/secrets.env
        mended
}

@test "82: another encryption key than the data was written with" {
        stop_stack
        in_guest cp -a /etc/lago/secrets.env /etc/lago/kept
        in_guest_sh <<'SH'
new=$(openssl rand -hex 32)
sed -i -E "s/^((LAGO_)?ENCRYPTION_PRIMARY_KEY)=.*/\1=$new/" /etc/lago/secrets.env
SH
        refused setup 82 'Refused'
        in_guest mv /etc/lago/kept /etc/lago/secrets.env
        mended
}

@test "82: the password of the bundled database is not the one it was made with" {
        stop_stack
        in_guest cp -a /etc/lago/secrets.env /etc/lago/kept
        in_guest sed -i 's/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=0123456789abcdef0123456789abcdef/' /etc/lago/secrets.env
        refused db 82 'POSTGRES_PASSWORD in'
        in_guest mv /etc/lago/kept /etc/lago/secrets.env
        mended
}

@test "84: a data directory of another major version" {
        stop_stack
        in_guest_sh <<'SH'
echo 14 >"$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/PG_VERSION"
SH
        refused db 84 '14'
        # Who stands on it ends too, for its reason, and nobody waits for ever.
        wait_for 60 status_has migrate 'lago-db failed: '
        wait_for 60 sh -c "'$guest' run '$GUEST' -- systemctl is-failed lago-migrate"
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 79 ]
        [ -z "$(in_guest systemctl list-jobs --no-legend 'lago*')" ]
        in_guest_sh <<'SH'
echo 15 >"$(podman volume inspect lago_postgres_data --format '{{.Mountpoint}}')/PG_VERSION"
SH
        mended
}

@test "85: a container of that name that is not ours is left alone" {
        stop_stack
        in_guest podman create --name lago-front docker.io/library/redis:7-alpine
        refused front 85 'lago-front'
        in_guest podman container exists lago-front
        in_guest podman rm lago-front
        mended
}

@test "85: a network of that name that cannot serve" {
        stop_stack
        in_guest podman network create --internal somebodys
        config network name somebodys
        refused setup 85 'somebodys'
        in_guest rm -r /etc/lago/lago.conf.d
        in_guest podman network exists somebodys
        mended
}

@test "80: tables of somebody else, and a ledger of somebody else" {
        stop_stack
        config database volume other_data
        in_guest systemctl start lago-db
        sql 'CREATE TABLE theirs (n int); INSERT INTO theirs VALUES (7)'
        refused migrate 80 'Refused'
        [ "$(sql 'SELECT n FROM theirs')" = 7 ]
        sql "CREATE TABLE schema_migrations (version varchar PRIMARY KEY); INSERT INTO schema_migrations VALUES ('19990101000000')"
        refused migrate 80 'Refused'
        [ "$(sql 'SELECT n FROM theirs')" = 7 ]
        [ "$(sql 'SELECT count(*) FROM schema_migrations')" = 1 ]
        stop_stack
        in_guest rm -r /etc/lago/lago.conf.d
        mended
}

# versions RELEASE: all that it has as files or in structure.sql.
versions() {
        awk -v want="$1" '/^=/ { if (found) exit; found = $2 == want } /^[+]/ { print $2 }' "$root/tests/data/releases.txt"
}

# refused_untouched STATUS TEXT: by lago-migrate, with the database running; not a row of it is another afterwards.
refused_untouched() {
        local before
        before=$(dump | md5sum)
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        [ "$status" != 124 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = "$1" ]
        [ "$(in_guest systemctl show -P NRestarts lago-migrate)" = 0 ]
        status_has migrate "$2" || { echo "# STATUS: $(status_text migrate)"; return 1; }
        stays_refused migrate
        refute in_guest podman container exists lago-migrate
        [ "$(dump | md5sum)" = "$before" ]
}

@test "80: a gap, a bridge that was jumped, half loaded" {
        start_stack
        sql "COPY schema_migrations TO '/tmp/ledger'"
        sql "DELETE FROM schema_migrations WHERE version = '20220530091046'"
        refused_untouched 80 'Refused: v1.50.0 lacks the files of 1 migrations not run yet'
        sql "DELETE FROM schema_migrations WHERE version NOT IN ($(versions v1.44.0 | sed "s/.*/'&'/" | paste -sd ,))"
        refused_untouched 80 'Refused: v1.50.0 lacks the files of 1 migrations'
        sql "INSERT INTO schema_migrations VALUES ('20220530091046')"
        refused_untouched 80 'Refused: v1.50.0 must not be reached without stopping at v1.45.0'
        sql 'TRUNCATE schema_migrations'
        refused_untouched 80 'Refused: schema_migrations is empty, but there are'
        sql "COPY schema_migrations FROM '/tmp/ledger'"
        mended
}

# roles SQL: what becomes of them while Lago is down; an image of the releases that have their table, but no task for them
roles() {
        stop_stack
        in_guest systemctl start lago-db
        sql "$1"
}

@test "83: the predefined roles cannot be made; an image that has no task for them serves without" {
        roles "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no roles today''; END';
               DELETE FROM roles; CREATE TRIGGER no BEFORE INSERT ON roles EXECUTE FUNCTION no()"
        refused migrate 83 'Refused: roles:seed_predefined failed twice (exit 1)'
        [ "$(journal -u lago-migrate | grep -c -F 'Seeding the predefined roles: ')" = 2 ]
        stays_refused migrate
        "$root/tests/images/variant" "$GUEST" api:v1.50.0 v1.50.0-without --remove /app/scripts/migrate.sh
        config images api getlago/api:v1.50.0-without
        start_stack
        [[ $(journal -u lago-migrate) == *'the predefined roles are missing; run: '* ]]
        [ "$(sql 'SELECT count(*) FROM roles')" = 0 ]
        roles 'DROP FUNCTION no() CASCADE'
        in_guest rm -r /etc/lago/lago.conf.d
        mended
        [ "$(sql 'SELECT count(*) FROM roles')" = 3 ]
}

@test "80: a ClickHouse that is newer" {
        stop_stack
        clickhouse_is_set
        # lago-migrate is what must be told to migrate it.
        member_env migrate LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true
        in_guest_sh <<'SH'
cp /var/tmp/ledger /var/tmp/ledger.kept
echo 20260710115832 1 1 >>/var/tmp/ledger
SH
        clickhouse_serves
        refused migrate 80 'Refused: ClickHouse is newer than v1.50.0 (1 unknown, newest 20260710115832)'
        in_guest mv /var/tmp/ledger.kept /var/tmp/ledger
}

# clickhouse_serves_tls: the same at port 18443, with a certificate of /etc/lago/clickhouse-ca.pem
clickhouse_serves_tls() {
        in_guest_sh "$clickhouse" <<'SH'
set -e
mkdir -p /var/tmp/tls
cd /var/tmp/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out /etc/lago/clickhouse-ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=clickhouse -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA /etc/lago/clickhouse-ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem \
        -extfile <(echo "subjectAltName=IP:$1") 2>/dev/null
cat >nginx.conf <<CONF
events {}
http {
        server {
                listen $1:18443 ssl;
                ssl_certificate /tls/server.pem;
                ssl_certificate_key /tls/server.key;
                location / { proxy_pass http://$1:18123; }
        }
}
CONF
podman run -d --name clickhouse-tls --network host -v /var/tmp/tls:/tls:ro docker.io/getlago/lago-gotenberg:7.8.2 \
        -c /tls/nginx.conf -g 'daemon off; pid /run/nginx.pid;' >/dev/null
sed -i 's/^LAGO_CLICKHOUSE_PORT=.*/LAGO_CLICKHOUSE_PORT=18443\nLAGO_CLICKHOUSE_SSL=true/' /etc/lago/lago.env
SH
        clickhouse_serves
        wait_for 60 in_guest bash -c "exec 3<>/dev/tcp/$clickhouse/18443"
}

@test "84: a ClickHouse whose certificate is of an authority that nobody named" {
        stop_stack
        clickhouse_is_set
        member_env migrate LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true
        in_guest sed -i 25d /var/tmp/ledger
        clickhouse_serves_tls
        refused migrate 84 'Refused: ClickHouse at 10.78.0.1:18443: its certificate is not trusted'
        ledger_has 24
        config clickhouse ca-file /etc/lago/clickhouse-ca.pem
        mended
        status_has migrate 'Schema verified: v1.50.0, 1046 of 1046; ClickHouse 25 of 25'
        ledger_has 25
}

@test "83: a migration of ClickHouse that fails, and not the one of PostgreSQL behind it" {
        "$root/tests/images/variant" "$GUEST" api:v1.50.0 clickhouse-fails --env STANDIN_FAIL_MIGRATION=20991231000000 \
                --add-clickhouse-migration 20991231000000_create_more --add-migration 20991231235959_add_something >/dev/null
        stop_stack
        clickhouse_is_set
        member_env migrate LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true
        config images api getlago/api:clickhouse-fails
        clickhouse_serves
        refused migrate 83 'Refused: migration 20991231000000 failed twice (exit 1)'
        ledger_has 25
        stays_refused migrate
}

@test "ClickHouse is away: waited for; its newer migrations are run, though PostgreSQL has all of its own; away again meanwhile" {
        local before
        "$root/tests/images/variant" "$GUEST" api:v1.50.0 clickhouse --add-clickhouse-migration 20991231235959_create_more >/dev/null
        stop_stack
        clickhouse_is_set
        member_env migrate LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true
        config images api getlago/api:clickhouse
        in_guest systemctl start --no-block lago.target
        wait_for 120 status_has migrate "Waiting for ClickHouse at $clickhouse:18123: connection refused"
        [ "$(in_guest systemctl show -P ActiveState lago-api)" = inactive ]
        run -20 in_guest lagoctl verify v1.50.0
        [[ $output == *"Schema verified: v1.50.0"*"Waiting for ClickHouse"* ]]
        before=$(dump | md5sum)
        ledger_has 25
        # In the midst of the run it goes away.
        clickhouse_serves dies=table_20991231235959
        wait_for 120 said migrate 'The run ended after'
        wait_for 120 status_has migrate "Waiting for ClickHouse at $clickhouse:18123: connection refused"
        ledger_has 25
        [ "$(in_guest systemctl show -P ActiveState lago-api)" = inactive ]
        clickhouse_serves
        wait_for 120 status_has ready 'Lago serves'
        status_has migrate 'Schema verified: v1.50.0, 1046 of 1046; ClickHouse 26 of 26'
        ledger_has 26
        [ "$(dump | md5sum)" = "$before" ]
        said migrate 'Migrating: Waiting for the schema of ClickHouse: 1 of 26 missing, first 20991231235959'
        run -0 in_guest lagoctl verify
        [[ $output == *"ClickHouse verified: v1.50.0, 26 of 26"* ]]
        run journal -u 'lago-*'
        [[ $output != *s3cret* ]]
        mended
}

@test "an older release on a newer database is refused, untouched; the newer one goes on" {
        local before
        in_guest sed -i 's/^release = .*/release = v1.51.0/' /etc/lago/lago.conf
        in_guest timeout 120 systemctl restart lago-migrate
        wait_for 60 status_has ready 'Lago serves'
        wait_for 60 status_has api 'Serving v1.51.0'
        wait_for 60 active front
        mended
        before=$(dump | md5sum)
        in_guest sed -i 's/^release = .*/release = v1.50.0/' /etc/lago/lago.conf
        run in_guest timeout 60 systemctl restart lago-migrate
        [ "$status" != 0 ]
        [ "$(in_guest systemctl show -P ExecMainStatus lago-migrate)" = 80 ]
        status_has migrate 'v1.51.0'
        [ "$(dump | md5sum)" = "$before" ]
        in_guest sed -i 's/^release = .*/release = v1.51.0/' /etc/lago/lago.conf
        mended
        status_has api 'Serving v1.51.0'
}

# Its own name is new with each container.
environment_of_api() {
        in_guest podman inspect lago-api --format '{{range .Config.Env}}{{println .}}{{end}}' | grep -v ^HOSTNAME= | sort
}

@test "an edit half-way, and the supervisor of the API killed at night: what was admitted comes back" {
        local image environment
        image=$(in_guest podman inspect lago-api --format '{{.Image}}')
        environment=$(environment_of_api)
        in_guest_sh <<'SH'
sed -i 's/^release = .*/release = v1.5/; s/^\[api\]/[ap/' /etc/lago/lago.conf
printf 'LAGO_LICENSE=half\nSECRET_KEY_BASE' >/etc/lago/lago.env
kill -9 "$(systemctl show -P MainPID lago-api)"
SH
        api_is_gone() { ! active api; }
        api_is_gone || wait_for 10 api_is_gone || :
        wait_for 60 active api
        wait_for 60 active clock
        wait_for 60 active front
        serves
        [ "$(in_guest podman inspect lago-api --format '{{.Image}}')" = "$image" ]
        diff <(environment_of_api) <(echo "$environment") 
}
