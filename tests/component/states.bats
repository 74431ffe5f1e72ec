#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every state of a database, made for real, and what lago-gate says of it.

bats_require_minimum_version 1.5.0
load helper

setup_file() { start_everything; }
teardown_file() { stop_everything; }
setup() { new_database; }

# Also after a failure: what was left running would hold the test run open.
teardown() {
        local pid
        for pid in ${watcher-} ${waiter-}; do
                kill "$pid" 2>/dev/null || :
        done
        for pid in "$RUN"/session.*.pid; do
                [ ! -f "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || :
        done
        rm -f "$RUN"/session.* "$RUN/slow"
}

@test "an empty database is fresh" {
        gate check v1.6.0
        expect 11 fresh "Waiting for the schema: the database is empty, 316 migrations to run"
        [ "$(field FRESH)" = plain ]
        [ "$(field SERVER)" = "$(sql postgres -c 'SHOW server_version' | cut -d' ' -f1)" ]
        [ "$(field ROLES)" = none ]
}

# As a server of version 5 has it, open to lago; the packages have 4, so it is only said to be 5.
partman_5() {
        sql "$DATABASE" -c "CREATE SCHEMA partman AUTHORIZATION lago; CREATE EXTENSION pg_partman SCHEMA partman" \
                -c "UPDATE pg_extension SET extversion = '5.4.0' WHERE extname = 'pg_partman'"
}

@test "extensions and their tables do not count" {
        sql "$DATABASE" -c "CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA public; CREATE EXTENSION pgcrypto"
        gate check v1.30.0
        expect 11 fresh
}

# pg_partman 4 is a superuser's to create, 5 is anybody's.
partman_is_4() {
        [ "$(sql postgres -c "SELECT bool_and(superuser) FROM pg_available_extension_versions WHERE name = 'pg_partman'")" = t ]
}

@test "an empty database is loaded by a role that may create pg_partman, and replayed by one that may not" {
        gate check v1.51.0
        if partman_is_4; then
                expect 38 extension "Refused: v1.51.0 needs pg_partman 5, and the server offers 4.7.2"
                gate check v1.51.0 --fresh load
                expect 38 extension "Refused: v1.51.0 needs the extension pg_partman, and the role may not create it"
                [[ "$(field REMEDY)" != *'fresh = replay'* ]]
                partman_5
                gate check v1.51.0
                expect 11 fresh
                [ "$(field FRESH)" = replay ]
        else
                expect 11 fresh
                [ "$(field FRESH)" = load ]
                sql "$DATABASE" -c "SET ROLE lago; BEGIN; CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman; ROLLBACK"
        fi
        DATABASE_URL="postgresql://postgres@127.0.0.1:$PORT/$DATABASE"
        gate check v1.51.0
        expect 11 fresh
        [ "$(field FRESH)" = load ]
}

@test "pg_partman must be version 5, and open to the role, before the migrations that use it run" {
        make_image v1.40.0
        make_image v1.42.0
        fill v1.40.0
        gate check v1.40.0
        expect 0 verified
        if partman_is_4; then
                gate check v1.42.0
                expect 38 extension "Refused: v1.42.0 needs pg_partman 5, and the server offers 4.7.2"
                sql "$DATABASE" -c "CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman"
                gate check v1.42.0
                expect 38 extension "Refused: v1.42.0 needs pg_partman 5, and the database has 4.7.2"
                # So it is: what Lago's migration says to it.
                run ! sql "$DATABASE" -c "CREATE TABLE t (timestamp timestamp NOT NULL) PARTITION BY RANGE (timestamp);
                        SELECT partman.create_parent(p_parent_table := 'public.t', p_control := 'timestamp', p_interval := '1 month',
                                p_type := 'range', p_premake := 3, p_start_partition := '2024-12-01')"
                [[ $output == *'range is not a valid partitioning type'* ]]
                sql "$DATABASE" -c "DROP SCHEMA partman CASCADE"
        fi
        partman_5
        gate check v1.42.0
        expect 10 pending
        sql "$DATABASE" -c "ALTER SCHEMA partman OWNER TO postgres; GRANT USAGE ON SCHEMA partman TO lago"
        gate check v1.42.0
        expect 38 extension "Refused: v1.42.0 needs pg_partman in schema partman, open to role \"lago\""
        # The sentence's own remedy.
        sql "$DATABASE" -c "$(field REMEDY | sed 's/^[^:]*: //; s/\.$//')"
        gate check v1.42.0
        expect 10 pending
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('20260109092932'), ('20260109132143');
                REVOKE ALL ON SCHEMA partman FROM lago; UPDATE pg_extension SET extversion = '4.7.2' WHERE extname = 'pg_partman'"
        gate check v1.42.0
        expect 10 pending
}

@test "an empty ledger alone is empty, also with what Rails makes beside it" {
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE schema_migrations (version varchar PRIMARY KEY)"
        gate check v1.6.0
        expect 12 empty
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE ar_internal_metadata (key varchar)"
        gate check v1.6.0
        expect 12 empty
}

@test "prepare-replay makes that ledger, once, and only in a fresh database" {
        partman_5
        run -0 "$LAGO_GATE" prepare-replay --manifest "$RUN/v1.51.0.manifest"
        [ "$(sql "$DATABASE" -c "SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'schema_migrations'")" = lago ]
        gate check v1.51.0
        expect 12 empty
        gate prepare-replay v1.51.0
        expect 12 empty
        fill_ledger_only
        gate prepare-replay v1.51.0
        expect 0 verified
}

@test "prepare-replay says why it cannot make the ledger, where the supervisor reads it" {
        partman_5
        sql "$DATABASE" -c "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not now''; END';
                CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no()"
        gate prepare-replay v1.51.0
        expect 20 unreachable "Waiting for PostgreSQL: cannot create schema_migrations: not now"
}

fill_ledger_only() {
        { echo 'COPY schema_migrations FROM stdin;'; versions v1.51.0; echo '\.'; } | sql "$DATABASE" -f -
}

@test "what is missing is pending, the first by name" {
        fill v1.50.0
        gate check v1.51.0
        expect 10 pending "Waiting for the schema: 29 of 1075 missing, first $(first_new v1.50.0 v1.51.0)"
        [ "$(field NEEDED) $(field APPLIED) $(field MISSING) $(field EXTRA)" = "1075 1046 29 0" ]
        [ "$(field FIRST)" = "$(first_new v1.50.0 v1.51.0)" ]
        [ "$(field FIRST_NAME)" = "$(files v1.51.0 | sed -n "s/^$(field FIRST) //p")" ]
}

first_new() {
        comm -13 <(versions "$1") <(versions "$2") | head -n 1
}

@test "one missing row is found, wherever it is" {
        fill v1.6.0
        for version in $(versions v1.6.0 | shuf -n 3); do
                sql "$DATABASE" -c "DELETE FROM schema_migrations WHERE version = '$version'"
                gate check v1.6.0
                expect 10 pending "Waiting for the schema: 1 of 316 missing, first $version"
                sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$version')"
        done
}

@test "every needed row is verified" {
        fill v1.50.0
        gate check v1.50.0
        expect 0 verified "Schema verified: v1.50.0, 1046 of 1046"
}

@test "a newer database is ahead, with the release to use" {
        fill v1.51.0
        gate check v1.50.0
        expect 30 ahead "Refused: database is newer than v1.50.0 (29 unknown, newest 20260721180721); set release = v1.51.0"
        [ "$(field NEWEST)" = 20260721180721 ]
        [ "$(field EXTRA)" = 29 ]
}

@test "a version of no release is ahead, unless it is named as a tombstone" {
        fill v1.50.0
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('20240102030405')"
        gate check v1.50.0
        expect 30 ahead "Refused: database is newer than v1.50.0 (1 unknown, newest 20240102030405); set release > v1.51.0"
        gate check v1.50.0 --tombstones 20240102030405,20240102030406
        expect 0 verified "Schema verified: v1.50.0, 1046 of 1046"
        [[ "$(field WARNING)" == *"version 20240102030405 is in the ledger, of no release, and accepted"* ]]
        [[ "$(field WARNING)" != *20240102030406* ]]
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('20260721180721')"
        gate check v1.50.0 --tombstones 20240102030405,20260721180721
        expect 30 ahead "Refused: database is newer than v1.50.0 (1 unknown, newest 20260721180721); set release = v1.51.0"
        [[ "$(field WARNING)" == *"version 20260721180721 is no tombstone: it comes with v1.51.0"* ]]
}

@test "Lago's tables without a visible ledger are invisible" {
        fill v1.50.0
        sql "$DATABASE" -c "CREATE SCHEMA billing AUTHORIZATION lago"
        POSTGRES_SCHEMA=billing gate check v1.50.0
        expect 33 invisible "Refused: Lago's tables are in schema \"public\", but no schema_migrations is visible"
        gate check v1.50.0 --schema billing
        expect 33 invisible
        gate check v1.50.0 --schema "billing, public"
        expect 0 verified
        sql "$DATABASE" -c "DROP TABLE schema_migrations"
        gate check v1.50.0
        expect 33 invisible
}

@test "search_path= of the URL is ignored as Rails does, schema_search_path= is obeyed" {
        fill v1.50.0
        DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$PORT/$DATABASE?search_path=billing"
        gate check v1.50.0
        expect 0 verified
        DATABASE_URL="postgresql://lago:changeme@127.0.0.1:$PORT/$DATABASE?schema_search_path=billing"
        gate check v1.50.0
        expect 33 invisible
}

@test "an empty ledger beside tables is half loaded" {
        fill v1.50.0
        sql "$DATABASE" -c "TRUNCATE schema_migrations"
        gate check v1.50.0
        expect 34 half-loaded "Refused: schema_migrations is empty, but there are 3 tables (\"billable_metrics\")"
}

# Everything that a structure.sql may make, each tied to another, and no row.
load_some() {
        sql "$DATABASE" -f - <<'SQL'
SET ROLE lago;
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TYPE pair AS (a int, b kind);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE SEQUENCE alone;
CREATE FUNCTION is_short(short) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE TABLE add_ons (id int GENERATED ALWAYS AS IDENTITY, n bigserial, k kind, p pair, s short CHECK (is_short(s)));
CREATE INDEX ON add_ons (is_short(s));
CREATE FUNCTION of_row(add_ons) RETURNS kind LANGUAGE sql AS 'SELECT NULL::kind';
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER fires BEFORE INSERT ON add_ons FOR EACH ROW EXECUTE FUNCTION fires();
CREATE AGGREGATE first_of(int) (SFUNC = int4pl, STYPE = int);
CREATE TABLE "Odd name" (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE odd_2026 PARTITION OF "Odd name" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW seen AS SELECT k, of_row(add_ons) FROM add_ons;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen WITH NO DATA;
SQL
}

objects_left() {
        sql "$DATABASE" -c "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public')
                                 + (SELECT count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname = 'public')
                                 + (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public'
                                     WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'))"
}

@test "prepare-load empties what a load that was cut off has left, wherever that was, and extensions stay" {
        sql "$DATABASE" -c 'CREATE EXTENSION pgcrypto'
        gate prepare-load v1.30.0
        expect 11 fresh
        for after in '' 'CREATE TABLE billable_metrics (id int); CREATE TABLE subscriptions (id int); CREATE TABLE invoices (id int)' \
                'CREATE TABLE schema_migrations (version varchar PRIMARY KEY)'; do
                load_some
                sql "$DATABASE" -c "SET ROLE lago; $after"
                gate check v1.30.0
                case $after in
                '') expect 35 occupied ;;
                *billable*) expect 33 invisible ;;
                *) expect 34 half-loaded ;;
                esac
                gate prepare-load v1.30.0
                expect 0 fresh
                [ "$(objects_left)" = 0 ]
                gate check v1.30.0
                expect 11 fresh
        done
        [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_extension WHERE extname = 'pgcrypto'")" = 1 ]
}

@test "prepare-load touches nothing where a table holds a row, and no other state" {
        local before
        load_some
        sql "$DATABASE" -c "SET ROLE lago; INSERT INTO add_ons (k) VALUES ('a'); CREATE TABLE schema_migrations (version varchar)"
        before=$(objects_left)
        gate prepare-load v1.51.0
        expect 34 half-loaded
        [[ $stderr == *'not emptied: public.add_ons' ]]
        [ "$(objects_left)" = "$before" ]
        # Somebody else's, in a schema that nobody looks at, and one that may not be read.
        sql "$DATABASE" -c "DELETE FROM add_ons; CREATE SCHEMA theirs; CREATE TABLE theirs.t (n int); INSERT INTO theirs.t VALUES (1)"
        gate prepare-load v1.51.0
        expect 20 unreachable "Waiting for PostgreSQL: cannot empty the database: permission denied for schema theirs"
        sql "$DATABASE" -c "GRANT USAGE ON SCHEMA theirs TO lago; GRANT ALL ON theirs.t TO lago"
        gate prepare-load v1.51.0
        expect 34 half-loaded
        [[ $stderr == *'not emptied: theirs.t' ]]
        sql "$DATABASE" -c "DROP SCHEMA theirs CASCADE; ALTER TABLE add_ons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
                INSERT INTO add_ons (k) VALUES ('a')"
        gate prepare-load v1.51.0
        expect 20 unreachable 'Waiting for PostgreSQL: cannot empty the database: query would be affected by row-level security policy for table "add_ons"'
        [ "$(objects_left)" = "$before" ]
}

@test "what is half loaded is busy for as long as somebody loads it, and half loaded after" {
        open_session loader "$DATABASE" lago psql
        # As structure.sql does: tables first, statement by statement, then the ledger, its rows last.
        for statement in "CREATE TABLE add_ons (id int)" \
                "CREATE TABLE billable_metrics (id int); CREATE TABLE subscriptions (id int); CREATE TABLE invoices (id int)" \
                "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)"; do
                tell loader "$statement; SELECT pg_sleep(3600);"
                wait_for loader_sleeps
                pid=$(sql "$DATABASE" -c "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
                gate check v1.51.0
                expect 13 busy
                [[ "$(field SENTENCE)" == "Waiting for another first load (psql): backend $pid from "* ]]
                sql "$DATABASE" -c "SELECT pg_cancel_backend($pid)" >/dev/null
                wait_for grep -q canceling "$RUN/session.loader.out"
                : >"$RUN/session.loader.out"
        done
        close_session loader
        wait_for nobody_loads
        gate check v1.51.0
        expect 34 half-loaded
        open_session holder "$DATABASE" lago rails
        tell holder "SELECT pg_advisory_lock($(rails_key));"
        wait_for lock_is_held
        gate check v1.51.0
        expect 13 busy
        [[ "$(field SENTENCE)" == "Waiting for another migrator: "* ]]
        close_session holder
}

@test "another role's psql loads nothing" {
        sql "$DATABASE" -c "CREATE TABLE add_ons (id int)"
        open_session other "$DATABASE" postgres psql
        tell other "SELECT 1;"
        wait_for grep -q 1 "$RUN/session.other.out"
        gate check v1.51.0
        expect 35 occupied
        close_session other
}

loader_sleeps() {
        [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'")" = 1 ]
}

nobody_loads() {
        [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_stat_activity WHERE usename = 'lago' AND application_name = 'psql'")" = 0 ]
}

@test "somebody else's tables, views and types occupy a database" {
        partman_5
        for object in "TABLE posts (id int)" "VIEW v AS SELECT 1" "TYPE t AS ENUM ('a')" "TYPE c AS (a int)" \
                "DOMAIN d AS int" "MATERIALIZED VIEW m AS SELECT 1"; do
                sql "$DATABASE" -c "CREATE $object"
                gate check v1.51.0
                expect 35 occupied
                sql "$DATABASE" -c "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC"
        done
        gate check v1.51.0
        expect 11 fresh
}

@test "what a load leaves that was killed early is named" {
        sql "$DATABASE" -c "CREATE TABLE billable_metrics (id int); CREATE TABLE add_ons (id int)"
        gate check v1.51.0
        expect 35 occupied "Refused: 2 tables, some of Lago's (\"add_ons\"), and no schema_migrations"
}

@test "another Rails application is foreign" {
        sql "$DATABASE" -c "CREATE TABLE schema_migrations (version varchar)" -c "GRANT SELECT ON schema_migrations TO lago" \
                -c "INSERT INTO schema_migrations VALUES ('20190101000000'), ('rubbish')"
        gate check v1.50.0
        expect 36 foreign "Refused: database \"$DATABASE\" belongs to another application than Lago"
}

@test "a schema_migrations that is not Rails' is foreign, and no error in the server's log" {
        sql "$DATABASE" -c "CREATE TABLE schema_migrations (id int)" -c "GRANT SELECT ON schema_migrations TO lago"
        gate check v1.50.0
        expect 36 foreign "Refused: schema_migrations in \"$DATABASE\" is not a table of Rails"
}

@test "a version that only structure.sql knows is a gap" {
        fill v1.50.0
        sql "$DATABASE" -c "DELETE FROM schema_migrations WHERE version = '20220530091046'"
        gate check v1.50.0
        expect 31 gap "Refused: v1.50.0 lacks the files of 1 migrations not run yet; v1.30.0 has them"
}

@test "a bridge is a stop, unless it is passed" {
        fill v1.44.0
        sql "$DATABASE" -c "INSERT INTO invoices VALUES (1)"
        gate check v1.49.0
        expect 32 stop "Refused: v1.49.0 must not be reached without stopping at v1.45.0"
        gate check v1.49.0 --passed-bridges v1.44.0,v1.45.0
        expect 10 pending
}

# The first files of an image, run one by one until they were cut off: tables, and the rows that a migration makes.
replay_up_to() {
        {
                echo 'SET ROLE lago;'
                echo 'CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);'
                echo "CREATE TABLE ar_internal_metadata (key varchar); INSERT INTO ar_internal_metadata VALUES ('environment');"
                echo 'CREATE TABLE billable_metrics (id int PRIMARY KEY); CREATE TABLE subscriptions (id int PRIMARY KEY); CREATE TABLE invoices (id int PRIMARY KEY);'
                echo 'CREATE TABLE organizations (id int); CREATE TABLE roles (organization_id uuid, code varchar);'
                echo "INSERT INTO roles VALUES (NULL, 'admin'), (NULL, 'finance'), (NULL, 'manager');"
                echo 'CREATE TABLE enriched_events (at date) PARTITION BY RANGE (at);'
                echo 'CREATE TABLE enriched_events_default PARTITION OF enriched_events DEFAULT;'
                echo 'COPY schema_migrations FROM stdin;'
                files "$1" | cut -d' ' -f1 | head -n "$2"
                echo '\.'
        } | sql "$DATABASE" -f -
}

@test "a first replay that was cut off goes on, and stops at a bridge once any table holds a row" {
        local table
        for n in 1 100 300 500 596; do
                new_database
                partman_5
                replay_up_to v1.50.0 "$n"
                gate check v1.50.0
                expect 10 pending "Waiting for the schema: $((597 - n)) of 597 missing, first $(files v1.50.0 | sed -n "$((n + 1))s/ .*//p")"
        done
        new_database
        partman_5
        replay_up_to v1.50.0 300
        for table in invoices organizations enriched_events 'roles (code, organization_id)'; do
                case $table in
                roles*) sql "$DATABASE" -c "INSERT INTO $table VALUES ('own', gen_random_uuid())" ;;
                enriched*) sql "$DATABASE" -c "INSERT INTO $table VALUES (now())" ;;
                *) sql "$DATABASE" -c "INSERT INTO $table VALUES (1)" ;;
                esac
                gate check v1.50.0
                expect 32 stop "Refused: v1.50.0 must not be reached without stopping at v1.44.0"
                sql "$DATABASE" -c "DELETE FROM invoices; DELETE FROM organizations; DELETE FROM enriched_events;
                        DELETE FROM roles WHERE organization_id IS NOT NULL"
        done
        gate check v1.50.0
        expect 10 pending
}

