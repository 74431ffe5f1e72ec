/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/util.h"
#include "gate/row.h"

#include <inttypes.h>
#include <time.h>

/*
 * The ledger in one round trip, two where something is out of the ordinary. The statements of one go as one simple
 * query: it needs no startup option and no prepared statement, so a pooler in transaction mode lets it through; and
 * nothing in it fails on a database of any state, so that the server's log stays clean. A table that may not exist is
 * read by a DO block, which hands its findings on in settings of the transaction.
 */
static const char query_begin[] = "BEGIN READ ONLY; SELECT set_config('lago_gate.limits', "
                                  "current_setting('statement_timeout') || ' ' || current_setting('lock_timeout'), true); "
                                  "SET LOCAL jit = off; SET LOCAL statement_timeout = '%us'; SET LOCAL lock_timeout = '%us'; "
                                  "SELECT set_config('search_path', %s, true); ";

static const char query_collect[] =
        "DO $lago$\n"
        "DECLARE found text;\n"
        "BEGIN\n"
        "  IF to_regclass('schema_migrations') IS NOT NULL THEN\n"
        "    BEGIN\n"
        "      EXECUTE 'SELECT string_agg(translate(left(version::text, 32), E''\\n'', ''?''), E''\\n'')'\n"
        "              ' FROM (SELECT version FROM schema_migrations LIMIT 100000) AS rows' INTO found;\n"
        "      PERFORM set_config('lago_gate.versions', coalesce(found, ''), true);\n"
        "    EXCEPTION WHEN undefined_column THEN\n"
        "      PERFORM set_config('lago_gate.odd', 't', true);\n"
        "    END;\n"
        "  END IF;\n"
        "  IF to_regclass('roles') IS NOT NULL THEN\n"
        "    EXECUTE 'SELECT count(DISTINCT lower(coalesce(r->>''code'', r->>''name''))) FROM (SELECT to_jsonb(roles)'\n"
        "            ' AS r FROM roles) AS rows WHERE r->>''organization_id'' IS NULL'\n"
        "            ' AND lower(coalesce(r->>''code'', r->>''name'')) IN (''admin'', ''finance'', ''manager'')' INTO found;\n"
        "    PERFORM set_config('lago_gate.roles', found, true);\n"
        "  END IF;\n"
        /* What is older than 15 has neither the function nor the column. */
        "  IF current_setting('server_version_num')::int >= 150000 THEN\n"
        "    BEGIN\n"
        "      EXECUTE 'SELECT format(E''%s\\n%s\\n%s'', d->>''datcollversion'','\n"
        "              ' pg_database_collation_actual_version((d->>''oid'')::oid),'\n"
        "              ' coalesce(d->>''datlocale'', d->>''daticulocale'', d->>''datcollate''))'\n"
        "              ' FROM (SELECT to_jsonb(b) AS d FROM pg_database b WHERE datname = current_database()) AS rows'\n"
        "        INTO found;\n"
        "      PERFORM set_config('lago_gate.collation', found, true);\n"
        /* A locale that this server no longer has has no version. */
        "    EXCEPTION WHEN OTHERS THEN NULL;\n"
        "    END;\n"
        "  END IF;\n"
        "END $lago$; ";

/*
 * The name that Rails gives the one from fees_taxes to taxes. A dump has foreign keys behind all else, and in the order of their
 * names: this is the last of those that every release has, with a few in a hundred behind it. Where it is absent a restore
 * stopped somewhere among them; where one stopped behind it, or lost some on the way, that is not seen.
 */
#define LAST_FOREIGN_KEY "fk_rails_f98413d404"

/*
 * The columns that both queries below begin with. A database that has most of the tables of each Lago is one, and one of them
 * that is absent is missed.
 */
