/* SPDX-License-Identifier: MIT */
#pragma once
/* One child process: forked, set up, executed. Who waits for it is not told here. */

#include <stdbool.h>
#include <sys/types.h>

/*
 * What a child is to be. A descriptor means the same everywhere: above 0 it is used, 0 is none given, and a negative one
 * is one that could not be had: the child is not started, instead of being given something else.
 */
typedef struct ChildSpec {
        char *const *argv; /* argv[0] is looked up in PATH */
        int input_fd;      /* its standard input; 0: /dev/null. All descriptors are borrowed */
        int output_fd;     /* its standard output; 0: ours */
        int error_fd;      /* its standard error; 0: ours */
        int directory_fd;  /* where it runs; 0: where we do */
        bool in_unit_root; /* moved to the unit's own control group first: see cgroup.h */
        bool unprivileged; /* as user lago-gate, without capabilities or ways to get any */
        pid_t view_of;     /* where that process is, in the network and in looking names up: see view.h; 0: where we are */
} ChildSpec;

/**
 * child_start() - a child with the three standard descriptors and no others, signals as born, and without the
 * notification socket: only the supervisor speaks for its unit.
 *
 * @ret_failure  from child_failure() it is learned why the program was not executed; the caller closes it.
 *
 * Answer: its pid. Errors: -errno when nothing could be forked; -EBADF for a negative descriptor.
 */
pid_t child_start(const ChildSpec *spec, int *ret_failure);

/**
 * child_failure() - the errno for which the child came to no program; 0 when it was executed. Waits until that is
 * known, which is at once for a child that has ended.
 */
int child_failure(int failure_fd);
