/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where a member is published. The probe asks a container inside its network, so it does not see when this host no longer
 * leads anybody there: a firewall that was loaded anew has forgotten the engine's rules, and with them the members' way out.
 */

#include "supervisor/supervisor.h"

/** reach_ask() - after a good probe. Answer: false when it is not asked now; else serve_healthy() follows in its time. */
bool reach_ask(Supervisor *s);

/** reach_doubt() - "not reached at 127.0.0.1:3000", for STATUS; NULL when nothing speaks against it. The caller frees it. */
char *reach_doubt(const Supervisor *s);
