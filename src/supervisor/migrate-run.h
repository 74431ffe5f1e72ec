/* SPDX-License-Identifier: MIT */
#pragma once
/* A run of the migrations: how far it is, and what the runs before it came to. */

#include "process/job.h"
#include "supervisor/advance.h"
#include "supervisor/policy.h"

#include <time.h>

/* What is known of the run in hand. All times usec, CLOCK_MONOTONIC. */
typedef struct Progress {
        Advance advance;       /* what lago-gate watch said last */
        uint64_t moved_usec;   /* when it last got further */
        uint64_t in_hand_usec; /* when the migration in hand was first heard of */
        uint64_t silence_told; /* the moved_usec whose silence was told of */
} Progress;

/* Why the last run failed, when that passes. */
typedef struct Excuse {
        const char *why; /* a literal; NULL: nothing excuses it */
        bool known;      /* it was looked for */
        time_t since;    /* the run began then */
        unsigned n;      /* runs that were excused */
} Excuse;

typedef struct MigrateRun {
        Progress progress;
        Job *watch; /* lago-gate watch, while migrating */
        MigrateHistory history;
        Excuse excuse;
        bool seeds;   /* the run in hand, or else the last, has SEED_TASK in it */
        char *ground; /* which database and Redis it began on; NULL: not known */
} MigrateRun;
