/* SPDX-License-Identifier: MIT */
#include "supervisor/work.h"

#include "base/util.h"

#include <time.h>

static void on_job(void *userdata, const JobResult *result) {
        Work *w = userdata;

        w->job = NULL;
        w->job_done(w->job_userdata, result);
}

void work_job(Work *w, char **argv, const JobSpec *spec) {
        _cleanup_(strv_freep) char **owned = argv;
        JobSpec filled = *spec;
        int r;

        w->job_done = spec->done;
        w->job_userdata = spec->userdata;
        filled.argv = owned;
        filled.done = on_job;
        filled.userdata = w;
        r = job_start(w->jobs, &filled, &w->job);
        if (r < 0)
                w->no_process(w->owner, owned[0], -r);
}

static void on_probe(void *userdata, ProbeVerdict verdict, const char *reason) {
        Work *w = userdata;

        w->probe = NULL;
        w->probe_done(w->probe_userdata, verdict, reason);
}

void work_probe(Work *w, const ProbeTarget *target, ProbeDone done, void *userdata) {
        int r;

        w->probe_done = done;
        w->probe_userdata = userdata;
        r = probe_start(w->event, target, on_probe, w, &w->probe);
        if (r < 0)
                on_probe(w, PROBE_LATER, probe_errno_words(-r));
}

void work_timer(Work *w, uint64_t usec, uint64_t slack_usec, sd_event_time_handler_t handler, void *userdata) {
        w->timer = sd_event_source_disable_unref(w->timer);
        (void)sd_event_add_time_relative(w->event, &w->timer, CLOCK_MONOTONIC, usec, slack_usec, handler, userdata);
}

void work_drop(Work *w) {
        w->job = job_cancel(w->job);
        w->probe = probe_free(w->probe);
        w->timer = sd_event_source_disable_unref(w->timer);
}
