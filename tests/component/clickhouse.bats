#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Lago's second database, and what lago-gate-clickhouse says of it. ClickHouse itself is not in Debian: clickhouse.pl speaks
# its HTTP interface as far as a ledger needs it.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
        RUN=$(mktemp -d /tmp/lago-component.XXXXXX)
        export RUN
        for release in v1.6.0 v1.30.0 v1.50.0 v1.51.0; do
                make_image "$release"
                mkdir "$RUN/images/$release/app/db/clickhouse_migrate"
                clickhouse_files "$release" | (cd "$RUN/images/$release/app/db/clickhouse_migrate" && sed 's/ /_/; s/$/.rb/' | xargs touch)
                "$LAGO_GATE" manifest --root "$RUN/images/$release" >"$RUN/$release.manifest"
        done
}
teardown_file() { rm -rf "$RUN"; }

setup() {
        export LAGO_CLICKHOUSE_HOST=127.0.0.1 LAGO_CLICKHOUSE_USERNAME=lago LAGO_CLICKHOUSE_PASSWORD="s3cr et" LAGO_CLICKHOUSE_DATABASE=lago
}

teardown() {
        local pid
        for pid in ${SERVERS-}; do
                kill "$pid" 2>/dev/null || :
        done
}

# clickhouse_files RELEASE: "VERSION NAME" of its db/clickhouse_migrate
clickhouse_files() {
        awk -v want="$1" 'function number(r, p) { split(substr(r, 2), p, "."); return p[1] * 1000000 + p[2] * 1000 + p[3] }
                /^=/ { if ($2 == "HEAD" || number($2) > number(want)) exit }
                /^\+/ { file[$2] = $3 } /^-/ { delete file[$2] }
                END { for (v in file) print v, file[v] }' "$TOP/tests/data/clickhouse.txt" | sort
}

# serve KIND [KEY=VALUE...]: such a server; LAGO_CLICKHOUSE_PORT is its port, $RUN/asked what it is asked
serve() {
        : >"$RUN/port"
        perl "$BATS_TEST_DIRNAME/clickhouse.pl" "$@" >"$RUN/port" 2>"$RUN/asked" 3>&- &
        SERVERS="${SERVERS-} $!"
        wait_for test -s "$RUN/port"
        LAGO_CLICKHOUSE_PORT=$(cat "$RUN/port")
        export LAGO_CLICKHOUSE_PORT
        HERE=127.0.0.1:$LAGO_CLICKHOUSE_PORT
}

# ledger RELEASE: what that release leaves, to a server that asks for name and password
ledger() {
        clickhouse_files "$1" | sed 's/ .*/ 1 1/' >"$RUN/ledger"
        serve ledger file="$RUN/ledger" user=lago password="s3cr et" database=lago
}

check() {
        # run() counts in a variable of that name.
        local release=$1 i
        shift
        run --separate-stderr "$LAGO_GATE-clickhouse" check --manifest "$RUN/$release.manifest" --format export "$@"
        [[ "$output$stderr" != *"s3cr et"* ]]
}

@test "every migration applied is verified" {
        ledger v1.50.0
        check v1.50.0
        expect 0 verified "ClickHouse verified: v1.50.0, 25 of 25"
        [ "$(field SERVER)" = 24.3.1.2672 ]
        [ "$(field NEEDED) $(field APPLIED) $(field MISSING) $(field EXTRA)" = "25 25 0 0" ]
        [ -z "$(field ROLES)" ]
        # The password goes in a header: URLs are written down.
        run ! grep -E "s3cr|lago-gate" "$RUN/asked"
        grep -q "^GET " "$RUN/asked"
}

@test "what is missing is pending, the first by name" {
        ledger v1.50.0
        check v1.51.0
        expect 10 pending "Waiting for the schema of ClickHouse: 2 of 27 missing, first 20260710115832"
        [ "$(field FIRST_NAME)" = add_activity_logs_external_customer_id_index ]
}

