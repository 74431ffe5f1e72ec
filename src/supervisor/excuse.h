/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Why a run of the migrations failed, when that is a thing that passes: a full disk, or a connection that was lost. The
 * migration in hand is not to blame for it, and the exit status does not tell; the words that the run wrote do. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct Excuse {
        const char *why;     /* a literal; NULL: nothing excuses the last run */
        bool known;          /* it was looked for */
        uint64_t since_usec; /* CLOCK_MONOTONIC: the run began then */
        unsigned n;          /* runs that were excused */
} Excuse;

/** excuse_begin() - a run begins at @now (usec, CLOCK_MONOTONIC): what is known of the last one is forgotten. */
void excuse_begin(Excuse *e, uint64_t now);

/**
 * excuse_find() - @lines of the run and of runs before it are searched; NULL: there are none.
 *
 * Shape:    as journalctl's short-monotonic has them; one with an older stamp is of a run before. By that clock and not by the
 *           wall's: that one may be set back while the run goes on, and would hide what it wrote.
 */
void excuse_find(Excuse *e, const char *lines);

/** excuse_rest() - one more run is excused. Answer: how long to rest before the next, in usec; it grows from run to run. */
uint64_t excuse_rest(Excuse *e);

/** excuse_pattern() - a regular expression for the lines in which excuse_find() finds something. The caller frees it. */
char *excuse_pattern(void);