@test "a table that cannot be read may hold rows: the bridge stays, and no error in the server's log" {
        partman_5
        replay_up_to v1.50.0 300
        : >"$RUN/main.server.log"
        sql "$DATABASE" -c "ALTER TABLE invoices OWNER TO postgres; REVOKE ALL ON invoices FROM lago"
        gate check v1.50.0
        expect 32 stop
        sql "$DATABASE" -c "ALTER TABLE invoices OWNER TO lago; ALTER TABLE invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
                INSERT INTO invoices VALUES (1)"
        gate check v1.50.0
        expect 32 stop
        sql "$DATABASE" -c "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY; DELETE FROM invoices"
        open_session reader "$DATABASE" lago rails
        tell reader "BEGIN; LOCK TABLE invoices; SELECT 1;"
        wait_for grep -q 1 "$RUN/session.reader.out"
        gate check v1.50.0
        expect 32 stop
        # With the lock of Rails' migrator it is another host's replay.
        tell reader "SELECT pg_advisory_lock($(rails_key));"
        wait_for lock_is_held
        gate check v1.50.0
        expect 13 busy
        close_session reader
        run cat "$RUN/main.server.log"
        [[ "$output" != *ERROR* ]]
}

@test "a role that may not create is told so before anything runs" {
        fill v1.50.0
        sql "$DATABASE" -c "REVOKE ALL ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO postgres; GRANT USAGE ON SCHEMA public TO lago"
        gate check v1.51.0
        expect 38 extension "Refused: role \"lago\" may not create tables in schema \"public\""
        gate check v1.50.0
        expect 0 verified
}

