/* SPDX-License-Identifier: MIT */
#include "process/job.h"

#include "base/time.h"
#include "base/util.h"
#include "process/child.h"

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
        bool overlong; /* the line in hand did not fit: it is dropped up to its end */
} Capture;

struct Job {
        Jobs *jobs;
        Job *next;
        pid_t pid;
        JobLine line;
        JobDone done; /* NULL after job_cancel() */
        void *userdata;
        char *program;
        int failure_fd; /* see child_failure() */
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
        close_fd(job->failure_fd);
        free(job->program);
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

static void take_line(Capture *capture, char *line) {
        if (!capture->overlong && capture->job->done)
                capture->job->line(capture->job->userdata, line);
        capture->overlong = false;
}

/* Hands over the whole lines in the buffer and keeps the rest. A NUL byte ends what is seen of its line. */
static void take_lines(Capture *capture) {
        char *start = capture->text, *end;
        size_t left = capture->n;

        while ((end = memchr(start, '\n', left))) {
                *end = '\0';
                take_line(capture, start);
                left -= (size_t)(end + 1 - start);
                start = end + 1;
        }
        memmove(capture->text, start, left);
        capture->n = left;
        capture->text[left] = '\0';
}

/* What does not fit is read and forgotten, so that the child is never stopped by a full pipe. */
static void keep(Capture *capture, const char *bytes, size_t n) {
        bool lines = capture->job->line && capture == &capture->job->output;

        if (capture->n + n >= CAPTURE_MAX) {
                if (!lines)
                        return;
                capture->overlong = true;
                capture->n = 0;
        }
        capture->text = xrealloc(capture->text, capture->n + n + 1);
        memcpy(capture->text + capture->n, bytes, n);
        capture->n += n;
        capture->text[capture->n] = '\0';
        if (lines)
                take_lines(capture);
}

typedef enum ReadAnswer {
        READ_NOTHING, /* for now */
        READ_SOME,
        READ_END, /* all who could write are gone, or the pipe is broken */
} ReadAnswer;

static ReadAnswer read_some(Capture *capture) {
        char buffer[4096];
        ssize_t n = read(capture->fd, buffer, sizeof(buffer));

        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? READ_NOTHING : READ_END;
        if (n == 0)
                return READ_END;
        keep(capture, buffer, (size_t)n);
        return READ_SOME;
}

static void stop_capture(Capture *capture) {
        capture->io = sd_event_source_disable_unref(capture->io);
        capture->fd = close_fd(capture->fd);
}

static int on_capture(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Capture *capture = userdata;

        (void)source;
        (void)fd;
        (void)revents;
        if (read_some(capture) == READ_END)
                stop_capture(capture);
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

/* The last words may still be in the pipe; who else holds it open is not waited for. */
static const char *last_words(Capture *capture) {
        while (capture->fd >= 0 && read_some(capture) == READ_SOME)
                ;
        return capture->text ? capture->text : "";
}

static void finish(Job *job, int code, int status) {
        int failure = child_failure(job->failure_fd);
        _cleanup_(freep) char *why = failure ? xasprintf("%s: %s", job->program, strerror(failure)) : NULL;
        /* On SIGTERM Podman 4.3 exits with 0 and 5.4 with 1, whatever it has left undone. */
        bool in_time = !job->terminated || code != CLD_EXITED;
        JobResult result = {
                .started = failure == 0,
                .signaled = failure == 0 && (code != CLD_EXITED || !in_time),
                .late = failure == 0 && job->terminated,
                .status = failure ? failure : in_time ? status
                                                      : SIGTERM,
        };

        job_unlink(job);
        result.output = last_words(&job->output);
        result.errors = why ? why : last_words(&job->errors);
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

/* The pipes to a child, ours and its end of each; -EBADF where it has none. */
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

/* Fits into the pipe's own buffer, so no child can make us wait. */
static int open_input(const char *text, int p[2]) {
        size_t n = strlen(text);

        if (pipe2(p, O_CLOEXEC) < 0 || fcntl(p[1], F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        if (write(p[1], text, n) != (ssize_t)n)
                return -EMSGSIZE;
        p[1] = close_fd(p[1]);
        return 0;
}

static int open_capture(int p[2]) {
        return pipe2(p, O_CLOEXEC) < 0 || fcntl(p[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int pipes_open(const JobSpec *spec, Pipes *pipes) {
        int r = 0;

        if (spec->input)
                r = open_input(spec->input, pipes->input);
        if (r >= 0 && spec->output_fd == 0)
                r = open_capture(pipes->output);
        if (r >= 0 && spec->error_fd == 0)
                r = open_capture(pipes->errors);
        return r;
}

static void watch(Jobs *jobs, Job *job, Capture *capture, int *fd) {
        capture->job = job;
        capture->fd = TAKE_FD(*fd);
        if (capture->fd >= 0)
                (void)sd_event_add_io(jobs->event, &capture->io, capture->fd, EPOLLIN, on_capture, capture);
}

int job_start(Jobs *jobs, const JobSpec *spec, Job **ret) {
        _cleanup_(pipes_done) Pipes pipes = {{-EBADF, -EBADF}, {-EBADF, -EBADF}, {-EBADF, -EBADF}};
        ChildSpec child = {
                .argv = spec->argv,
                .directory_fd = spec->directory_fd,
                .in_unit_root = spec->in_unit_root,
                .unprivileged = spec->unprivileged,
                .view_of = spec->view_of,
        };
        int r = pipes_open(spec, &pipes), failure = -EBADF;
        Job *job;
        pid_t pid;

        if (r < 0)
                return r;
        child.input_fd = spec->input ? pipes.input[0] : spec->input_fd;
        child.output_fd = spec->output_fd ? spec->output_fd : pipes.output[1];
        child.error_fd = spec->error_fd ? spec->error_fd : pipes.errors[1];
        pid = child_start(&child, &failure);
        if (pid < 0)
                return (int)pid;
        job = xcalloc(1, sizeof(Job));
        *job = (Job){.jobs = jobs, .next = jobs->list, .pid = pid, .program = xstrdup(spec->argv[0]), .failure_fd = failure, .line = spec->line, .done = spec->done, .userdata = spec->userdata};
        jobs->list = job;
        /* The child runs: from here on its end is told through done, whatever else fails. */
        watch(jobs, job, &job->output, &pipes.output[0]);
        watch(jobs, job, &job->errors, &pipes.errors[0]);
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
