/* SPDX-License-Identifier: MIT */
#pragma once
/* What the fuzz targets share. A target returns when its answer was right, whatever it was, and aborts when it was not. */

#include "base/util.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                 \
        do {                                                                               \
                if (!(condition)) {                                                        \
                        dprintf(2, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                           \
                }                                                                          \
        } while (0)

/** fuzz_text() - the input as a string, up to its first zero byte; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
        return size > 0 ? xstrndup((const char *)data, size) : xstrdup("");
}

/** fuzz_parts() - the input cut at each 0xff into at most @n strings, the rest empty; the caller frees them. */
static inline void fuzz_parts(const uint8_t *data, size_t size, size_t n, char *parts[]) {
        for (size_t i = 0; i < n; i++) {
                const uint8_t *cut = size > 0 && i + 1 < n ? memchr(data, 0xff, size) : NULL;
                size_t taken = cut ? (size_t)(cut - data) : size;

                parts[i] = fuzz_text(data, taken);
                taken += cut != NULL;
                data += taken;
                size -= taken;
        }
}

/** fuzz_is_line() - fit to be told: not empty, one line. */
static inline bool fuzz_is_line(const char *s) {
        return s && *s && !strchr(s, '\n');
}