@test "a ledger that may not be read is denied" {
        fill v1.50.0
        sql "$DATABASE" -c "ALTER TABLE schema_migrations OWNER TO postgres"
        gate check v1.50.0
        expect 21 denied "Waiting for PostgreSQL at 127.0.0.1:$PORT: permission denied for table schema_migrations"
}

# The key that Rails takes, computed by other means than the gate's.
rails_key() {
        perl -e 'use Compress::Zlib; print 2053462845 * crc32($ARGV[0])' "$DATABASE"
}

@test "a restore that stopped before its keys is refused, and one that stopped before its foreign keys is warned of" {
        local target=restored_$BATS_TEST_NUMBER
        fill v1.50.0
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE customers (id int PRIMARY KEY);
                ALTER TABLE invoices ADD customer_id int REFERENCES customers;
                CREATE TABLE taxes (id int PRIMARY KEY);
                CREATE TABLE fees_taxes (tax_id int CONSTRAINT fk_rails_f98413d404 REFERENCES taxes)"
        gate check v1.50.0
        expect 0 verified
        [[ "$output" != *'foreign key'* ]]
        (cd / && pg_dump -h "$RUN" -p "$PORT" -U postgres -Fc "$DATABASE") >"$RUN/lago.dump"
        sql postgres -c "DROP DATABASE IF EXISTS $target" -c "CREATE DATABASE $target OWNER lago"
        (cd / && pg_restore -h "$RUN" -p "$PORT" -U postgres -d "$target" --section=pre-data --section=data) <"$RUN/lago.dump"
        DATABASE_URL=${DATABASE_URL/$DATABASE/$target} DATABASE=$target
        gate check v1.50.0
        expect 41 unfinished 'Refused: table "subscriptions" has no primary key: a restore was not finished'
        sql "$target" -c "ALTER TABLE billable_metrics ADD PRIMARY KEY (id); ALTER TABLE taxes ADD PRIMARY KEY (id);
                ALTER TABLE customers ADD PRIMARY KEY (id); ALTER TABLE invoices ADD PRIMARY KEY (id);
                ALTER TABLE subscriptions ADD PRIMARY KEY (id)"
        gate check v1.50.0
        expect 41 unfinished 'Refused: table "schema_migrations" has no primary key: a restore was not finished'
        remedy=$(field REMEDY)
        sql "$target" -c "${remedy##*is there: }"
        gate check v1.50.0
        expect 0 verified
        [[ "$output" == *'WARNING=foreign keys are missing that Lago always makes'* ]]
        sql "$target" -c "ALTER TABLE invoices ADD FOREIGN KEY (customer_id) REFERENCES customers"
        gate check v1.50.0
        [[ "$output" == *'WARNING=foreign keys are missing that Lago always makes'* ]]
        sql "$target" -c "ALTER TABLE fees_taxes ADD CONSTRAINT fk_rails_f98413d404 FOREIGN KEY (tax_id) REFERENCES taxes"
        gate check v1.50.0
        expect 0 verified
        [[ "$output" != *'foreign key'* ]]
        sql postgres -c "DROP DATABASE $target WITH (FORCE)"
}

