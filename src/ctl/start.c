/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/jobs.h"

static int run(const Verb *verb, int argc, char **argv) {
        char *units[] = {(char[]){"lago.target"}, NULL};
        JobsRequest request = {
                .method = "StartUnit",
                .units = units,
                .goes_on =
                        "Lago goes on starting: \"lagoctl status\" shows it, \"lagoctl stop\" calls it back",
        };
        Flag flags[] = {{"--quiet", &request.quiet}};

        if (arguments_parse(verb, argc, argv, flags, ELEMENTSOF(flags), NULL, 0, 0) < 0)
                return EXIT_USAGE;
        return jobs_follow(&request);
}

const Verb verb_start = {
        .name = "start",
        .arguments = "[--quiet]",
        .summary = "Start Lago and wait until it serves",
        .help = "The same as \"systemctl start lago.target\", with the chain shown as it comes up. It waits as long as it\n"
                "takes; Ctrl-C ends this command and not the start. When a member fails for good, the first that did is\n"
                "told, and the exit status is 79.\n"
                "\n"
                "  --quiet  show nothing but what went wrong\n",
        .run = run,
};
