/* SPDX-License-Identifier: MIT */
#include "supervisor/runfile.h"

#include "base/keyfile.h"
#include "base/time.h"
#include "supervisor/policy.h"
#include "supervisor/supervisor.h"

#include <sys/inotify.h>
#include <unistd.h>

static char *path_of(const char *member) {
        return xasprintf(RUN_DIRECTORY "/%s", member);
}

static void write_text(const char *member, const char *text) {
        static bool told;
        int r = runstate_write(member, text);

        if (r < 0 && !told) {
                _cleanup_(freep) char *path = path_of(member);

                told = true;
                log_warning("Cannot write %s: %s. The other members wait for what it says.", path, strerror(-r));
        }
}

void runfile_write(const Supervisor *s) {
        _cleanup_(freep) char *text = NULL, *since = xasprintf("%llu", (unsigned long long)s->entered_usec);

        keyfile_add(&text, "STATE", life_state_name(s->state));
        keyfile_add(&text, "STATUS", s->wait.status);
        keyfile_add(&text, "INVOCATION", getenv("INVOCATION_ID"));
        keyfile_add(&text, "SINCE", since);
        keyfile_add(&text, "RELEASE", s->image.version ? s->image.version : s->config->release);
        keyfile_add(&text, "IMAGE", s->image.reference);
        keyfile_add(&text, "IMAGE_ID", s->image.id);
        keyfile_add(&text, "ADDRESS", s->container.address[0] ? s->container.address : NULL);
        keyfile_add(&text, "CONTAINER", s->container.exists ? s->container_name : NULL);
        if (s->container.relay) {
                _cleanup_(freep) char *output = xasprintf("%lu", relay_id(s->container.relay));

                keyfile_add(&text, "OUTPUT", output);
        }
        keyfile_add(&text, "VERDICT", s->gate.answer.verdict);
        keyfile_add(&text, "FIRST", s->gate.answer.first);
        keyfile_add(&text, "SICK", s->health.bad > 0 ? "yes" : NULL);
        write_text(s->name, text);
}

void runfile_keep(const Supervisor *s) {
        _cleanup_(freep) char *path = path_of(s->name);

        if (access(path, F_OK) < 0 && errno == ENOENT)
                runfile_write(s);
}

void runfile_ended(const char *member, const char *status, int exit_status, const char *container) {
        _cleanup_(freep) char *text = NULL, *number = xasprintf("%d", exit_status);
        /* Of the life whose words they are: reap may come after one that ended before it had any. */
        _cleanup_(freep) char *before = runstate_read(member), *invocation = NULL;

        invocation = before ? keyfile_get(before, "INVOCATION") : NULL;
        keyfile_add(&text, "STATE", life_state_name(LIFE_END));
        keyfile_add(&text, "STATUS", status);
        keyfile_add(&text, "INVOCATION", invocation);
        keyfile_add(&text, "EXIT", exit_is_final(exit_status) ? number : NULL);
        keyfile_add(&text, "CONTAINER", container);
        write_text(member, text);
}

bool runfile_suspects(const char *member) {
        _cleanup_(freep) char *state = runstate_read(member), *container = NULL;

        container = state ? keyfile_get(state, "CONTAINER") : NULL;
        return !state || container;
}

bool runfile_is_of_upstream(const Supervisor *s, const char *member) {
        return (s->info->backend && streq(member, "db")) || (s->info->awaits_redis && streq(member, "redis")) ||
               (s->info->awaits_api && streq(member, "api"));
}

/* One that ended for the same reason tells the first cause already. */
static char *failure_words(const char *member, const char *text, const char *exit_status) {
        _cleanup_(freep) char *status = keyfile_get(text, "STATUS");

        if (status && streq(exit_status, "79"))
                return TAKE_PTR(status);
        return xasprintf("lago-%s failed: %s", member, status ? status : "see its journal");
}

char *runfile_failed_upstream(const Supervisor *s) {
        static const char *const upstreams[] = {"db", "redis", "api"};

        for (size_t i = 0; i < ELEMENTSOF(upstreams); i++) {
                _cleanup_(freep) char *text = NULL, *exit_status = NULL;

                if (streq(s->name, upstreams[i]) || !runfile_is_of_upstream(s, upstreams[i]))
                        continue;
                text = runstate_read(upstreams[i]);
                exit_status = text ? keyfile_get(text, "EXIT") : NULL;
                if (exit_status)
                        return failure_words(upstreams[i], text, exit_status);
        }
        return NULL;
}

int runfile_watch(Supervisor *s, sd_event_inotify_handler_t changed) {
        int r = runstate_prepare();

        if (r < 0)
                return r;
        return sd_event_add_inotify(s->work.event, &s->sources.run_files, RUN_DIRECTORY, IN_MOVED_TO, changed, s);
}