@test "a restore that left a table out is refused, whatever is recorded" {
        fill v1.50.0
        for table in charges coupons customers fees memberships organizations plans users; do
                sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE $table ()"
        done
        for release in v1.50.0 v1.51.0; do
                sql "$DATABASE" -c "DROP TABLE fees"
                gate check "$release"
                expect 41 unfinished 'Refused: table "fees" is not there, though it was made: a restore was not finished'
                [[ "$(field REMEDY)" == *--exit-on-error* ]]
                sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE fees ()"
        done
        gate check v1.50.0
        expect 0 verified
}

# encrypted KEY SALT TEXT [DIGEST]: as Rails stores it, by Ruby's own OpenSSL
encrypted() {
        ruby -ropenssl -e '
                key = OpenSSL::PKCS5.pbkdf2_hmac(ARGV[0], ARGV[1], 2**16, 32, ARGV[3] || "SHA1")
                cipher = OpenSSL::Cipher.new("aes-256-gcm").encrypt
                cipher.key = key
                iv = cipher.random_iv
                text = cipher.update(ARGV[2]) + cipher.final
                print %({"p":"#{[text].pack("m0")}","h":{"iv":"#{[iv].pack("m0")}","at":"#{[cipher.auth_tag].pack("m0")}"}})' "$@"
}

# open_with KEY SALT
open_with() {
        run --separate-stderr "$LAGO_GATE" open --format export --url-file - < <(
                printf '%s\n' "DATABASE_URL=$DATABASE_URL" "ENCRYPTION_PRIMARY_KEY=$1" "ENCRYPTION_KEY_DERIVATION_SALT=$2")
        echo "$status $output $stderr"
}

