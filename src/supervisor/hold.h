/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-gate hold, a child that keeps the lock of the clock or of migrate as long as it lives. */

#include "process/job.h"
#include "supervisor/gate-client.h"

/* What becomes of it. */
typedef struct HoldCallbacks {
        void (*held)(void *userdata);                                         /* the lock is ours */
        void (*standby)(void *userdata, const char *address);                 /* it is another one's, whose client is there */
        void (*lost)(void *userdata, bool was_held, const JobResult *result); /* the child ended */
} HoldCallbacks;

typedef struct Hold {
        Job *job;
        bool held;       /* it said that the lock is ours */
        char others[41]; /* the address of the other one that has it, as it said last; empty when there is none */
        const HoldCallbacks *callbacks;
        void *userdata;
} Hold;

/** hold_begin() - asks for the lock as @call says, and waits for it as long as it takes. Errors: -errno when fork failed. */
int hold_begin(Hold *h, Jobs *jobs, const GateCall *call, const HoldCallbacks *callbacks, void *userdata);

/** hold_release() - lets others have the lock; fine when it is not held. No callback follows. */
void hold_release(Hold *h);
