/* SPDX-License-Identifier: MIT */
#pragma once
/* Which errors of the system may be over a moment later: what meets one waits, and refuses nothing. Pure. */

#include <stdbool.h>

/**
 * errno_status() - the exit status for what failed with @r, a negative errno.
 *
 * Answer: EXIT_OSERR when memory, processes or descriptors ran out, EXIT_TEMPFAIL for the others that may pass by
 * themselves (a read error, a full disk, a file server that is away); 0 for one that stays until somebody acts.
 */
int errno_status(int r);

/** errno_is_passing() - @r, a negative errno, may be over by itself. */
bool errno_is_passing(int r);

/** text_is_passing() - @text, of a library that gives no number, holds the C locale's words for such an error. */
bool text_is_passing(const char *text);
