/* SPDX-License-Identifier: MIT */
#include "ctl/rails.h"

#include "ctl/ctl.h"
#include "ctl/oneshot.h"

#include "base/log.h"

#include <unistd.h>

/* What the tasks of Lago's releases read; without DRY_RUN=false some of them only say what they would do, and end with 0. */
static const char *const task_variables[] = {
        "BATCH_SIZE",
        "BM_CODES",
        "CURSOR",
        "DEDUPLICATE",
        "DRY_RUN",
        "ERROR_DISPLAY_LIMIT",
        "ERROR_LOG_FILE",
        "INCLUDE_TERMINATED",
        "LIMIT",
        "ORGANIZATION_ID",
        "REPROCESS",
        "SLEEP_SECONDS",
        "SUBSCRIPTION_IDS",
        "THREAD_COUNT",
};

/* The first that says NAME=…, or NULL. */
static const char *pair_of(char *const *pairs, const char *name) {
        STRV_FOREACH(pair, pairs) {
                const char *value = startswith(*pair, name);

                if (value && *value == '=')
                        return *pair;
        }
        return NULL;
}

const char *rails_unheard(char *const *arguments, char *const *environment) {
        for (size_t i = 0; i < ELEMENTSOF(task_variables); i++) {
                const char *pair = pair_of(environment, task_variables[i]);

                if (pair && !pair_of(arguments, task_variables[i]))
                        return pair;
        }
        return NULL;
}

char *rails_elsewhere(const char *admitted, const char *configured) {
        if (streq(admitted, configured))
                return NULL;
        return xasprintf(
                "lago.conf says %s, which is not admitted: what this command says or does is of %s",
                configured, admitted);
}

static int refuse_unheard(char *const *arguments) {
        const char *pair = rails_unheard(arguments, environ);
        _cleanup_(freep) char *words = pair ? strv_join(arguments, " ") : NULL;

        if (!pair)
                return 0;
        log_error(
                "%s does not reach the container from before the command; write it behind: lagoctl rails %s %s",
                pair, words, pair);
        return EXIT_USAGE;
}

/* The release that runs is the one asked about, whatever lago.conf says meanwhile. */
static void say_where(const Release *release) {
        _cleanup_(config_freep) Config *configured = NULL;
        _cleanup_(freep) char *elsewhere = NULL;

        log_info("In %s, the release that was admitted", release->version);
        if (config_load_files(CONFIG_DIRECTORY, &configured, NULL) >= 0)
                elsewhere = rails_elsewhere(release->config->release, configured->release);
        if (elsewhere)
                log_warning("%s", elsewhere);
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(release_done) Release release = {0};
        RunResult child = {0};
        int first = argc > 1 && streq(argv[1], "--") ? 2 : 1, r;

        if (first == argc) {
                log_error("rails: which command? See lagoctl %s --help", verb->name);
                return EXIT_USAGE;
        }
        r = refuse_unheard(argv + first);
        if (r == 0)
                r = release_load_admitted(&release);
        if (r != 0)
                return r;
        say_where(&release);
        r = rails_run(&release, argv + first, NULL, /* shown= */ true, &child);
        run_done(&child);
        return r < 0 ? EXIT_OSERR : r;
}

const Verb verb_rails = {
        .name = "rails",
        .arguments = "[--] ARGUMENT...",
        .summary = "Run a rails command, such as a task of an upgrade, in a container of its own",
        .help = "With the image and the settings that were admitted, directly on the database and without its time limits,\n"
                "as lago-migrate has them; of which release they are is told on standard error. A variable for a task is\n"
                "written behind it: \"lagoctl rails TASK DRY_RUN=false\". On a terminal it can be typed to: \"lagoctl rails\n"
                "console\". Exit status: that of the command; 64 for a task's variable before lagoctl, where it would be lost;\n"
                "75 when no release is admitted; 125 and more when the container cannot be run.\n",
        .as_root = true,
        .run = run,
};