@test "the encryption keys are tried on what Lago has stored" {
        fill v1.50.0
        open_with right salt
        [ "$status" -eq 0 ] && [ "$(field VERDICT)" = nothing ]
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE payment_providers (id int, secrets text); CREATE TABLE integrations (id int)"
        open_with right salt
        [ "$status" -eq 0 ] && [ "$(field VERDICT)" = nothing ]
        # One that is damaged, or another form of value, proves nothing.
        sql "$DATABASE" -c "INSERT INTO payment_providers VALUES (1, '{\"p\":\"AAAA\",\"h\":{\"iv\":\"AA==\",\"at\":\"AA==\"}}'), (2, NULL), (3, 'plain')"
        sql "$DATABASE" -c "INSERT INTO payment_providers VALUES (4, '$(encrypted right salt '{"secret_key":"sk_test"}')')"
        open_with right salt
        [ "$status" -eq 0 ] && [ "$(field VERDICT)" = opens ]
        [[ "$output$stderr" != *sk_test* ]]
        for keys in "wrong salt" "right pepper"; do
                # shellcheck disable=SC2086 # two words
                open_with $keys
                [ "$status" -eq 82 ] && [ "$(field VERDICT)" = closed ]
        done
        sql "$DATABASE" -c "UPDATE payment_providers SET secrets = '$(encrypted right salt '{"secret_key":"sk_test"}' SHA256)' WHERE id = 4"
        open_with right salt
        [ "$status" -eq 0 ] && [ "$(field VERDICT)" = opens ]
        run --separate-stderr env ENCRYPTION_PRIMARY_KEY=right LAGO_ENCRYPTION_KEY_DERIVATION_SALT=salt "$LAGO_GATE" open
        [ "$status" -eq 0 ] && [ "$output" = "The encryption keys open what is stored in the database" ]
        run --separate-stderr "$LAGO_GATE" open
        [ "$status" -eq 64 ]
        sql "$DATABASE" -c "ALTER TABLE payment_providers OWNER TO postgres"
        open_with right salt
        [ "$status" -eq 75 ]
        [[ "$stderr" == *'permission denied'* ]]
}

@test "limits of a role's sessions, and an encoding that is not Lago's, are warned of before anything runs" {
        fill v1.49.0
        gate check v1.50.0
        expect 10 pending
        [[ "$output" != *'WARNING='*'timeout'* ]]
        sql postgres -c "ALTER ROLE lago IN DATABASE $DATABASE SET statement_timeout = '30s'" \
                -c "ALTER ROLE lago SET lock_timeout = '5s'"
        gate check v1.50.0
        expect 10 pending
        [[ "$output" == *'WARNING=a session of role "lago" has statement_timeout = 30s: a migration that takes longer is cancelled'* ]]
        [[ "$output" == *'WARNING=a session of role "lago" has lock_timeout = 5s: a migration that waits for a lock longer is'* ]]
        # As the role itself: it needs no superuser.
        while read -r remedy; do
                psql "${DATABASE_URL%%\?*}" -qAtX -v ON_ERROR_STOP=1 -c "$remedy"
        done < <(printf '%s\n' "$output" | sed -n 's/.*Before it is run: //p')
        sql postgres -c "ALTER ROLE lago RESET lock_timeout"
        gate check v1.50.0
        expect 10 pending
        [[ "$output" != *'timeout'* ]]
        # Nothing is left to be run.
        sql postgres -c "ALTER ROLE lago SET lock_timeout = '5s'"
        gate check v1.49.0
        sql postgres -c "ALTER ROLE lago RESET lock_timeout"
        expect 0 verified
        [[ "$output" != *'timeout'* ]]
        sql postgres -c "DROP DATABASE $DATABASE WITH (FORCE)" \
                -c "CREATE DATABASE $DATABASE OWNER lago ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        gate check v1.50.0
        [[ "$output" == *"WARNING=the database's encoding is SQL_ASCII, and Lago's text is UTF-8"* ]]
}

@test "what migrations change and another role owns is told before anything runs, with what gives it over" {
        local owner remedy
        sql postgres -c "DROP ROLE IF EXISTS restorer" -c "CREATE ROLE restorer"
        fill v1.50.0
        sql "$DATABASE" -c "CREATE TYPE kind AS ENUM ('a'); CREATE FUNCTION touch() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        for owner in postgres restorer; do
                sql "$DATABASE" -c "ALTER TABLE invoices OWNER TO $owner; ALTER TABLE schema_migrations OWNER TO $owner;
                        ALTER TYPE kind OWNER TO $owner; ALTER FUNCTION touch() OWNER TO $owner;
                        GRANT ALL ON ALL TABLES IN SCHEMA public TO lago"
                gate check v1.50.0
                expect 0 verified
                gate check v1.51.0
                expect 42 owner "Refused: \"invoices\" and 3 others belong to role \"$owner\", not to \"lago\""
                remedy=$(field REMEDY)
                sql "$DATABASE" -c "${remedy#*database: }"
                gate check v1.51.0
                expect 10 pending
        done
        sql "$DATABASE" -c "SET ROLE lago; ALTER TABLE invoices ADD n int; ALTER TYPE kind ADD VALUE 'b'; DROP FUNCTION touch()"
}

@test "while another migrator holds the lock it is busy, by whom" {
        fill v1.50.0
        open_session holder "$DATABASE" lago
        tell holder "SELECT pg_advisory_lock($(rails_key)), pg_backend_pid();"
        wait_for lock_is_held
        pid=$(sql "$DATABASE" -c "SELECT pid FROM pg_locks WHERE locktype = 'advisory'")
        gate check v1.51.0
        expect 13 busy
        [[ "$(field SENTENCE)" == "Waiting for another migrator: backend $pid from "*" since "[0-2][0-9]:[0-5][0-9] ]]
        close_session holder
        wait_for lock_is_free
        gate check v1.51.0
        expect 10 pending
}

lock_is_held() { [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 1 ]; }
lock_is_free() { [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 ]; }

@test "other advisory locks do not matter" {
        fill v1.50.0
        open_session holder "$DATABASE" lago
        tell holder "SELECT pg_advisory_lock($(rails_key) + 1);"
        wait_for lock_is_held
        gate check v1.51.0
        expect 10 pending
        close_session holder
}

# with_a_collation: a database of this test's own whose collation has a version; that of libc's locales here has none.
with_a_collation() {
        sql postgres -c "DROP DATABASE $DATABASE" -c "CREATE DATABASE $DATABASE OWNER lago TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'"
        HERE=$(sql "$DATABASE" -c "SELECT pg_database_collation_actual_version(oid) FROM pg_database WHERE datname = current_database()")
        [ -n "$HERE" ]
}

# was_made_with VERSION: as a server with another C library has left it
was_made_with() {
        sql postgres -c "UPDATE pg_database SET datcollversion = $1 WHERE datname = '$DATABASE'"
}

