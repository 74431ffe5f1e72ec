/* SPDX-License-Identifier: MIT */
#pragma once
/* A password from the one who types it, or from a file. */

/**
 * password_read() - asks twice on a terminal, without echo; else takes the first line of standard input.
 *
 * Errors: -errno, told: -EINTR for Ctrl-C, -EINVAL for none, or two that differ. The caller wipes and frees *@ret.
 */
int password_read(const char *prompt, char **ret);
