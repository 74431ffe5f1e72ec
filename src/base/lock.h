/* SPDX-License-Identifier: MIT */
#pragma once
/* One at a time: locks on files that nobody but their owner can open, so that nobody else can hold them. */

#include <stdint.h>
#include <sys/types.h>

/**
 * lock_take() - the lock of the file @name below @directory_fd (or of a path, with AT_FDCWD), made when it is not there.
 *
 * @wait_usec   how long to wait for who has it; 0: not at all.
 * @ret_fd      holds the lock until it is closed; a child does not inherit it.
 * @ret_holder  with -EBUSY: the process that has it, 0 when it is none of ours to see.
 *
 * Errors: -EBUSY; -EPERM for a file of another user, or one that others may open; -errno.
 */
int lock_take(int directory_fd, const char *name, uint64_t wait_usec, int *ret_fd, pid_t *ret_holder);

/** lock_drop() - removes the file and gives the lock up. Answer: -EBADF, for @fd. */
int lock_drop(int directory_fd, const char *name, int fd);
