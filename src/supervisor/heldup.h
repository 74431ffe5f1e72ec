/* SPDX-License-Identifier: MIT */
#pragma once
/* A stop that takes longer than it may, as the engine does not answer: its status says what holds that up. */

typedef struct Supervisor Supervisor;

/** heldup_watch() - from now on, until the member is stopped. */
void heldup_watch(Supervisor *s);
