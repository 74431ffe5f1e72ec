/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/jobs.h"

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(strv_freep) char **units = NULL;
        JobsRequest request = {
                .method = "StopUnit",
                .stopping = true,
                .goes_on = "Lago goes on stopping: \"lagoctl status\" shows it",
        };
        Flag flags[] = {{"--quiet", &request.quiet}};

        if (arguments_parse(verb, argc, argv, flags, ELEMENTSOF(flags), NULL, 0, 0) < 0)
                return EXIT_USAGE;
        units = jobs_stack_units();
        if (!units)
                return EXIT_TEMPFAIL;
        request.units = units;
        return jobs_follow(&request);
}

const Verb verb_stop = {
        .name = "stop",
        .arguments = "[--quiet]",
        .summary = "Stop Lago and wait until all of it is down",
        .help = "The same as \"systemctl stop lago.target 'lago-*.service'\". Members stop in the reverse order, each with\n"
                "the time it needs; a migration that runs is waited for. Ctrl-C ends this command and not the stop.\n"
                "\n"
                "  --quiet  show nothing but what went wrong\n",
        .run = run,
};
