/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-supervisor can be asked to do beside running a member; each answers the program's exit status. */

#include "stack/stack.h"

/** reap_run() - "reap MEMBER", systemd's ExecStopPost=: nothing of the member's container is left afterwards. */
int reap_run(const Member *member);

/** ready_run() - "ready": keeps the chain; see ready.c. */
int ready_run(void);

/** again_run() - "again", when lago-ready failed: ended by what may pass, the keeper is started again; see again.c. */
int again_run(void);
