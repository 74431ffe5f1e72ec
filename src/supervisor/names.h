/* SPDX-License-Identifier: MIT */
#pragma once
/* Whether a container that migrates gets names from its name server: asked beside its run, which is not made to wait. */

typedef struct Supervisor Supervisor;

/** names_ask() - begins to; what came of it when the run has ended is in run.names. */
void names_ask(Supervisor *s);

/** names_ask_again() - the same of one that got none so far: somebody may have let it in. */
void names_ask_again(Supervisor *s);
