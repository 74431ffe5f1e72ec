/* SPDX-License-Identifier: MIT */
#pragma once
/* The lines that a web server writes about the supervisor's own probes. Pure. */

#include <stdbool.h>
#include <stddef.h>

/**
 * probe_line() - whether @line, @n bytes without its end, says that a probe of ours was answered with 200.
 *
 * The form is that of nginx as its packager configures it:
 *
 *     127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] "GET / HTTP/1.0" 200 612 "-" "lago-supervisor/0.1.0" "-"
 *
 * Every client may call itself as our probe does, and would then be in no log. But nobody outside the container has its loopback
 * address, so a line that begins with another one is not ours. Nor is one about another status, which somebody may look for.
 */
bool probe_line(const char *line, size_t n);
