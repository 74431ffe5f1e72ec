/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-ready.service, which holds lago.target's start until everything serves, and what starts it again. */

/** ready_run() - "ready": keeps the chain; see ready.c. Answers the program's exit status. */
int ready_run(void);

/** again_run() - "again", when lago-ready failed: ended by what may pass, the keeper is started again; see again.c. */
int again_run(void);

/** resume_run() - "resume", when lago-migrate is done: what a failure left is started again; see resume.c. */
int resume_run(void);
