/* SPDX-License-Identifier: MIT */
#pragma once
/* The work of the state in hand: at most one child, one question and one timer, which end with the state. */

#include "probe/probe.h"
#include "process/job.h"

typedef struct Work {
        sd_event *event;
        Jobs *jobs;
        Job *job;
        Probe *probe;
        sd_event_source *timer;
} Work;
