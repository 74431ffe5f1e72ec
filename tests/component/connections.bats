#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The ways to a database, and the ways in which it fails to answer.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
        start_everything
        sql postgres -c "CREATE DATABASE lago OWNER lago"
        DATABASE=lago
        fill v1.50.0
}
teardown_file() { stop_everything; }

setup() { export DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$PORT/lago"; }

teardown() {
        local pid
        for pid in $FAKES; do
                kill "$pid" 2>/dev/null || :
        done
        [ ! -f "$RUN/bouncer.pid" ] || kill "$(cat "$RUN/bouncer.pid")" 2>/dev/null || :
}

# fake KIND [ARGUMENT...]: such a server; DATABASE_URL points at it
fake() {
        perl "$BATS_TEST_DIRNAME/server.pl" "$@" >"$RUN/fake" 2>"$RUN/fake.err" 3>&- &
        FAKES="${FAKES-} $!"
        wait_for test -s "$RUN/fake"
        FAKE=$(cat "$RUN/fake")
        : >"$RUN/fake"
        DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$FAKE/lago"
}

verified() { expect 0 verified "Schema verified: v1.50.0, 1046 of 1046"; }

@test "Lago's literal URL, with search_path, through the host's name and a given address" {
        DATABASE_URL="postgresql://lago:changeme@db:$PORT/lago?search_path=public"
        gate check v1.50.0 --hostaddr 127.0.0.1
        verified
        printf '%s\n' "$DATABASE_URL" >"$RUN/url"
        unset DATABASE_URL
        gate check v1.50.0 --hostaddr 127.0.0.1 --url-file "$RUN/url"
        verified
        gate check v1.50.0 --hostaddr 127.0.0.1 --url-file - <"$RUN/url"
        verified
}

@test "sockets, services and several hosts" {
        DATABASE_URL="postgresql://lago@/lago?host=$RUN&port=$PORT"
        gate check v1.50.0
        verified
        printf '[lago]\nhost=127.0.0.1\nport=%s\ndbname=lago\nuser=lago\n' "$PORT" >"$RUN/services"
        DATABASE_URL="postgresql:///?service=lago"
        PGSERVICEFILE=$RUN/services gate check v1.50.0
        verified
        DATABASE_URL="postgresql://lago@127.0.0.1:$(free_port),127.0.0.1:$PORT/lago"
        gate check v1.50.0
        verified
}

@test "ping logs in" {
        run -0 "$LAGO_GATE" ping --format export
        [ "$(field VERDICT)" = reachable ]
        [ "$(field SERVER)" = "$(sql postgres -c 'SHOW server_version' | cut -d' ' -f1)" ]
        DATABASE_URL="postgresql://lago@127.0.0.1:$PORT/none"
        run -22 "$LAGO_GATE" ping --format export
        [ "$(field VERDICT)" = no-database ]
}

@test "a password that is wrong, missing, or full of odd characters" {
        start_cluster scram "password_encryption=scram-sha-256"
        scram=$(cat "$RUN/scram.port")
        (cd / && psql -h "$RUN" -p "$scram" -U postgres -qX -c "CREATE ROLE lago LOGIN PASSWORD 'p@s/s w:o#r%d'" -c "CREATE DATABASE lago OWNER lago")
        echo "host all all 127.0.0.1/32 scram-sha-256" | as_postgres tee "$RUN/scram/pg_hba.conf" >/dev/null
        as_postgres "$PG/pg_ctl" -D "$RUN/scram" reload >/dev/null
        DATABASE_URL="postgresql://lago:p%40s%2Fs%20w%3Ao%23r%25d@127.0.0.1:$scram/lago"
        wait_for scram_is_asked
        gate check v1.30.0
        expect 11 fresh
        DATABASE_URL="postgresql://lago:wrong@127.0.0.1:$scram/lago"
        gate check v1.50.0
        expect 21 denied "Waiting for PostgreSQL at 127.0.0.1:$scram: password rejected for \"lago\""
        DATABASE_URL="postgresql://lago@127.0.0.1:$scram/lago"
        gate check v1.50.0
        expect 21 denied "Waiting for PostgreSQL at 127.0.0.1:$scram: \"lago\" needs a password"
        DATABASE_URL="postgresql://lago:s3cret@[::1]:$scram/lago"
        gate check v1.50.0
        [[ "$output$stderr" != *s3cret* ]]
        stop_cluster scram
}

scram_is_asked() { ! (cd / && psql -h 127.0.0.1 -p "$scram" -U lago -d lago -w -qX -c 'SELECT 1'); }

@test "a role without the right to log in is denied, in the server's words" {
        sql postgres -c "CREATE ROLE nologin"
        DATABASE_URL="postgresql://nologin@127.0.0.1:$PORT/lago"
        gate check v1.50.0
        expect 21 denied "Waiting for PostgreSQL at 127.0.0.1:$PORT: role \"nologin\" is not permitted to log in"
}

@test "no such database" {
        DATABASE_URL="postgresql://lago@127.0.0.1:$PORT/none"
        gate check v1.50.0
        expect 22 no-database "Waiting for PostgreSQL at 127.0.0.1:$PORT: database \"none\" does not exist"
}

@test "nobody listens, and no such name" {
        closed=$(free_port)
        DATABASE_URL="postgresql://lago@127.0.0.1:$closed/lago"
        gate check v1.50.0
        expect 20 unreachable "Waiting for PostgreSQL at 127.0.0.1:$closed: connection refused"
        DATABASE_URL="postgresql://lago@no-such-host.invalid/lago"
        gate check v1.50.0
        expect 20 unreachable
        [[ "$(field SENTENCE)" == "Waiting for PostgreSQL at no-such-host.invalid:5432: "* ]]
}

# with_names COMMAND...: names come from $RUN/hosts, then from a name server that hears questions and is silent
with_names() {
        # shellcheck disable=SC2016 # to be expanded in there
        unshare --mount bash -c '
                for file in hosts resolv.conf nsswitch.conf; do mount --bind "$RUN/$file" "/etc/$file" || exit 99; done
                exec "$@"' with_names "$@"
}

silent_name_server() {
        perl -MIO::Socket::INET -e '
                my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.77.53:53") or die "$!";
                $| = 1;
                for (print "ready\n"; $s->recv(my $question, 512); print "asked\n") {}' >"$RUN/dns" 3>&- &
        FAKES="${FAKES-} $!"
        wait_for grep -q ready "$RUN/dns"
        printf 'nameserver 127.0.77.53\noptions timeout:30 attempts:5\n' >"$RUN/resolv.conf"
        echo "hosts: files dns" >"$RUN/nsswitch.conf"
        # Nobody serves at the first of its addresses.
        printf '127.0.77.1 known\n127.0.0.1 known\n' >"$RUN/hosts"
}

@test "hold ends at once when its session is cut: another holder may have the lock already" {
        local lock pid
        for lock in clock migrate; do
                "$LAGO_GATE" hold --lock $lock >"$RUN/held" 2>/dev/null 3>&- &
                pid=$!
                wait_for grep -qx held "$RUN/held"
                SECONDS=0
                sql lago -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lago-gate'"
                status=0
                wait "$pid" || status=$?
                [ "$status" -eq 75 ]
                [ "$SECONDS" -le 2 ]
        done
}

@test "a name server that never answers: the deadline holds, and the sentence says why" {
        silent_name_server
        DATABASE_URL="postgresql://lago:changeme@unknown.test:$PORT/lago"
        # The resolver itself would take ten minutes.
        run -20 --separate-stderr with_names timeout 120 "$LAGO_GATE" ping --format export --connect-timeout 1
        [ "$(field SENTENCE)" = "Waiting for PostgreSQL at unknown.test:$PORT: its name was not resolved in 1 s" ]
        grep -q asked "$RUN/dns"
        # A service's file can name it too.
        printf '[lago]\nhost=unknown.test\n' >"$RUN/services"
        DATABASE_URL="postgresql://lago@/lago?service=lago" PGSERVICEFILE=$RUN/services \
                run -20 --separate-stderr with_names timeout 120 "$LAGO_GATE" ping --format export --connect-timeout 1
        [ "$(field SENTENCE)" = "Waiting for PostgreSQL at service lago: its name was not resolved in 1 s" ]
        # And nobody is left asking.
        run ! pgrep -x -f "$LAGO_GATE ping.*"
}

@test "of several hosts and addresses one that serves is enough" {
        silent_name_server
        DATABASE_URL="postgresql://lago:changeme@known:$PORT/lago"
        run -0 with_names timeout 120 "$LAGO_GATE" ping
        DATABASE_URL="postgresql://lago:changeme@unknown.test:1,127.0.77.1:1,${RUN//\//%2F}:$PORT/lago"
        run -0 with_names timeout 120 "$LAGO_GATE" ping
}

@test "too many connections" {
        sql lago -c "ALTER DATABASE lago CONNECTION LIMIT 0"
        gate check v1.50.0
        sql lago -c "ALTER DATABASE lago CONNECTION LIMIT -1"
        expect 20 unreachable "Waiting for PostgreSQL at 127.0.0.1:$PORT: too many connections for database \"lago\""
}

@test "a read-only server" {
        sql lago -c "ALTER DATABASE lago SET default_transaction_read_only = on"
        gate check v1.50.0
        sql lago -c "SET default_transaction_read_only = off" -c "ALTER DATABASE lago RESET default_transaction_read_only"
        expect 23 read-only "Waiting for PostgreSQL at 127.0.0.1:$PORT: it is read-only"
}

@test "a standby, and one that is still starting up" {
        as_postgres "$PG/pg_basebackup" -D "$RUN/standby" -R -X stream -c fast --no-sync -h "$RUN" -p "$PORT" -U postgres
        start_cluster standby
        standby=$(cat "$RUN/standby.port")
        DATABASE_URL="postgresql://lago@127.0.0.1:$standby/lago"
        gate check v1.50.0
        expect 23 read-only "Waiting for PostgreSQL at 127.0.0.1:$standby: it is a standby"
        run -23 "$LAGO_GATE" ping --format export
        stop_cluster standby
        # Without hot standby it answers as any server does before it is up.
        echo "hot_standby = off" >>"$RUN/standby/postgresql.conf"
        as_postgres "$PG/pg_ctl" -D "$RUN/standby" -l "$RUN/standby.log" start >/dev/null 3>&-
        wait_for starting_up
        gate check v1.50.0
        expect 20 unreachable
        [[ "$(field SENTENCE)" == "Waiting for PostgreSQL at 127.0.0.1:$standby: the database system is "* ]]
        stop_cluster standby
}

starting_up() { (cd / && psql -h 127.0.0.1 -p "$standby" -U lago -d lago -qX -c 'SELECT 1' 2>&1 || :) | grep -q "the database system is"; }

@test "a server that is too old for the release" {
        # What a real one answers, but for the version that it says it has.
        for version in 9.6 11.22 12.17 13.14 14.11; do
                fake aged "$PORT" "$version"
                gate check v1.50.0
                expect 37 wrong-major "Refused: PostgreSQL $version is too old for v1.50.0, which needs 15"
                [ "$(field SERVER)" = "$version" ]
                [ -n "$(field REMEDY)" ]
        done
        for version in 15.6 17.2; do
                fake aged "$PORT" "$version"
                gate check v1.50.0
                verified
                [ "$(field SERVER)" = "$version" ]
        done
        fake aged "$PORT" 13.14
        run -37 "$LAGO_GATE" ping --format export
        [ "$(field SENTENCE)" = "Refused: PostgreSQL 13.14 is too old for Lago, which needs 14" ]
        fake aged "$PORT" 14.11
        run -0 "$LAGO_GATE" ping --format export
        [ "$(field VERDICT)" = reachable ]
}

@test "a server that accepts and never answers" {
        fake silent
        gate check v1.50.0 --connect-timeout 1
        expect 20 unreachable "Waiting for PostgreSQL at 127.0.0.1:$FAKE: no answer within 1 s"
}

@test "a server that logs in and never answers" {
        fake hello
        gate check v1.50.0 --connect-timeout 1
        expect 20 unreachable "Waiting for PostgreSQL at 127.0.0.1:$FAKE: no answer to a query"
}

@test "an answer without end, or a notice, is not kept: it is said, well before the time is out" {
        for kind in rows notice; do
                fake $kind
                gate check v1.50.0 --connect-timeout 60
                expect 20 unreachable "Waiting for PostgreSQL at 127.0.0.1:$FAKE: an answer without end"
        done
        # Small ones are dropped as they come.
        fake notices
        gate check v1.50.0 --connect-timeout 1
        expect 20 unreachable "Waiting for PostgreSQL at 127.0.0.1:$FAKE: no answer within 1 s"
}

@test "a shell's variables of PostgreSQL change nothing: the URL alone says which server" {
        DATABASE_URL="postgresql://lago:changeme@unknown.invalid:$PORT/lago"
        PGHOSTADDR=127.0.0.1 gate check v1.50.0
        expect 20 unreachable
        DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$PORT/lago"
        PGOPTIONS='-c search_path=nowhere' PGSSLMODE=verify-full PGSERVICE=none PGCLIENTENCODING=none PGTZ=x gate check v1.50.0
        verified
}

@test "lago-gate limits itself, whoever starts it and with whatever" {
        local as=()
        "$LAGO_GATE" hold --lock clock >"$RUN/held" 2>"$RUN/held.err" 7<"$RUN/v1.50.0.manifest" 8>"$RUN/secret" 3>&- &
        holder=$!
        FAKES="${FAKES-} $holder"
        wait_for grep -q held "$RUN/held"
        cat /proc/$holder/limits
        ls -l /proc/$holder/fd
        grep -Eq '^Max core file size +0 +0 ' /proc/$holder/limits
        grep -Eq '^Max data size +268435456 +268435456 ' /proc/$holder/limits
        grep -Eq '^Max file size +67108864 +67108864 ' /proc/$holder/limits
        grep -Eq '^Max cpu time +6[0-9] +unlimited ' /proc/$holder/limits
        grep -q '^NoNewPrivs:.1$' /proc/$holder/status
        grep -q '^Seccomp:.2$' /proc/$holder/status
        [ "$(readlink /proc/$holder/fd/7)" != "$RUN/v1.50.0.manifest" ]
        [ "$(readlink /proc/$holder/fd/8)" != "$RUN/secret" ]
        # No other process of the same user may read the password out of its memory.
        [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
        "${as[@]}" "$LAGO_GATE" hold --lock clock >"$RUN/second" 3>&- &
        standby=$!
        FAKES="${FAKES-} $standby"
        wait_for grep -q standby "$RUN/second"
        [ "$(stat -c %U /proc/$standby/environ)" = root ]
        # What it was told of stays open.
        run -0 bash -c '"$LAGO_GATE" ping --url-file <(echo "$DATABASE_URL")'
}

@test "a server that sends rubbish, again and again" {
        fake rubbish
        for ((i = 0; i < 50; i++)); do
                gate check v1.50.0 --connect-timeout 1
                [ "$status" -eq 20 ] || [ "$status" -eq 21 ]
                [[ "$output" != *$'\033'* ]]
        done
}

@test "a server that answers what nobody asked" {
        for kind in huge copy columns; do
                fake "$kind"
                gate check v1.50.0 --connect-timeout 1
                expect 20 unreachable
                run -20 "$LAGO_GATE" ping --format export --connect-timeout 1
        done
}

@test "a connection that is cut, wherever" {
        for bytes in 1 5 9 40 200 400 600 1000 3000 9000 16000; do
                fake cut "$PORT" "$bytes"
                gate check v1.50.0 --connect-timeout 5
                expect 20 unreachable
        done
        fake cut "$PORT" 1000000
        gate check v1.50.0
        verified
}

@test "TLS: the right CA, a wrong CA, a wrong name, no CA" {
        (
                cd "$RUN"
                for ca in right wrong; do
                        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca" -keyout "$ca.key" -out "$ca.pem"
                done
                openssl req -newkey rsa:2048 -nodes -subj "/CN=db" -keyout server.key -out server.csr
                openssl x509 -req -in server.csr -CA right.pem -CAkey right.key -CAcreateserial -days 2 -out server.pem
                chmod 600 server.key
                [ "$(id -u)" -ne 0 ] || chown postgres server.key server.pem
        ) >"$RUN/openssl.log" 2>&1
        start_cluster tls ssl=on "ssl_cert_file=$RUN/server.pem" "ssl_key_file=$RUN/server.key"
        tls=$(cat "$RUN/tls.port")
        (cd / && psql -h "$RUN" -p "$tls" -U postgres -qX -c "CREATE ROLE lago LOGIN" -c "CREATE DATABASE lago OWNER lago")
        DATABASE_URL="postgresql://lago@db:$tls/lago?sslmode=verify-full&sslrootcert=/inside/the/image.pem"
        gate check v1.30.0 --hostaddr 127.0.0.1 --ca-file "$RUN/right.pem"
        expect 11 fresh
        gate check v1.50.0 --hostaddr 127.0.0.1 --ca-file "$RUN/wrong.pem"
        expect 39 untrusted "Refused: PostgreSQL at db:$tls: its certificate is of another authority than the CA file"
        [[ "$(field REMEDY)" == *"openssl s_client -starttls postgres -connect db:$tls "* ]]
        gate check v1.50.0 --hostaddr 127.0.0.1
        expect 39 untrusted "Refused: PostgreSQL at db:$tls: no CA file to check its certificate"
        # One that cannot be read for the moment is no wrong one.
        gate check v1.50.0 --hostaddr 127.0.0.1 --ca-file /proc/self/mem
        expect 20 unreachable
        DATABASE_URL="postgresql://lago@other:$tls/lago?sslmode=verify-full"
        gate check v1.50.0 --hostaddr 127.0.0.1 --ca-file "$RUN/right.pem"
        expect 39 untrusted "Refused: PostgreSQL at other:$tls: the certificate is for another host name"
        stop_cluster tls
}

# sign DAYS-OR-OPTIONS...: server.pem anew, by the right CA
sign() {
        (
                cd "$RUN"
                rm -f index* new.pem
                : >index
                printf '[ca]\ndatabase = index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n' >ca.conf
                printf '[any]\ncommonName = supplied\n' >>ca.conf
                openssl ca -config ca.conf -name ca -batch -notext -cert right.pem -keyfile right.key -in server.csr \
                        -out server.pem "$@"
        ) >>"$RUN/openssl.log" 2>&1
        as_postgres "$PG/pg_ctl" -D "$RUN/tls" reload >/dev/null
}

@test "TLS: expired, not valid yet, a CA file that nobody may read or that is no PEM" {
        start_cluster tls
        tls=$(cat "$RUN/tls.port")
        DATABASE_URL="postgresql://lago@db:$tls/lago?sslmode=verify-full"
        right() { gate check v1.30.0 --hostaddr 127.0.0.1 --ca-file "$RUN/right.pem"; }
        sign -startdate 20200101000000Z -enddate 20210203040500Z
        wait_for eval 'right; [ "$status" = 39 ]'
        expect 39 untrusted "Refused: PostgreSQL at db:$tls: its certificate expired on 2021-02-03 04:05 UTC"
        [[ "$(field REMEDY)" == *-dates ]]
        run -39 "$LAGO_GATE" ping --hostaddr 127.0.0.1 --ca-file "$RUN/right.pem"
        # The clock of a host that lost its power may be behind: this is waited for.
        sign -startdate 20450101000000Z -enddate 20460101000000Z
        wait_for eval 'right; [ "$status" = 20 ]'
        expect 20 unreachable
        [[ "$(field SENTENCE)" == "Waiting for PostgreSQL at db:$tls: its certificate is not valid before 2045-01-01 00:00 UTC; "* ]]
        [[ "$(field REMEDY)" == *timedatectl* ]]
        sign -days 2
        wait_for eval 'right; [ "$status" = 11 ]'
        openssl x509 -in "$RUN/right.pem" -outform der -out "$RUN/right.der"
        gate check v1.30.0 --hostaddr 127.0.0.1 --ca-file "$RUN/right.der"
        expect 39 untrusted "Refused: PostgreSQL at db:$tls: the CA file is no PEM text with a certificate"
        gate check v1.30.0 --hostaddr 127.0.0.1 --ca-file "$RUN/none.pem"
        expect 39 untrusted "Refused: PostgreSQL at db:$tls: no CA file to check its certificate"
        (umask 077 && cp "$RUN/right.pem" "$RUN/closed.pem")
        if [ "$(id -u)" = 0 ]; then
                run -39 --separate-stderr setpriv --reuid=nobody --regid=nogroup --clear-groups "$LAGO_GATE" check \
                        --manifest "$RUN/v1.30.0.manifest" --format export --hostaddr 127.0.0.1 --ca-file "$RUN/closed.pem"
                expect 39 untrusted "Refused: PostgreSQL at db:$tls: the CA file may not be read by user lago-gate"
        fi
        stop_cluster tls
}

@test "TLS: an authority that expired, a certificate that is not made for a server, sslrootcert=system" {
        start_cluster tls
        tls=$(cat "$RUN/tls.port")
        DATABASE_URL="postgresql://lago@db:$tls/lago?sslmode=verify-full"
        (
                cd "$RUN"
                openssl req -new -key right.key -subj /CN=right -out right.csr
                rm -f index*
                : >index
                openssl ca -config ca.conf -name ca -batch -notext -selfsign -keyfile right.key -in right.csr -out old.pem \
                        -startdate 20200101000000Z -enddate 20210203040500Z
                printf 'extendedKeyUsage = clientAuth\n' >client.ext
        ) >>"$RUN/openssl.log" 2>&1
        sign -days 2
        gate check v1.30.0 --hostaddr 127.0.0.1 --ca-file "$RUN/old.pem"
        expect 39 untrusted "Refused: PostgreSQL at db:$tls: the certificate of its authority expired on 2021-02-03 04:05 UTC"
        [[ "$(field REMEDY)" == *ca-file* ]]
        sign -days 2 -extfile "$RUN/client.ext"
        wait_for eval 'gate check v1.30.0 --hostaddr 127.0.0.1 --ca-file "$RUN/right.pem"; [ "$status" = 39 ]'
        [[ "$(field SENTENCE)" == "Refused: PostgreSQL at db:$tls: its certificate is not trusted: "*purpose* ]]
        DATABASE_URL+="&sslrootcert=system"
        gate check v1.30.0 --hostaddr 127.0.0.1
        [ "$status" = 39 ]
        stop_cluster tls
}

@test "through PgBouncer in transaction mode: read right, and warned of" {
        bouncer=$(free_port)
        {
                printf '[databases]\nalias = host=127.0.0.1 port=%s dbname=lago\n' "$PORT"
                printf '[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\n' "$bouncer"
                printf 'auth_type = any\npool_mode = transaction\nlogfile = %s\npidfile = %s\n' "$RUN/bouncer.log" "$RUN/bouncer.pid"
        } >"$RUN/bouncer.ini"
        sed -i 's/dbname=lago/dbname=lago user=lago/' "$RUN/bouncer.ini"
        as_postgres pgbouncer -q "$RUN/bouncer.ini" 3>&- &
        DATABASE_URL="postgresql://lago@127.0.0.1:$bouncer/alias"
        wait_for "$LAGO_GATE" ping
        gate check v1.50.0
        verified
        [[ "$(field WARNING)" == *pooler* ]]
        # The alias is not the database's name: the lock's key must be made from the latter.
        open_session holder lago lago
        tell holder "SELECT pg_advisory_lock($(perl -e 'use Compress::Zlib; print 2053462845 * crc32("lago")'));"
        wait_for test -s "$RUN/session.holder.out"
        gate check v1.50.0
        expect 13 busy
        close_session holder
        # Nothing is migrated through it, and no lock is said to be held: it would be a second holder's, too.
        gate check v1.51.0
        expect 40 pooled "Refused: a pooler answers at 127.0.0.1:$bouncer, and would keep no lock while migrating"
        [[ "$(field REMEDY)" == 'Let DATABASE_URL in lago.env name the PostgreSQL server itself'* ]]
        for lock in clock migrate; do
                run -40 --separate-stderr timeout 10 "$LAGO_GATE" hold --lock $lock
                [ -z "$output" ]
                [[ "$stderr" == "lago-gate: a pooler answers at 127.0.0.1:$bouncer, and keeps no lock."* ]]
        done
        DATABASE_URL="postgresql://lago@127.0.0.1:$PORT/lago"
        run -124 --separate-stderr timeout 2 "$LAGO_GATE" hold
        [ "$output" = held ]
}

@test "what the command line refuses" {
        for arguments in "" "chekc" "check" "check --manifest a --app b" "ping --app b" "check --manifest a --fresh x" \
                "check --manifest a --target 1" "check --manifest a --connect-timeout 0" "check --manifest a --schema a;b" \
                "check --manifest a extra" "check --nonsense" "check --manifest - --url-file -"; do
                run -64 --separate-stderr "$LAGO_GATE" $arguments
                [ -z "$output" ]
                [ -n "$stderr" ]
        done
        DATABASE_URL="mysql://u:s3cret@h/d" run -64 "$LAGO_GATE" ping
        [[ "$output" != *s3cret* ]]
        DATABASE_URL="" run -64 "$LAGO_GATE" ping
        run -0 "$LAGO_GATE" --help
        [[ "$output" == *"30 ahead"* ]]
        run -0 "$LAGO_GATE" --version
}

@test "a manifest that is cut or absent is refused with 65" {
        head -n 100 "$RUN/v1.50.0.manifest" >"$RUN/cut.manifest"
        run -65 "$LAGO_GATE" check --manifest "$RUN/cut.manifest"
        [[ "$output" == *truncated* ]]
        run -65 "$LAGO_GATE" check --manifest "$RUN/none"
        mkdir -p "$RUN/empty/app/db/migrate"
        run -65 "$LAGO_GATE" manifest --root "$RUN/empty"
        run -65 "$LAGO_GATE" manifest --root "$RUN/none"
        # One line lost, and the end is there.
        sed 50d "$RUN/v1.50.0.manifest" >"$RUN/damaged.manifest"
        run -65 "$LAGO_GATE" check --manifest "$RUN/damaged.manifest"
        [[ "$output" == *damaged:* ]]
        run -71 bash -c '"$LAGO_GATE" manifest --root "$RUN/images/v1.50.0" >/dev/full'
        [[ "$output" == *"No space left on device" ]]
}

# with_descriptors N COMMAND...: that many and no more, without what bats has open
with_descriptors() {
        bash -c 'for fd in 3 4 5 6 7 8 9; do eval "exec $fd>&-"; done; exec prlimit --nofile="$@"' sh "$@"
}

# /proc/self/mem can be opened, and its reading ends in EIO.
@test "what cannot be read for the moment is no bad manifest and no wrong command line: 71" {
        run -71 "$LAGO_GATE" check --manifest /proc/self/mem
        [[ "$output" == *"cannot read /proc/self/mem: Input/output error" ]]
        run -71 "$LAGO_GATE" check --manifest "$RUN/v1.50.0.manifest" --url-file /proc/self/mem
        run -71 "$LAGO_GATE-clickhouse" check --manifest /proc/self/mem
        run -71 "$LAGO_GATE-clickhouse" check --manifest "$RUN/v1.50.0.manifest" --settings-file /proc/self/mem
        run -71 with_descriptors 4 "$LAGO_GATE" manifest --root "$RUN/images/v1.50.0"
        [[ "$output" == *"Too many open files"* ]]
        # A script that is there, and is not read.
        run -71 with_descriptors 6 "$LAGO_GATE" manifest --root "$RUN/images/v1.50.0"
        [[ "$output" == *"cannot read $RUN/images/v1.50.0/scripts: Too many open files" ]]
}

@test "an image's links do not lead out of it" {
        root=$RUN/hostile
        mkdir -p "$root/app/db" "$root/app/scripts" "$root/elsewhere"
        touch "$root/elsewhere/20300101000000_inside.rb"
        ln -s /elsewhere "$root/app/db/migrate"
        echo 'VALUE=secret' >"$RUN/secret"
        chmod 644 "$RUN/secret"
        ln -s "$RUN/secret" "$root/app/LAGO_VERSION"
        ln -s ../../../../../../../../../"$RUN/secret" "$root/app/scripts/start.sh"
        run -0 "$LAGO_GATE" manifest --root "$root"
        [[ "$output" == *"file 20300101000000 inside"* ]]
        [[ "$output" != *secret* ]]
}

# redis_over_tls ANSWER [OPTION...]: such a server, with a certificate that nobody signed; REDIS_URL points at it
redis_over_tls() {
        local port
        port=$(free_port)
        [ -f "$RUN/redis.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=other -keyout "$RUN/redis.key" \
                -out "$RUN/redis.pem" 2>/dev/null
        { printf %b "$1"; sleep 5; } | openssl s_server -quiet -accept "127.0.0.1:$port" -cert "$RUN/redis.pem" \
                -key "$RUN/redis.key" "${@:2}" >"$RUN/heard" 2>/dev/null 3>&- &
        FAKES="${FAKES-} $!"
        REDIS_URL="rediss://lago:s%2Be@127.0.0.1:$port/2"
        wait_for listens "$port"
}

listens() { [ -n "$(ss -Hltn "sport = :$1")" ]; }

# redis STATUS SENTENCE
redis() {
        run env REDIS_URL="$REDIS_URL" "$LAGO_GATE" redis --connect-timeout 5
        [ "$status" = "$1" ] || { echo "# $status: $output"; return 1; }
        # shellcheck disable=SC2053 # a pattern
        [[ $output == $2 ]] || { echo "# $output"; return 1; }
}

@test "Redis over TLS is asked what it is asked in the clear, whatever its certificate, as Lago's client does" {
        redis_over_tls '+OK\r\n+OK\r\n+PONG\r\n:0\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n'
        redis 0 'Redis at 127.0.0.1:* answers'
        tr -d '\r' <"$RUN/heard" | paste -sd ' ' | grep -F '$4 AUTH $4 lago $3 s+e SELECT 2 PING'
        redis_over_tls '+OK\r\n+OK\r\n+PONG\r\n-READONLY You can not\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n'
        redis 20 'Waiting for Redis at 127.0.0.1:*: it is a replica, which takes no jobs; name the primary in REDIS_URL'
        redis_over_tls '-WRONGPASS invalid\r\n-NOAUTH no\r\n-NOAUTH no\r\n'
        redis 78 'Refused: Redis at 127.0.0.1:*: the password is rejected, or wants a user: *'
        redis_over_tls '' -Verify 1
        redis 20 'Waiting for Redis at 127.0.0.1:*: it wants a certificate of its client, and Lago has none; tls-auth-clients no *'
        REDIS_URL=redis://127.0.0.1:${REDIS_URL##*:}
        redis 20 'Waiting for Redis at 127.0.0.1:*: no answer in the clear; if it speaks TLS alone, write rediss:// in REDIS_URL'
        REDIS_URL=rediss://127.0.0.1:$PORT
        redis 20 'Waiting for Redis at 127.0.0.1:*: it *; if it speaks no TLS, write redis:// in REDIS_URL'
}
