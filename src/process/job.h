/* SPDX-License-Identifier: MIT */
#pragma once
/* Child processes: the engine's clients and lago-gate, run beside the loop, and every other end that waitid(2) tells. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

typedef struct Jobs Jobs;
typedef struct Job Job;

typedef struct JobResult {
        bool started;  /* false: the program could not be executed, for the errno @status */
        bool signaled; /* ended by signal @status, or by an exit, whichever, after that of its timeout */
        bool late;     /* signaled, by its timeout */
        int status;
        const char *output; /* standard output, when captured; never NULL */
        const char *errors; /* standard error, when captured, or why it was not executed; never NULL */
} JobResult;

typedef void (*JobDone)(void *userdata, const JobResult *result);
typedef void (*JobLine)(void *userdata, const char *line);
/** JobStranger - a process that became ours ended: @code and @status as in siginfo_t. */
typedef void (*JobStranger)(void *userdata, pid_t pid, int code, int status);

/* Descriptors as in child.h: 0 is none given, a negative one is refused. */
typedef struct JobSpec {
        char *const *argv;     /* argv[0] is looked up in PATH */
        const char *input;     /* written to its standard input, which is a pipe then; NULL: input_fd counts */
        int input_fd;          /* its standard input; 0: /dev/null. All descriptors are borrowed */
        int output_fd;         /* its standard output; 0: captured, up to 64 KiB */
        int error_fd;          /* its standard error; 0: captured, up to 64 KiB */
        int directory_fd;      /* where it runs; 0: where we do */
        bool in_unit_root;     /* moved to the unit's own control group first: see cgroup.h */
        bool unprivileged;     /* as user lago-gate, without capabilities or ways to get any */
        pid_t view_of;         /* as in child.h */
        uint64_t timeout_usec; /* SIGTERM, and SIGKILL 5 s later; 0: none */
        /* Called for each line of its standard output as it comes, which is not kept then. A line of more than 64 KiB is dropped. */
        JobLine line;
        JobDone done;
        void *userdata;
} JobSpec;

/**
 * jobs_new() - SIGCHLD must be blocked already. @stranger hears of each child that is no job of ours: this process is a
 * subreaper, so the container's monitor and, should that die, its first process become children.
 */
int jobs_new(sd_event *event, JobStranger stranger, void *userdata, Jobs **ret);
Jobs *jobs_free(Jobs *jobs);

/** job_start() - @spec->done is called once from the loop. Errors: -errno when nothing could be forked, -EBADF as in child.h. */
int job_start(Jobs *jobs, const JobSpec *spec, Job **ret);

/** job_cancel() - SIGTERM; its done is not called, it is reaped quietly. NULL is fine; answers NULL. */
Job *job_cancel(Job *job);

/** job_kill() - sends a signal; done is called as usual. */
void job_kill(Job *job, int sig);
