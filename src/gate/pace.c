/* SPDX-License-Identifier: MIT */
/* How long the rest of a phase takes, as far as the past tells; and which phase of how many it is. Pure. */
#include "gate/gate.h"

#include "base/util.h"

#define SEEN_MSEC    20000 /* nothing is said before that much was seen */
#define SEEN_PERCENT 2     /* … of the work, too */

void pace_done(Pace *pace) {
        free(pace->what);
        *pace = (Pace){};
}

int64_t pace_left_sec(Pace *pace, const char *what, uint64_t done, uint64_t total, uint64_t at_msec) {
        uint64_t seen, elapsed;

        if (!pace->what || !streq(pace->what, what) || pace->total != total || done < pace->first_done) {
                free_and_strdup(&pace->what, what);
                pace->first_done = done;
                pace->total = total;
                pace->first_msec = at_msec;
                return -1;
        }
        seen = done - pace->first_done;
        elapsed = at_msec - pace->first_msec;
        if (total == 0 || done > total || elapsed < SEEN_MSEC || seen == 0 || seen < total / 100 * SEEN_PERCENT)
                return -1;
        /* In floating point, as the products may be large; the answer is rounded before anybody reads it. */
        return (int64_t)((double)(total - done) * (double)elapsed / (double)seen / 1000);
}

/* PostgreSQL's words, in their order; which of them an index passes depends on its kind and on CONCURRENTLY. */
static const char *const phases_plain[] = {
        "building index: scanning table",
        "building index: sorting live tuples",
        "building index: loading tuples in tree",
};
static const char *const phases_concurrent[] = {
        "waiting for writers before build",
        "building index: scanning table",
        "building index: sorting live tuples",
        "building index: loading tuples in tree",
        "waiting for writers before validation",
        "index validation: scanning index",
        "index validation: sorting tuples",
        "index validation: scanning table",
        "waiting for old snapshots",
};

unsigned index_phase(const char *command, const char *phase, unsigned *ret_phases) {
        bool plain = streq(command, "CREATE INDEX");
        const char *const *phases = plain ? phases_plain : phases_concurrent;
        unsigned n = plain ? ELEMENTSOF(phases_plain) : ELEMENTSOF(phases_concurrent);

        if (!plain && !streq(command, "CREATE INDEX CONCURRENTLY"))
                return 0;
        for (unsigned i = 0; i < n; i++)
                if (streq(phases[i], phase)) {
                        *ret_phases = n;
                        return i + 1;
                }
        return 0;
}
