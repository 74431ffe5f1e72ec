/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The engine's client starts a container with the container's own output as its own, and says a word there when that is
 * done, perhaps after the container's first lines. It is not one of them. A client that fails says why there, and that is
 * no line of a container either. So nothing is carried before the word has come.
 */

#include <stddef.h>

/* A container that writes more than this before the client is done is not kept waiting for it. */
#define HOLD_MAX_BYTES (512 * 1024)

/** hold_find() - where "@word\n" begins in @bytes; -1 where it does not. */
ptrdiff_t hold_find(const char *bytes, size_t n, const char *word);

/**
 * hold_until() - waits for @word in the pipe @output, which keeps all that is in it; @scratch is a pipe of the caller's.
 * @ending is asked after each signal. Signals are let in while it waits, and only then.
 *
 * Answer: 1: @word is there, behind *@ret_before bytes; 0: it had not come when we were asked to end; 2: it is no longer
 * waited for, as there is so much in front of it, or no one left to write it. Errors: -errno.
 */
int hold_until(int output, const int scratch[2], const char *word, int (*ending)(void), size_t *ret_before);
