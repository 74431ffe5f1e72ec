/* SPDX-License-Identifier: MIT */
#include "supervisor/migrate-progress.h"

#include "base/time.h"
#include "base/util.h"

void migrate_progress_begin(MigrateProgress *p, MigrateKind kind, uint64_t now) {
        migrate_progress_done(p);
        p->kind = kind;
        p->began_usec = p->moved_usec = now;
}

bool migrate_progress_hear(MigrateProgress *p, const char *line, uint64_t now) {
        _cleanup_(advance_done) Advance next = {0}, last = {0};

        if (!advance_parse(&next, line))
                return false;
        last = p->advance;
        p->advance = next;
        next = (Advance){0};
        if (advance_moved(&last, &p->advance))
                p->moved_usec = now;
        if (!last.words || !streq(last.words[ADVANCE_VERSION], p->advance.words[ADVANCE_VERSION]))
                p->in_hand_usec = now;
        return true;
}

static char *whole_run(const MigrateProgress *p, const char *release, const char *span) {
        if (p->kind == MIGRATE_KIND_SEEDS)
                return xasprintf("Seeding the predefined roles, %s", span);
        if (!p->advance.words)
                return xasprintf("Migrating, %s", span);
        if (p->kind == MIGRATE_KIND_FILES && streq(p->advance.words[ADVANCE_APPLIED], "0"))
                return xasprintf("Starting Rails to migrate to %s (%s pending), %s", release, p->advance.words[ADVANCE_TOTAL],
                                 span);
        return xasprintf(p->kind == MIGRATE_KIND_LOAD ? "Loading the schema of %s into an empty database, %s"
                                                      : "Migrating to %s, %s",
                         release, span);
}

char *migrate_progress_status(const MigrateProgress *p, const char *release, bool stop_asked, uint64_t now) {
        bool in_hand = advance_has(&p->advance, ADVANCE_VERSION);
        _cleanup_(freep) char *span = span_text(now - (in_hand ? p->in_hand_usec : p->began_usec)), *text = NULL;

        if (stop_asked && in_hand)
                return xasprintf("Stop asked during %s; waiting for it (%s)", p->advance.words[ADVANCE_VERSION], span);
        text = advance_sentence(&p->advance, span);
        if (!text)
                text = whole_run(p, release, span);
        return xasprintf("%s%s", stop_asked ? "Stop asked, waiting for it. " : "", text);
}

char *migrate_progress_blocked(MigrateProgress *p) {
        char **w = p->advance.words;

        if (!advance_has(&p->advance, ADVANCE_BLOCKER) || !advance_has(&p->advance, ADVANCE_VERSION) ||
            (p->blocker && streq(p->blocker, w[ADVANCE_BLOCKER])))
                return NULL;
        free_and_strdup(&p->blocker, w[ADVANCE_BLOCKER]);
        return xasprintf("Migration %s %s waits for a lock that backend %s holds (%s, %s).", w[ADVANCE_VERSION],
                         w[ADVANCE_NAME], w[ADVANCE_BLOCKER], w[ADVANCE_BLOCKER_STATE], w[ADVANCE_BLOCKER_APP]);
}

char *migrate_progress_silence(MigrateProgress *p, uint64_t now) {
        _cleanup_(freep) char *span = NULL;

        if (!advance_is_silent(p->moved_usec, p->silence_told, now))
                return NULL;
        p->silence_told = p->moved_usec;
        span = span_text(now - p->moved_usec);
        return advance_silence(&p->advance, span);
}

void migrate_progress_done(MigrateProgress *p) {
        advance_done(&p->advance);
        free(p->blocker);
        *p = (MigrateProgress){0};
}
