/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Why a run of the migrations failed, when that is a thing that passes: a full disk, or a connection that was lost. The
 * migration in hand is not to blame for it, and the exit status does not tell; the words that the run wrote do. Pure.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

typedef struct Excuse {
        const char *why; /* a literal; NULL: nothing excuses the last run */
        bool known;      /* it was looked for */
        time_t since;    /* the run began then */
        unsigned n;      /* runs that were excused */
} Excuse;

/** excuse_begin() - a run begins at @now: what is known of the last one is forgotten. */
void excuse_begin(Excuse *e, time_t now);

/** excuse_find() - the run's last @lines are searched; NULL: there are none. */
void excuse_find(Excuse *e, const char *lines);

/** excuse_rest() - one more run is excused. Answer: how long to rest before the next, in usec; it grows from run to run. */
uint64_t excuse_rest(Excuse *e);

/** excuse_pattern() - a regular expression for the lines in which excuse_find() finds something. The caller frees it. */
char *excuse_pattern(void);
