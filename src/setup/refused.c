/* SPDX-License-Identifier: MIT */
#include "setup/setup.h"

#include "base/log.h"
#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

/* What it is made of may be a line of a file, or cut off in the middle of a letter: systemd would drop the whole of it. */
static void status_va(const char *prefix, const char *format, va_list ap) _printf_(2, 0);

static void status_va(const char *prefix, const char *format, va_list ap) {
        _cleanup_(freep) char *text = xvasprintf(format, ap), *line = escape_line(text);

        (void)sd_notifyf(0, "STATUS=%s%s", prefix, line);
}

void setup_status(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        status_va("", format, ap);
        va_end(ap);
}

void setup_refused(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        status_va("Refused: ", format, ap);
        va_end(ap);
}

static char *cause;

StepResult setup_later(const char *message_id, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        /* It is tried again and again, but told once. */
        if (text && (!cause || !streq(cause, text)))
                log_message(LOG_ERR, message_id, "%s", text);
        free(cause);
        cause = TAKE_PTR(text);
        return STEP_LATER;
}

const char *setup_cause(void) {
        return cause ? cause : "Cannot set up yet";
}
