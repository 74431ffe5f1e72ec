/* SPDX-License-Identifier: MIT */
#pragma once
/* From READY=1 on: does it still answer? */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** enter_serve() - READY=1; SICK when it has not answered too often while what it stands on does. */
void enter_serve(Supervisor *s);

/** serve_rest() - SERVE: the next look at the member, an interval from now. */
void serve_rest(Supervisor *s);

/** serve_ticked() - SERVE: a line said that the clock begins a job; @first: of this container. */
void serve_ticked(Supervisor *s, bool first);

/** serve_status() - SERVE: STATUS=, with what speaks against a member that answers. */
void serve_status(Supervisor *s);
