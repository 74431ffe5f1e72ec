/* SPDX-License-Identifier: MIT */
#include "setup/setup.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

void setup_refused(const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);
        if (r < 0)
                text = NULL;
        else
                (void)sd_notifyf(0, "STATUS=Refused: %s", text);
}
