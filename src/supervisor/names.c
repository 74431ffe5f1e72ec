/* SPDX-License-Identifier: MIT */
#include "supervisor/names.h"

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
        ProbeTarget target;
        const char *name = s->info->name;

        /* Known for longer than the container's own. */
        if (!s->config->database_external)
                name = "db";
        else if (!s->config->redis_external)
                name = "redis";
        if (s->container.netns_fd >= 0 && reach_name_target(s->container.netns_fd, name, NAME_TIMEOUT_USEC, server, &target) >= 0)
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
