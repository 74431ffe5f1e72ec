/* SPDX-License-Identifier: MIT */
#pragma once
/* How far the run of the migrations in hand is, and the sentences about it. Pure; all times in usec, CLOCK_MONOTONIC. */

#include "supervisor/advance.h"

/* What is going on where no migration is known to be in hand. */
typedef enum MigrateKind {
        MIGRATE_KIND_FILES, /* files of db/migrate are run one by one */
        MIGRATE_KIND_LOAD,  /* Rails loads structure.sql into an empty database */
        MIGRATE_KIND_SEEDS, /* the roles' task runs */
} MigrateKind;

typedef struct MigrateProgress {
        MigrateKind kind;
        Advance advance;       /* what lago-gate watch said last */
        uint64_t began_usec;   /* the run */
        uint64_t moved_usec;   /* something got further */
        uint64_t in_hand_usec; /* the migration in hand was reported first */
        uint64_t silence_told; /* the moved_usec whose silence was logged; 0: none was */
        char *blocker;         /* pid of the backend that was logged as being in the way; NULL: none was */
} MigrateProgress;

/** migrate_progress_begin() - a run of that kind begins at @now. */
void migrate_progress_begin(MigrateProgress *p, MigrateKind kind, uint64_t now);

/** migrate_progress_hear() - a line of lago-gate watch at @now. Answer: false, and nothing changed, for any other line. */
bool migrate_progress_hear(MigrateProgress *p, const char *line, uint64_t now);

/**
 * migrate_progress_status() - for STATUS=: "Migrating 12 of 29: …". The caller frees it.
 *
 * @release     that is migrated to.
 * @stop_asked  a stop waits for the run.
 */
char *migrate_progress_status(const MigrateProgress *p, const char *release, bool stop_asked, uint64_t now);

/** migrate_progress_blocked() - "Migration … waits for a lock …", once for each backend that holds it; else NULL. The caller frees it. */
char *migrate_progress_blocked(MigrateProgress *p);

/** migrate_progress_silence() - "Migration … has shown no progress …", once for each silence; else NULL. The caller frees it. */
char *migrate_progress_silence(MigrateProgress *p, uint64_t now);

void migrate_progress_done(MigrateProgress *p);
