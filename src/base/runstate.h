/* SPDX-License-Identifier: MIT */
#pragma once
/* /run/lago/state/MEMBER as its readers see it: what each supervisor tells the others, and lagoctl. */

#define RUN_DIRECTORY "/run/lago/state"

/* STATE of a member that serves. */
#define RUN_STATE_SERVING "serving"

/** runstate_read() - the lines of @member's file, for keyfile_get(); NULL when it has none. The caller frees it. */
char *runstate_read(const char *member);

/** runstate_address() - where @member serves, NULL while it does not. The caller frees it. */
char *runstate_address(const char *member);
