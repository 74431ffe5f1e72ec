/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "base/file.h"
#include "base/log.h"
#include "base/runstate.h"
#include "ctl/chain.h"
#include "ctl/jobs.h"

#include <stdio.h>
#include <unistd.h>

static const char *const stopping[] = {
        [EXTENT_NOTHING] = "Nothing stops for it.",
        [EXTENT_BACKEND] = ("The API, the workers, the clock and the front stop until the migrations are done; PostgreSQL and "
                            "Redis go on."),
        [EXTENT_ALL] = "All members stop, PostgreSQL and Redis among them, and start again in order.",
};

static void announce(const Wanted *wanted, Extent extent) {
        _cleanup_(freep) char *files = wanted->edited ? strv_join(wanted->edited, ", ") : NULL;
        const char *before = wanted->admitted ? wanted->admitted->release : NULL, *after = wanted->release.config->release;

        if (!wanted->admitted)
                printf("%s is admitted, the first here.\n", after);
        else if (!streq(before, after))
                printf("%s in place of %s.\n", after, before);
        if (files && wanted->admitted)
                printf("Edited: %s.\n", files);
        if (wanted->other_image)
                printf("%s is another image than the one that runs.\n", wanted->release.image);
        if (wanted->schema)
                printf("%s.\n", wanted->schema);
        puts(wanted->admitted ? stopping[extent] : "All members start.");
        (void)fflush(stdout);
}

/* --- doing it ------------------------------------------------------------------------------------------- */

static int call_systemd(const char *method, const char *unit) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int r = bus_open(&bus);

        if (r < 0)
                return EXIT_TEMPFAIL;
        r = unit ? sd_bus_call_method(bus, SYSTEMD_MANAGER_CALL, method, &error, NULL, "ss", unit, "replace")
                 : sd_bus_call_method(bus, SYSTEMD_MANAGER_CALL, method, &error, NULL, "");
        if (r < 0)
                log_error("systemd does not %s: %s", method, error.message ? error.message : strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_flush_close_unref(bus);
        return r < 0 ? EXIT_TEMPFAIL : 0;
}

static int follow(const char *method, const char *unit, bool quiet) {
        return jobs_follow_one(method, unit, quiet, "It goes on: \"lagoctl status\" shows it");
}

/* The generator's part comes first: which members there are. */
static int restart(Extent extent, bool wait, bool quiet) {
        static const char target[] = "lago.target", migrate[] = "lago-migrate.service";
        const char *unit = extent == EXTENT_ALL ? target : migrate;
        int status = extent == EXTENT_ALL ? call_systemd("Reload", NULL) : 0;

        if (status != 0)
                return status;
        if (!wait)
                return call_systemd("RestartUnit", unit);
        status = follow("RestartUnit", unit, quiet);
        return status == 0 && unit == migrate ? follow("StartUnit", target, quiet) : status;
}

static int apply(const Wanted *wanted, Extent extent, bool wait, bool quiet) {
        int status = wanted->admitted && extent == EXTENT_NOTHING ? 0 : jobs_mark(APPLY_FILE);

        if (status != 0)
                return status;
        if (wanted->admitted && extent != EXTENT_NOTHING)
                return restart(extent, wait, quiet);
        /* Whom a refusal had left comes back, too. */
        return wait ? follow("StartUnit", "lago.target", quiet) : call_systemd("StartUnit", "lago.target");
}

static int run(const Verb *verb, int argc, char **argv) {
        bool quiet = false, dry = false, no_block = false;
        Flag flags[] = {{"--quiet", &quiet}, {"--dry-run", &dry}, {"--no-block", &no_block}};
        _cleanup_(wanted_done) Wanted wanted = {0};
        Extent extent;
        int status;

        if (arguments_parse(verb, argc, argv, flags, ELEMENTSOF(flags), NULL, 0, 0) < 0)
                return EXIT_USAGE;
        status = apply_judge(&wanted);
        if (status != 0) {
                log_error("Refused, so nothing was stopped, and nothing is applied");
                return status;
        }
        extent = wanted.admitted ? apply_extent(wanted.admitted, wanted.release.config, wanted.edited, wanted.other_image)
                                 : EXTENT_ALL;
        if (!quiet || dry)
                announce(&wanted, extent);
        return dry ? 0 : apply(&wanted, extent, !no_block, quiet);
}

const Verb verb_apply = {
        .name = "apply",
        .arguments = "[OPTION]...",
        .summary = "Apply what was edited in " CONFIG_DIRECTORY ", once all of it is found to be good",
        .help = "While Lago serves, it judges the configuration, the keys, the ports, the images, which it pulls, and the\n"
                "schema; says what stops for it; and only then admits it and restarts what has to be. When anything is\n"
                "refused, nothing is stopped. \"systemctl reload lago-migrate\" does the same.\n"
                "\n"
                "  --dry-run   judge, say what would stop, and stop nothing\n"
                "  --no-block  do not wait until Lago serves\n"
                "  --quiet     show nothing but what went wrong\n"
                "\n"
                "Exit status: 75 cannot be judged now; 78 configuration, 80 schema, 81 image, 82 keys, 84 server, 85 port\n"
                "refused; else as start.\n",
        .as_root = true,
        .run = run,
};
