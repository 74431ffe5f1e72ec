/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-gate watch prints while Lago migrates: parsed, and put into a sentence. Pure. */

#include <stdbool.h>
#include <stdint.h>

#define ADVANCE_SILENT_SEC 600 /* without progress: then a warning is logged */

/* The words of a line, in its order. */
typedef enum AdvanceWord {
        ADVANCE_APPLIED, /* of those that were missing at the start */
        ADVANCE_TOTAL,
        ADVANCE_VERSION, /* of the migration in hand; "-": none is, or structure.sql is being loaded */
        ADVANCE_NAME,
        ADVANCE_BLOCKER, /* pid of the backend that it waits for */
        ADVANCE_BLOCKED_SEC,
        ADVANCE_BLOCKER_STATE,
        ADVANCE_BLOCKER_APP,
        ADVANCE_INDEX, /* that is being created; "-" while it has no name yet */
        ADVANCE_TABLE, /* of it; "-": none is being created */
        ADVANCE_PHASE, /* its number, and how many there are */
        ADVANCE_PHASES,
        ADVANCE_PERCENT, /* of this phase */
        ADVANCE_LEFT,    /* seconds that the rest of the phase takes at its present pace */
        _ADVANCE_WORDS,
} AdvanceWord;

typedef struct Advance {
        char **words; /* _ADVANCE_WORDS of them, "-" for what is not known; NULL: no line has come yet */
} Advance;

/** advance_parse() - one line into @p, whose old words are freed. Answer: false, and nothing changed, for any other line. */
bool advance_parse(Advance *p, const char *line);

/** advance_has() - that word is known. */
bool advance_has(const Advance *p, AdvanceWord word);

/** advance_moved() - between the two something got further: another migration, another phase, another percent. */
bool advance_moved(const Advance *before, const Advance *after);

/**
 * advance_is_silent() - nothing got further for ADVANCE_SILENT_SEC, and this silence was not logged yet.
 *
 * @moved  when something last did, usec, CLOCK_MONOTONIC.
 * @told   the @moved of the silence that was logged last; 0: none was.
 */
bool advance_is_silent(uint64_t moved, uint64_t told, uint64_t now);

/** advance_silence() - "Migration 20260709135717 add_x has shown no progress for 10 min. …"; @span is how long. */
char *advance_silence(const Advance *p, const char *span);

/**
 * advance_sentence() - "Migrating 12 of 29: 20260709135717 add_x, 1 min 12 s": at most ADVANCE_SENTENCE bytes.
 *
 * @span  how long the migration in hand has taken.
 * Answer: NULL when none is in hand.
 */
char *advance_sentence(const Advance *p, const char *span);

#define ADVANCE_SENTENCE 100

void advance_done(Advance *p);
