/* SPDX-License-Identifier: MIT */
#include "process/child.h"

#include "base/oomscore.h"
#include "base/privileges.h"
#include "base/util.h"
#include "process/cgroup.h"
#include "process/view.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

static int open_null(void) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * After fork(): nothing but system calls. The standard descriptors are copied to places above them first, because one of
 * them may be what another one is to become.
 */
static int take_descriptors(const ChildSpec *spec) {
        int from[3] = {spec->input_fd, spec->output_fd, spec->error_fd};

        if (from[0] == 0)
                from[0] = open_null();
        for (int i = 0; i < 3; i++)
                if (from[i] != 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3)) < 0)
                        return -errno;
        for (int i = 0; i < 3; i++)
                if (from[i] != 0 && dup2(from[i], i) < 0)
                        return -errno;
        return close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static void signals_as_born(void) {
        sigset_t none;

        for (int i = 1; i < NSIG; i++)
                (void)signal(i, SIG_DFL);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int become(const ChildSpec *spec) {
        int r;

        signals_as_born();
        if ((r = oomscore_as_born()) < 0)
                return r;
        if (spec->directory_fd > 0 && fchdir(spec->directory_fd) < 0)
                return -errno;
        if (spec->in_unit_root && (r = cgroup_enter_root()) < 0)
                return r;
        if (spec->view_of > 0 && (r = view_enter(spec->view_of)) < 0)
                return r;
        r = take_descriptors(spec);
        if (r >= 0 && spec->unprivileged)
                r = privileges_drop();
        if (r < 0)
                return r;
        (void)unsetenv("NOTIFY_SOCKET");
        (void)unsetenv("WATCHDOG_USEC");
        (void)unsetenv("WATCHDOG_PID");
        (void)execvp(spec->argv[0], spec->argv);
        return -errno;
}

/* exec(2) closes the pipe: what the child writes into it is why it came to no program. */
pid_t child_start(const ChildSpec *spec, int *ret_failure) {
        int failure[2], reason;
        pid_t pid;

        if (spec->input_fd < 0 || spec->output_fd < 0 || spec->error_fd < 0 || spec->directory_fd < 0)
                return -EBADF;
        if (pipe2(failure, O_CLOEXEC) < 0)
                return -errno;
        if (spec->in_unit_root)
                cgroup_prepare_root();
        pid = fork();
        if (pid == 0) {
                reason = become(spec);
                (void)!write(failure[1], &reason, sizeof(reason));
                _exit(127);
        }
        reason = errno;
        (void)close_fd(failure[1]);
        if (pid < 0) {
                (void)close_fd(failure[0]);
                return -reason;
        }
        *ret_failure = failure[0];
        return pid;
}

int child_failure(int failure_fd) {
        int reason = 0;
        ssize_t n;

        do
                n = read(failure_fd, &reason, sizeof(reason));
        while (n < 0 && errno == EINTR);
        return n == (ssize_t)sizeof(reason) ? -reason : 0;
}
