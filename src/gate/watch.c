/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/util.h"

#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#define POLL_MSEC      250
#define RECONNECT_MSEC 1000

/* A word for the line: "-" for nothing, and no white space inside. */
static char *word(const char *s) {
        char *copy = escape_line(isempty(s) ? "-" : s);

        for (char *c = copy; *c; c++)
                if (*c == ' ')
                        *c = '_';
        return copy;
}

/*
 * What is in hand is the oldest missing file: Rails runs them in that order. An empty ledger may as well mean that
 * structure.sql is being loaded, where nothing is in hand.
 */
static char *line_of(const Manifest *manifest, const Progress *progress, size_t *first_missing) {
        _cleanup_(versions_done) Versions missing = {};
        _cleanup_(freep) char *state = word(progress->blocker_state), *application = word(progress->blocker_application);
        _cleanup_(freep) char *in_hand = NULL, *blocker = NULL;
        size_t n = versions_minus(&manifest->versions, &progress->versions, &missing);

        if (*first_missing < n)
                *first_missing = n;
        if (n == 0 || progress->versions.n == 0)
                in_hand = xstrdup("- -");
        else
                in_hand = xasprintf("%" PRIu64 " %s", missing.list[0], manifest_file(manifest, missing.list[0])->name);
        if (progress->blocker > 0)
                blocker = xasprintf("%d %" PRIu64 " %s %s", progress->blocker, progress->blocked_sec, state, application);
        return xasprintf("%zu %zu %s %s", *first_missing - n, *first_missing, in_hand, blocker ? blocker : "- - - -");
}

/* Waits for a while. Answer: false when nobody reads our output any more. */
static bool pause_msec(int msec) {
        struct pollfd fd = { .fd = STDOUT_FILENO, .events = 0 };

        return !(poll(&fd, 1, msec) > 0 && (fd.revents & (POLLERR | POLLHUP | POLLNVAL)));
}

/* One look; NULL when the connection is gone. */
static char *look(PGconn **conn, const Target *target, const Manifest *manifest, size_t *first_missing) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(progress_done) Progress progress = {};

        if (!*conn && gate_connect(target, ledger, conn) < 0)
                return NULL;
        if (gate_progress(*conn, target, &progress) < 0) {
                PQfinish(TAKE_PTR(*conn));
                return NULL;
        }
        return line_of(manifest, &progress, first_missing);
}

int watch_run(const Target *target, const Manifest *manifest) {
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        _cleanup_(freep) char *told = NULL;
        size_t first_missing = 0;
        int wait_msec;

        do {
                _cleanup_(freep) char *line = look(&conn, target, manifest, &first_missing);

                wait_msec = line ? POLL_MSEC : RECONNECT_MSEC;
                if (line && (!told || !streq(told, line))) {
                        free_and_strdup(&told, line);
                        if (printf("%s\n", line) < 0 || fflush(stdout) != 0)
                                return 0;
                }
        } while (pause_msec(wait_msec));
        return 0;
}