# The warning's own commands mend it.
mend() {
        field WARNING | sed -n 's/.*mend them with: \(.*;\) (writers wait meanwhile)$/\1/p' | tr ';' '\n' >"$RUN/mend"
        [ -s "$RUN/mend" ]
        while read -r statement; do
                [ -z "$statement" ] || sql "$DATABASE" -c "$statement"
        done <"$RUN/mend"
        gate check v1.49.0
        expect 0 verified
        [ -z "$(field WARNING)" ]
}

@test "a database made by another C library is told, with what mends its indexes" {
        with_a_collation
        was_made_with NULL
        gate check v1.49.0
        [ -n "$(field VERDICT)" ]
        [ -z "$(field WARNING)" ]
        fill v1.49.0
        gate check v1.49.0
        expect 0 verified
        [[ "$(field WARNING)" == "indexes on text of database \"$DATABASE\" may miss rows: it was made by a server that sorts by bytes (musl, as in Alpine's images), and this one sorts by de"*" $HERE; mend them with: REINDEX DATABASE"* ]]
        mend
        was_made_with "'2.31'"
        gate check v1.49.0
        expect 0 verified
        [[ "$(field WARNING)" == *"it was made sorting by de"*" 2.31, and this server sorts by $HERE; mend"*"REFRESH COLLATION VERSION"* ]]
        mend
}

@test "so it is with one that is taken to musl, where no collation has a version" {
        fill v1.49.0
        gate check v1.49.0
        expect 0 verified
        [ -z "$(field WARNING)" ]
        was_made_with "'2.36'"
        gate check v1.49.0
        expect 0 verified
        [[ "$(field WARNING)" == *" 2.36, and this server sorts by bytes (musl, as in Alpine's images); mend"* ]]
        mend
}

@test "predefined roles: none, missing, present" {
        fill v1.49.0
        gate check v1.49.0
        [ "$(field ROLES)" = none ]
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE roles (id int, organization_id uuid, name varchar)"
        gate check v1.49.0
        expect 0 verified
        [ "$(field ROLES)" = missing ]
        [[ "$(field WARNING)" == *'run: lagoctl rails roles:seed_predefined'* ]]
        sql "$DATABASE" -c "INSERT INTO roles VALUES (1, NULL, 'Admin'), (2, NULL, 'Finance'), (3, NULL, 'Manager')"
        gate check v1.49.0
        [ "$(field ROLES)" = present ]
        [ -z "$(field WARNING)" ]
}

@test "an index that a concurrent build left invalid is named" {
        fill v1.49.0
        sql "$DATABASE" -c "ALTER TABLE invoices ADD number int; INSERT INTO invoices VALUES (1, 1), (2, 1)"
        run ! sql "$DATABASE" -c "CREATE UNIQUE INDEX CONCURRENTLY index_invoices_on_number ON invoices (number)"
        gate check v1.49.0
        expect 0 verified
        [[ "$(field WARNING)" == *"invoices: index_invoices_on_number"* ]]
}

@test "rows that a bridge's task left keep the database on it" {
        versions v1.42.0 >/dev/null
        make_image v1.42.0
        make_image v1.43.0
        fill v1.42.0
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE charges (code varchar); CREATE TABLE fixed_charges (code varchar);
                INSERT INTO charges VALUES (NULL), ('a'); INSERT INTO fixed_charges VALUES (NULL)"
        gate check v1.43.0
        expect 32 stop "Refused: the task of v1.42.0 has 2 rows left"
        sql "$DATABASE" -c "UPDATE charges SET code = 'x'; UPDATE fixed_charges SET code = 'x'"
        gate check v1.43.0
        expect 10 pending
}

@test "what can be counted of a bridge's task is counted, and a table that is not there is no error in the server's log" {
        : >"$RUN/main.server.log"
        for release in v1.45.0 v1.46.0; do
                make_image "$release"
        done
        fill v1.45.0
        gate check v1.46.0
        expect 10 pending
        gate check v1.45.0
        expect 0 verified
        [ "$(field WARNING)" = "v1.45.0 is a bridge release; before the next one: run: lagoctl rails migrations:wallet_traceability DRY_RUN=false" ]
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE wallets (traceable bool, status int);
                INSERT INTO wallets VALUES (false, 0), (false, 0), (true, 0), (false, 1)"
        gate check v1.46.0
        expect 32 stop "Refused: the task of v1.45.0 has 2 rows left"
        [[ "$(field REMEDY)" == *"run: lagoctl rails migrations:wallet_traceability DRY_RUN=false; then go on."* ]]
        sql "$DATABASE" -c "UPDATE wallets SET traceable = true WHERE status = 0"
        gate check v1.46.0
        expect 10 pending
        gate check v1.45.0
        [ -z "$(field WARNING)" ]
        run cat "$RUN/main.server.log"
        [[ "$output" != *ERROR* ]]
}

@test "methods of payment that are not in their table keep a database on v1.50.0" {
        fill v1.50.0
        sql "$DATABASE" -c "SET ROLE lago;
                CREATE TABLE payment_provider_customers (id int, type varchar, settings jsonb, deleted_at date);
                CREATE TABLE payment_methods (payment_provider_customer_id int, provider_method_id varchar);
                INSERT INTO payment_provider_customers VALUES
                        (1, 'PaymentProviderCustomers::StripeCustomer', '{\"payment_method_id\": \"pm_1\"}', NULL),
                        (2, 'PaymentProviderCustomers::StripeCustomer', '{}', NULL),
                        (3, 'PaymentProviderCustomers::AdyenCustomer', '{\"payment_method_id\": \"pm_3\"}', now()),
                        (4, 'PaymentProviderCustomers::GocardlessCustomer', '{\"provider_mandate_id\": \"m_4\"}', NULL),
                        (5, 'PaymentProviderCustomers::CashfreeCustomer', '{\"payment_method_id\": \"pm_5\"}', NULL)"
        gate check v1.51.0
        expect 32 stop "Refused: the task of v1.50.0 has 2 rows left"
        sql "$DATABASE" -c "INSERT INTO payment_methods VALUES (1, 'pm_1'), (4, 'm_4')"
        gate check v1.51.0
        expect 10 pending
        gate check v1.50.0
        expect 0 verified
        [ -z "$(field WARNING)" ]
}

@test "fees of nothing are only spoken of before v1.20.0 when there are too many to be deleted by its migration" {
        make_image v1.19.1
        make_image v1.20.0
        fill v1.19.1
        gate check v1.20.0
        expect 10 pending
        [[ "$(field WARNING)" == "v1.20.0 is a bridge release: with more than a million fees "* ]]
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE fees (fee_type int, amount_cents bigint, units numeric, pay_in_advance bool);
                INSERT INTO fees VALUES (0, 0, 0, false)"
        gate check v1.20.0
        expect 10 pending
        [ -z "$(field WARNING)" ]
        sql "$DATABASE" -c "INSERT INTO fees SELECT 0, 0, 0, false FROM generate_series(1, 1000000)"
        gate check v1.20.0
        expect 10 pending
        [[ "$(field WARNING)" == *"delete them in SQL"* ]]
}

