/* SPDX-License-Identifier: MIT */
#include "supervisor/heldup.h"

#include "base/time.h"
#include "process/holder.h"
#include "supervisor/supervisor.h"

/* An engine at leisure stops what has ended in a fraction of it. */
#define LOOK_USEC (5 * USEC_PER_SEC)

/* A process that holds a lock on podman's files keeps podman from doing anything, so the container may still run. */
static void look(Supervisor *s) {
        uint64_t took = now_usec() - s->entered_usec;
        bool paused = false;
        _cleanup_(freep) char *holder = holder_find(s->engine->name, &paused), *span = span_text(took);

        if (!paused && took < s->info->grace_sec * USEC_PER_SEC + LOOK_USEC)
                return;
        if (!holder)
                supervisor_status(s, "Stopping; held up by %s, which does not answer (%s)", s->engine->name, span);
        else
                supervisor_status(s, "Stopping; held up: %s does not answer while %s is there (%s)", s->engine->name, holder, span);
        if (!s->container.held_up_told)
                log_warning("The stop is held up: %s does not answer%s%s. \"ps -fC %s\" shows who uses it.", s->engine->name,
                            holder ? "; it may wait for " : "", holder ? holder : "", s->engine->name);
        s->container.held_up_told = true;
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)usec;
        if (s->state == LIFE_STOP && s->work.job)
                look(s);
        (void)sd_event_source_set_time_relative(source, LOOK_USEC);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

void heldup_watch(Supervisor *s) {
        sd_event_source *source = NULL;

        if (sd_event_add_time_relative(s->work.event, &source, CLOCK_MONOTONIC, LOOK_USEC, 0, on_look, s) < 0)
                return;
        /* Stopping is the last that it does. */
        (void)sd_event_source_set_floating(source, 1);
        sd_event_source_unref(source);
}
