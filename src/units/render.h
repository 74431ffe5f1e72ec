/* SPDX-License-Identifier: MIT */
#pragma once
/* The unit files of the stack, written from the catalogue of members. Pure. */

#include <stdbool.h>
#include <stddef.h>

/**
 * unit_names() - every unit file that is shipped, in the order of the chain: "lago.target", "lago-worker@.service".
 *
 * Shape: *ret_n names; static, not to be freed.
 */
const char *const *unit_names(size_t *ret_n);

/** unit_is_of_member() - whether the unit of that name runs a member's container. */
bool unit_is_of_member(const char *name);

/**
 * unit_log_limit() - the settings by which journald drops what a unit writes beyond @lines in a minute, and counts it.
 *
 * @lines  0: a rate that nobody writes at. (An interval of 0 would say so, but systemd 252 does not tell journald, which then
 *         takes its own limit.)
 *
 * Shape:  lines of a unit file; the caller frees them.
 */
char *unit_log_limit(unsigned lines);

/**
 * unit_render() - the text of one unit file.
 *
 * @name   one of unit_names().
 *
 * Shape:  the same bytes for the same catalogue, whatever the host; the caller frees it. NULL for another name.
 */
char *unit_render(const char *name);
