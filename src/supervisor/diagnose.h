/* SPDX-License-Identifier: MIT */
#pragma once
/* DIAGNOSE: a run of the migrations failed, and the journal is asked why. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** diagnose_is_wanted() - whether the last run failed by itself, and its excuse was not looked for yet. */
bool diagnose_is_wanted(const Supervisor *s);

/** enter_diagnose() - looks for it; RECHECK. */
void enter_diagnose(Supervisor *s);
