# SPDX-License-Identifier: MIT
# A private PostgreSQL for the tests of one file. The system's cluster is never touched.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
PG=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)

# As a user that PostgreSQL accepts: it refuses to run as root.
as_postgres() {
        if [ "$(id -u)" -eq 0 ]; then
                (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
        else
                "$@"
        fi
}

free_port() {
        perl -MIO::Socket::INET -e '
                print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}

# start_cluster NAME [SETTING=VALUE...]: data in $RUN/NAME, socket in $RUN, port in $RUN/NAME.port
start_cluster() {
        local name=$1 setting
        shift
        if [ ! -d "$RUN/$name" ]; then
                as_postgres "$PG/initdb" -D "$RUN/$name" -U postgres -A trust --no-sync >"$RUN/$name.log" 2>&1
        fi
        [ -f "$RUN/$name.port" ] || free_port >"$RUN/$name.port"
        {
                echo "listen_addresses = '127.0.0.1'"
                echo "port = $(cat "$RUN/$name.port")"
                echo "unix_socket_directories = '$RUN'"
                echo "fsync = off"
                for setting; do
                        echo "${setting%%=*} = '${setting#*=}'"
                done
        } >>"$RUN/$name/postgresql.conf"
        as_postgres "$PG/pg_ctl" -D "$RUN/$name" -l "$RUN/$name.server.log" -w -t 60 start >/dev/null 3>&-
}

stop_cluster() {
        [ ! -f "$RUN/$1/postmaster.pid" ] ||
                as_postgres "$PG/pg_ctl" -D "$RUN/$1" -m immediate -w stop >/dev/null
}

# One directory for the file's tests; the cluster "main" with the role lago in it.
start_everything() {
        RUN=$(mktemp -d /tmp/lago-component.XXXXXX)
        export RUN
        chmod 755 "$RUN"
        [ "$(id -u)" -ne 0 ] || chown postgres "$RUN"
        start_cluster main max_connections=30 superuser_reserved_connections=3
        PORT=$(cat "$RUN/main.port")
        export PORT
        sql postgres -c "CREATE ROLE lago LOGIN PASSWORD 'changeme'"
        make_images
}

stop_everything() {
        local data
        for data in "$RUN"/*/postmaster.pid; do
                [ ! -f "$data" ] || stop_cluster "$(basename "$(dirname "$data")")"
        done
        rm -rf "$RUN"
}

# sql DATABASE PSQL-ARGUMENT...: as the superuser
sql() {
        local database=$1
        shift
        (cd / && psql -h "$RUN" -p "$PORT" -U postgres -d "$database" -qAtX -v ON_ERROR_STOP=1 "$@")
}

# A database of this test's own, owned by lago; DATABASE_URL names it.
new_database() {
        DATABASE=test_$BATS_TEST_NUMBER
        sql postgres -c "DROP DATABASE IF EXISTS $DATABASE WITH (FORCE)" -c "CREATE DATABASE $DATABASE OWNER lago"
        export DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$PORT/$DATABASE?search_path=public"
}

# versions RELEASE: every version of its files and structure.sql; files RELEASE: "VERSION NAME" of its files
versions() {
        awk -v want="$1" '/^=/ { if (found) exit; found = $2 == want; recorded = $3 == "structure" }
                /^\+/ { file[$2] = 1; all[$2] = 1 } /^-/ { delete file[$2] }
                { if (found && !/^[=+~-]/) exit }
                END { for (v in all) if (recorded || v in file) print v }' "$TOP/tests/data/releases.txt" | sort
}

files() {
        awk -v want="$1" '/^=/ { if (found) exit; found = $2 == want }
                /^[+~]/ { file[$2] = $3 } /^-/ { delete file[$2] }
                END { for (v in file) print v, file[v] }' "$TOP/tests/data/releases.txt" | sort
}

# make_image RELEASE: its db/migrate, structure.sql, LAGO_VERSION and scripts below $RUN/images/RELEASE/app
make_image() {
        local app=$RUN/images/$1/app
        mkdir -p "$app/db/migrate" "$app/scripts"
        files "$1" | (cd "$app/db/migrate" && sed 's/ /_/; s/$/.rb/' | xargs touch)
        echo "$1" >"$app/LAGO_VERSION"
        printf '#!/bin/bash\nexec bundle exec rails s\n' >"$app/scripts/start.api.sh"
        printf '#!/bin/bash\nbundle exec clockwork ./clock.rb\n' >"$app/scripts/start.clock.sh"
        if grep -q "^= $1 structure" "$TOP/tests/data/releases.txt"; then
                {
                        echo 'CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;'
                        [ "$(printf '%s\nv1.41.0\n' "$1" | sort -V | head -n 1)" = v1.41.0 ] &&
                                echo 'CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;'
                        echo 'INSERT INTO "schema_migrations" (version) VALUES'
                        versions "$1" | sed "s/.*/('&'),/; \$s/,\$/;/"
                } >"$app/db/structure.sql"
        fi
        "$LAGO_GATE" manifest --root "$RUN/images/$1" >"$RUN/$1.manifest"
}

