/* SPDX-License-Identifier: MIT */
#pragma once
/* A container's view of the network: its namespace, and the files by which its programs look names up. */

#include <sys/types.h>

/**
 * view_enter() - this process, which is a child of its own, moves to the network of @pid, and from then on finds the hosts,
 * name servers and order of look-up of @pid's files below /etc. Where @pid has no such file it finds an empty one.
 *
 * Errors: -errno, -ESRCH; it must not go on then, as it may be half-way there.
 */
int view_enter(pid_t pid);
