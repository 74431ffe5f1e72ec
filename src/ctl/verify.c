/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"

#include "base/log.h"
#include "base/privileges.h"
#include "base/runstate.h"
#include "base/spawn.h"
#include "stack/stack.h"

#include <stdio.h>

/* Of lago-gate: nothing answers there. */
#define GATE_UNREACHABLE 20

/* Errors: -errno, told; else lago-gate's exit status. It prints the verdict and the remedy itself. */
static int ask_gate(const Config *config, const StackGate *gate) {
        _cleanup_(strv_freep) char **argv = stack_gate_command(config, "check", gate);
        _cleanup_(freep) char *url = stack_database_url(config);
        SpawnOptions options = {.input = url ? url : "",
                                .output_fd = 1,
                                .inherit_error = true,
                                .unprivileged = true};
        Spawned spawned = {0};
        int r = privileges_init();

        if (r >= 0)
                r = spawn_run(argv, &options, &spawned);
        if (url)
                explicit_bzero(url, strlen(url));
        if (r < 0) {
                log_error("Cannot run lago-gate as user " GATE_USER ": %s", strerror(-r));
                return r;
        }
        r = spawned.status;
        spawned_done(&spawned);
        return r;
}

static int verify(const Release *release) {
        _cleanup_(freep) char *manifest = release_manifest(release), *address = NULL;
        StackGate gate = {.manifest = manifest, .target = release->version};
        int r;

        if (!manifest)
                return EXIT_IMAGE;
        if (!release->config->database_external) {
                address = runstate_address("db");
                if (!address) {
                        log_error(
                                "PostgreSQL does not serve; \"systemctl start lago-db\" starts it alone");
                        return GATE_UNREACHABLE;
                }
                gate.address = address;
        }
        r = ask_gate(release->config, &gate);
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
                "Nothing is changed. Exit status: as lago-gate(8); 81 when the image is not on this host.\n",
        .as_root = true,
        .run = run,
};