#define QUERY_STATE                                                                                                            \
        "SELECT current_setting('server_version_num') AS version_num, current_setting('server_version') AS version,\n"         \
        "  current_database() AS database, current_user AS role, pg_is_in_recovery() AS standby,\n"                            \
        "  current_setting('default_transaction_read_only') AS read_only, pg_backend_pid() AS pid,\n"                          \
        "  current_schema() AS schema, to_regclass('schema_migrations') IS NOT NULL AS has_migrations,\n"                      \
        "  setting.versions, coalesce(current_setting('lago_gate.odd', true), '') = 't' AS odd,\n"                             \
        "  coalesce(current_setting('lago_gate.roles', true), '') AS roles,\n"                                                 \
        "  coalesce(current_setting('lago_gate.collation', true), '') AS collation,\n"                                         \
        "  getdatabaseencoding() AS encoding, split_part(current_setting('lago_gate.limits'), ' ', 1) AS statement_timeout,\n" \
        "  split_part(current_setting('lago_gate.limits'), ' ', 2) AS lock_timeout,\n"                                         \
        "  current_setting('is_superuser') AS superuser,\n"                                                                    \
        "  coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,\n"                                 \
        "  (SELECT max(t) FROM unnest('{schema_migrations,billable_metrics,subscriptions,invoices}'::text[]) AS t\n"           \
        "    WHERE to_regclass(t) IS NOT NULL AND NOT EXISTS (SELECT FROM pg_index i\n"                                        \
        "           WHERE i.indrelid = to_regclass(t) AND i.indisprimary)) AS keyless,\n"                                      \
        "  (SELECT CASE WHEN count(r) > 7 THEN min(t) FILTER (WHERE r IS NULL) END FROM unnest('{billable_metrics,'\n"         \
        "     'charges,coupons,customers,fees,invoices,memberships,organizations,plans,subscriptions,users}'::text[]) t,\n"    \
        "     to_regclass(t) AS r) AS absent,\n"                                                                               \
        "  EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('invoices') AND attname = 'customer_id')\n"           \
        "    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('invoices') AND contype = 'f')\n"          \
        "  OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('fees_taxes') AND attname = 'tax_id')\n"           \
        "    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('fees_taxes')\n"                           \
        "                                              AND conname = '" LAST_FOREIGN_KEY "') AS loose,\n"

#define QUERY_SETTING "(SELECT coalesce(current_setting('lago_gate.versions', true), '') AS versions)"

/*
 * A new session knows no catalogue yet: the server takes three times as long to plan the whole of query_facts as to
 * answer this. Where there are versions, no invalid index and no migrator, everything else in it would be empty. The
 * lock is looked for in any database and the index in any schema, which costs a second question at worst.
 */
static const char query_usual[] =
        QUERY_STATE
        "  setting.versions <> '' AND NOT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)\n"
        "    AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1\n"
        "                                             AND l.classid = %u::oid AND l.objid = %u::oid) AS usual\n"
        "FROM " QUERY_SETTING " AS setting; COMMIT";

/*
 * Names that only Lago uses, to tell its own half-made tables from somebody else's.
 * Objects of extensions are their own affair: nobody drops those.
 */
