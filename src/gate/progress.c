/* SPDX-License-Identifier: MIT */
/* A look at a database while it is migrated: how far, and who is in the way. */
#include "gate/gate.h"

#include "base/util.h"
#include "gate/row.h"

/*
 * Rails takes the lock on a connection of its own and runs the migrations on another: the one that waits is a sibling
 * of the lock's holder (same role, address and name), or psql, which Rails has load structure.sql.
 */
static const char query_progress[] =
        "WITH migrator AS (\n"
        "  SELECT a.usename, a.client_addr, a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid\n"
        "   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1\n"
        "     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())\n"
        "     AND l.classid = %u::oid AND l.objid = %u::oid LIMIT 1),\n"
        /* A gate reads in passing; whoever is in the way beside it is the one to name. */
        "waiting AS (\n"
        "  SELECT b.pid AS blocker, (SELECT min(l.waitstart) FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS since\n"
        "    FROM pg_stat_activity a, LATERAL (\n"
        "      SELECT p.pid FROM unnest(pg_blocking_pids(a.pid)) WITH ORDINALITY AS p(pid, n)\n"
        "        LEFT JOIN pg_stat_activity o ON o.pid = p.pid\n"
        "       WHERE o.application_name IS DISTINCT FROM '" GATE_APPLICATION
        "' ORDER BY p.n LIMIT 1) AS b\n"
        "   WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'\n"
        "     AND (a.application_name = 'psql' OR EXISTS (SELECT FROM migrator m WHERE m.usename = a.usename\n"
        "       AND m.client_addr IS NOT DISTINCT FROM a.client_addr AND m.application_name = a.application_name))\n"
        "   ORDER BY 2 LIMIT 1),\n"
        "building AS (\n"
        "  SELECT p.relid::regclass::text AS on_table, p.index_relid::regclass::text AS index, p.command, p.phase,\n"
        "    CASE WHEN p.phase LIKE 'waiting for %%' THEN p.lockers_done WHEN p.phase LIKE '%%: loading%%' THEN p.tuples_done\n"
        "         WHEN p.phase LIKE '%%: scanning%%' THEN p.blocks_done END AS done,\n"
        "    CASE WHEN p.phase LIKE 'waiting for %%' THEN p.lockers_total WHEN p.phase LIKE '%%: loading%%' THEN p.tuples_total\n"
        "         WHEN p.phase LIKE '%%: scanning%%' THEN p.blocks_total END AS total\n"
        "    FROM pg_stat_progress_create_index p JOIN pg_stat_activity a ON a.pid = p.pid JOIN migrator m\n"
        "      ON m.usename = a.usename AND m.client_addr IS NOT DISTINCT FROM a.client_addr\n"
        "      AND m.application_name = a.application_name\n"
        "   WHERE p.datname = current_database() LIMIT 1)\n"
        "SELECT coalesce(current_setting('lago_gate.versions', true), '') AS versions, EXISTS (SELECT FROM migrator) AS begun, w.blocker,\n"
        "  greatest(0, floor(extract(epoch FROM clock_timestamp() - w.since))) AS blocked_sec,\n"
        "  a.state AS blocker_state, a.application_name AS blocker_application,\n"
        "  b.on_table, CASE WHEN b.index !~ '^[0-9-]+$' THEN b.index END AS index, b.command, b.phase, b.done, b.total\n"
        "FROM (SELECT 1) AS always LEFT JOIN waiting w ON true LEFT JOIN building b ON true\n"
        "  LEFT JOIN pg_stat_activity a ON a.pid = w.blocker; COMMIT";

void progress_done(Progress *progress) {
        versions_done(&progress->versions);
        free(progress->blocker_state);
        free(progress->blocker_application);
        free(progress->table);
        free(progress->index);
        free(progress->command);
        free(progress->phase);
        *progress = (Progress){};
}

static char *progress_query(PGconn *conn, const Target *target) {
        uint64_t key = (uint64_t)migrator_key(PQdb(conn));
        _cleanup_(freep) char *facts = xasprintf(query_progress, (unsigned)(key >> 32), (unsigned)key);

        return gate_collect(conn, target, facts);
}

int gate_progress(PGconn *conn, const Target *target, Progress *ret) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(result_clearp) PGresult *row = NULL;
        _cleanup_(freep) char *sql = progress_query(conn, target);
        Progress progress = {};
        int r = sql ? gate_query(conn, sql, target->timeout_sec + 2, &row, &error) : -EPROTO;

        if (r >= 0 && (!row || PQntuples(row) != 1 || PQfnumber(row, "total") < 0))
                r = -EPROTO;
        if (r < 0)
                return r;
        ledger_take_versions(ledger, row_text(row, "versions"));
        progress.versions = ledger->versions;
        ledger->versions = (Versions){};
        progress.begun = row_is_true(row, "begun");
        progress.blocker = (int)row_number(row, "blocker");
        progress.blocked_sec = row_number(row, "blocked_sec");
        row_set(&progress.blocker_state, row, "blocker_state");
        row_set(&progress.blocker_application, row, "blocker_application");
        row_set(&progress.table, row, "on_table");
        row_set(&progress.index, row, "index");
        row_set(&progress.command, row, "command");
        row_set(&progress.phase, row, "phase");
        progress.done = row_number(row, "done");
        progress.total = row_number(row, "total");
        *ret = progress;
        return 0;
}
