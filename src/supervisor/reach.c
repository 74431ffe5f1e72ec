/* SPDX-License-Identifier: MIT */
#include "supervisor/reach.h"

#include "base/time.h"

#define RELOAD_TIMEOUT_USEC (60 * USEC_PER_SEC)

static char *place_of(const Supervisor *s) {
        const Listen *listen = stack_listen(s->config, s->member.kind);

        return xasprintf(strchr(listen->address, ':') ? "[%s]:%u" : "%s:%u", listen->address, listen->port);
}

char *reach_doubt(const Supervisor *s) {
        _cleanup_(freep) char *place = s->reach.missed >= 2 ? place_of(s) : NULL;

        return place ? xasprintf("not reached at %s", place) : NULL;
}

static void on_reloaded(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->job = NULL;
        if (result->signaled || result->status != 0) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                log_warning("The network rules of %s could not be made again: %s", s->container_name, line);
        }
        serve_healthy(s);
}

static void reload(Supervisor *s) {
        supervisor_job(s, s->engine->network_reload(s->container_name),
                       &(JobSpec){.directory_fd = -EBADF, .timeout_usec = RELOAD_TIMEOUT_USEC, .done = on_reloaded});
}

static void on_published(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        ReachAct act = reach_heard(&s->reach, verdict == PROBE_GOOD);
        _cleanup_(freep) char *place = place_of(s);

        s->probe = NULL;
        switch (act) {
        case REACH_RELOAD:
                log_message(LOG_WARNING, MESSAGE_UNREACHED,
                            "Healthy, but not reached at %s (%s): the engine makes its network rules again.", place, reason);
                reload(s);
                return;
        case REACH_TELL:
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "Healthy, but not reached at %s, and new network rules did not help: %s.", place,
                            reason);
                break;
        case REACH_BACK:
                log_message(LOG_INFO, MESSAGE_UNREACHED, "Reached at %s again.", place);
                break;
        case REACH_NOTHING:
                break;
        }
        serve_healthy(s);
}

bool reach_ask(Supervisor *s) {
        const Listen *listen = stack_listen(s->config, s->member.kind);
        ProbeTarget target = {
                .question = ASK_HTTP,
                .netns_fd = -EBADF,
                .path = s->info->probe_path,
                .timeout_usec = s->config->health_timeout_usec,
        };
        int r;

        if (!listen || s->info->probe != PROBE_HTTP || !reach_due(&s->reach))
                return false;
        target.address = stack_listen_local(listen);
        target.port = listen->port;
        r = probe_start(s->event, &target, on_published, s, &s->probe);
        if (r < 0)
                on_published(s, PROBE_LATER, probe_errno_words(-r));
        return true;
}
