/* SPDX-License-Identifier: MIT */
#include "supervisor/reach.h"

#include "base/time.h"
#include "process/netns.h"
#include "supervisor/nameserver.h"
#include "supervisor/supervisor.h"

#define RELOAD_TIMEOUT_USEC (60 * USEC_PER_SEC)

static char *place_of(const Supervisor *s) {
        return stack_listen_text(stack_listen(s->config, s->member.kind));
}

char *reach_doubt(const Supervisor *s) {
        _cleanup_(freep) char *place = NULL;

        if (s->health.names.missed >= 2)
                return xstrdup("its network resolves no names");
        if (s->health.reach.missed < 2)
                return NULL;
        place = place_of(s);
        return xasprintf("not reached at %s", place);
}

/* --- made again ----------------------------------------------------------------------------------------- */

static void on_reloaded(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                log_warning("The network of %s could not be made again: %s", s->container_name, line);
        }
        s->health.reach_over(s);
}

/* Answer: whether the engine is at work, and reach_over() follows. @doubt: "not reached at …"; @mended: "Reached at …". */
static bool heard(Supervisor *s, ReachAct act, const char *doubt, const char *mended, const char *reason) {
        switch (act) {
        case REACH_RELOAD:
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "Healthy, but %s (%s): the engine makes its network again.",
                            doubt, reason);
                supervisor_job(s, s->engine->network_reload(s->container_name),
                               &(JobSpec){.timeout_usec = RELOAD_TIMEOUT_USEC, .done = on_reloaded});
                return true;
        case REACH_TELL:
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "Healthy, but %s, and making its network again did not help: %s.",
                            doubt, reason);
                return false;
        case REACH_BACK:
                log_message(LOG_INFO, MESSAGE_UNREACHED, "%s again.", mended);
                return false;
        case REACH_NOTHING:
                return false;
        }
        return false;
}

/* --- the name server ------------------------------------------------------------------------------------ */

static void on_name(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        ReachAct act = reach_heard(&s->health.names, verdict == PROBE_GOOD);

        if (act == REACH_RELOAD)
                nameserver_end();
        if (!heard(s, act, "its network resolves no names", "Names are resolved", reason))
                s->health.reach_over(s);
}

/* For this member's own name, which is known as long as its container runs. */
static void ask_name(Supervisor *s) {
        char server[46];
        ProbeTarget target = {
                .question = ASK_NAME,
                .place = PROBE_IN_NAMESPACE,
                .netns_fd = s->container.netns_fd,
                .address = server,
                .port = 53,
                .path = s->info->name,
                .timeout_usec = s->config->health_timeout_usec,
        };
        int r = netns_gateway(s->container.netns_fd, server, sizeof(server));

        /* A network of IPv6 alone, say: nobody to ask is nothing amiss. */
        if (r == -ENOENT)
                s->health.reach_over(s);
        else if (r < 0)
                on_name(s, PROBE_LATER, probe_errno_words(-r));
        else
                work_probe(&s->work, &target, on_name, s);
}

/* --- the published port --------------------------------------------------------------------------------- */

static void on_published(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *place = place_of(s), *doubt = xasprintf("not reached at %s", place);
        _cleanup_(freep) char *mended = xasprintf("Reached at %s", place);

        if (!heard(s, reach_heard(&s->health.reach, verdict == PROBE_GOOD), doubt, mended, reason))
                ask_name(s);
}

bool reach_ask(Supervisor *s, void (*over)(Supervisor *s)) {
        const Listen *listen = stack_listen(s->config, s->member.kind);
        ProbeTarget target = {
                .question = ASK_HTTP,
                .place = PROBE_ON_HOST,
                .path = s->info->probe_path,
                .timeout_usec = s->config->health_timeout_usec,
        };

        if (!listen || s->info->ready_by != READY_BY_HTTP || (!reach_due(&s->health.reach) && s->health.names.missed == 0))
                return false;
        s->health.reach_over = over;
        target.address = stack_listen_local(listen);
        target.port = listen->port;
        work_probe(&s->work, &target, on_published, s);
        return true;
}
