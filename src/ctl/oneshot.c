/* SPDX-License-Identifier: MIT */
#include "ctl/oneshot.h"

#include "base/log.h"
#include "engine/engine.h"
#include "stack/stack.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* Ctrl-C reaches the command and us; the command decides what it means, and we end when it has ended. */
typedef struct Signals {
        struct sigaction interrupt, quit;
} Signals;

static void signals_leave_to_child(Signals *ret) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};

        (void)sigaction(SIGINT, &ignore, &ret->interrupt);
        (void)sigaction(SIGQUIT, &ignore, &ret->quit);
}

static void signals_restore(const Signals *signals) {
        (void)sigaction(SIGINT, &signals->interrupt, NULL);
        (void)sigaction(SIGQUIT, &signals->quit, NULL);
}

/* A file in memory with a line for each. Errors: -errno. */
static int environment_fd(char *const *environment) {
        _cleanup_(closep) int fd = memfd_create("environment", MFD_CLOEXEC);
        _cleanup_(freep) char *text = strv_join(environment, "\n"),
                              *whole = xasprintf("%s\n", text);
        size_t n = strlen(whole);
        ssize_t written;

        if (fd < 0)
                return -errno;
        written = write(fd, whole, n);
        explicit_bzero(text, strlen(text));
        explicit_bzero(whole, n);
        if (written != (ssize_t)n)
                return written < 0 ? -errno : -EIO;
        return TAKE_FD(fd);
}

int oneshot_run(const Oneshot *oneshot, const RunOptions *options, RunResult *ret) {
        _cleanup_(closep) int fd = environment_fd(oneshot->environment);
        _cleanup_(freep) char *name = xasprintf("lago-%s-%d", oneshot->purpose, (int)getpid());
        _cleanup_(freep) char *env_file = xasprintf("/proc/%d/fd/%d", (int)getpid(), fd);
        ContainerSpec spec = {
                .name = name,
                .member = oneshot->purpose,
                .image = oneshot->image,
                .env_file = env_file,
                .network = oneshot->network,
                .second_network = oneshot->second_network,
                .volumes = oneshot->volumes,
                .entrypoint = "",
                .command = oneshot->command,
                .terminal = oneshot->terminal,
                .grace_sec = 10,
        };
        _cleanup_(strv_freep) char **argv = engine_podman.run(&spec);
        Signals signals;
        int r = fd;

        if (r >= 0) {
                signals_leave_to_child(&signals);
                r = run_child(argv, options, ret);
                signals_restore(&signals);
        }
        if (r < 0)
                log_error("Cannot run %s: %s", engine_podman.name, strerror(-r));
        return r < 0 ? r : ret->status;
}

int rails_run(const Release *release, char *const *arguments, const Env *own, bool shown,
              RunResult *ret) {
        Member migrate = {.kind = MEMBER_MIGRATE};
        _cleanup_(strv_freep) char **environment =
                stack_environment(release->config, &migrate, own);
        /* Lago's tasks reach, read and write what the API does. */
        _cleanup_(strv_freep) char **networks = stack_networks_now(release->config, MEMBER_API);
        int r = networks ? 0 : -errno;
        _cleanup_(strv_freep) char **volumes = stack_volumes(release->config, MEMBER_API),
                                   **command = NULL;
        Oneshot oneshot = {
                .purpose = "rails",
                .image = release->image_id,
                .environment = environment,
                .volumes = volumes,
                .terminal = shown && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
        };
        RunOptions options = {.inherit = shown, .error_fd = STDERR_FILENO, .max_bytes = 1U << 20};

        if (r < 0) {
                log_error("Cannot read " STACK_PAGES_NOTE ": %s", strerror(-r));
                return r;
        }
        oneshot.network = networks[0];
        oneshot.second_network = networks[1];
        strv_add(&command, "bundle");
        strv_add(&command, "exec");
        strv_add(&command, "rails");
        strv_extend(&command, arguments);
        oneshot.command = command;
        r = oneshot_run(&oneshot, &options, ret);
        STRV_FOREACH(pair, environment)
                explicit_bzero(*pair, strlen(*pair));
        return r;
}
