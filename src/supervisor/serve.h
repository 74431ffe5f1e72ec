/* SPDX-License-Identifier: MIT */
#pragma once
/* From "it runs" to READY=1, and afterwards: does it still answer? */

typedef struct Supervisor Supervisor;

/** enter_probe() - OK when it answers for the first time, or says that it is ready. */
void enter_probe(Supervisor *s);

/** enter_serve() - READY=1; SICK when it has not answered too often while what it stands on does. */
void enter_serve(Supervisor *s);
/** serve_rest() - SERVE: the next look at the member, an interval from now. */
void serve_rest(Supervisor *s);

/** serve_hear() - a note of relay/watch.h, as a JobLine: it is remembered, and may be what PROBE waits for. */
void serve_hear(void *supervisor, const char *note);
