/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A container of an earlier life that was not removed: the power was cut, or the engine failed. The next one of its name
 * replaces it (start.c). A member that goes on without one has it removed here, for its environment is in it, and its
 * image cannot go while it is there.
 */

#include "process/job.h"

typedef struct Supervisor Supervisor;

typedef enum LeftoverOwner {
        LEFTOVER_UNKNOWN, /* the engine could not say */
        LEFTOVER_NONE,    /* there is no container of that name */
        LEFTOVER_OURS,
        LEFTOVER_STRANGER,
} LeftoverOwner;

/** leftover_owner() - whose the container is, from the @result of the engine's owner(). */
LeftoverOwner leftover_owner(const Supervisor *s, const JobResult *result);

/** leftover_tell() - logs that a left-over container is about to be removed. */
void leftover_tell(const Supervisor *s);

/** leftover_remove() - the work of SWEEP and STANDBY. Feeds OK when no left-over container is there, or the engine cannot remove it. */
void leftover_remove(Supervisor *s);
