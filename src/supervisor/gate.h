/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-gate as a child: how it is called for this member, and what it said. Nothing is decided here. */

#include "base/time.h"
#include "process/job.h"

typedef struct Supervisor Supervisor;

#define GATE_TIMEOUT_USEC (60 * USEC_PER_SEC)

/** gate_argv() - "lago-gate @verb …" for the database of this stack; NULL while the bundled one does not serve. */
char **gate_argv(Supervisor *s, const char *verb, bool with_manifest);
/** gate_waits() - the LATER for that NULL. */
void gate_waits(Supervisor *s);

/** gate_job() - runs it with the URL on its standard input. */
void gate_job(Supervisor *s, char **argv, JobDone done);
/** gate_hear() - fills s->gate. */
void gate_hear(Supervisor *s, const JobResult *result);
/** gate_refused() - ends for good with what the gate said. */
void gate_refused(Supervisor *s);
