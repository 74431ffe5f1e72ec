/* SPDX-License-Identifier: MIT */
#pragma once
/* An image that is in the engine's list and not whole on the disk, as a power cut leaves it. */

typedef struct Supervisor Supervisor;

/**
 * damage_repair() - the engine cannot use @image, an id or a reference, for @reason: it is removed, and pulled by the next
 * attempt. Once in the life of a supervisor; damaged after that, it is waited for.
 */
void damage_repair(Supervisor *s, const char *image, const char *reason);

/**
 * damage_or_other_machine() - the kernel runs no program of the member's image, for @reason: one made for another processor is
 * refused; in one made for this one the program is empty or cut off, and it is repaired.
 */
void damage_or_other_machine(Supervisor *s, const char *reason);
