/* SPDX-License-Identifier: MIT */
#pragma once
/* Takes what the relay notes in the container's output, and logs it, changes STATUS= or feeds an event. */

typedef struct Supervisor Supervisor;

/** hear_note() - a note of relay/watch.h, as a JobLine: it is remembered, and may be what PROBE waits for. */
void hear_note(void *supervisor, const char *note);

/**
 * hear_last_lines() - once the end of the container and its last lines are both known, and it ended by itself and not
 * well, the lines are logged, once. Called when either becomes known.
 */
void hear_last_lines(Supervisor *s);