# How many questions the server was asked since the mark of that many bytes in its log.
questions_since() {
        tail -c "+$(($1 + 1))" "$RUN/main.server.log" | grep -c 'statement: BEGIN READ ONLY' || :
}

@test "a database in order answers at once; only what is odd is asked about again" {
        local mark
        fill v1.49.0
        sql postgres -c "ALTER ROLE lago SET log_statement = 'all'"
        mark=$(stat -c %s "$RUN/main.server.log")
        gate check v1.49.0
        expect 0 verified
        [ "$(questions_since "$mark")" -eq 1 ]
        sql "$DATABASE" -c "CREATE INDEX odd ON invoices (id)" \
                -c "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'odd'::regclass"
        mark=$(stat -c %s "$RUN/main.server.log")
        gate check v1.49.0
        sql postgres -c "ALTER ROLE lago RESET log_statement"
        expect 0 verified
        [ "$(questions_since "$mark")" -eq 2 ]
        [[ "$(field WARNING)" == *"invoices: odd"* ]]
}

@test "nothing that the database says reaches the terminal raw" {
        sql "$DATABASE" -c "CREATE TABLE \"$(printf 'x\033[2J\nVERDICT=verified')\" (id int)"
        gate check v1.51.0
        expect 35 occupied
        [ "$(printf '%s\n' "$output" | grep -c '^VERDICT=')" = 1 ]
        [[ "$output" != *$'\033'* ]]
}

@test "a check leaves no error in the server's log" {
        partman_5
        : >"$RUN/main.server.log"
        gate check v1.51.0
        expect 11 fresh
        fill v1.50.0
        gate check v1.51.0
        expect 10 pending
        run cat "$RUN/main.server.log"
        [[ "$output" != *ERROR* ]]
}

@test "wait goes on until verified, and tells its reasons on the way" {
        fill v1.50.0
        "$LAGO_GATE" wait --manifest "$RUN/v1.51.0.manifest" --timeout 60 >"$RUN/wait.out" 2>"$RUN/wait.err" 3>&- &
        waiter=$!
        wait_for grep -q "29 of 1075 missing" "$RUN/wait.err"
        comm -13 <(versions v1.50.0) <(versions v1.51.0) | sed "s/.*/INSERT INTO schema_migrations VALUES ('&');/" | sql "$DATABASE" -f -
        wait "$waiter"
        grep -q "Schema verified: v1.51.0, 1075 of 1075" "$RUN/wait.out"
}

@test "wait says each cause once, and with --require-roles goes on until the predefined roles are there" {
        fill v1.49.0
        sql "$DATABASE" -c "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)" \
                -c "SET ROLE lago; CREATE TABLE roles (id int, organization_id uuid, name varchar)"
        cp -r "$RUN/images/v1.49.0" "$RUN/images/seeds"
        printf '#!/bin/bash\nbundle exec rails roles:seed_predefined\n' >"$RUN/images/seeds/app/scripts/migrate.sh"
        "$LAGO_GATE" manifest --root "$RUN/images/seeds" >"$RUN/seeds.manifest"
        "$LAGO_GATE" wait --manifest "$RUN/seeds.manifest" --require-roles --timeout 60 >"$RUN/wait.out" 2>"$RUN/wait.err" 3>&- &
        waiter=$!
        wait_for grep -q "Waiting for the schema: 1 of" "$RUN/wait.err"
        # Longer than between two looks.
        read -rt 5 <> <(:) || :
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$(versions v1.49.0 | tail -n 1)')"
        wait_for grep -q roles "$RUN/wait.err"
        kill -0 "$waiter"
        sql "$DATABASE" -c "INSERT INTO roles VALUES (1, NULL, 'Admin'), (2, NULL, 'Finance'), (3, NULL, 'Manager')"
        wait "$waiter"
        cat "$RUN/wait.err"
        [ "$(grep -c 'Waiting for the schema: 1 of' "$RUN/wait.err")" -eq 1 ]
        [ "$(grep -c '' "$RUN/wait.err")" -eq 2 ]
        [ "$(cat "$RUN/wait.out")" = "Schema verified: v1.49.0, $(versions v1.49.0 | wc -l) of $(versions v1.49.0 | wc -l)" ]
}

@test "wait gives up when its time is out" {
        gate wait v1.6.0 --timeout 1
        expect 75 fresh
}

@test "wait does not wait for what will never come" {
        fill v1.51.0
        gate wait v1.50.0 --timeout 60
        expect 30 ahead
}

@test "the manifest can be a directory of migrations, or an application" {
        fill v1.50.0
        run -0 --separate-stderr "$LAGO_GATE" check --app "$RUN/images/v1.50.0/app"
        [ "${lines[0]}" = "Schema verified: v1.50.0, 1046 of 1046" ]
        run -30 --separate-stderr "$LAGO_GATE" check --migrations "$RUN/images/v1.6.0/app/db/migrate"
        run -0 --separate-stderr "$LAGO_GATE" check --json --app "$RUN/images/v1.50.0/app"
        printf '%s' "$output" | perl -MJSON::PP -e '
                my $j = decode_json(join "", <STDIN>);
                die unless $j->{verdict} eq "verified" && $j->{needed} == 1046 && @{$j->{warnings}} == 1'
}

@test "watch tells how far it is, and who is in the way" {
        fill v1.50.0
        first=$(first_new v1.50.0 v1.51.0)
        "$LAGO_GATE" watch --manifest "$RUN/v1.51.0.manifest" >"$RUN/watch" 3>&- &
        watcher=$!
        # Rails is only starting.
        wait_for grep -qx "0 29 - - - - - - - - - - - -" "$RUN/watch"
        open_session lock "$DATABASE" lago rails
        tell lock "SELECT pg_advisory_lock($(rails_key));"
        wait_for grep -qx "0 29 $first $(files v1.51.0 | sed -n "s/^$first //p") - - - - - - - - - -" "$RUN/watch"
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$first')"
        wait_for grep -q "^1 29 " "$RUN/watch"
        open_session user "$DATABASE" lago sidekiq
        tell user "BEGIN; LOCK TABLE invoices; SELECT 1;"
        wait_for grep -q 1 "$RUN/session.user.out"
        blocker=$(sql "$DATABASE" -c "SELECT pid FROM pg_locks WHERE relation = 'invoices'::regclass AND granted")
        open_session migration "$DATABASE" lago rails
        tell migration "ALTER TABLE invoices ADD COLUMN x int;"
        wait_for grep -Eq "^1 29 [0-9]+ [^ ]+ $blocker [0-9]+ idle_in_transaction sidekiq - - - - - -$" "$RUN/watch"
        sql postgres -c "SELECT pg_terminate_backend($blocker)" >/dev/null
        wait_for sh -c "tail -n 1 '$RUN/watch' | grep -q -- '- - - -\$'"
        # The watcher's own connection dies too: it comes back by itself.
        sql postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lago-gate'" >/dev/null
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$(first_new v1.50.0 v1.51.0 | sed 's/$/0/')') ON CONFLICT DO NOTHING;
                INSERT INTO schema_migrations SELECT '$(comm -13 <(versions v1.50.0) <(versions v1.51.0) | sed -n 2p)'"
        wait_for grep -q "^2 29 " "$RUN/watch"
}

