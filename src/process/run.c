/* SPDX-License-Identifier: MIT */
#include "process/run.h"

#include "base/privileges.h"
#include "base/time.h"
#include "base/util.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERROR_MAX_BYTES 1000

typedef struct Catch {
        int fd;
        char *text;
        size_t size, max;
        bool keep_end; /* what does not fit pushes out what came first, instead of being refused */
} Catch;

/* The child's ends; -EBADF where it keeps ours. */
typedef struct Ends {
        int input, output, error;
} Ends;

/* After fork(): nothing but system calls. */
static int become(char *const argv[], const RunOptions *options, const Ends *ends) {
        sigset_t none;

        for (int i = 1; i < NSIG; i++)
                (void)signal(i, SIG_DFL);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        if ((ends->input >= 0 && dup2(ends->input, STDIN_FILENO) < 0) ||
            (ends->output >= 0 && dup2(ends->output, STDOUT_FILENO) < 0) ||
            (ends->error >= 0 && dup2(ends->error, STDERR_FILENO) < 0))
                return -errno;
        if (options->directory_fd > 0 && fchdir(options->directory_fd) < 0)
                return -errno;
        if (close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
                return -errno;
        if (options->unprivileged) {
                int r = privileges_drop();

                if (r < 0)
                        return r;
        }
        (void)execvp(argv[0], argv);
        return -errno;
}

/* A pipe that exec closes: what the child writes there is why it came to no program. */
static int start(char *const argv[], const RunOptions *options, const Ends *ends, pid_t *ret) {
        int failure[2], reason = 0;
        ssize_t n;
        pid_t pid;

        if (pipe2(failure, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                reason = become(argv, options, ends);
                (void)!write(failure[1], &reason, sizeof(reason));
                _exit(127);
        }
        if (pid < 0)
                reason = -errno;
        (void)close_fd(failure[1]);
        do
                n = pid < 0 ? 0 : read(failure[0], &reason, sizeof(reason));
        while (n < 0 && errno == EINTR);
        (void)close_fd(failure[0]);
        if (pid < 0)
                return reason;
        if (n == (ssize_t)sizeof(reason)) {
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                return reason;
        }
        *ret = pid;
        return 0;
}

/* A file in memory, as a pipe might make us wait for a child that does not read. */
static int text_fd(const char *text) {
        size_t n = strlen(text);
        int fd = memfd_create("input", MFD_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
                fd = close_fd(fd);
        return fd < 0 ? -EIO : fd;
}

static int open_input(const RunOptions *options) {
        int fd;

        if (options->input)
                return text_fd(options->input);
        fd = options->input_fd > 0 ? fcntl(options->input_fd, F_DUPFD_CLOEXEC, 3)
                                   : open("/dev/null", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
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

static int catch_and_wait(pid_t pid, Catch catches[static 2], uint64_t timeout_usec,
                          RunResult *ret) {
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
        *ret = (RunResult){.status = status,
                           .output = catches[0].text ? TAKE_PTR(catches[0].text) : xstrdup(""),
                           .error = last_words(catches[1].text)};
        return 0;
}

static int run_with(char *const argv[], const RunOptions *options, int output[2], int error[2],
                    int input, RunResult *ret) {
        Ends ends = {.input = input,
                     .output = options->output_fd > 0 ? options->output_fd : output[1],
                     .error = error[1]};
        Catch catches[2] = {
                {.fd = output[0], .max = options->max_bytes},
                {.fd = error[0], .max = ERROR_MAX_BYTES, .keep_end = true},
        };
        pid_t pid = 0;
        int r = start(argv, options, &ends, &pid);

        output[1] = close_fd(output[1]);
        error[1] = close_fd(error[1]);
        if (r >= 0)
                r = catch_and_wait(pid, catches, options->timeout_usec, ret);
        for (size_t i = 0; i < ELEMENTSOF(catches); i++) {
                (void)close_fd(catches[i].fd);
                free(catches[i].text);
        }
        return r;
}

int run_child(char *const argv[], const RunOptions *options, RunResult *ret) {
        int output[2] = {-EBADF, -EBADF}, error[2] = {-EBADF, -EBADF}, r = 0;
        _cleanup_(closep) int input = options->inherit ? -EBADF : open_input(options);

        if (!options->inherit) {
                if (input < 0)
                        return input;
                if (options->output_fd <= 0 && pipe2(output, O_CLOEXEC) < 0)
                        r = -errno;
                if (r >= 0 && !options->inherit_error && pipe2(error, O_CLOEXEC) < 0)
                        r = -errno;
        }
        if (r >= 0)
                return run_with(argv, options, output, error, input, ret);
        (void)close_fd(output[0]);
        (void)close_fd(output[1]);
        return r;
}

int run_capture(char *const argv[], size_t max_bytes, uint64_t timeout_usec, RunResult *ret) {
        RunOptions options = {.max_bytes = max_bytes, .timeout_usec = timeout_usec};

        return run_child(argv, &options, ret);
}

void run_done(RunResult *child) {
        free(child->output);
        free(child->error);
        *child = (RunResult){0};
}