static const char query_facts[] =
        "WITH setting AS " QUERY_SETTING ",\n"
        "objects AS MATERIALIZED (\n"
        "  SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, setting\n"
        "   WHERE setting.versions = '' AND n.nspname IN ('public', current_schema())\n"
        "     AND c.relkind IN ('r', 'p', 'v', 'm', 'f')\n"
        "     AND c.relname NOT IN ('schema_migrations', 'ar_internal_metadata')\n"
        "     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid\n"
        "                                               AND d.deptype = 'e')\n"
        "  UNION ALL\n"
        "  SELECT t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace, setting\n"
        "   WHERE setting.versions = '' AND n.nspname IN ('public', current_schema())\n"
        "     AND (t.typtype IN ('d', 'e', 'r')\n"
        "          OR t.typtype = 'c' AND (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')\n"
        "     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid\n"
        "                                               AND d.deptype = 'e')),\n"
        "migrator AS (\n"
        "  SELECT l.pid, a.usename, a.client_addr, a.application_name, a.backend_start\n"
        "    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid\n"
        "   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1\n"
        "     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())\n"
        "     AND l.classid = %u::oid AND l.objid = %u::oid LIMIT 1),\n"
        /* Rails has psql load structure.sql, statement by statement and before it takes its lock. */
        "loader AS (\n"
        "  SELECT a.pid, a.client_addr, a.backend_start FROM pg_stat_activity a, setting\n"
        "   WHERE setting.versions = '' AND a.datname = current_database() AND a.usename = current_user\n"
        "     AND a.application_name = 'psql' AND a.pid <> pg_backend_pid()\n"
        "     AND (a.state = 'active' OR a.state_change > clock_timestamp() - interval '30 seconds')\n"
        "   ORDER BY a.backend_start LIMIT 1)\n" QUERY_STATE
        "  (SELECT n.nspname FROM pg_namespace n\n"
        "    WHERE 3 = (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')\n"
        "                 AND c.relname IN ('billable_metrics', 'subscriptions', 'invoices'))\n"
        "    ORDER BY n.nspname LIMIT 1) AS lago_schema,\n"
        "  (SELECT count(*) FROM objects) AS n_objects, (SELECT min(name) FROM objects) AS first_object,\n"
        "  EXISTS (SELECT FROM objects WHERE name IN ('applied_add_ons', 'applied_coupons', 'billable_metrics',\n"
        "    'billable_metric_filters', 'billing_entities', 'charge_filters', 'credit_note_items', 'fixed_charges'))\n"
        "    AS lago_objects,\n"
        "  (SELECT string_agg(t.relname || ': ' || c.relname, E'\\n' ORDER BY c.relname) FROM pg_index i\n"
        "     JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid\n"
        "     JOIN pg_namespace n ON n.oid = c.relnamespace\n"
        "    WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = current_schema()) AS invalid_indexes,\n"
        "  (SELECT pid FROM migrator) AS migrator,\n"
        "  (SELECT host(client_addr) FROM migrator) AS migrator_address,\n"
        "  (SELECT floor(extract(epoch FROM backend_start)) FROM migrator) AS migrator_since,\n"
        "  (SELECT b.pids[1] FROM pg_stat_activity a, migrator m, pg_blocking_pids(a.pid) AS b(pids)\n"
        "    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock' AND a.usename = m.usename\n"
        "      AND a.client_addr IS NOT DISTINCT FROM m.client_addr AND a.application_name = m.application_name\n"
        "      AND cardinality(b.pids) > 0 LIMIT 1) AS migrator_blocked_by,\n"
        "  (SELECT pid FROM loader) AS loader, (SELECT host(client_addr) FROM loader) AS loader_address,\n"
        "  (SELECT floor(extract(epoch FROM backend_start)) FROM loader) AS loader_since\n"
        "FROM setting; COMMIT";

/* --- the advisory lock's key --------------------------------------------------------------------------- */

static uint32_t crc32_of(const char *s) {
        uint32_t crc = 0xffffffff;

        for (; *s; s++) {
                crc ^= (unsigned char)*s;
                for (int bit = 0; bit < 8; bit++)
                        crc = (crc >> 1) ^ (0xedb88320 & (0U - (crc & 1)));
        }
        return ~crc;
}

int64_t migrator_key(const char *database) {
        /* The salt is ActiveRecord's. Both factors are below 2^32, 2^31: their product fits. */
        return (int64_t)2053462845 * (int64_t)crc32_of(database);
}

/* Each gets a warning of its own; more than these would say nothing new. */
#define INDEXES_MAX 20

/* --- one row into the struct --------------------------------------------------------------------------- */

void ledger_take_versions(Ledger *ledger, const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\n");
                uint64_t version;

                if (versions_parse(text, n, &version) >= 0)
                        versions_add(&ledger->versions, version);
                else
                        ledger->n_garbage++;
                text += n + (text[n] == '\n');
        }
        (void)versions_sort(&ledger->versions);
}

