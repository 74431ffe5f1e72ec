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

typedef struct RunOptions {
        const char *input; /* text on its standard input; NULL: none */
        int input_fd;      /* its standard input in place of a text, when above 0; borrowed */
        int output_fd; /* where its standard output goes instead of being kept, when above 0; borrowed */
        bool inherit; /* it gets our three: a terminal, say; nothing is kept, and no timeout holds */
        bool inherit_error; /* its standard error is ours */
        bool unprivileged;  /* runs as the user of lago-gate; after privileges_init() */
        int directory_fd;   /* where it runs, when above 0; borrowed */
        size_t max_bytes; /* of standard output that is kept; a program that writes more is killed */
        uint64_t timeout_usec; /* after which it is killed; 0 waits for ever */
} RunOptions;

/**
 * run_child() - runs @argv to its end: found by PATH, no other descriptors than the standard three, signals as born.
 *
 * @ret  written on success only, which any exit status is; run_done() frees it.
 *
 * Errors: -ENOENT for no such program, -errno of pipes, forks and of becoming unprivileged, -ETIMEDOUT, -EFBIG, -EBADMSG
 *         for a NUL byte in the output.
 */
int run_child(char *const argv[], const RunOptions *options, RunResult *ret);

/** run_capture() - the same with nothing on standard input, up to @max_bytes of output, within @timeout_usec. */
int run_capture(char *const argv[], size_t max_bytes, uint64_t timeout_usec, RunResult *ret);

void run_done(RunResult *child);
