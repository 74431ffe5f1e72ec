/* SPDX-License-Identifier: MIT */
#include "setup/setup.h"

#include "base/log.h"
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
