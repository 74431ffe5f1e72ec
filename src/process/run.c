/* SPDX-License-Identifier: MIT */
#include "process/run.h"

#include "base/time.h"
#include "base/util.h"
#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERROR_MAX_BYTES 1000

typedef struct Catch {
        int fd;
        char *text;
        size_t size, max;
        bool keep_end; /* when @text is full, its beginning makes room for what comes; else what comes is dropped */
} Catch;

struct Running {
        pid_t pid;
        int failure; /* see child.h */
        Catch catches[2];
        uint64_t deadline; /* usec; 0: none */
};

/* What was opened for one child; -EBADF where nothing was. */
typedef struct Ends {
        int input, output, error;
} Ends;

static void ends_done(Ends *ends) {
        closep(&ends->input);
        closep(&ends->output);
        closep(&ends->error);
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

/* Our own standard input under another number, since 0 is none given. */
static int our_input(void) {
        int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

        return fd < 0 ? -errno : fd;
}

static int open_catch(Catch *catch, int *ret_end) {
        int p[2];

        if (pipe2(p, O_CLOEXEC) < 0)
                return -errno;
        catch->fd = p[0];
        *ret_end = p[1];
        return 0;
}

static int open_ends(const RunOptions *options, Catch catches[static 2], Ends *ends) {
        int r = 0;

        if (options->input)
                r = ends->input = text_fd(options->input);
        else if (options->inherit)
                r = ends->input = our_input();
        if (r >= 0 && !options->inherit && options->output_fd == 0)
                r = open_catch(&catches[0], &ends->output);
        if (r >= 0 && !options->inherit && options->error_fd == 0)
                r = open_catch(&catches[1], &ends->error);
        return r;
}

static pid_t start(char *const argv[], const RunOptions *options, const Ends *ends,
                   int *ret_failure) {
        ChildSpec child = {
                .argv = argv,
                .input_fd = ends->input >= 0 ? ends->input : options->input_fd,
                .output_fd = ends->output >= 0 ? ends->output : options->output_fd,
                .error_fd = ends->error >= 0 ? ends->error : options->error_fd,
                .directory_fd = options->directory_fd,
                .unprivileged = options->unprivileged,
        };

        return child_start(&child, ret_failure);
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

static int poll_msec(uint64_t deadline, uint64_t now) {
        uint64_t left = deadline > now ? (deadline - now) / USEC_PER_MSEC + 1 : 0;

        if (deadline == 0)
                return -1;
        return left > 60000 ? 60000 : (int)left;
}

/* One thing that happened, or @timeout_msec. Answer: 1 when the child has ended and nothing of it is left to read. */
static int follow_once(int pidfd, Catch catches[static 2], int timeout_msec) {
        struct pollfd fds[] = {{.fd = catches[0].fd, .events = POLLIN},
                               {.fd = catches[1].fd, .events = POLLIN},
                               {.fd = pidfd, .events = POLLIN}};
        int n = poll(fds, ELEMENTSOF(fds), timeout_msec);

        if (n <= 0)
                return n < 0 && errno != EINTR ? -errno : 0;
        if (fds[0].revents)
                return catch_more(&catches[0]);
        return fds[1].revents ? catch_more(&catches[1]) : 1;
}

static int follow(int pidfd, Catch catches[static 2], uint64_t deadline) {
        int r;

        while ((r = follow_once(pidfd, catches, poll_msec(deadline, now_usec()))) == 0)
                if (deadline > 0 && now_usec() >= deadline)
                        return -ETIMEDOUT;
        return r;
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

/* The child is ours to end and to wait for, whatever goes wrong. Errors: as run_child(); else its status. */
static int see_to_its_end(pid_t pid, int failure_fd, Catch catches[static 2], uint64_t deadline) {
        int r = -child_failure(failure_fd), status;

        if (r >= 0) {
                /* Not pidfd_open(): Enterprise Linux 9 has the system call and no such function. */
                _cleanup_(closep) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

                r = pidfd < 0 ? -errno : follow(pidfd, catches, deadline);
                if (r < 0)
                        (void)kill(pid, SIGKILL);
        }
        status = wait_for_end(pid);
        return r < 0 ? r : status;
}

static int keep(int status, Catch catches[static 2], RunResult *ret) {
        if (catches[0].text && memchr(catches[0].text, '\0', catches[0].size))
                return -EBADMSG;
        *ret = (RunResult){.status = status,
                           .output = catches[0].text ? TAKE_PTR(catches[0].text) : xstrdup(""),
                           .error = last_words(catches[1].text)};
        return 0;
}

static Running *running_free(Running *running) {
        if (!running)
                return NULL;
        closep(&running->failure);
        for (size_t i = 0; i < ELEMENTSOF(running->catches); i++) {
                closep(&running->catches[i].fd);
                free(running->catches[i].text);
        }
        free(running);
        return NULL;
}

int run_start(char *const argv[], const RunOptions *options, Running **ret) {
        Ends ends = {.input = -EBADF, .output = -EBADF, .error = -EBADF};
        Running *running = xcalloc(1, sizeof(Running));
        int r;

        running->failure = -EBADF;
        running->deadline = options->timeout_usec > 0 ? now_usec() + options->timeout_usec : 0;
        running->catches[0] = (Catch){.fd = -EBADF, .max = options->max_bytes};
        running->catches[1] = (Catch){.fd = -EBADF, .max = ERROR_MAX_BYTES, .keep_end = true};
        r = open_ends(options, running->catches, &ends);
        if (r >= 0)
                r = (int)start(argv, options, &ends, &running->failure);
        ends_done(&ends);
        running->pid = r;
        *ret = r < 0 ? running_free(running) : running;
        return r < 0 ? r : 0;
}

int run_finish(Running *running, RunResult *ret) {
        int r = see_to_its_end(running->pid, running->failure, running->catches, running->deadline);

        if (r >= 0)
                r = keep(r, running->catches, ret);
        running_free(running);
        return r;
}

int run_child(char *const argv[], const RunOptions *options, RunResult *ret) {
        Running *running = NULL;
        int r = run_start(argv, options, &running);

        return r < 0 ? r : run_finish(running, ret);
}

int run_capture(char *const argv[], size_t max_bytes, uint64_t timeout_usec, RunResult *ret) {
        RunOptions options = {.max_bytes = max_bytes, .timeout_usec = timeout_usec};

        return run_child(argv, &options, ret);
}

void run_done(RunResult *result) {
        free(result->output);
        free(result->error);
        *result = (RunResult){0};
}
