/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-relay notes in the container's lines: ready, a missing table, the last lines before an end. */

typedef struct Supervisor Supervisor;

/** notes_take() - remembers a note of relay/watch.h; a thing that is missing is told in the journal, once. */
void notes_take(Supervisor *s, const char *note);

/** notes_begin() - a new container starts: what the last one said is forgotten, but not what was missing. */
void notes_begin(Supervisor *s);

/**
 * notes_last_lines() - once the end of the container and its last lines are both known, and it ended by itself and not
 * well, the lines are logged, once. Called when either becomes known.
 */
void notes_last_lines(Supervisor *s);

/**
 * notes_doubt() - "relation "invoices" does not exist (8 times)", for STATUS=; NULL: nothing was missing within an hour. The
 * caller frees it.
 */
char *notes_doubt(const Supervisor *s);
