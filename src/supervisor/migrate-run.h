/* SPDX-License-Identifier: MIT */
#pragma once
/* Runs of the migrations: whether one is needed, what it runs, and what its end says of the next. Pure. */

#include "supervisor/answer.h"
#include "supervisor/excuse.h"
#include "supervisor/policy.h"
#include "supervisor/migrate-progress.h"

/* How the last run ended. */
typedef struct MigrateEnd {
        bool known; /* else there was none, or it was judged already */
        int exit_code, signal; /* as in Container */
} MigrateEnd;

typedef struct MigrateRun {
        MigrateProgress progress; /* of the run in hand, or else the last */
        Job *watch;        /* lago-gate watch, while it migrates */
        Excuse excuse;
        MigrateHistory history;
        bool seeds;   /* it has SEED_TASK in it */
        char *ground; /* on which PostgreSQL and Redis it began; NULL: not known */
} MigrateRun;

typedef enum MigrateJudgement {
        MIGRATE_UNJUDGED, /* no run ended, or nobody can say of what: nothing speaks against the next one */
        MIGRATE_EXCUSED,  /* it failed of what passes */
        MIGRATE_AGAIN,    /* it failed, and is tried again */
        MIGRATE_FINAL,    /* it failed twice at the same place, and would fail a third time */
} MigrateJudgement;

/** migrate_loads() - whether Rails would load structure.sql for that answer; its rows of schema_migrations come last. */
bool migrate_loads(const GateAnswer *answer);

/** migrate_wants_roles() - the roles are not there, the image can make them, and its task has not just said that all is well. */
bool migrate_wants_roles(const MigrateRun *run, const GateAnswer *answer, const MigrateEnd *end);

/**
 * migrate_must_be_alone() - whether that answer may be another host's migration half-way, or is about to begin one: it is
 * asked for again with the lock held.
 */
bool migrate_must_be_alone(const GateAnswer *answer, bool wants_roles);

/**
 * migrate_words() - what to run in the API's image. Not Lago's own migrate.sh: it makes the database first, which a role
 * of a managed server may not. Both tasks in one boot of Rails where no migration runs, so that none can have loaded the
 * roles' model before their table was as it is at last. The caller frees them.
 */
char **migrate_words(MigrateRun *run, const GateAnswer *answer);

/** migrate_place() - where a run that fails now has failed: the first pending version, or the task. */
const char *migrate_place(const GateAnswer *answer);

/** migrate_is_to_blame() - whether the run ended by itself. Ended by a signal, or so told by a shell, somebody killed it, or memory ran out. */
bool migrate_is_to_blame(const MigrateEnd *end);

/** migrate_judge() - of a run that is to blame, and after which @place is still the first that is pending. */
MigrateJudgement migrate_judge(MigrateRun *run, const char *place);
