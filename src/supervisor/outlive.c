/* SPDX-License-Identifier: MIT */
#include "supervisor/outlive.h"

#include "process/netns.h"
#include "supervisor/supervisor.h"

char **outlive_argv(void) {
        char **argv = NULL;

        strv_add(&argv, "systemctl");
        strv_add(&argv, "list-jobs");
        strv_add(&argv, "--plain");
        strv_add(&argv, "--no-legend");
        strv_add(&argv, "--no-pager");
        return argv;
}

static bool is_client(const char *unit) {
        return streq(unit, "lago-api.service") || streq(unit, "lago-worker.service") || startswith(unit, "lago-worker@");
}

bool outlive_clients_stop(const char *jobs) {
        _cleanup_(strv_freep) char **lines = strv_split(jobs, "\n");

        STRV_FOREACH(line, lines) {
                _cleanup_(strv_freep) char **words = strv_split(*line, " ");

                if (strv_length(words) >= 3 && is_client(words[1]) && (streq(words[2], "stop") || streq(words[2], "restart")))
                        return true;
        }
        return false;
}

bool outlive_is_idle(const Supervisor *s) {
        return s->container.netns_fd >= 0 && netns_connections(s->container.netns_fd, s->info->port) == 0;
}
