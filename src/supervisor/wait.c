/* SPDX-License-Identifier: MIT */
#include "supervisor/wait.h"

#include "base/time.h"
#include "base/util.h"
#include "supervisor/policy.h"

#include <stdio.h>

#define SPAN_SHOWN_USEC (5 * USEC_PER_SEC)

char *status_text(const char *format, va_list ap) {
        _cleanup_(freep) char *raw = NULL;

        if (vasprintf(&raw, format, ap) < 0) {
                raw = NULL;
                return xstrdup("");
        }
        return escape_line(raw);
}

char *status_cut(const char *text) {
        size_t n = strnlen(text, STATUS_MAX);

        /* text[n] is the first byte that is left out: inside a character it is one of 0b10xxxxxx. */
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
                n--;
        return xstrndup(text, n);
}

void wait_meet(Wait *w, const char *cause, LifeState state, uint64_t now) {
        if (w->cause && streq(w->cause, cause))
                return;
        free_and_strdup(&w->cause, cause);
        w->since = now;
        w->state = state;
        w->attempts = 0;
        log_message(LOG_WARNING, MESSAGE_WAITING, "%s", cause);
}

void wait_attempt(Wait *w) {
        w->rest_usec = wait_rest(++w->attempts);
}

char *wait_sentence(const Wait *w, uint64_t now) {
        _cleanup_(freep) char *span = span_text(now - w->since);

        return now - w->since > SPAN_SHOWN_USEC ? xasprintf("%s (%s)", w->cause, span) : xstrdup(w->cause);
}

char *wait_again_sentence(const Wait *w) {
        _cleanup_(freep) char *span = span_text(w->rest_usec);

        return xasprintf("%s; again in %s", w->cause, span);
}

bool wait_say(Wait *w, const char *text) {
        _cleanup_(freep) char *cut = status_cut(text);

        if (w->status && streq(w->status, cut))
                return false;
        free_and_strdup(&w->status, cut);
        return true;
}

void wait_over(Wait *w, uint64_t now) {
        if (w->cause) {
                _cleanup_(freep) char *span = span_text(now - w->since);

                log_message(LOG_INFO, MESSAGE_WAIT_OVER, "No longer \"%s\", after %s.", w->cause, span);
        }
        w->attempts = 0;
        free_and_strdup(&w->cause, NULL);
}

void wait_done(Wait *w) {
        free(w->cause);
        free(w->status);
        *w = (Wait){0};
}
