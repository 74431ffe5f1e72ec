/* SPDX-License-Identifier: MIT */
#pragma once
/* Reads one file of lago.conf's format; the only place that knows the INI library. */

#include "config/config.h"

/** Called for each "name = value" line in the order of the file; @section is empty above the first one. */
typedef void (*conf_file_handler)(void *userdata, const char *section, const char *name,
                                  const char *value, unsigned line);
/** Called for each "[section]" line; answers whether its keys are to be handled. */
typedef bool (*conf_file_section)(void *userdata, const char *section, unsigned line);

/**
 * conf_file_read() - calls back for every line of @path that can be understood; the others go to @errors.
 *
 * Errors: -errno of reading; none for bad lines.
 */
int conf_file_read(const char *path, conf_file_section on_section, conf_file_handler on_key,
                   void *userdata, ConfigErrors *errors);
