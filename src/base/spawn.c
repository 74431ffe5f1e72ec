/* SPDX-License-Identifier: MIT */
#include "base/spawn.h"

#include "base/time.h"
#include "base/util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERROR_MAX_BYTES 1000

extern char **environ;

typedef struct Catch {
        int fd;
        char *text;
        size_t size, max;
        bool keep_end; /* what does not fit pushes out what came first, instead of being refused */
} Catch;

static int start(char *const argv[], int out, int err, pid_t *ret) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void)posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        (void)posix_spawnattr_setsigmask(&attributes, &none);
        (void)posix_spawnattr_setsigdefault(&attributes, &all);
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        r = r != 0 ? r : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        r = r != 0 ? r : posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
        r = r != 0 ? r : posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        r = r != 0 ? r : posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int catch_more(Catch *catch) {
        char bytes[4096];
        ssize_t n = read(catch->fd, bytes, sizeof(bytes));

        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? 0 : -errno;
        if (n == 0) {
                catch->fd = close_fd(catch->fd);
                return 0;
        }
        if (catch->size + (size_t)n > catch->max && !catch->keep_end)
                return -EFBIG;
        catch->text = xrealloc(catch->text, catch->size + (size_t)n + 1);
        memcpy(catch->text + catch->size, bytes, (size_t)n);
        catch->size += (size_t)n;
        if (catch->size > catch->max) {
                memmove(catch->text, catch->text + catch->size - catch->max, catch->max);
                catch->size = catch->max;
        }
        catch->text[catch->size] = '\0';
        return 0;
}

static int wait_for_bytes(const Catch catches[static 2], uint64_t deadline) {
        struct pollfd fds[] = {{.fd = catches[0].fd, .events = POLLIN},
                               {.fd = catches[1].fd, .events = POLLIN}};
        uint64_t now = now_usec();
        int timeout = -1, r;

        if (deadline > 0) {
                uint64_t left = deadline > now ? (deadline - now) / USEC_PER_MSEC + 1 : 0;

                timeout = left > 60000 ? 60000 : (int)left;
        }
        r = poll(fds, 2, timeout);
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        if (r == 0)
                return deadline > 0 && now_usec() >= deadline ? -ETIMEDOUT : 0;
        return (fds[0].revents ? 1 : 0) | (fds[1].revents ? 2 : 0);
}

static int catch_all(Catch catches[static 2], uint64_t deadline) {
        while (catches[0].fd >= 0 || catches[1].fd >= 0) {
                int r = wait_for_bytes(catches, deadline);

                if (r > 0 && (r & 1))
                        r = catch_more(&catches[0]);
                else if (r > 0)
                        r = catch_more(&catches[1]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int wait_for_end(pid_t pid) {
        int status = 0;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *last_words(const char *text) {
        _cleanup_(freep) char *copy = xstrdup(text ? text : "");
        char *words = strip(copy);

        for (char *c = words; *c; c++)
                if (*c == '\n' || *c == '\t')
                        *c = ' ';
        return escape_line(words);
}

static int catch_and_wait(pid_t pid, Catch catches[static 2], uint64_t timeout_usec, Spawned *ret) {
        int r = catch_all(catches, timeout_usec > 0 ? now_usec() + timeout_usec : 0), status;

        if (r < 0)
                (void)kill(pid, SIGKILL);
        status = wait_for_end(pid);
        if (r < 0)
                return r;
        if (status < 0)
                return status;
        if (catches[0].text && memchr(catches[0].text, '\0', catches[0].size))
                return -EBADMSG;
        *ret = (Spawned){.status = status,
                         .output = catches[0].text ? TAKE_PTR(catches[0].text) : xstrdup(""),
                         .error = last_words(catches[1].text)};
        return 0;
}

int spawn_capture(char *const argv[], size_t max_bytes, uint64_t timeout_usec, Spawned *ret) {
        int out[2], err[2], r;
        Catch catches[2];
        pid_t pid;

        if (pipe2(out, O_CLOEXEC) < 0)
                return -errno;
        if (pipe2(err, O_CLOEXEC) < 0) {
                r = -errno;
                (void)close_fd(out[0]);
                (void)close_fd(out[1]);
                return r;
        }
        catches[0] = (Catch){.fd = out[0], .max = max_bytes};
        catches[1] = (Catch){.fd = err[0], .max = ERROR_MAX_BYTES, .keep_end = true};
        r = start(argv, out[1], err[1], &pid);
        (void)close_fd(out[1]);
        (void)close_fd(err[1]);
        if (r >= 0)
                r = catch_and_wait(pid, catches, timeout_usec, ret);
        for (size_t i = 0; i < ELEMENTSOF(catches); i++) {
                (void)close_fd(catches[i].fd);
                free(catches[i].text);
        }
        return r;
}

void spawned_done(Spawned *spawned) {
        free(spawned->output);
        free(spawned->error);
        *spawned = (Spawned){0};
}
