/* SPDX-License-Identifier: MIT */
/* What a verdict wants to know beside the ledger; no answer is no error. */
#include "gate/gate.h"

#include "base/util.h"

static void ask_extensions(PGconn *conn, const Target *target, char *const *names, Ledger *ledger) {
        _cleanup_(freep) char *list = strv_join(names, "','"), *sql = NULL;
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(result_clearp) PGresult *rows = NULL;

        /* The names are words of letters, digits, "_" and "-": the manifest's parser sees to that. */
        sql = xasprintf(
                "SELECT w.name, a.installed_version IS NOT NULL, a.name IS NOT NULL, coalesce("
                "current_setting('is_superuser') = 'on' OR NOT v.superuser OR v.trusted AND "
                "has_database_privilege(current_database(), 'CREATE'), false), "
                "EXISTS (SELECT FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
                "WHERE e.extname = w.name AND n.nspname = 'partman' AND has_schema_privilege(n.oid, 'USAGE') "
                "AND has_schema_privilege(n.oid, 'CREATE')), "
                "coalesce(a.installed_version, a.default_version), a.default_version "
                "FROM unnest(ARRAY['%s']) AS w(name) LEFT JOIN pg_available_extensions a ON a.name = w.name "
                "LEFT JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version",
                list);
        if (gate_query(conn, sql, target->timeout_sec, &rows, &error) < 0 || !rows ||
            PQnfields(rows) != 7)
                return;
        for (int i = 0; i < PQntuples(rows); i++) {
                ExtensionFact *fact = ledger_add_extension(
                        ledger, PQgetvalue(rows, i, 0), streq(PQgetvalue(rows, i, 1), "t"),
                        streq(PQgetvalue(rows, i, 2), "t"), streq(PQgetvalue(rows, i, 3), "t"));

                fact->in_partman = streq(PQgetvalue(rows, i, 4), "t");
                fact->version = xstrdup(PQgetvalue(rows, i, 5));
                fact->offered = xstrdup(PQgetvalue(rows, i, 6));
        }
}

/* A question of one value, which may take long on a big table: it gets 3 s. NULL for no answer; else it is of *@ret. */
static const char *ask_briefly(PGconn *conn, const Target *target, const char *query,
                               PGresult **ret) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(freep) char *sql = NULL;
        char *path = PQescapeLiteral(conn, target->search_path, strlen(target->search_path));

        if (!path)
                return NULL;
        sql = xasprintf(
                "BEGIN READ ONLY; SET LOCAL statement_timeout = '3s'; SET LOCAL lock_timeout = '1s'; "
                "SELECT set_config('search_path', %s, true); %s; COMMIT",
                path, query);
        PQfreemem(path);
        if (gate_query(conn, sql, target->timeout_sec, ret, &error) < 0 || !*ret ||
            PQntuples(*ret) != 1 || PQnfields(*ret) != 1)
                return NULL;
        return PQgetvalue(*ret, 0, 0);
}

/* A table or a column that the count speaks of may not be there: nothing is counted then, and the log stays clean. */
static const char query_count[] =
        "DO $lago$\n"
        "DECLARE n bigint;\n"
        "BEGIN\n"
        "  EXECUTE $count$%s$count$ INTO n;\n"
        "  PERFORM set_config('lago_gate.rows', n::text, true);\n"
        "EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege OR lock_not_available\n"
        "            OR query_canceled THEN NULL;\n"
        "END $lago$; SELECT current_setting('lago_gate.rows', true)";

static void ask_rows(PGconn *conn, const Target *target, const char *query, Ledger *ledger) {
        _cleanup_(result_clearp) PGresult *rows = NULL;
        _cleanup_(freep) char *sql = xasprintf(query_count, query);
        const char *text = ask_briefly(conn, target, sql, &rows);
        uint64_t count;

        if (text && parse_uint(text, INT64_MAX, &count) >= 0)
                ledger->rows_left = (int64_t)count;
}

/*
 * The fullest table first: of a database in use it answers alone. Three rows are put there by the migrations themselves,
 * the predefined roles. Where a table cannot be read the setting is not made, and no answer is given.
 */
