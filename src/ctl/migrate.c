/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/jobs.h"

#include "base/runstate.h"

#include <stdio.h>
#include <unistd.h>

static int follow(const char *method, const char *unit, bool quiet) {
        return jobs_follow_one(method, unit, quiet,
                               "The migrations go on: \"lagoctl status\" shows them; then \"lagoctl start\"");
}

static int run(const Verb *verb, int argc, char **argv) {
        bool quiet = false;
        Flag flags[] = {{"--quiet", &quiet}};
        int r;

        if (arguments_parse(verb, argc, argv, flags, ELEMENTSOF(flags), NULL, 0, 0) < 0)
                return EXIT_USAGE;
        r = jobs_mark(MIGRATE_ONCE_FILE);
        if (r == 0)
                r = jobs_mark(APPLY_FILE);
        if (r != 0)
                return r;
        r = follow("RestartUnit", "lago-migrate.service", quiet);
        /* Interrupted, it still holds for the run that goes on; failed, it must not hold for a later one. */
        if (r == EXIT_MEMBER)
                (void)unlink(MIGRATE_ONCE_FILE);
        if (r != EXIT_SUCCESS)
                return r;
        return follow("StartUnit", "lago.target", quiet);
}

const Verb verb_migrate = {
        .name = "migrate",
        .arguments = "[--quiet]",
        .summary = "Run the pending migrations once, and start Lago",
        .help = "For automatic = no in lago.conf: lago-migrate then waits for this command. It also admits the release and\n"
                "settings of lago.conf as they are now. The API, the workers, the clock and the front are down meanwhile;\n"
                "make a backup before (see backup). Ctrl-C ends this command and not the migrations.\n"
                "\n"
                "  --quiet  show nothing but what went wrong\n",
        .as_root = true,
        .run = run,
};
