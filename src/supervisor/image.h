/* SPDX-License-Identifier: MIT */
#pragma once
/* What is known of the image in hand. */

#include "supervisor/supervisor.h"

/**
 * image_script() - how the image's @script ("scripts/start.api.sh") ends, as its manifest tells: "exec", or the last
 * command. NULL when the image has no such script; the caller frees it.
 */
char *image_script(const Supervisor *s, const char *script);
