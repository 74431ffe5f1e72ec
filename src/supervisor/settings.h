/* SPDX-License-Identifier: MIT */
#pragma once
/* What the member runs with: lago.conf, the environment files, and its own one. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** settings_load() - all of it, at the start. Errors are logged, and answered as an exit status. */
int settings_load(Supervisor *s);

/**
 * settings_reload() - before another attempt of lago-migrate, as what it waits for may be a wrong setting. False when that
 * cannot be read: LATER is fed.
 */
bool settings_reload(Supervisor *s);
