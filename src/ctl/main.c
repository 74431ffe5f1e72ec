/* SPDX-License-Identifier: MIT */
/* lagoctl: the operator's command. */
#include "ctl/ctl.h"

#include "base/log.h"
#include "setup/setup.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const Verb *const verbs[] = {
        &verb_start,
        &verb_stop,
        &verb_restart,
        &verb_apply,
        &verb_status,
        &verb_check,
        &verb_verify,
        &verb_migrate,
        &verb_pull,
        &verb_rails,
        &verb_create_org,
        &verb_backup,
        &verb_export,
};

static const char usage_head[] = "Usage: lagoctl VERB [ARGUMENT]...\n"
                                 "Starts, stops and looks after the Lago of this host.\n\n";

static const char usage_tail[] =
        "\n"
        "  --help      show this help; behind a verb: what that verb does\n"
        "  --version   show the version\n"
        "\n"
        "Of start, stop, restart, apply and migrate: --quiet. Of status: --json.\n"
        "\n"
        "Exit status: 0 done; 3 status: Lago does not serve; 64 wrong usage; 71 no container engine; 75 not now, later\n"
        "perhaps; 78 the configuration is refused; 79 a member failed; 80 the schema, 81 the image, 82 the keys, 84 the\n"
        "server, 85 a port is refused; 130 interrupted.\n"
        "verify ends as lago-gate does, rails as its command.\n";

static void show_usage(FILE *f) {
        fputs(usage_head, f);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                _cleanup_(freep) char *call =
                        xasprintf("%s%s%s", verbs[i]->name, verbs[i]->arguments[0] ? " " : "",
                                  verbs[i]->arguments);

                fprintf(f, "  %-24s  %s\n", call, verbs[i]->summary);
        }
        fputs(usage_tail, f);
}

static void show_verb(const Verb *verb) {
        printf("Usage: lagoctl %s%s%s\n%s.\n%s%s", verb->name, verb->arguments[0] ? " " : "",
               verb->arguments, verb->summary, verb->help[0] ? "\n" : "", verb->help);
}

static const Verb *find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i]->name, name))
                        return verbs[i];
        return NULL;
}

static int unknown(const char *name) {
        const char *names[ELEMENTSOF(verbs)], *nearest;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                names[i] = verbs[i]->name;
        nearest = nearest_word(name, names, ELEMENTSOF(names));
        if (nearest)
                log_error("there is no verb \"%s\"; did you mean %s?", name, nearest);
        else
                log_error("there is no verb \"%s\"; see lagoctl --help", name);
        return EXIT_USAGE;
}

/* It reads keys, as do the containers that it runs: nothing of their memory goes to disk. */
static void leave_no_core(void) {
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
}

/* When the output could not be written completely, as on a full disk, the command has failed. */
static int see_output_out(int status) {
        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        log_error("The output could not be written: %s", strerror(errno));
        return status != 0 ? status : EXIT_TEMPFAIL;
}

int main(int argc, char **argv) {
        const Verb *verb;

        log_init("lagoctl");
        leave_no_core();
        setup_crypto();
        if (argc < 2) {
                show_usage(stderr);
                return EXIT_USAGE;
        }
        if (streq(argv[1], "--help") || streq(argv[1], "-h")) {
                show_usage(stdout);
                return EXIT_SUCCESS;
        }
        if (streq(argv[1], "--version")) {
                puts("lagoctl " LAGO_VERSION);
                return EXIT_SUCCESS;
        }
        verb = find(argv[1]);
        if (!verb)
                return unknown(argv[1]);
        if (argc > 2 && streq(argv[2], "--help")) {
                show_verb(verb);
                return EXIT_SUCCESS;
        }
        if (verb->as_root && geteuid() != 0) {
                log_error("\"lagoctl %s\" is for root: it needs what only root may read",
                          verb->name);
                return EXIT_USAGE;
        }
        return see_output_out(verb->run(verb, argc - 1, argv + 1));
}
