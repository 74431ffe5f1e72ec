/* SPDX-License-Identifier: MIT */
#pragma once
/* A container's network namespace. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** netns_open() - the namespace of @pid, to be kept: it stays valid when the process is gone. Errors: -errno, -ESRCH. */
int netns_open(pid_t pid);

/** netns_enter() - this thread moves there. Answer: its own namespace, for netns_leave(). Errors: -errno, and it has not moved. */
int netns_enter(int netns_fd);

/** netns_leave() - back again, or the process ends: from elsewhere every later answer would be about the wrong host. */
void netns_leave(int own_fd);

/** netns_address() - the first IPv4 (else IPv6) address in it that is not loopback or link-local. Errors: -errno, -ENOENT. */
int netns_address(int netns_fd, char *ret, size_t size);

/** netns_has_address() - whether an interface in it has @address, IPv4 or IPv6. False also when it cannot be looked into. */
bool netns_has_address(int netns_fd, const char *address);

/**
 * netns_gateway() - the IPv4 address that its default route goes to: on a network of Podman's, also where its name server
 * listens. Errors: -errno, -ENOENT when there is none.
 */
int netns_gateway(int netns_fd, char *ret, size_t size);

/** netns_subnet() - the network that its first IPv4 address that is not loopback is in: "10.89.0.0/24". Errors: -errno, -ENOENT. */
int netns_subnet(int netns_fd, char *ret, size_t size);

/**
 * netns_bridges() - the interfaces of this host in whose networks the IPv4 addresses in it are, and @also; NULL: none besides.
 *
 * Answer: a vector of names, NULL when none is known. The caller frees it.
 */
char **netns_bridges(int netns_fd, const char *also);

/** netns_connections() - how many are connected to the TCP port @port in it. Errors: -errno. */
int netns_connections(int netns_fd, uint16_t port);

/** netns_established() - the same in the text of /proc/net/tcp or tcp6; see proc_pid_net(5). Pure. */
int netns_established(const char *text, uint16_t port);

/** netns_default_route() - that address in the text of /proc/net/route; see proc_pid_net(5). Pure. Errors: -ENOENT. */
int netns_default_route(const char *text, char *ret, size_t size);
