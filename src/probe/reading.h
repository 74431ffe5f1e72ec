/* SPDX-License-Identifier: MIT */
#pragma once
/* What the readers of answers have in common. */

#include "base/util.h"
#include "probe/probe.h"

/** reading() - a whole answer, and what it means. */
ProbeReading reading(ProbeVerdict verdict, const char *format, ...) _printf_(2, 3);

/** first_line() - of an answer, escaped and short enough for STATUS=; the caller frees it. */
char *first_line(const char *bytes, size_t n);
