/* SPDX-License-Identifier: MIT */
#include "process/job.h"

#include "base/privileges.h"
#include "base/time.h"
#include "base/util.h"
#include "process/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPTURE_MAX 65536

/* One captured stream. */
typedef struct Capture {
        Job *job;
        int fd;
        sd_event_source *io;
        char *text;
        size_t n;
} Capture;

struct Job {
        Jobs *jobs;
        Job *next;
        pid_t pid;
        JobLine line;
        JobDone done; /* NULL after job_cancel() */
        void *userdata;
        Capture output, errors;
        sd_event_source *timer;
        bool terminated;
};

struct Jobs {
        sd_event *event;
        sd_event_source *sigchld;
        Job *list;
        JobStranger stranger;
        void *userdata;
};

static void capture_done(Capture *capture) {
        sd_event_source_disable_unref(capture->io);
        close_fd(capture->fd);
        free(capture->text);
}

static Job *job_free(Job *job) {
        sd_event_source_disable_unref(job->timer);
        capture_done(&job->output);
        capture_done(&job->errors);
        free(job);
        return NULL;
}

static void job_unlink(Job *job) {
        for (Job **i = &job->jobs->list; *i; i = &(*i)->next)
                if (*i == job) {
                        *i = job->next;
                        return;
                }
}

/* Hands over the whole lines in the buffer and keeps the rest. */
static void take_lines(Capture *capture) {
        char *start = capture->text, *end;

        while ((end = strchr(start, '\n'))) {
                *end = '\0';
                if (capture->job->done)
                        capture->job->line(capture->job->userdata, start);
                start = end + 1;
        }
        capture->n = strlen(start);
        memmove(capture->text, start, capture->n + 1);
}

/* What does not fit is read and forgotten, so that the child is never stopped by a full pipe. */
static bool read_some(Capture *capture) {
        char buffer[4096];
        ssize_t n = read(capture->fd, buffer, sizeof(buffer));

        if (n <= 0)
                return n < 0 && (errno == EINTR);
        if (capture->n + (size_t)n < CAPTURE_MAX) {
                capture->text = xrealloc(capture->text, capture->n + (size_t)n + 1);
                memcpy(capture->text + capture->n, buffer, (size_t)n);
                capture->n += (size_t)n;
                capture->text[capture->n] = '\0';
        }
        if (capture->job->line)
                take_lines(capture);
        return true;
}

