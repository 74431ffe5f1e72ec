/* SPDX-License-Identifier: MIT */
#pragma once
/* Why a run of the migrations failed, when that is a thing that passes. */

#include "supervisor/supervisor.h"

/** excuse_begin() - a run begins: what is known of the last one is forgotten. */
void excuse_begin(Supervisor *s);

/**
 * excuse_asked() - after a run that failed: begins to look for its reason, once, and answers true; check_for_migrate() is
 * called again with s->excuse. false when there is nothing to ask, or it is known.
 */
bool excuse_asked(Supervisor *s);

/** excuse_rest() - the run failed of s->excuse: says so and feeds a LATER, with a rest that grows from run to run. */
void excuse_rest(Supervisor *s, const char *first);
