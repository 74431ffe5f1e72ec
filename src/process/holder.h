/* SPDX-License-Identifier: MIT */
#pragma once
/* Who else uses the engine. */

#include <stdbool.h>

/**
 * holder_find() - another process that is called @program and is none of Lago's units': "podman save (process 812, paused)".
 *
 * @ret_paused  it does not run: whatever lock it has it keeps.
 *
 * Shape: of several the paused one first, then the one that was started first. NULL for none; the caller frees it.
 */
char *holder_find(const char *program, bool *ret_paused);
