/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/jobs.h"

#include "base/file.h"
#include "base/log.h"
#include "base/runstate.h"

#include <unistd.h>

static int run(const Verb *verb, int argc, char **argv) {
        char *units[] = {(char[]){"lago.target"}, NULL};
        JobsRequest request = {
                .method = "RestartUnit",
                .units = units,
                .goes_on =
                        "Lago goes on restarting: \"lagoctl status\" shows it, \"lagoctl stop\" calls it back",
        };
        Flag flags[] = {{"--quiet", &request.quiet}};

        if (arguments_parse(verb, argc, argv, flags, ELEMENTSOF(flags), NULL, 0, 0) < 0)
                return EXIT_USAGE;
        /* Told apart from a start that was derived from something else, whatever waits just now. Who is not root is told so
         * by systemd. */
        if (geteuid() == 0 && file_write(APPLY_FILE, "", 0600) < 0)
                log_warning("Cannot write " APPLY_FILE "; systemd's jobs tell whether what is edited is admitted");
        return jobs_follow(&request);
}

const Verb verb_restart = {
        .name = "restart",
        .arguments = "[--quiet]",
        .summary = "Stop Lago, and start it with lago.conf as it is now",
        .help = "The same as \"systemctl restart lago.target\"; see start. Pools and members that were switched on or off\n"
                "in lago.conf want \"systemctl daemon-reload\" before it.\n"
                "\n"
                "  --quiet  show nothing but what went wrong\n",
        .run = run,
};