static const char query_any_row[] =
        "SET LOCAL row_security = off; DO $lago$\n"
        "DECLARE\n"
        "  t text;\n"
        "  found boolean;\n"
        "BEGIN\n"
        "  FOR t IN SELECT format('%I.%I AS r', n.nspname, c.relname)\n"
        "                  || CASE c.relname WHEN 'roles' THEN ' WHERE to_jsonb(r)->>''organization_id'' IS NOT NULL' ELSE '' END\n"
        "             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
        "            WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', current_schema())\n"
        "              AND c.relname NOT IN ('schema_migrations', 'ar_internal_metadata')\n"
        "              AND NOT EXISTS (SELECT FROM pg_depend d\n"
        "                               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')\n"
        "            ORDER BY c.reltuples DESC LOOP\n"
        "    EXECUTE 'SELECT EXISTS (SELECT FROM ' || t || ')' INTO found;\n"
        "    EXIT WHEN found;\n"
        "  END LOOP;\n"
        "  PERFORM set_config('lago_gate.any_row', found::text, true);\n"
        "EXCEPTION WHEN insufficient_privilege OR lock_not_available OR query_canceled THEN NULL;\n"
        "END $lago$; SELECT current_setting('lago_gate.any_row', true)";

static void ask_any_row(PGconn *conn, const Target *target, Ledger *ledger) {
        _cleanup_(result_clearp) PGresult *rows = NULL;
        const char *text = ask_briefly(conn, target, query_any_row, &rows);

        if (text && streq(text, "true"))
                ledger->rows = ROWS_SOME;
        else if (text && streq(text, "false"))
                ledger->rows = ROWS_NONE;
}

#define OF_OTHERS(name, owner, catalog, schema, rest)                                                                \
        "SELECT x." name "::text AS name, x." owner " AS owner, '" catalog "' AS kind FROM " catalog " x, s\n"       \
        " WHERE x." schema " = s.oid AND NOT pg_has_role(x." owner ", 'USAGE') AND " rest "\n"                       \
        "   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '" catalog "'::regclass AND d.objid = x.oid\n" \
        "                                             AND d.deptype = 'e')\n"

/* One line each: how many, the first of them, its owner, and whether that is the role that the server was made with. */
static const char query_owners[] =
        "WITH s AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()), others AS (\n" OF_OTHERS("relname", "relowner", "pg_class", "relnamespace", "x.relkind IN ('r', 'p', 'v', 'm')") "UNION ALL " OF_OTHERS("typname", "typowner", "pg_type", "typnamespace", "x.typtype IN ('e', 'd')") "UNION ALL " OF_OTHERS("proname", "proowner", "pg_proc", "pronamespace", "true") "), first AS (SELECT * FROM others ORDER BY kind, name LIMIT 1)\n"
                                                                                                                                                                                                                                                                                                                                                                                          "SELECT format(E'%s\n%s\n%s\n%s', (SELECT count(*) FROM others), translate(name, E'\n', '?'),\n"
                                                                                                                                                                                                                                                                                                                                                                                          "              translate(pg_get_userbyid(owner), E'\n', '?'), owner = 10) FROM first";

static void ask_owners(PGconn *conn, const Target *target, Ledger *ledger) {
        _cleanup_(result_clearp) PGresult *rows = NULL;
        const char *text = ask_briefly(conn, target, query_owners, &rows);
        _cleanup_(strv_freep) char **fields = text ? strv_split(text, "\n") : NULL;
        uint64_t count;

        if (strv_length(fields) != 4 || parse_uint(fields[0], UINT32_MAX, &count) < 0)
                return;
        ledger->n_not_owned = (unsigned)count;
        free_and_strdup(&ledger->not_owned, fields[1]);
        free_and_strdup(&ledger->owner, fields[2]);
        ledger->owner_is_first = streq(fields[3], "t");
}

void gate_ask(PGconn *conn, const Target *target, const Questions *questions, Ledger *ledger) {
        if (questions->extensions)
                ask_extensions(conn, target, questions->extensions, ledger);
        if (questions->rows)
                ask_rows(conn, target, questions->rows, ledger);
        if (questions->owners)
                ask_owners(conn, target, ledger);
        if (questions->any_row)
                ask_any_row(conn, target, ledger);
}
