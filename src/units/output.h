/* SPDX-License-Identifier: MIT */
#pragma once
/* Carries out a generator's plan below the directory that systemd hands out. */

#include "units/generator.h"

/**
 * output_write() - all files and links of @plan below @directory, or none.
 *
 * @directory  exists already and is empty, as systemd makes it.
 * @reterr     path of the entry that failed, relative; not to be freed, lives as long as @plan.
 *
 * Errors: -errno; what was written by then is taken away again, since systemd obeys a failing generator's output.
 */
int output_write(const char *directory, const Plan *plan, const char **reterr);
