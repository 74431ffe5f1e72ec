/* SPDX-License-Identifier: MIT */
#include "supervisor/names.h"

#include "base/runstate.h"
#include "supervisor/reach.h"
#include "supervisor/supervisor.h"

#define NAME_TIMEOUT_USEC USEC_PER_SEC

static void ask_name(Supervisor *s);

/* Each cause is logged when it is news: one may have been behind the other. */
static void tell(Supervisor *s, const char *before, char *sentence) {
        s->run.names = sentence;
        if (!before || !streq(before, sentence))
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "%s.", s->run.names);
}

/* Nothing is heard, as of a packet that was dropped; what refuses, or has no way there, says so to the run itself. */
static void on_server(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *before = TAKE_PTR(s->run.names);

        if (verdict == PROBE_GOOD || !streq(reason, PROBE_NO_ANSWER))
                return;
        if (s->run.name_missed)
                tell(s, before, reach_forward_sentence(s->container.netns_fd));
        else {
                s->run.name_missed = true;
                ask_name(s);
        }
}

/* That a name is known says nothing of the way to whom it names: a firewall may drop what goes from container to container. */
static bool ask_server(Supervisor *s) {
        _cleanup_(freep) char *address = s->config->database_external ? NULL : runstate_address("db");
        ProbeTarget target = {
                .question = ASK_POSTGRES,
                .place = PROBE_IN_NAMESPACE,
                .netns_fd = s->container.netns_fd,
                .address = address,
                .port = member_info(MEMBER_DB)->port,
                .timeout_usec = NAME_TIMEOUT_USEC,
        };

        if (isempty(address) || s->container.netns_fd < 0)
                return false;
        work_probe(&s->work, &target, on_server, s);
        return true;
}

/* One miss says nothing: the server may be busy, or be told of a new container just now. A run may hang for long on the second. */
static void on_name(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *before = NULL;

        if (verdict == PROBE_GOOD && ask_server(s))
                return;
        before = TAKE_PTR(s->run.names);
        if (verdict == PROBE_GOOD)
                return;
        if (!s->run.name_missed) {
                s->run.name_missed = true;
                ask_name(s);
                return;
        }
        tell(s, before, reach_names_sentence(s->container.netns_fd, reason));
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
