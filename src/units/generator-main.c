/* SPDX-License-Identifier: MIT */
/*
 * lago-generator: run by systemd at boot and with each daemon-reload, which both wait for it. It uses no network, no
 * name service and no library that waits for the journal.
 */
#include "base/util.h"
#include "config/config.h"
#include "units/complain.h"
#include "units/generator.h"
#include "units/output.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer than a loaded machine needs, shorter than anybody notices: a generator that hangs blocks process 1. */
#define DEADLINE_SEC 2

/* The kernel log cuts off a writer of more than ten messages in five seconds. */
#define ERRORS_TOLD 8

typedef struct Arguments {
        const char *configuration, *output;
} Arguments;

static void complain_all(const ConfigErrors *errors) {
        for (size_t i = 0; i < errors->n && i < ERRORS_TOLD; i++)
                complain(errors->list[i].file, errors->list[i].line, errors->list[i].text);
        if (errors->n > ERRORS_TOLD) {
                _cleanup_(freep) char *rest =
                        xasprintf("and %zu errors more", errors->n - ERRORS_TOLD);

                complain(NULL, 0, rest);
        }
        complain(
                NULL, 0,
                "no pool is started and no member switched off until this is corrected, and reloaded with "
                "systemctl daemon-reload");
}

/* The package may be installed long before it is configured: silence is right then. What cannot be looked at is no absence. */
static bool is_configured(const char *directory) {
        static const char *const names[] = {"lago.conf", "lago.conf.d"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *path = xasprintf("%s/%s", directory, names[i]);

                if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
                        return true;
        }
        return false;
}

static int generate(const Arguments *arguments) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(plan_freep) Plan *plan = NULL;
        ConfigErrors errors = {0};
        const char *failed;
        int r;

        if (!is_configured(arguments->configuration))
                return EXIT_SUCCESS;
        r = config_load_files(arguments->configuration, &config, &errors);
        if (r < 0) {
                if (errors.n == 0)
                        config_errors_add(&errors, arguments->configuration, 0, "%s", strerror(-r));
                complain_all(&errors);
                config_errors_done(&errors);
                return EXIT_FAILURE;
        }
        /* Warnings: lago-setup tells them. */
        config_errors_done(&errors);
        plan = generator_plan(config);
        /* Ended now it would leave a part, which switches off some members of many. Memory is written to, which hangs nobody. */
        (void)alarm(0);
        r = output_write(arguments->output, plan, &failed);
        if (r < 0) {
                _cleanup_(freep) char *text = xasprintf("cannot write %s/%s: %s", arguments->output,
                                                        failed, strerror(-r));

                complain(NULL, 0, text);
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}

/* clang-format off */
static const char usage[] =
        "Usage: lago-generator [--config=DIR] NORMAL-DIR [EARLY-DIR LATE-DIR]\n"
        "\n"
        "Writes what lago.conf adds to the units of Lago into NORMAL-DIR: links for worker pools, members\n"
        "switched off, the place of lago.conf. Called by systemd; by hand, give it an empty folder.\n"
        "\n"
        "      --config=DIR  read DIR instead of " CONFIG_DIRECTORY "\n"
        "  -h, --help        this text\n"
        "      --version     the version\n"
        "\n"
        "See lago-generator(8).\n";
/* clang-format on */

enum {
        ARG_CONFIG = 256,
        ARG_VERSION,
};

/* Answer: 1 to go on, 0 when all is said; EXIT_USAGE as a negative number. */
static int parse_arguments(int argc, char **argv, Arguments *ret) {
        static const struct option options[] = {
                {"config", required_argument, NULL, ARG_CONFIG},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, ARG_VERSION},
                {0},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case ARG_CONFIG:
                        ret->configuration = optarg;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                case ARG_VERSION:
                        puts("lago-generator " LAGO_VERSION);
                        return 0;
                default:
                        return -EXIT_USAGE;
                }
        if (argc - optind != 1 && argc - optind != 3) {
                fputs("lago-generator: expected one directory or three, see --help\n", stderr);
                return -EXIT_USAGE;
        }
        ret->output = argv[optind];
        return 1;
}

int main(int argc, char **argv) {
        Arguments arguments = {.configuration = CONFIG_DIRECTORY};
        int r;

        (void)signal(SIGALRM, SIG_DFL);
        (void)alarm(DEADLINE_SEC);
        (void)umask(022);

        r = parse_arguments(argc, argv, &arguments);
        if (r <= 0)
                return -r;
        return generate(&arguments);
}