@test "rows that were replaced or rolled back do not count" {
        ledger v1.51.0
        # Rolled back, and not yet merged with the row that says applied.
        echo "20260710124100 0 2" >>"$RUN/ledger"
        # Rolled back and run again.
        printf '20260710115832 0 2\n20260710115832 1 3\n' >>"$RUN/ledger"
        check v1.51.0
        expect 10 pending "Waiting for the schema of ClickHouse: 1 of 27 missing, first 20260710124100"
}

@test "no table is fresh, an empty one is empty" {
        serve ledger user=lago password="s3cr et" database=lago
        check v1.50.0
        expect 11 fresh "Waiting for the schema of ClickHouse: it is empty, 25 migrations to run"
        : >"$RUN/ledger"
        serve ledger file="$RUN/ledger" user=lago password="s3cr et" database=lago
        check v1.50.0
        expect 12 empty
}

@test "a newer database is ahead, with the release to use" {
        ledger v1.51.0
        check v1.50.0
        expect 30 ahead "Refused: ClickHouse is newer than v1.50.0 (2 unknown, newest 20260710124100); set release = v1.51.0"
        echo "20300101000000 1 1" >>"$RUN/ledger"
        check v1.51.0
        expect 30 ahead "Refused: ClickHouse is newer than v1.51.0 (1 unknown, newest 20300101000000); set release > v1.51.0"
        check v1.51.0 --tombstones 20300101000000
        expect 0 verified
        [[ "$(field WARNING)" == *20300101000000* ]]
}

@test "files that a release deleted again stay in databases" {
        ledger v1.7.0
        check v1.51.0
        expect 10 pending "Waiting for the schema of ClickHouse: 21 of 27 missing, first 20250416103745"
        check v1.6.0
        expect 30 ahead
}

@test "another program's table is foreign" {
        echo "1 1 1" >"$RUN/ledger"
        serve ledger file="$RUN/ledger" user=lago password="s3cr et" database=lago
        check v1.50.0
        expect 36 foreign "Refused: schema_migrations in ClickHouse belongs to another application than Lago"
        for code in 47 181; do
                serve exception status=404 code=$code
                check v1.50.0
                expect 36 foreign
        done
}

@test "a wrong password, and a database that is not there" {
        ledger v1.50.0
        LAGO_CLICKHOUSE_PASSWORD=wrong check v1.50.0
        expect 21 denied "Waiting for ClickHouse at $HERE: password rejected for \"lago\""
        LAGO_CLICKHOUSE_DATABASE="a&b" check v1.50.0
        expect 22 no-database "Waiting for ClickHouse at $HERE: database \"a&b\" does not exist"
        serve exception status=401
        check v1.50.0
        expect 21 denied "Waiting for ClickHouse at $HERE: HTTP 401 for \"lago\""
        serve exception status=403 code=497
        check v1.50.0
        expect 21 denied "Waiting for ClickHouse at $HERE: \"lago\" may not read schema_migrations"
}

@test "errors are errors" {
        serve exception status=500 code=999
        check v1.50.0
        expect 20 unreachable "Waiting for ClickHouse at $HERE: HTTP 500, exception 999"
        # Some versions send the exception behind a 200.
        serve exception status=200 code=241
        check v1.50.0
        expect 20 unreachable "Waiting for ClickHouse at $HERE: HTTP 200, exception 241"
        # No table, says somebody who is no ClickHouse: that is no empty database.
        serve exception status=404
        check v1.50.0
        expect 20 unreachable "Waiting for ClickHouse at $HERE: HTTP 404"
        serve redirect to="http://127.0.0.1:1/"
        check v1.50.0
        expect 20 unreachable "Waiting for ClickHouse at $HERE: HTTP 302"
}

@test "nobody listens, and no such name" {
        LAGO_CLICKHOUSE_PORT=$(free_port) check v1.50.0
        expect 20 unreachable
        [[ "$(field SENTENCE)" == *": connection refused" ]]
        LAGO_CLICKHOUSE_HOST=no-such-host.invalid check v1.50.0
        expect 20 unreachable
        [[ "$(field SENTENCE)" == "Waiting for ClickHouse at no-such-host.invalid:8123: "* ]]
}