/* One line each, and an empty one for none: the version it was made with, that of the server, the locale. */
static void read_collation(Ledger *ledger, const char *text) {
        char **fields[] = {&ledger->collation_made, &ledger->collation_here, &ledger->locale};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                size_t n = strcspn(text, "\n");

                free(*fields[i]);
                *fields[i] = n > 0 ? xstrndup(text, n < 64 ? n : 64) : NULL;
                text += n + (text[n] == '\n');
        }
}

static RolesState roles_of(const char *text) {
        return *text == '\0' ? ROLES_NONE : streq(text, "3") ? ROLES_PRESENT
                                                             : ROLES_MISSING;
}

/* The columns @name, @name_address and @name_since. */
static void read_session(Migrator *session, const PGresult *row, const char *name) {
        _cleanup_(freep) char *address = xasprintf("%s_address", name), *since_column = xasprintf("%s_since", name);
        time_t since = (time_t)row_number(row, since_column);
        char text[16] = "";
        struct tm tm;

        session->pid = (int)row_number(row, name);
        row_set(&session->address, row, address);
        if (since > 0 && localtime_r(&since, &tm) && strftime(text, sizeof(text), "%H:%M", &tm) > 0)
                free_and_strdup(&session->since, text);
}

/* "15.6 (Debian 15.6-1)": what stands before the first space. */
static void read_server(Ledger *ledger, const PGresult *row) {
        const char *version = row_text(row, "version");

        free(ledger->server);
        ledger->server = first_word(version);
        ledger->server_major = (int)(row_number(row, "version_num") / 10000);
}

static void read_row(PGconn *conn, const PGresult *row, Ledger *ledger) {
        _cleanup_(strv_freep) char **indexes = strv_split(row_text(row, "invalid_indexes"), "\n");

        read_server(ledger, row);
        row_set(&ledger->database, row, "database");
        row_set(&ledger->role, row, "role");
        row_set(&ledger->schema, row, "schema");
        row_set(&ledger->lago_schema, row, "lago_schema");
        row_set(&ledger->first_object, row, "first_object");
        row_set(&ledger->keyless, row, "keyless");
        row_set(&ledger->absent, row, "absent");
        row_set(&ledger->encoding, row, "encoding");
        row_set(&ledger->statement_timeout, row, "statement_timeout");
        row_set(&ledger->lock_timeout, row, "lock_timeout");
        ledger->loose = row_is_true(row, "loose");
        ledger->standby = row_is_true(row, "standby");
        ledger->read_only = row_is_true(row, "read_only");
        ledger->has_migrations = row_is_true(row, "has_migrations");
        ledger->odd_migrations = row_is_true(row, "odd");
        ledger->lago_objects = row_is_true(row, "lago_objects");
        ledger->superuser = row_is_true(row, "superuser");
        ledger->may_create = row_is_true(row, "may_create");
        ledger->n_objects = (unsigned)row_number(row, "n_objects");
        ledger->pooled = row_is_of_pooler(conn, row);
        ledger->roles = roles_of(row_text(row, "roles"));
        read_collation(ledger, row_text(row, "collation"));
        for (size_t i = 0; indexes && indexes[i] && i < INDEXES_MAX; i++)
                strv_add(&ledger->invalid_indexes, indexes[i]);
        ledger_take_versions(ledger, row_text(row, "versions"));
        read_session(&ledger->migrator, row, "migrator");
        read_session(&ledger->loader, row, "loader");
        ledger->migrator.blocked_by = (int)row_number(row, "migrator_blocked_by");
        ledger->contact = CONTACT_READ;
}

/* --- the query ----------------------------------------------------------------------------------------- */

static int fail(Ledger *ledger, int r, const QueryError *error) {
        bool denied = streq(error->sqlstate, "42501");

        free(ledger->cause);
        ledger->contact = denied ? CONTACT_DENIED : CONTACT_UNREACHABLE;
        ledger->cause = escape_line(error->text ? error->text : "no answer");
        return r;
}

