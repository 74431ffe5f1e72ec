/* SPDX-License-Identifier: MIT */
#pragma once
/* A program's own limits, against what strangers send it: set by itself, whoever started it and with whatever. */

/**
 * box_limit() - bounds on memory and files, no core, no new privileges; and box_more_time().
 * Errors: none; a limit of the caller's that is lower stays.
 */
void box_limit(void);

/** box_filter() - from here on no other program, no change of names or modes of files, no namespace; behind box_limit(). */
void box_filter(void);

/** box_more_time() - a minute of processor from now on, behind which SIGXCPU ends it: for each turn of what runs for long. */
void box_more_time(void);

/** box_close_inherited() - closes every descriptor but the standard three, and those that @argv names as /dev/fd/N. */
void box_close_inherited(char *const argv[]);

/** box_hide() - no other process of our user may look into our memory. Afterwards /dev/fd can be root's alone. */
void box_hide(void);

/** box_forget() - takes every variable whose name begins with @prefix out of the environment, but for @keep. */
void box_forget(const char *prefix, const char *keep);
