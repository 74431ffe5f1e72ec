/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The work of the state in hand: at most one child, one question and one timer, which end with the state. Each is
 * taken off before its callback runs, so that the callback may begin the next one.
 */

#include "probe/probe.h"
#include "process/job.h"

typedef struct Work {
        sd_event *event;
        Jobs *jobs;
        /* Nothing could be forked for @program. */
        void (*no_process)(void *owner, const char *program, int error);
        void *owner;

        Job *job;
        JobDone job_done;
        void *job_userdata;
        Probe *probe;
        ProbeDone probe_done;
        void *probe_userdata;
        sd_event_source *timer;
} Work;

/** work_job() - runs @argv (freed here) as @spec says, whose .line is unused; when fork fails no_process() is called instead. */
void work_job(Work *w, char **argv, const JobSpec *spec);

/** work_probe() - asks; where it cannot be asked @done is called at once, with PROBE_LATER. */
void work_probe(Work *w, const ProbeTarget *target, ProbeDone done, void *userdata);

/** work_timer() - calls @handler after @usec, or up to @slack_usec later if the host then sleeps longer. The last timer ends. */
void work_timer(Work *w, uint64_t usec, uint64_t slack_usec, sd_event_time_handler_t handler, void *userdata);

/** work_drop() - whatever is in hand is given up. */
void work_drop(Work *w);
