/* SPDX-License-Identifier: MIT */
/* What a database needs before Rails fills it for the first time. */
#include "gate/gate.h"

#include "base/util.h"

/* One transaction under the lock of Rails' migrator, which keeps out a Rails that is just beginning. Errors: gate_query()'s. */
static int change(const Target *target, Ledger *ledger, const char *statement, unsigned timeout_sec, QueryError *error) {
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        _cleanup_(result_clearp) PGresult *rows = NULL;
        _cleanup_(freep) char *sql = NULL;
        int r = gate_connect(target, ledger, &conn);
        char *path = r >= 0 ? PQescapeLiteral(conn, target->search_path, strlen(target->search_path)) : NULL;

        if (!path)
                return r < 0 ? r : -EPROTO;
        sql = xasprintf("BEGIN; SET LOCAL lock_timeout = '3s'; SELECT set_config('search_path', %s, true); "
                        "SELECT pg_advisory_xact_lock(%lld); %s; COMMIT",
                        path, (long long)migrator_key(ledger->database), statement);
        PQfreemem(path);
        return gate_query(conn, sql, timeout_sec, &rows, error);
}

/* In the words of a verdict, as whoever asked reads those: @done, or why there is none. */
static int changed(const Ledger *ledger, Format format, Verdict verdict, const char *done) {
        print_answer(verdict_name(verdict), done, ledger, format);
        return 0;
}

static int not_changed(const Ledger *ledger, Format format, const char *what, const QueryError *error) {
        const char *cause = error->text ? error->text : ledger->cause ? ledger->cause
                                                                      : "no connection";
        _cleanup_(freep) char *text = xasprintf("Waiting for PostgreSQL: cannot %s: %s", what, cause);

        print_answer(verdict_name(VERDICT_UNREACHABLE), text, ledger, format);
        return verdict_status(VERDICT_UNREACHABLE);
}

/* --- prepare-replay ------------------------------------------------------------------------------------ */

/*
 * Rails 8 loads structure.sql only where no schema_migrations is visible; an empty one makes it run the files. No
 * IF NOT EXISTS, so a race ends in an error.
 */
#define MAKE_TABLE "CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY)"

int replay_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(ledger_freep) Ledger *ledger = NULL;
        _cleanup_(finding_freep) Finding *finding = check_once(target, manifest, policy, &ledger);

        if (finding->verdict != VERDICT_FRESH) {
                print_finding(finding, manifest, ledger, format);
                return verdict_status(finding->verdict);
        }
        if (change(target, ledger, MAKE_TABLE, target->timeout_sec, &error) < 0)
                return not_changed(ledger, format, "create schema_migrations", &error);
        return changed(ledger, format, VERDICT_EMPTY, "schema_migrations created; the migrations will run one by one");
}

/* --- prepare-load -------------------------------------------------------------------------------------- */

/* Ours, for a table that holds a row. */
#define SQLSTATE_A_ROW "LG001"

/* A thousand objects on a slow disk. */
#define EMPTY_TIMEOUT_SEC 45

/*
 * A table that holds a row was filled by somebody, so all of them are looked at, in every schema, and none can be filled
 * meanwhile. Rows that a policy hides are an error. Objects of extensions stay, as Rails asks IF NOT EXISTS for those.
 * The list is made before its first statement is run: each may take others of it along.
 */
static const char empty_again[] =
        "SET LOCAL row_security = off; DO $lago$\n"
        "DECLARE\n"
        "  t text;\n"
        "  found boolean;\n"
        "BEGIN\n"
        "  FOR t IN SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
        "            WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' LOOP\n"
        "    EXECUTE 'LOCK TABLE ' || t || ' IN ACCESS EXCLUSIVE MODE';\n"
        "    EXECUTE 'SELECT EXISTS (SELECT FROM ONLY ' || t || ')' INTO found;\n"
        "    IF found THEN RAISE EXCEPTION USING ERRCODE = '" SQLSTATE_A_ROW "', MESSAGE = t; END IF;\n"
        "  END LOOP;\n"
        "  SELECT string_agg(drops.sql, '; ' ORDER BY drops.step) INTO t FROM (\n"
        "    SELECT 1 AS step, 'pg_class'::regclass AS kind, c.oid, n.nspname, format('DROP %s IF EXISTS %I.%I CASCADE',\n"
        "           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'\n"
        "                          ELSE 'TABLE' END, n.nspname, c.relname) AS sql\n"
        "      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')\n"
        "    UNION ALL SELECT 2, 'pg_class'::regclass, c.oid, n.nspname,\n"
        "           format('DROP SEQUENCE IF EXISTS %I.%I CASCADE', n.nspname, c.relname)\n"
        "      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S'\n"
        "    UNION ALL SELECT 3, 'pg_proc'::regclass, p.oid, n.nspname,\n"
        "           format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)\n"
        "      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace\n"
        "    UNION ALL SELECT 4, 'pg_type'::regclass, y.oid, n.nspname,\n"
        "           format('DROP TYPE IF EXISTS %I.%I CASCADE', n.nspname, y.typname)\n"
        "      FROM pg_type y JOIN pg_namespace n ON n.oid = y.typnamespace\n"
        "     WHERE y.typtype IN ('d', 'e', 'r')\n"
        "        OR y.typtype = 'c' AND (SELECT c.relkind FROM pg_class c WHERE c.oid = y.typrelid) = 'c') AS drops\n"
        "   WHERE drops.nspname IN ('public', current_schema())\n"
        "     AND NOT EXISTS (SELECT FROM pg_depend d\n"
        "                      WHERE d.classid = drops.kind AND d.objid = drops.oid AND d.deptype = 'e');\n"
        "  EXECUTE coalesce(t, '');\n"
        "END $lago$";

/* What a first load leaves that was cut off, late or early; somebody else's tables look like the last, too. */
static bool may_be_cut_off(Verdict verdict) {
        return verdict == VERDICT_HALF_LOADED || verdict == VERDICT_INVISIBLE || verdict == VERDICT_OCCUPIED;
}

int load_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(ledger_freep) Ledger *ledger = NULL;
        _cleanup_(finding_freep) Finding *finding = check_once(target, manifest, policy, &ledger);

        if (!may_be_cut_off(finding->verdict)) {
                print_finding(finding, manifest, ledger, format);
                return verdict_status(finding->verdict);
        }
        if (change(target, ledger, empty_again, EMPTY_TIMEOUT_SEC, &error) >= 0)
                return changed(ledger, format, VERDICT_FRESH, "the database is empty again; structure.sql can be loaded");
        if (streq(error.sqlstate, SQLSTATE_A_ROW)) {
                _cleanup_(freep) char *table = escape_line(error.text);

                print_finding(finding, manifest, ledger, format);
                fprintf(stderr, "lago-gate: not emptied: %s\n", table);
                return verdict_status(finding->verdict);
        }
        return not_changed(ledger, format, "empty the database", &error);
}