static int on_capture(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Capture *capture = userdata;

        (void)fd;
        (void)revents;
        if (!read_some(capture) && errno != EAGAIN)
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Job *job = userdata;

        (void)usec;
        (void)kill(job->pid, job->terminated ? SIGKILL : SIGTERM);
        job->terminated = true;
        (void)sd_event_source_set_time_relative(source, 5 * USEC_PER_SEC);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static void finish(Job *job, int code, int status) {
        JobResult result = {
                .started = !(code == CLD_EXITED && status == 127),
                .signaled = code != CLD_EXITED,
                .status = status,
        };

        job_unlink(job);
        /* The last words may still be in the pipes. */
        while (job->output.fd >= 0 && read_some(&job->output))
                ;
        while (job->errors.fd >= 0 && read_some(&job->errors))
                ;
        result.output = job->output.text ? job->output.text : "";
        result.errors = job->errors.text ? job->errors.text : "";
        if (job->done)
                job->done(job->userdata, &result);
        job_free(job);
}

static Job *find(Jobs *jobs, pid_t pid) {
        for (Job *job = jobs->list; job; job = job->next)
                if (job->pid == pid)
                        return job;
        return NULL;
}

static int on_sigchld(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Jobs *jobs = userdata;

        (void)source;
        (void)si;
        for (;;) {
                siginfo_t info = {0};
                Job *job;

                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
                        return 0;
                job = find(jobs, info.si_pid);
                if (job)
                        finish(job, info.si_code, info.si_status);
                else
                        jobs->stranger(jobs->userdata, info.si_pid, info.si_code, info.si_status);
        }
}

int jobs_new(sd_event *event, JobStranger stranger, void *userdata, Jobs **ret) {
        Jobs *jobs = xcalloc(1, sizeof(Jobs));
        int r;

        *jobs = (Jobs){.event = event, .stranger = stranger, .userdata = userdata};
        r = sd_event_add_signal(event, &jobs->sigchld, SIGCHLD, on_sigchld, jobs);
        if (r < 0) {
                free(jobs);
                return r;
        }
        *ret = jobs;
        return 0;
}

Jobs *jobs_free(Jobs *jobs) {
        if (!jobs)
                return NULL;
        while (jobs->list) {
                Job *job = jobs->list;

                jobs->list = job->next;
                job_free(job);
        }
        sd_event_source_disable_unref(jobs->sigchld);
        free(jobs);
        return NULL;
}

/* The three standard descriptors of a child; -EBADF where it keeps ours. */
typedef struct Pipes {
        int input[2], output[2], errors[2];
} Pipes;

static void pipe_done(int p[2]) {
        close_fd(p[0]);
        close_fd(p[1]);
}

static void pipes_done(Pipes *pipes) {
        pipe_done(pipes->input);
        pipe_done(pipes->output);
        pipe_done(pipes->errors);
}

static int pipes_open(const JobSpec *spec, Pipes *pipes) {
        *pipes = (Pipes){{-EBADF, -EBADF}, {-EBADF, -EBADF}, {-EBADF, -EBADF}};
        if (spec->input) {
                if (pipe2(pipes->input, O_CLOEXEC) < 0)
                        return -errno;
                /* Fits into the pipe's own buffer, so no child can make us wait. */
                if (fcntl(pipes->input[1], F_SETFL, O_NONBLOCK) < 0 ||
                    write(pipes->input[1], spec->input, strlen(spec->input)) != (ssize_t)strlen(spec->input))
                        return -EMSGSIZE;
                pipes->input[1] = close_fd(pipes->input[1]);
        } else {
                pipes->input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
                if (pipes->input[0] < 0)
                        return -errno;
        }
        if (spec->inherit_output)
                return 0;
        if (pipe2(pipes->output, O_CLOEXEC) < 0 || pipe2(pipes->errors, O_CLOEXEC) < 0)
                return -errno;
        return fcntl(pipes->output[0], F_SETFL, O_NONBLOCK) < 0 ||
                               fcntl(pipes->errors[0], F_SETFL, O_NONBLOCK) < 0
                       ? -errno
                       : 0;
}

/* After fork(): nothing but system calls. 127 tells the parent that it came to no program. */
static _noreturn_ void child(const JobSpec *spec, const Pipes *pipes) {
        sigset_t none;

        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)alarm(0);
        if (dup2(pipes->input[0], STDIN_FILENO) < 0)
                _exit(127);
        if (!spec->inherit_output &&
            (dup2(pipes->output[1], STDOUT_FILENO) < 0 || dup2(pipes->errors[1], STDERR_FILENO) < 0))
                _exit(127);
        if (spec->output_fd > 0 && dup2(spec->output_fd, STDOUT_FILENO) < 0)
                _exit(127);
        if (spec->directory_fd >= 0 && fchdir(spec->directory_fd) < 0)
                _exit(127);
        if (spec->in_unit_root && cgroup_enter_root() < 0)
                _exit(127);
        if (spec->unprivileged && privileges_drop() < 0)
                _exit(127);
        /* Only the supervisor speaks for its unit. */
        (void)unsetenv("NOTIFY_SOCKET");
        (void)unsetenv("WATCHDOG_USEC");
        (void)unsetenv("WATCHDOG_PID");
        (void)execvp(spec->argv[0], spec->argv);
        _exit(127);
}

static int watch(Jobs *jobs, Job *job, Capture *capture, int *fd) {
        capture->job = job;
        capture->fd = TAKE_FD(*fd);
        return capture->fd < 0 ? 0 : sd_event_add_io(jobs->event, &capture->io, capture->fd, EPOLLIN, on_capture, capture);
}

int job_start(Jobs *jobs, const JobSpec *spec, Job **ret) {
        _cleanup_(pipes_done) Pipes pipes;
        Job *job;
        pid_t pid;
        int r = pipes_open(spec, &pipes);

        if (r < 0)
                return r;
        if (spec->in_unit_root)
                cgroup_prepare_root();
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child(spec, &pipes);
        job = xcalloc(1, sizeof(Job));
        *job = (Job){.jobs = jobs, .next = jobs->list, .pid = pid, .line = spec->line, .done = spec->done,
                     .userdata = spec->userdata};
        jobs->list = job;
        /* The child runs: from here on its end is told through done, whatever else fails. */
        (void)watch(jobs, job, &job->output, &pipes.output[0]);
        (void)watch(jobs, job, &job->errors, &pipes.errors[0]);
        if (spec->timeout_usec > 0)
                (void)sd_event_add_time_relative(jobs->event, &job->timer, CLOCK_MONOTONIC, spec->timeout_usec,
                                                 100 * USEC_PER_MSEC, on_timeout, job);
        if (ret)
                *ret = job;
        return 0;
}

Job *job_cancel(Job *job) {
        if (job) {
                job->done = NULL;
                (void)kill(job->pid, SIGTERM);
        }
        return NULL;
}

void job_kill(Job *job, int sig) {
        (void)kill(job->pid, sig);
}
