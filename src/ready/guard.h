/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The guard behind the gate: the schema was verified, and yet a member's log says that a table or column does not exist.
 * The journal is read by a child once a minute; nothing of it stays in memory.
 */

#include <systemd/sd-event.h>

/** guard_begin() - from now on, in @event. SIGCHLD must be blocked. Errors: -errno. */
int guard_begin(sd_event *event);

/**
 * guard_read() - "lago-worker.service: relation "x" does not exist" from a line of "journalctl --output=with-unit"; NULL when
 * it says no such thing. The caller frees it. Pure.
 */
char *guard_read(const char *line);
