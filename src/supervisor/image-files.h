/* SPDX-License-Identifier: MIT */
#pragma once
/* What an image of Lago's brings along: migrations and scripts, as its manifest in the cache says. */

typedef struct Supervisor Supervisor;

/** image_files_read() - PREPARE: OK when the manifest of the image in hand is there and has the member's script. */
void image_files_read(Supervisor *s);

/**
 * image_script() - the script of the image that runs the member ("scripts/start.api.sh"), and how it ends, as the manifest
 * tells: "exec", or its last command. Both stay NULL when the image has none; the caller frees them. Errors: -errno.
 */
int image_script(const Supervisor *s, char **ret_script, char **ret_command);