@test "an answer that is cut, rubbish, endless, or somebody else's" {
        serve cut
        check v1.50.0
        expect 20 unreachable "Waiting for ClickHouse at $HERE: the connection was lost before the answer was whole"
        for kind in short html endless; do
                serve "$kind"
                check v1.50.0
                expect 20 unreachable "Waiting for ClickHouse at $HERE: an answer that ClickHouse does not give"
        done
        serve rubbish
        for ((i = 0; i < 20; i++)); do
                check v1.50.0
                expect 20 unreachable
                [[ "$output" != *$'\033'* ]]
        done
}

@test "a server that never answers, or never ends" {
        for kind in silent slow; do
                serve "$kind"
                check v1.50.0 --connect-timeout 1
                expect 20 unreachable "Waiting for ClickHouse at $HERE: no answer within 1 s"
        done
}

@test "TLS: the right CA, a wrong CA, a wrong name, no TLS" {
        (
                cd "$RUN"
                for ca in right wrong; do
                        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca" -keyout "$ca.key" -out "$ca.pem"
                done
                openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
                openssl x509 -req -in server.csr -CA right.pem -CAkey right.key -CAcreateserial -days 2 -out server.pem \
                        -extfile <(echo "subjectAltName=DNS:localhost")
        ) >"$RUN/openssl.log" 2>&1
        clickhouse_files v1.50.0 | sed 's/ .*/ 1 1/' >"$RUN/ledger"
        serve ledger file="$RUN/ledger" user=lago password="s3cr et" database=lago cert="$RUN/server.pem" key="$RUN/server.key"
        export LAGO_CLICKHOUSE_SSL=true LAGO_CLICKHOUSE_HOST=localhost
        check v1.50.0 --ca-file "$RUN/right.pem"
        expect 0 verified
        check v1.50.0 --ca-file "$RUN/wrong.pem"
        expect 39 untrusted "Refused: ClickHouse at localhost:$LAGO_CLICKHOUSE_PORT: its certificate is not trusted"
        [[ "$(field REMEDY)" == *"ca-file below [clickhouse]"* ]]
        # Without one it is what the system trusts, which is neither.
        check v1.50.0
        expect 39 untrusted "Refused: ClickHouse at localhost:$LAGO_CLICKHOUSE_PORT: its certificate is not trusted"
        check v1.50.0 --ca-file "$RUN/none.pem"
        expect 39 untrusted "Refused: ClickHouse at localhost:$LAGO_CLICKHOUSE_PORT: no CA file to check its certificate"
        for dates in '20200101000000Z -enddate 20210101000000Z' '20450101000000Z -enddate 20460101000000Z'; do
                (
                        cd "$RUN"
                        : >index
                        printf '[ca]\ndatabase = index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\n' >ca.conf
                        printf 'policy = any\n[any]\ncommonName = supplied\n' >>ca.conf
                        # shellcheck disable=SC2086 # several words
                        openssl ca -config ca.conf -name ca -batch -notext -cert right.pem -keyfile right.key -in server.csr \
                                -out other.pem -extfile <(echo "subjectAltName=DNS:localhost") -startdate $dates
                ) >>"$RUN/openssl.log" 2>&1
                serve ledger file="$RUN/ledger" user=lago password="s3cr et" database=lago cert="$RUN/other.pem" key="$RUN/server.key"
                check v1.50.0 --ca-file "$RUN/right.pem"
                case $dates in
                2020*) expect 39 untrusted "Refused: ClickHouse at localhost:$LAGO_CLICKHOUSE_PORT: its certificate has expired" ;;
                # The clock may be behind at a boot: it is waited for.
                *) expect 20 unreachable ;;
                esac
        done
        serve ledger file="$RUN/ledger" user=lago password="s3cr et" database=lago cert="$RUN/server.pem" key="$RUN/server.key"
        LAGO_CLICKHOUSE_HOST=127.0.0.1 check v1.50.0 --ca-file "$RUN/right.pem"
        expect 39 untrusted "Refused: ClickHouse at $HERE: the certificate is for another host name"
        ledger v1.50.0
        check v1.50.0 --connect-timeout 5
        expect 20 unreachable
        # The word that is no in YAML is no here.
        LAGO_CLICKHOUSE_SSL=false check v1.50.0
        expect 0 verified
}

