/* SPDX-License-Identifier: MIT */
#pragma once
/* From "it runs" to its first answer. */

#include "probe/probe.h"

typedef struct Supervisor Supervisor;

/** enter_probe() - OK when it answers for the first time, or says that it is ready. */
void enter_probe(Supervisor *s);

/** probing_settle() - PROBE: the member has no port, and its image may not log that it is ready: a few seconds count as ready. */
void probing_settle(Supervisor *s);

/** probing_target() - where the member itself is asked, inside of its container. */
ProbeTarget probing_target(const Supervisor *s);
