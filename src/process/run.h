/* SPDX-License-Identifier: MIT */
#pragma once
/* Runs another program to its end and keeps what it wrote. For programs that may block; not for event loops. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RunResult {
        int status;   /* exit status; 128 + signal when one ended it */
        char *output; /* standard output, NUL-terminated */
        char *error;  /* the last of standard error, in one line fit for a message */
} RunResult;

/* Descriptors as in child.h: 0 is none given, a negative one is refused. All are borrowed. */
typedef struct RunOptions {
        const char *input;     /* text on its standard input; NULL: input_fd counts */
        int input_fd;          /* its standard input; 0: /dev/null */
        int output_fd;         /* its standard output; 0: kept */
        int error_fd;          /* its standard error; 0: the last of it is kept */
        int directory_fd;      /* where it runs; 0: where we do */
        bool inherit;          /* it gets our three: a terminal, say; nothing is kept */
        bool unprivileged;     /* runs as the user of lago-gate; after privileges_init() */
        size_t max_bytes;      /* of standard output that is kept; a program that writes more is killed */
        uint64_t timeout_usec; /* after which it is killed, whatever it closed; 0 waits for ever */
} RunOptions;

/**
 * run_child() - runs @argv to its end, which is its own: who else holds its output open is not waited for. The rest as
 * child_start() has it.
 *
 * @ret  written on success only, which any exit status is; run_done() frees it.
 *
 * Errors: -ENOENT for no such program, -errno of pipes, forks and of becoming unprivileged, -EBADF as in child.h,
 *         -ETIMEDOUT, -EFBIG, -EBADMSG for a NUL byte in the output.
 */
int run_child(char *const argv[], const RunOptions *options, RunResult *ret);

/**
 * run_start() - the same in two steps, for several at a time: each is let wait in its own output until its turn comes.
 * Errors: as run_child(), with nothing to finish. run_finish() frees @running, whatever it answers.
 */
typedef struct Running Running;

int run_start(char *const argv[], const RunOptions *options, Running **ret);
int run_finish(Running *running, RunResult *ret);

/** run_capture() - run_child() with nothing on standard input, up to @max_bytes of output, within @timeout_usec. */
int run_capture(char *const argv[], size_t max_bytes, uint64_t timeout_usec, RunResult *ret);

void run_done(RunResult *result);