char *gate_collect(PGconn *conn, const Target *target, const char *facts) {
        char *path = PQescapeLiteral(conn, target->search_path, strlen(target->search_path));
        _cleanup_(freep) char *begin = NULL;

        if (!path)
                return NULL;
        begin = xasprintf(query_begin, target->timeout_sec, target->timeout_sec, path);
        PQfreemem(path);
        return xasprintf("%s%s%s", begin, query_collect, facts);
}

static char *ledger_query(PGconn *conn, const Target *target, const char *database, bool whole) {
        uint64_t key = (uint64_t)migrator_key(database);
        _cleanup_(freep) char *facts = whole ? xasprintf(query_facts, (unsigned)(key >> 32), (unsigned)key)
                                             : xasprintf(query_usual, (unsigned)(key >> 32), (unsigned)key);

        return gate_collect(conn, target, facts);
}

/* Both queries tell these, and the first three are never null: what lacks one comes from no PostgreSQL. */
static bool is_answer(const PGresult *row) {
        /* clang-format off */
        static const char *const asked[] = {
                "database", "role", "version", "version_num", "standby", "read_only", "pid", "schema", "has_migrations", "versions",
                "odd", "roles", "collation", "encoding", "statement_timeout", "lock_timeout", "superuser", "may_create", "keyless",
                "absent", "loose",
        };
        /* clang-format on */

        for (size_t i = 0; i < ELEMENTSOF(asked); i++)
                if (PQfnumber(row, asked[i]) < 0 || (i < 3 && isempty(row_text(row, asked[i]))))
                        return false;
        return true;
}

static int query_once(PGconn *conn, const Target *target, const char *database, bool whole, Ledger *ledger,
                      PGresult **ret) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(freep) char *sql = ledger_query(conn, target, database, whole);
        _cleanup_(result_clearp) PGresult *row = NULL;
        int r;

        /* The server's own time limit comes first; ours is for one that does not keep it. */
        r = sql ? gate_query(conn, sql, target->timeout_sec + 2, &row, &error) : -EPROTO;
        if (r < 0)
                return fail(ledger, r, &error);
        if (!row || PQntuples(row) != 1 || !is_answer(row)) {
                error.text = xstrdup("an answer that PostgreSQL does not give");
                return fail(ledger, -EPROTO, &error);
        }
        *ret = TAKE_PTR(row);
        return 0;
}

/* What was released before PostgreSQL 12 does not understand the query, and no release of Lago is content with it. */
static bool is_too_old_to_ask(PGconn *conn, Ledger *ledger) {
        const char *version = PQparameterStatus(conn, "server_version");
        int number = PQserverVersion(conn);

        if (!version || number <= 0 || number >= 120000)
                return false;
        free(ledger->server);
        ledger->server = first_word(version);
        ledger->server_major = number / 10000;
        ledger->contact = CONTACT_READ;
        return true;
}

int gate_read(PGconn *conn, const Target *target, Ledger *ledger) {
        _cleanup_(result_clearp) PGresult *row = NULL;
        _cleanup_(freep) char *name = xstrdup(PQdb(conn));
        int r;

        if (is_too_old_to_ask(conn, ledger))
                return -EOPNOTSUPP;
        free_and_strdup(&ledger->search_path, target->search_path);
        r = query_once(conn, target, name, /* whole= */ false, ledger, &row);
        /* A pooler's name for the database may be another: the lock's key is made from the server's. */
        if (r >= 0 && (!row_is_true(row, "usual") || !streq(row_text(row, "database"), name))) {
                free_and_strdup(&name, row_text(row, "database"));
                PQclear(TAKE_PTR(row));
                r = query_once(conn, target, name, /* whole= */ true, ledger, &row);
        }
        if (r >= 0)
                read_row(conn, row, ledger);
        return r;
}
