#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Lago's second database: migrated with the first, verified beside it, refused and waited for like it.

load lib
load refusal

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
rm -rf /etc/lago/lago.conf.d /etc/lago/env.d
sed -i /LAGO_CLICKHOUSE/d /etc/lago/lago.env
systemctl stop clickhouse 2>/dev/null
podman rm -f clickhouse-tls >/dev/null 2>&1
systemctl daemon-reload
SH
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
        [ "$(journal -u lago-migrate | grep -cE "== ($(in_guest cut -d ' ' -f 1 /var/tmp/ledger | paste -sd '|')) \w+: migrating =")" = 25 ]
        run -0 in_guest lagoctl verify
        [[ $output == *"Schema verified: v1.50.0"*"ClickHouse verified: v1.50.0, 25 of 25"* ]]
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
podman run -d --name clickhouse-tls --network host -v /var/tmp/tls:/tls:ro --entrypoint nginx docker.io/getlago/front:v1.50.0 \
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
