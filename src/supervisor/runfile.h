/* SPDX-License-Identifier: MIT */
#pragma once
/* /run/lago/state/MEMBER as its supervisor writes it; base/runstate.h reads. */

#include "base/runstate.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

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

/** runfile_suspects() - whether @member's last life ended in a way that may have left a container, or is not known: a new boot. */
bool runfile_suspects(const char *member);

/** runfile_is_of_upstream() - whether @member is one that this one stands on. */
bool runfile_is_of_upstream(const Supervisor *s, const char *member);

/** runfile_watch() - has @changed called when one of the members writes its file, and for IN_IGNORED. Errors: -errno. */
int runfile_watch(Supervisor *s, sd_event_inotify_handler_t changed);
