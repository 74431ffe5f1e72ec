/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The page renderer stops after those that render through it: a worker that is stopped finishes the jobs in hand, and before
 * v1.35.0 a page that cannot be rendered ends its job for good. After= in their units would order the stop so, but also the
 * start, and no member's start waits for the renderer. So its supervisor asks systemd what it is about to stop.
 */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** outlive_argv() - what lists systemd's jobs. The caller frees it. */
char **outlive_argv(void);

/**
 * outlive_clients_stop() - whether API or a worker is in @jobs to be stopped or restarted: "182 lago-worker.service stop
 * waiting" and the like, see list-jobs in systemctl(1). Pure.
 */
bool outlive_clients_stop(const char *jobs);

/** outlive_is_idle() - no client is connected to the container, so it has no work in hand. False when that cannot be known. */
bool outlive_is_idle(const Supervisor *s);
