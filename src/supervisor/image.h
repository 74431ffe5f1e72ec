/* SPDX-License-Identifier: MIT */
#pragma once
/* What is known of the image in hand. */

typedef struct Supervisor Supervisor;

/** enter_prepare() - OK when the image is here, by its id, and what is in it is known. */
void enter_prepare(Supervisor *s);

/**
 * image_script() - the script of the image that runs the member ("scripts/start.api.sh"), and how it ends, as the manifest
 * tells: "exec", or its last command. Both stay NULL when the image has none; the caller frees them. Errors: -errno.
 */
int image_script(const Supervisor *s, char **ret_script, char **ret_command);
