/* SPDX-License-Identifier: MIT */
#include "supervisor/leftover.h"

#include "supervisor/supervisor.h"

LeftoverOwner leftover_owner(const Supervisor *s, const JobResult *result) {
        size_t n;

        if (result->signaled || !result->started || result->status != 0)
                return LEFTOVER_UNKNOWN;
        if (isempty(result->output))
                return LEFTOVER_NONE;
        n = strcspn(result->output, "\n");
        return n == strlen(s->name) && strncmp(result->output, s->name, n) == 0 ? LEFTOVER_OURS : LEFTOVER_STRANGER;
}

void leftover_tell(const Supervisor *s) {
        log_message(LOG_WARNING, MESSAGE_REAPED, "Removing a left-over container %s.", s->container_name);
}

static void on_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->container.stuck = result->signaled || result->status != 0;
        supervisor_feed(s, LIFE_ON_OK);
}

/* A container of somebody else is ignored here: its name matters only when ours is to be made. */
static void on_owner(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->container.suspected = false;
        if (leftover_owner(s, result) != LEFTOVER_OURS) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        leftover_tell(s);
        supervisor_client(s, s->engine->remove(s->container_name), on_removed);
}

void leftover_remove(Supervisor *s) {
        if (s->container.suspected || s->container.stuck)
                supervisor_client(s, s->engine->owner(s->container_name), on_owner);
        else
                supervisor_feed(s, LIFE_ON_OK);
}
