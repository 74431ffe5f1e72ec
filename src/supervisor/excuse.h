/* SPDX-License-Identifier: MIT */
#pragma once
/* Why a run of the migrations failed, when that is a thing that passes. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** excuse_begin() - a run begins: what is known of the last one is forgotten. */
void excuse_begin(Supervisor *s);

/** excuse_is_wanted() - after a run that failed: whether its reason, s->excuse, is still to be looked for, in DIAGNOSE. */
bool excuse_is_wanted(const Supervisor *s);

/** enter_diagnose() - looks for it; RECHECK, with s->excuse. */
void enter_diagnose(Supervisor *s);

/** excuse_rest() - the run failed of s->excuse: says so and feeds a LATER, with a rest that grows from run to run. */
void excuse_rest(Supervisor *s, const char *first);
