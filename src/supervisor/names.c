/* SPDX-License-Identifier: MIT */
#include "supervisor/names.h"

#include "process/netns.h"
#include "supervisor/reach.h"
#include "supervisor/supervisor.h"

#define NAME_TIMEOUT_USEC USEC_PER_SEC

static void ask_name(Supervisor *s);

/* One miss says nothing: the server may be busy, or be told of a new container just now. A run may hang for long on the second. */
static void on_name(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        bool told = s->run.names;

        free(s->run.names);
        s->run.names = NULL;
        if (verdict == PROBE_GOOD)
                return;
        if (!s->run.name_missed) {
                s->run.name_missed = true;
                ask_name(s);
                return;
        }
        s->run.names = reach_names_sentence(s->container.netns_fd, reason);
        if (!told)
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "%s.", s->run.names);
}

static void ask_name(Supervisor *s) {
        char server[46];
        ProbeTarget target = {
                .question = ASK_NAME,
                .place = PROBE_IN_NAMESPACE,
                .netns_fd = s->container.netns_fd,
                .address = server,
                .port = 53,
                /* Known for longer than the container's own. */
                .path = !s->config->database_external ? "db" : !s->config->redis_external ? "redis"
                                                                                          : s->info->name,
                .timeout_usec = NAME_TIMEOUT_USEC,
        };

        if (s->container.netns_fd >= 0 && netns_gateway(s->container.netns_fd, server, sizeof(server)) >= 0)
                work_probe(&s->work, &target, on_name, s);
}

void names_ask(Supervisor *s) {
        free(s->run.names);
        s->run.names = NULL;
        s->run.name_missed = false;
        ask_name(s);
}

void names_ask_again(Supervisor *s) {
        if (s->run.names)
                ask_name(s);
}
