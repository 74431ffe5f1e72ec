/* SPDX-License-Identifier: MIT */
#pragma once
/* What is known of the image in hand. */

typedef struct Supervisor Supervisor;

/** enter_prepare() - OK when the image is here, by its id, and what is in it is known. */
void enter_prepare(Supervisor *s);

/**
 * image_script() - how the image's @script ("scripts/start.api.sh") ends, as its manifest tells: "exec", or the last
 * command. NULL when the image has no such script; the caller frees it.
 */
char *image_script(const Supervisor *s, const char *script);
