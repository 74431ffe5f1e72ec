/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Exactly one clock per database, whatever is configured on how many hosts: each enqueues every job, and Lago would bill
 * twice. And one migrator: two that load structure.sql at once spoil it for each other. The locks are a session's in
 * PostgreSQL, held by a lago-gate beside the container.
 */

typedef struct Supervisor Supervisor;

/** enter_lock() - the clock goes on with OK, or with STANDBY beside another one; migrate waits for it, then RECHECK. */
void enter_lock(Supervisor *s);

/** enter_standby() - READY=1, and WAKE when the other clock is gone. */
void enter_standby(Supervisor *s);
