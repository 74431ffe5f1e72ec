/* SPDX-License-Identifier: MIT */
#pragma once
/* The unit's own control groups. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * cgroup_init() - moves this process from the unit's control group into its sub-group "supervisor".
 *
 * podman's --cgroups=split moves every process of its caller's group into "runtime": from the unit's root it does so at
 * each start to the same depth, from a group of its caller's own it would nest deeper with every start.
 * Errors: -errno; -EOPNOTSUPP without the unified hierarchy.
 */
int cgroup_init(void);

/**
 * cgroup_of_unit() - "/lago.slice/lago-api.service" from the @text of a "/proc/PID/cgroup", also when the process is in a
 * sub-group of that, as a supervisor is. Pure. Answer: NULL without the unified hierarchy; the caller frees it.
 */
char *cgroup_of_unit(const char *text);

/** cgroup_set_mount() - for tests: groups are files below @path, which is borrowed, and not below /sys/fs/cgroup. */
void cgroup_set_mount(const char *path);

/** cgroup_find() - only finds the unit's group, for a process that moves nowhere. Errors: -EOPNOTSUPP. */
int cgroup_find(void);

/**
 * cgroup_wait_clients() - returns when no process of this unit outside of the container is called @program any more, or
 * after @seconds: a client that a killed supervisor left behind is still at work.
 */
void cgroup_wait_clients(const char *program, unsigned seconds);

/** cgroup_client_runs() - whether a process of this unit outside of the container is called @program. */
bool cgroup_client_runs(const char *program);

/** cgroup_wait_payload() - returns when nothing runs in the container's groups of this unit; @each_second is called meanwhile. */
void cgroup_wait_payload(void (*each_second)(void));

/** cgroup_enter_root() - moves the calling process (a forked child) into the unit's root. Async-signal-safe. */
int cgroup_enter_root(void);

/** cgroup_prepare_root() - takes controllers back from the root's children, else no process may enter it (EBUSY). */
void cgroup_prepare_root(void);

/**
 * cgroup_kill_payload() - SIGKILL to everything left in the container's groups ("libpod-payload-…") of this unit,
 * and removal of the empty groups. Answers the number of groups in which something was still alive.
 */
int cgroup_kill_payload(void);

/** cgroup_events_oom() - the number behind "oom_kill" in the @text of a "memory.events"; 0 without one. */
uint64_t cgroup_events_oom(const char *text);

/** cgroup_oom_kills() - how often the kernel has ended a process of this unit for want of memory; 0 where it does not count. */
uint64_t cgroup_oom_kills(void);

/** cgroup_payload_has() - whether @pid is a process of the container. */
bool cgroup_payload_has(pid_t pid);

/**
 * cgroup_payload_signal() - @sig to @pid, when that is a process of the container: looked at while a descriptor holds it, so the
 * number of one that has ended is never another's. Errors: -errno, -ESRCH.
 */
int cgroup_payload_signal(pid_t pid, int sig);