make_images() {
        local release
        for release in v1.6.0 v1.30.0 v1.44.0 v1.49.0 v1.50.0 v1.51.0; do
                make_image "$release"
        done
}

# fill RELEASE: the database as that release leaves it, as far as a gate can see: the ledger and three tables
fill() {
        {
                echo 'SET ROLE lago;'
                echo 'CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);'
                echo 'CREATE TABLE billable_metrics (id int PRIMARY KEY); CREATE TABLE subscriptions (id int PRIMARY KEY);'
                echo 'CREATE TABLE invoices (id int PRIMARY KEY);'
                echo 'COPY schema_migrations FROM stdin;'
                versions "$1"
                echo '\.'
        } | sql "$DATABASE" -f -
}

# gate COMMAND RELEASE [OPTION...]: runs it; $status and $output as with run, and $fields for field()
gate() {
        # run() counts in a variable of that name.
        local command=$1 release=$2 i
        shift 2
        run --separate-stderr "$LAGO_GATE" "$command" --manifest "$RUN/$release.manifest" --format export "$@"
}

field() {
        printf '%s\n' "$output" | sed -n "s/^$1=//p"
}

# expect STATUS VERDICT [SENTENCE]
expect() {
        [ "$status" -eq "$1" ] && [ "$(field VERDICT)" = "$2" ] && { [ $# -lt 3 ] || [ "$(field SENTENCE)" = "$3" ]; } || {
                echo "expected: $1 $2 ${3-}"
                echo "status:   $status"
                echo "output:   $output"
                echo "stderr:   ${stderr-}"
                return 1
        }
}

# wait_for COMMAND...: until it succeeds, 30 s at most; $! is another one after it
wait_for() {
        local i
        for ((i = 0; i < 300; i++)); do
                ! "$@" >/dev/null 2>&1 || return 0
                read -rt 0.1 <> <(:) || :
        done
        echo "never came true: $*"
        return 1
}

# A session that runs SQL from $RUN/session.$1.in and stays. open_session NAME DATABASE [USER]; tell NAME SQL
open_session() {
        local pipe=$RUN/session.$1
        mkfifo "$pipe"
        (cd / && PGAPPNAME=${4:-session} exec psql -h "$RUN" -p "$PORT" -U "${3:-postgres}" -d "$2" -qAtX) \
                <"$pipe" >"$pipe.out" 2>&1 3>&- &
        echo $! >"$pipe.pid"
        exec {session}>"$pipe"
        eval "SESSION_$1=$session"
}

tell() {
        local name=SESSION_$1
        echo "$2" >&"${!name}"
}

close_session() {
        local name=SESSION_$1
        exec {session}>&-
        kill "$(cat "$RUN/session.$1.pid")" 2>/dev/null || :
        rm -f "$RUN/session.$1"*
}
