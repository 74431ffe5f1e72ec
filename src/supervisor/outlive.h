/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The page renderer stops after those that render through it: a worker that is stopped finishes the jobs in hand, and before
 * v1.35.0 a page that cannot be rendered ends its job for good. After= in their units would order the stop so, but also the
 * start, and the renderer gates nobody.
 */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** outlive_must_wait() - STOP: whether API or a worker is being stopped as well, and not down yet. At most OUTLIVE_SEC long. */
bool outlive_must_wait(const Supervisor *s);

/** outlive_is_idle() - nobody is connected to the container: it has nothing in hand. False when that cannot be known. */
bool outlive_is_idle(const Supervisor *s);
