/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/oneshot.h"

#include "base/log.h"

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(release_done) Release release = {0};
        Spawned spawned = {0};
        int first = argc > 1 && streq(argv[1], "--") ? 2 : 1, r;

        if (first == argc) {
                log_error("rails: which command? See lagoctl %s --help", verb->name);
                return EXIT_USAGE;
        }
        r = release_load_admitted(&release);
        if (r != 0)
                return r;
        r = rails_run(&release, argv + first, NULL, /* shown= */ true, &spawned);
        spawned_done(&spawned);
        return r < 0 ? EXIT_OSERR : r;
}

const Verb verb_rails = {
        .name = "rails",
        .arguments = "[--] ARGUMENT...",
        .summary = "Run a rails command, such as a task of an upgrade, in a container of its own",
        .help = "With the image and the settings that were admitted, directly on the database and without its time limits,\n"
                "as lago-migrate has them. On a terminal it can be typed to: \"lagoctl rails console\". Exit status: that of\n"
                "the command; 75 when no release is admitted; 125 and more when the container cannot be run.\n",
        .as_root = true,
        .run = run,
};
