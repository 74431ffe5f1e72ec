/* SPDX-License-Identifier: MIT */
#include "probe/reading.h"

#include <stdarg.h>
#include <stdio.h>

ProbeReading reading(ProbeVerdict verdict, const char *format, ...) {
        ProbeReading r = {.complete = true, .verdict = verdict};
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(r.reason, sizeof(r.reason), format, ap);
        va_end(ap);
        return r;
}

char *first_line(const char *bytes, size_t n) {
        _cleanup_(freep) char *text = xstrndup(bytes, n < 60 ? n : 60);

        text[strcspn(text, "\r\n")] = '\0';
        return escape_line(text);
}
