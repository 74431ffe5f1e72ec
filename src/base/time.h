/* SPDX-License-Identifier: MIT */
#pragma once
/* Time in usec, and spans as people read them. */

#include <stdint.h>

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC  UINT64_C(1000000)

/** now_usec() - CLOCK_MONOTONIC. */
uint64_t now_usec(void);
/** now_msec() - the same in msec, as poll(2) counts. */
uint64_t now_msec(void);
/** span_text() - "12 s", "3 min", "1 min 12 s" below ten minutes, "2 h 5 min"; the caller frees it. */
char *span_text(uint64_t usec);
