/* SPDX-License-Identifier: MIT */
/* One clock, and one migrator, per database: session advisory locks, held as long as this process and its connection live. */
#include "gate/gate.h"

#include "base/box.h"
#include "base/util.h"
#include "gate/row.h"

#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

/* "lagocloc" and "lagomigr" as numbers: the same on every host, and far from the keys that Rails and Lago derive from hashes. */
static const uint64_t keys[_HOLD_MAX] = {
        [HOLD_CLOCK] = UINT64_C(0x6c61676f636c6f63),
        [HOLD_MIGRATE] = UINT64_C(0x6c61676f6d696772),
};

#define STANDBY_MSEC 2000 /* between two tries */
#define HELD_MSEC    5000 /* between two looks whether the session still stands */

/*
 * A holder whose host lost its power closes no connection: the server has to find out, and by default takes two hours.
 * These settings are the session's own. The holder's address is for the operator of the host that waits.
 */
static const char hold_begin[] = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
                                 "SET tcp_keepalives_count = 3; SET idle_session_timeout = 0;";
static const char hold_begin_13[] = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
                                    "SET tcp_keepalives_count = 3;";
static const char hold_try[] =
        "SELECT pg_try_advisory_lock(%" PRIu64 ") AS held, ("
        "  SELECT coalesce(host(a.client_addr), 'this host') FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        "  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        "  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        "  AND l.classid::bigint = %" PRIu64 " AND l.objid::bigint = %" PRIu64 " LIMIT 1) AS holder";

/*
 * Waits for a while, and no longer when the session has something to say, which it is only asked for: that is its end.
 * Answer: false when nobody reads our output any more.
 */
static bool pause_msec(PGconn *conn, int msec) {
        struct pollfd fds[] = {{.fd = STDOUT_FILENO, .events = 0}, {.fd = PQsocket(conn), .events = POLLIN}};

        box_more_time();
        return !(poll(fds, ELEMENTSOF(fds), msec) > 0 && (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)));
}

static int run_sql(PGconn *conn, const Target *target, const char *sql, PGresult **ret) {
        QueryError error = {};
        int r = gate_query(conn, sql, target->timeout_sec, ret, &error);

        query_error_done(&error);
        return r;
}

/* See judge_pooled(): behind a pooler the lock is not tied to our session, so it must never be reported as held. */
static bool is_pooled(PGconn *conn, const Target *target) {
        _cleanup_(result_clearp) PGresult *result = NULL;

        return run_sql(conn, target, "SELECT pg_backend_pid() AS pid", &result) >= 0 && row_is_of_pooler(conn, result);
}

/* 1: ours now; 0: somebody else's, told as "standby ADDRESS" when that is news. */
static int try_lock(PGconn *conn, const Target *target, uint64_t key, char **told) {
        _cleanup_(freep) char *sql = xasprintf(hold_try, key, key >> 32, key & UINT32_MAX);
        _cleanup_(result_clearp) PGresult *result = NULL;
        _cleanup_(freep) char *address = NULL, *holder = NULL;
        int r = run_sql(conn, target, sql, &result);

        if (r < 0)
                return r;
        if (!result || PQntuples(result) != 1 || PQnfields(result) != 2)
                return -EPROTO;
        if (streq(PQgetvalue(result, 0, 0), "t"))
                return 1;
        address = xstrndup(PQgetvalue(result, 0, 1), NAME_BYTES);
        holder = escape_line(isempty(address) ? "unknown" : address);
        if (!*told || !streq(*told, holder)) {
                free_and_strdup(told, holder);
                printf("standby %s\n", holder);
                (void)fflush(stdout);
        }
        return 0;
}

static int hold_on(PGconn *conn, const Target *target) {
        if (printf("held\n") < 0 || fflush(stdout) != 0)
                return 0;
        while (pause_msec(conn, HELD_MSEC)) {
                _cleanup_(result_clearp) PGresult *result = NULL;

                if (run_sql(conn, target, "SELECT 1", &result) < 0)
                        return EXIT_TEMPFAIL;
        }
        return 0;
}

int hold_run(const Target *target, HoldLock lock) {
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(freep) char *told = NULL;
        _cleanup_(result_clearp) PGresult *result = NULL;
        int r;

        if (gate_connect(target, ledger, &conn) < 0) {
                fprintf(stderr, "lago-gate: %s\n", ledger->cause ? ledger->cause : "no connection");
                return EXIT_TEMPFAIL;
        }
        if (run_sql(conn, target, PQserverVersion(conn) >= 140000 ? hold_begin : hold_begin_13, &result) < 0)
                return EXIT_TEMPFAIL;
        if (is_pooled(conn, target)) {
                _cleanup_(freep) char *endpoint = endpoint_of(target->url);

                fprintf(stderr, "lago-gate: a pooler answers at %s, and keeps no lock. " POOLED_REMEDY "\n", endpoint);
                return verdict_status(VERDICT_POOLED);
        }
        do {
                r = try_lock(conn, target, keys[lock], &told);
                if (r != 0)
                        return r < 0 ? EXIT_TEMPFAIL : hold_on(conn, target);
        } while (pause_msec(conn, STANDBY_MSEC));
        return 0;
}
