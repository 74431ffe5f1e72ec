/* SPDX-License-Identifier: MIT */
#include "supervisor/runfile.h"

#include "base/keyfile.h"
#include "base/log.h"
#include "supervisor/life.h"

#include <sys/inotify.h>
#include <unistd.h>

static char *path_of(const char *member) {
        return xasprintf(RUN_DIRECTORY "/%s", member);
}

static bool unwritten; /* the last one could not be written */

static void tell_change(const char *member, int r) {
        _cleanup_(freep) char *path = path_of(member);

        if (r < 0)
                log_warning("Cannot write %s: %s. The other members wait for what it says.", path, strerror(-r));
        else
                log_info("%s is written again.", path);
}

static void write_text(const char *member, const char *text) {
        int r = runstate_write(member, text);

        if ((r < 0) != unwritten)
                tell_change(member, r);
        unwritten = r < 0;
}

void runfile_write(const char *member, const RunFile *file) {
        _cleanup_(freep) char *text = NULL, *since = xasprintf("%llu", (unsigned long long)file->since_usec);
        _cleanup_(freep) char *output = file->output > 0 ? xasprintf("%lu", file->output) : NULL;

        keyfile_add(&text, "STATE", file->state);
        keyfile_add(&text, "STATUS", file->status);
        keyfile_add(&text, "INVOCATION", getenv("INVOCATION_ID"));
        keyfile_add(&text, "SINCE", since);
        keyfile_add(&text, "RELEASE", file->release);
        keyfile_add(&text, "IMAGE", file->image);
        keyfile_add(&text, "IMAGE_ID", file->image_id);
        keyfile_add(&text, "ADDRESS", file->address);
        keyfile_add(&text, "CONTAINER", file->container);
        keyfile_add(&text, "VIEW", file->view ? "yes" : NULL);
        keyfile_add(&text, "OUTPUT", output);
        keyfile_add(&text, "VERDICT", file->verdict);
        keyfile_add(&text, "FIRST", file->first);
        keyfile_add(&text, "SICK", file->sick ? "yes" : NULL);
        write_text(member, text);
}

bool runfile_is_due(const char *member) {
        _cleanup_(freep) char *path = path_of(member);

        return unwritten || (access(path, F_OK) < 0 && errno == ENOENT);
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

bool runfile_is_of_upstream(const Config *config, MemberKind kind, const char *other) {
        const MemberInfo *info = member_info(kind);

        return (info->backend && streq(other, "db")) || (info->awaits_redis && streq(other, "redis")) ||
               (stack_awaits_api(config, kind) && streq(other, "api"));
}

/* A member that itself ended because of an upstream names the first cause already. */
static char *failure_words(const char *member, const char *text, const char *exit_status) {
        _cleanup_(freep) char *status = keyfile_get(text, "STATUS");

        if (status && streq(exit_status, "79"))
                return TAKE_PTR(status);
        return xasprintf("lago-%s failed: %s", member, status ? status : "see its journal");
}

char *runfile_failed_upstream(const Config *config, const Member *member) {
        static const char *const upstreams[] = {"db", "redis", "api"};

        for (size_t i = 0; i < ELEMENTSOF(upstreams); i++) {
                _cleanup_(freep) char *text = NULL, *exit_status = NULL;

                if (streq(member_info(member->kind)->name, upstreams[i]) ||
                    !runfile_is_of_upstream(config, member->kind, upstreams[i]))
                        continue;
                text = runstate_read(upstreams[i]);
                exit_status = text ? keyfile_get(text, "EXIT") : NULL;
                if (exit_status)
                        return failure_words(upstreams[i], text, exit_status);
        }
        return NULL;
}

bool runfile_starts(const char *member) {
        static const LifeState starting[] = {LIFE_AWAIT, LIFE_PREPARE, LIFE_CHECK, LIFE_LOCK, LIFE_START, LIFE_PROBE};
        _cleanup_(freep) char *text = runstate_read(member), *state = text ? keyfile_get(text, "STATE") : NULL;
        bool starts = false;

        for (size_t i = 0; state && i < ELEMENTSOF(starting); i++)
                starts |= streq(state, life_state_name(starting[i]));
        return starts;
}

int runfile_watch(sd_event *event, sd_event_source **ret, sd_event_inotify_handler_t changed, void *userdata) {
        int r = runstate_prepare();

        return r < 0 ? r : sd_event_add_inotify(event, ret, RUN_DIRECTORY, IN_MOVED_TO, changed, userdata);
}
