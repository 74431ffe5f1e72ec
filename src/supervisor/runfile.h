/* SPDX-License-Identifier: MIT */
#pragma once
/* /run/lago/state/MEMBER as its supervisor writes it; base/runstate.h reads. */

#include "base/runstate.h"

typedef struct Supervisor Supervisor;

/** runfile_write() - STATE, STATUS, INVOCATION, ADDRESS, RELEASE, IMAGE_ID, SINCE, CONTAINER … as they are now. Failures are told, once. */
void runfile_write(const Supervisor *s);

/** runfile_keep() - writes it again when somebody has removed it: without, the others take a member that serves for away. */
void runfile_keep(const Supervisor *s);

/**
 * runfile_ended() - the member's last word. A final @exit_status is kept for those who wait. INVOCATION stays as it was.
 *
 * @container  the one that could not be removed; NULL: none is left.
 */
void runfile_ended(const char *member, const char *status, int exit_status, const char *container);

/**
 * runfile_failed_upstream() - one that this member stands on and that failed for good, in a sentence with its reason:
 * nobody but a person will start it again. NULL when there is none. The caller frees it.
 */
char *runfile_failed_upstream(const Supervisor *s);

/** runfile_watch() - has LIFE_ON_WAKE fed when one of the members that this one stands on changes its file. */
int runfile_watch(Supervisor *s);
