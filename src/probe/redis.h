/* SPDX-License-Identifier: MIT */
#pragma once
/* What Redis is asked, and whether Lago can work with what it answers. Pure. */

#include "probe/probe.h"

/** redis_request() - AUTH, SELECT, PING and what else @target says; the caller frees it. */
char *redis_request(const ProbeTarget *target);

/** redis_read() - as probe_read(). */
ProbeReading redis_read(const ProbeTarget *target, const char *bytes, size_t n, bool eof);
