/* SPDX-License-Identifier: MIT */
#pragma once
/* Runs of the migrations: whether one is needed, which tasks it runs, and whether a failed one is tried again. Pure. */

#include "supervisor/answer.h"
#include "supervisor/excuse.h"
#include "supervisor/migrate-progress.h"
#include "supervisor/policy.h"

/* How the last run ended. */
typedef struct MigrateEnd {
        bool known;            /* else there was none, or it was judged already */
        int exit_code, signal; /* as in Container */
} MigrateEnd;

/* What this start of lago-migrate begins with. The zero changes nothing. */
typedef enum AdmitSource {
        ADMIT_KEPT,       /* what was admitted before */
        ADMIT_CONFIGURED, /* /etc/lago: an operator's act, or the first start of all */
        ADMIT_UNFINISHED, /* a copy of it that a migration had begun for when the power was cut */
} AdmitSource;

struct Supervisor;

typedef struct MigrateRun {
        void (*proven)(struct Supervisor *s); /* see proof.h */
        AdmitSource source;                   /* where its configuration comes from */
        MigrateProgress progress;             /* of the run in hand, or else the last */
        Job *watch;                           /* lago-gate watch, while it migrates */
        Excuse excuse;
        MigrateHistory history;
        bool seeds;       /* it has SEED_TASK in it */
        bool name_missed; /* its name server was asked once in vain */
        char *names;      /* why its container resolves no names, and what helps; NULL: it does, or that is not known */
        char *ground;     /* on which PostgreSQL and Redis it began; NULL: not known */
} MigrateRun;

typedef enum MigrateJudgement {
        MIGRATE_UNJUDGED, /* no run failed by its own fault: the next one may begin */
        MIGRATE_EXCUSED,  /* it failed of what passes */
        MIGRATE_AGAIN,    /* it failed, and is tried again */
        MIGRATE_FINAL,    /* it failed twice at the same place, and would fail a third time */
} MigrateJudgement;

/** migrate_loads() - whether Rails would load structure.sql for that answer; its rows of schema_migrations come last. */
bool migrate_loads(const GateAnswer *answer);

/** migrate_wants_roles() - the roles are missing, the image can make them, and the last run has not just made them in vain. */
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

/* Who failed in the last run. */
typedef enum MigrateCulprit {
        CULPRIT_RAILS, /* it ended before a migration was begun */
        CULPRIT_LOAD,
        CULPRIT_MIGRATION,
        CULPRIT_SEEDS,
} MigrateCulprit;

/**
 * migrate_culprit() - of a run that failed, and after which the gate gave that answer.
 *
 * @begun  Rails said that it begins a migration, or its lock was seen: neither is there while it boots.
 */
MigrateCulprit migrate_culprit(const GateAnswer *answer, bool begun);

/** migrate_place() - where it failed: the first pending version, the task, the file or Rails itself. */
const char *migrate_place(const GateAnswer *answer, MigrateCulprit culprit);

/** migrate_once(), migrate_twice() - "Migration failed at ...", "migration ... failed twice". The caller frees them. */
char *migrate_once(const GateAnswer *answer, MigrateCulprit culprit);
char *migrate_twice(const GateAnswer *answer, MigrateCulprit culprit);

/** migrate_is_to_blame() - whether the run ended by itself; a signal, also one reported by a shell (128 + n), came from outside. */
bool migrate_is_to_blame(const MigrateEnd *end);

/** migrate_judge() - of a run that is to blame, and after which @place is still the first that is pending. */
MigrateJudgement migrate_judge(MigrateRun *run, const char *place);