migration_waits() {
        [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rails' AND wait_event_type = 'Lock'")" = 1 ]
}

@test "watch names nobody of our own as being in the way, and whoever is beside it" {
        fill v1.50.0
        DATABASE_URL+='&application_name=rails' "$LAGO_GATE" watch --manifest "$RUN/v1.51.0.manifest" >"$RUN/watch" 3>&- &
        watcher=$!
        wait_for grep -q "^0 29 " "$RUN/watch"
        [ "$(sql "$DATABASE" -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rails'")" = 0 ]
        open_session reader "$DATABASE" lago lago-gate
        tell reader "BEGIN; LOCK TABLE invoices IN ACCESS SHARE MODE; SELECT 1;"
        wait_for grep -q 1 "$RUN/session.reader.out"
        open_session lock "$DATABASE" lago rails
        tell lock "SELECT pg_advisory_lock($(rails_key));"
        wait_for lock_is_held
        open_session migration "$DATABASE" lago rails
        tell migration "ALTER TABLE invoices ADD COLUMN x int;"
        wait_for migration_waits
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$(first_new v1.50.0 v1.51.0)')"
        wait_for grep -Eq "^1 29 [0-9]+ [^ ]+ - - - - - - - - - -$" "$RUN/watch"
        run ! grep -F lago-gate "$RUN/watch"
        sql postgres -c "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE invoices%'" >/dev/null
        open_session user "$DATABASE" lago sidekiq
        tell user "BEGIN; LOCK TABLE invoices IN ACCESS SHARE MODE; SELECT pg_backend_pid();"
        wait_for grep -q . "$RUN/session.user.out"
        tell migration "ALTER TABLE invoices ADD COLUMN x int;"
        wait_for grep -Eq "^1 29 [0-9]+ [^ ]+ $(cat "$RUN/session.user.out") [0-9]+ idle_in_transaction sidekiq - " "$RUN/watch"
        run ! grep -F lago-gate "$RUN/watch"
}

# An index on slow(id), which stops at that row for as long as $RUN/slow is there. The row is in the middle of the table.
slow_index() {
        local row
        sql "$DATABASE" -c "SET ROLE lago; CREATE TABLE wallets (id int, filler char(400));
                INSERT INTO wallets SELECT i, '' FROM generate_series(1, 2000) i"
        row=$(sql "$DATABASE" -c "SELECT id FROM wallets WHERE ctid = (format('(%s,1)',
                (SELECT pg_relation_size('wallets') / 8192 / 2)))::tid")
        as_postgres touch "$RUN/slow"
        sql "$DATABASE" -c "CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER AS \$\$
                BEGIN
                        WHILE i = $row AND (pg_catalog.pg_stat_file('$RUN/slow', true)).size IS NOT NULL LOOP
                                PERFORM pg_catalog.pg_sleep(0.05);
                        END LOOP;
                        RETURN i;
                END \$\$"
        open_session lock "$DATABASE" lago rails
        tell lock "SELECT pg_advisory_lock($(rails_key));"
        open_session migration "$DATABASE" lago rails
}

@test "watch tells how far the index is that a migration creates" {
        fill v1.50.0
        slow_index
        "$LAGO_GATE" watch --manifest "$RUN/v1.51.0.manifest" >"$RUN/watch" 3>&- &
        watcher=$!
        wait_for lock_is_held
        tell migration "CREATE INDEX CONCURRENTLY index_wallets_on_slow ON wallets (slow(id));"
        # One who still writes is waited for, by name; then the table is read, up to the middle.
        wait_for grep -Eq "^0 29 [0-9]+ [^ ]+ - - - - index_wallets_on_slow wallets 2 9 (49|50) -$" "$RUN/watch"
        open_session writer "$DATABASE" lago sidekiq
        tell writer "BEGIN; INSERT INTO wallets VALUES (0); SELECT 1;"
        wait_for grep -q 1 "$RUN/session.writer.out"
        blocker=$(sql "$DATABASE" -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'sidekiq'")
        rm "$RUN/slow"
        wait_for grep -Eq "^0 29 [0-9]+ [^ ]+ $blocker [0-9]+ idle_in_transaction sidekiq index_wallets_on_slow wallets 5 9 0 -$" "$RUN/watch"
        tell writer "COMMIT;"
        wait_for sh -c "tail -n 1 '$RUN/watch' | grep -q -- '- - - - - - - - - -\$'"
        [ "$(sql "$DATABASE" -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'index_wallets_on_slow'::regclass")" = t ]
}

@test "an index that nobody else can see yet is told by its table; one of another program is not told" {
        fill v1.50.0
        slow_index
        "$LAGO_GATE" watch --manifest "$RUN/v1.51.0.manifest" >"$RUN/watch" 3>&- &
        watcher=$!
        wait_for lock_is_held
        tell migration "BEGIN; CREATE INDEX index_wallets_on_slow ON wallets (slow(id));"
        wait_for grep -Eq "^0 29 [0-9]+ [^ ]+ - - - - - wallets 1 3 (49|50) -$" "$RUN/watch"
        tell migration "ROLLBACK;"
        rm "$RUN/slow"
        wait_for sh -c "tail -n 1 '$RUN/watch' | grep -q -- '- - - - - - - - - -\$'"
        as_postgres touch "$RUN/slow"
        : >"$RUN/watch"
        open_session other "$DATABASE" lago psql
        tell other "CREATE INDEX ON wallets (slow(id));"
        wait_for index_is_built_by psql
        sql "$DATABASE" -c "INSERT INTO schema_migrations VALUES ('$(first_new v1.50.0 v1.51.0)')"
        wait_for grep -q "^1 29 " "$RUN/watch"
        run ! grep wallets "$RUN/watch"
        rm "$RUN/slow"
}

index_is_built_by() {
        [ "$(sql "$DATABASE" -c "SELECT application_name FROM pg_stat_progress_create_index JOIN pg_stat_activity USING (pid)")" = "$1" ]
}
