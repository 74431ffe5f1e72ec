/* SPDX-License-Identifier: MIT */
#pragma once
/* The verdict, before a container is made and after one that migrates has ended. */

typedef struct Supervisor Supervisor;

/** enter_check() - feeds OK, DONE or what has to come first; LATER or NEVER with the gate's sentence. */
void enter_check(Supervisor *s);

/** enter_judge() - after a run: DONE when that was all, else LATER. */
void enter_judge(Supervisor *s);
