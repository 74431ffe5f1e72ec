/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-ready concludes from the units' states. Pure. */

#include "ready/unit.h"

typedef enum KeepAnswer {
        KEEP_WAIT,
        KEEP_SERVES, /* every mandatory member that was not stopped serves */
        KEEP_FAILED, /* @which failed for good; the first in the chain's order */
} KeepAnswer;

/** keep_judge() - @units in the chain's order, upstream first; @ret_which is written for KEEP_FAILED only. */
KeepAnswer keep_judge(const Unit *units, size_t n, size_t *ret_which);

/** keep_is_awaited() - whether the start of the stack still waits for this one. */
bool keep_is_awaited(const Unit *unit);

/** keep_is_stopped() - neither running nor about to, and not by mishap: the operator stopped it, so it is left alone. */
bool keep_is_stopped(const Unit *unit);

/** keep_should_queue() - whether the start of units[@i] is to be queued again: lost, and nothing upstream has failed. */
bool keep_should_queue(const Unit *units, size_t i);
