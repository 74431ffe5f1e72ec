/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"

#include "base/log.h"
#include "base/runstate.h"
#include "ctl/ask-gate.h"
#include "stack/stack.h"

#include <stdio.h>
#include <unistd.h>

/* Errors: -errno, told; else the gate's exit status. It prints the verdict and the remedy itself. */
static int ask(char *const *argv, char *secret) {
        RunResult child = {0};
        int r = ask_gate(argv, secret, (RunOptions){.output_fd = STDOUT_FILENO, .error_fd = STDERR_FILENO}, &child);

        if (r >= 0) {
                r = child.status;
                run_done(&child);
        }
        return r;
}

static int ask_postgres(const Config *config, const StackGate *gate) {
        _cleanup_(strv_freep) char **argv = stack_gate_command(config, "check", gate);
        _cleanup_(freep) char *url = stack_database_url(config);

        return ask(argv, url);
}

/* Of two answers the first that is not "verified" counts. */
static int ask_clickhouse(const Config *config, const StackGate *gate, int first) {
        _cleanup_(strv_freep) char **argv = NULL;
        _cleanup_(freep) char *settings = NULL;
        int r;

        if (first < 0 || !stack_has_clickhouse(config, gate->target))
                return first;
        argv = stack_clickhouse_command(config, gate);
        settings = stack_clickhouse_settings(config);
        r = ask(argv, settings);
        return r < 0 || first == 0 ? r : first;
}

static int verify(const Release *release) {
        _cleanup_(freep) char *manifest = NULL, *address = NULL;
        int r = release_manifest(release, &manifest);
        StackGate gate = {.manifest = manifest, .target = release->version};

        if (r != 0)
                return r;
        if (!release->config->database_external) {
                address = runstate_address("db");
                if (!address) {
                        log_error(
                                "PostgreSQL does not serve; \"systemctl start lago-db\" starts it alone");
                        return GATE_UNREACHABLE;
                }
                gate.address = address;
        }
        r = ask_clickhouse(release->config, &gate, ask_postgres(release->config, &gate));
        return r < 0 ? EXIT_OSERR : r;
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(release_done) Release release = {0};
        const char *name;
        int status;

        if (arguments_parse(verb, argc, argv, NULL, 0, &name, 0, 1) < 0)
                return EXIT_USAGE;
        status = release_load(name, &release);
        if (status != 0)
                return status;
        printf("%s (%s), %s\n", release.version,
               release.admitted ? "admitted"
               : name           ? "as asked"
                                : "configured, not admitted",
               release.image);
        (void)fflush(stdout);
        return verify(&release);
}

const Verb verb_verify = {
        .name = "verify",
        .arguments = "[RELEASE]",
        .summary = "Compare the database with the release that runs, or with another",
        .help = "Without RELEASE it is the release that lago-migrate admitted, or the one in lago.conf when none is. With\n"
                "RELEASE, whose image must be here (see pull), it tells before an upgrade what the upgrade would do.\n"
                "Where LAGO_CLICKHOUSE_MIGRATIONS_ENABLED is set (LAGO_CLICKHOUSE_ENABLED up to v1.6.2), both databases are compared.\n"
                "Nothing is changed. Exit status: as lago-gate(8); 81 when the image is not on this host.\n",
        .as_root = true,
        .run = run,
};
