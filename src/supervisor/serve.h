/* SPDX-License-Identifier: MIT */
#pragma once
/* From READY=1 on: does it still answer? */

typedef struct Supervisor Supervisor;

/** enter_serve() - READY=1; SICK when it has not answered too often while what it stands on does. */
void enter_serve(Supervisor *s);

/** serve_rest() - SERVE: the next look at the member, an interval from now. */
void serve_rest(Supervisor *s);

/** serve_status() - SERVE: STATUS=, with what speaks against a member that answers. */
void serve_status(Supervisor *s);
