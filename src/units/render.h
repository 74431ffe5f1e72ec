/* SPDX-License-Identifier: MIT */
#pragma once
/* The unit files of the stack, written from the catalogue of members. Pure. */

#include <stddef.h>

/**
 * unit_names() - every unit file that is shipped, in the order of the chain: "lago.target", "lago-worker@.service".
 *
 * Shape: *ret_n names; static, not to be freed.
 */
const char *const *unit_names(size_t *ret_n);

/**
 * unit_render() - the text of one unit file.
 *
 * @name   one of unit_names().
 *
 * Shape:  the same bytes for the same catalogue, whatever the host; the caller frees it. NULL for another name.
 */
char *unit_render(const char *name);
