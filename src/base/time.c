/* SPDX-License-Identifier: MIT */
#include "base/time.h"

#include "base/util.h"

#include <time.h>

uint64_t now_usec(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t now_msec(void) {
        return now_usec() / USEC_PER_MSEC;
}

char *span_text(uint64_t usec) {
        uint64_t sec = usec / USEC_PER_SEC, min = sec / 60, hours = min / 60;

        if (min == 0)
                return xasprintf("%u s", (unsigned)sec);
        if (min < 10 && sec % 60 > 0)
                return xasprintf("%u min %u s", (unsigned)min, (unsigned)(sec % 60));
        if (hours == 0)
                return xasprintf("%u min", (unsigned)min);
        return min % 60 > 0 ? xasprintf("%u h %u min", (unsigned)hours, (unsigned)(min % 60))
                            : xasprintf("%u h", (unsigned)hours);
}
