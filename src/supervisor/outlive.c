/* SPDX-License-Identifier: MIT */
#include "supervisor/outlive.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/time.h"
#include "process/netns.h"
#include "supervisor/supervisor.h"

/* systemd asks all of them at once: so long the others may take to say that they have heard it. */
#define HEARD_USEC (500 * USEC_PER_MSEC)

static bool is_stopping(const char *member) {
        _cleanup_(freep) char *text = runstate_read(member), *state = text ? keyfile_get(text, "STATE") : NULL;

        return state && streq(state, life_state_name(LIFE_STOP));
}

bool outlive_must_wait(const Supervisor *s) {
        uint64_t waited = now_usec() - s->entered_usec;

        if (s->state != LIFE_STOP || !s->info->outlives_clients || waited > OUTLIVE_SEC * USEC_PER_SEC)
                return false;
        if (waited < HEARD_USEC || is_stopping("api") || is_stopping("worker"))
                return true;
        STRV_FOREACH(pool, s->config->pools) {
                _cleanup_(freep) char *member = xasprintf("worker@%s", *pool);

                if (is_stopping(member))
                        return true;
        }
        return false;
}

bool outlive_is_idle(const Supervisor *s) {
        return s->container.netns_fd >= 0 && netns_connections(s->container.netns_fd, s->info->port) == 0;
}