@test "the settings can come from a file, or a pipe" {
        ledger v1.50.0
        printf 'OTHER=x\nLAGO_CLICKHOUSE_HOST=%s\nLAGO_CLICKHOUSE_PORT=%s\nLAGO_CLICKHOUSE_DATABASE=lago\nLAGO_CLICKHOUSE_USERNAME=lago\nLAGO_CLICKHOUSE_PASSWORD=s3cr et\n' \
                "$LAGO_CLICKHOUSE_HOST" "$LAGO_CLICKHOUSE_PORT" >"$RUN/settings"
        unset LAGO_CLICKHOUSE_HOST LAGO_CLICKHOUSE_PORT LAGO_CLICKHOUSE_DATABASE LAGO_CLICKHOUSE_USERNAME LAGO_CLICKHOUSE_PASSWORD
        check v1.50.0 --settings-file "$RUN/settings"
        expect 0 verified
        check v1.50.0 --settings-file - <"$RUN/settings"
        expect 0 verified
}

@test "what the command line and the settings refuse" {
        manifest=$RUN/v1.50.0.manifest
        for arguments in "" "chekc" "check" "check --manifest $manifest x" "check --manifest $manifest --format x" \
                "check --manifest $manifest --connect-timeout 0" "check --manifest $manifest --target 1" \
                "check --manifest - --settings-file -" "check --nonsense" "check --manifest $manifest --tombstones a"; do
                run -64 --separate-stderr "$LAGO_GATE-clickhouse" $arguments
                [ -z "$output" ]
                [ -n "$stderr" ]
        done
        for setting in "PORT=x" "PORT=0" "HOST=" "HOST=http://x/" "HOST=a b" "PASSWORD=$(printf 'a\rX: y')"; do
                run -64 --separate-stderr env "LAGO_CLICKHOUSE_$setting" "$LAGO_GATE-clickhouse" check --manifest "$manifest"
                [ -n "$stderr" ]
        done
        run -65 "$LAGO_GATE-clickhouse" check --manifest "$RUN/none"
        sed 's/^lago-manifest .*/lago-manifest 1/' "$manifest" >"$RUN/old.manifest"
        run -65 "$LAGO_GATE-clickhouse" check --manifest "$RUN/old.manifest"
        run -0 "$LAGO_GATE-clickhouse" --help
        run -0 "$LAGO_GATE-clickhouse" --version
}

@test "an answer that is not all out is none" {
        ledger v1.50.0
        run -71 bash -c '"$LAGO_GATE-clickhouse" check --manifest "$RUN/v1.50.0.manifest" --format export >/dev/full'
        [[ $output == *"lago-gate-clickhouse: cannot write the answer"* ]]
}

@test "wait: a line for each change of the cause, the verdict in the end, or 75 when time is up" {
        local manifest=$RUN/v1.50.0.manifest i pid
        ledger v1.30.0
        run -75 --separate-stderr "$LAGO_GATE-clickhouse" wait --manifest "$manifest" --timeout 2
        [[ $stderr == *"lago-gate-clickhouse: Waiting"* ]]
        [ "$(grep -c Waiting <<<"$stderr")" -eq 1 ]
        "$LAGO_GATE-clickhouse" wait --manifest "$manifest" --timeout 30 >"$RUN/waited" 2>&1 3>&- &
        pid=$!
        wait_for grep -q Waiting "$RUN/waited"
        clickhouse_files v1.50.0 | sed 's/ .*/ 1 1/' >"$RUN/ledger"
        wait "$pid"
        grep -q '^ClickHouse verified: ' "$RUN/waited"
        run -64 "$LAGO_GATE-clickhouse" wait --manifest "$manifest" --timeout 0
}
