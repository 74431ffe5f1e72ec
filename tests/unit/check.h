/* SPDX-License-Identifier: MIT */
#pragma once
/* cmocka, with what it needs before it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/** next_random() - xorshift64*: the same numbers everywhere, so that a failure can be run again. */
static inline uint64_t next_random(uint64_t *state) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        return *state * UINT64_C(0x2545f4914f6cdd1d);
}
