/* SPDX-License-Identifier: MIT */
#pragma once
/* Runs another program to its end and keeps what it wrote. For programs that may block; not for event loops. */

#include <stddef.h>
#include <stdint.h>

typedef struct Spawned {
        int status;   /* exit status; 128 + signal when one ended it */
        char *output; /* standard output, NUL-terminated */
        char *error;  /* the last of standard error, in one line fit for a message */
} Spawned;

/**
 * spawn_capture() - runs @argv to its end: found by PATH, standard input empty, no other descriptor, signals as born.
 *
 * @max_bytes     of standard output; a program that writes more is killed.
 * @timeout_usec  after which it is killed; 0 waits for ever.
 * @ret           written on success only, which any exit status is; spawned_done() frees it.
 *
 * Errors: -ENOENT for no such program, -errno of pipes and forks, -ETIMEDOUT, -EFBIG, -EBADMSG for a NUL byte in the
 *         output.
 */
int spawn_capture(char *const argv[], size_t max_bytes, uint64_t timeout_usec, Spawned *ret);

void spawned_done(Spawned *spawned);
