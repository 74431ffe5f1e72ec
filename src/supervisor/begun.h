/* SPDX-License-Identifier: MIT */
#pragma once
/* How far a start has come, whatever became of the client that was to make it. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/**
 * begun_read() - the monitor, the first process, its network namespace and address, as far as the engine has written them down.
 * The bridges that it is on keep their hardware addresses from now on; see process/bridge.h.
 */
void begun_read(Supervisor *s);

/** begun_is() - behind begun_read(): the image's program runs, which must not be cut short: it may be a migration, or have a job. */
bool begun_is(const Supervisor *s);

/** begun_is_held() - the first process still runs the engine's own program, which waits to be let begin. */
bool begun_is_held(const Supervisor *s);
