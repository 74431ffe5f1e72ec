/* SPDX-License-Identifier: MIT */
#pragma once
/* What the member runs with: lago.conf, the environment files, and its own one. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** settings_load() - all of it, at the start. Errors are logged, and answered as an exit status. */
int settings_load(Supervisor *s);

/**
 * settings_reload() - reads the settings again before each attempt of lago-migrate, since a wrong setting may be what it waits
 * for. False when they cannot be read; LATER was fed then.
 */
bool settings_reload(Supervisor *s);
