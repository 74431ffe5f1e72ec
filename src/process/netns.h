/* SPDX-License-Identifier: MIT */
#pragma once
/* A container's network namespace. */

#include <stddef.h>
#include <sys/types.h>

/** netns_open() - the namespace of @pid, to be kept: it stays valid when the process is gone. Errors: -errno. */
int netns_open(pid_t pid);

/** netns_address() - the first IPv4 (else IPv6) address in it that is not loopback or link-local. Errors: -errno, -ENOENT. */
int netns_address(int netns_fd, char *ret, size_t size);
