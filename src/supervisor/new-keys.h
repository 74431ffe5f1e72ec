/* SPDX-License-Identifier: MIT */
#pragma once
/* Keys that lago-setup made for an external database without a look into it: see setup/new-keys.c. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/**
 * new_keys_refuse() - after a verdict, for lago-migrate: new keys are not for a database that holds data. The note goes when
 * it is seen empty.
 * Answer: true when the start was refused, or waits because the note cannot be read, and that has been told.
 */
bool new_keys_refuse(Supervisor *s);
