/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/box.h"
#include "base/util.h"
#include "gate/row.h"

#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#define POLL_MSEC      250
#define RECONNECT_MSEC 1000

/* What is kept between two looks. */
typedef struct Following {
        size_t first_missing; /* how many there were at the start */
        bool begun;           /* Rails was seen at work, and not just starting */
        Pace pace;            /* of the index that is being created */
} Following;

/* A word for the line: "-" for nothing, no white space inside, and no longer than names are. */
static char *word(const char *s) {
        _cleanup_(freep) char *cut = xstrndup(isempty(s) ? "-" : s, NAME_BYTES);
        char *copy = escape_line(cut);

        for (char *c = copy; *c; c++)
                if (*c == ' ')
                        *c = '_';
        return copy;
}

/* A number, or "-". */
static char *number_word(bool known, uint64_t n) {
        return known ? xasprintf("%" PRIu64, n) : xstrdup("-");
}

/* "INDEX TABLE PHASE PHASES PERCENT LEFT" of the index that is being created. */
static char *index_words(const Progress *progress, Pace *pace) {
        _cleanup_(freep) char *index = word(progress->index), *table = word(progress->table), *what = NULL;
        _cleanup_(freep) char *phase = NULL, *phases = NULL, *percent = NULL, *left = NULL;
        uint64_t done = progress->done < progress->total ? progress->done : progress->total;
        unsigned n_phases = 0, n_phase;
        int64_t left_sec;

        if (!progress->table || !progress->command || !progress->phase) {
                pace_done(pace);
                return xstrdup("- - - - - -");
        }
        what = xasprintf("%s %s %s", table, index, progress->phase);
        left_sec = startswith(progress->phase, "waiting") ? -1 : pace_left_sec(pace, what, done, progress->total, now_msec());
        n_phase = index_phase(progress->command, progress->phase, &n_phases);
        phase = number_word(n_phase > 0, n_phase);
        phases = number_word(n_phase > 0, n_phases);
        percent = number_word(progress->total > 0, (uint64_t)((double)done * 100 / (double)(progress->total + !progress->total)));
        /* Not every second is news. */
        left = number_word(left_sec >= 0, (uint64_t)(left_sec + 9) / 10 * 10);
        return xasprintf("%s %s %s %s %s %s", index, table, phase, phases, percent, left);
}

/*
 * What is in hand is the oldest missing file: Rails runs them in that order, once it has started and holds its lock (or
 * has run one, where its lock cannot be seen). An empty ledger may as well mean that structure.sql is being loaded, where
 * nothing is in hand.
 */
static char *line_of(const Manifest *manifest, const Progress *progress, Following *following) {
        _cleanup_(versions_done) Versions missing = {};
        _cleanup_(freep) char *state = word(progress->blocker_state), *application = word(progress->blocker_application);
        _cleanup_(freep) char *in_hand = NULL, *blocker = NULL, *index = index_words(progress, &following->pace);
        size_t n = versions_minus(&manifest->versions, &progress->versions, &missing);

        if (following->first_missing < n)
                following->first_missing = n;
        following->begun |= progress->begun || n < following->first_missing;
        if (n == 0 || !following->begun || progress->versions.n == 0)
                in_hand = xstrdup("- -");
        else
                in_hand = xasprintf("%" PRIu64 " %s", missing.list[0], manifest_file(manifest, missing.list[0])->name);
        if (progress->blocker > 0)
                blocker = xasprintf("%d %" PRIu64 " %s %s", progress->blocker, progress->blocked_sec, state, application);
        return xasprintf("%zu %zu %s %s %s", following->first_missing - n, following->first_missing, in_hand,
                         blocker ? blocker : "- - - -", index);
}

/* Waits for a while. Answer: false when nobody reads our output any more. */
static bool pause_msec(int msec) {
        struct pollfd fd = {.fd = STDOUT_FILENO, .events = 0};

        return !(poll(&fd, 1, msec) > 0 && (fd.revents & (POLLERR | POLLHUP | POLLNVAL)));
}

/* One look; NULL when the connection is gone. */
static char *look(PGconn **conn, const Target *target, const Manifest *manifest, Following *following) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(progress_done) Progress progress = {};

        if (!*conn && gate_connect(target, ledger, conn) < 0)
                return NULL;
        if (gate_progress(*conn, target, &progress) < 0) {
                PQfinish(TAKE_PTR(*conn));
                return NULL;
        }
        return line_of(manifest, &progress, following);
}

int watch_run(const Target *target, const Manifest *manifest) {
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        _cleanup_(freep) char *told = NULL;
        Following following = {};
        int wait_msec;

        do {
                _cleanup_(freep) char *line = look(&conn, target, manifest, &following);

                box_more_time();
                wait_msec = line ? POLL_MSEC : RECONNECT_MSEC;
                if (line && (!told || !streq(told, line))) {
                        free_and_strdup(&told, line);
                        if (printf("%s\n", line) < 0 || fflush(stdout) != 0)
                                break;
                }
        } while (pause_msec(wait_msec));
        pace_done(&following.pace);
        return 0;
}
