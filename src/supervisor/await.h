/* SPDX-License-Identifier: MIT */
#pragma once
/* Waiting for what a member stands on. Having been started by systemd proves nothing: each asks for itself. */

typedef struct Supervisor Supervisor;

/** enter_await() - OK when all of it answers; WATCH for an external server that does. */
void enter_await(Supervisor *s);
