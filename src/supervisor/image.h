/* SPDX-License-Identifier: MIT */
#pragma once
/* What is known of the image in hand. */

typedef struct Supervisor Supervisor;

/** enter_prepare() - OK when the image is here, by its id, and what is in it is known. */
void enter_prepare(Supervisor *s);
