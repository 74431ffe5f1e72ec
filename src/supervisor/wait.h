/* SPDX-License-Identifier: MIT */
#pragma once
/* What keeps a member from going on: the cause, how often it was met, how long to rest, and the words for it. */

#include "supervisor/life.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>

/* Times in usec, CLOCK_MONOTONIC. All zero: nothing is waited for, and nothing was said. */
typedef struct Wait {
        char *cause;        /* why we wait; NULL: we do not */
        char *status;       /* STATUS= as it was said last */
        uint64_t since;     /* the cause was met first */
        LifeState state;    /* in which it was met */
        unsigned attempts;  /* for this cause */
        uint64_t rest_usec; /* how long the next rest is */
        bool unapplied;     /* when this one started, /etc/lago was not as what it starts from; each sentence says so */
} Wait;

/* What is longer is cut there; the journal has all of it. */
#define STATUS_MAX 200

/** status_text() - a sentence for STATUS= and the journal, fit for a terminal whatever a server or the engine put into it. */
char *status_text(const char *format, va_list ap) _printf_(1, 0);

/** status_cut() - its first STATUS_MAX bytes, less the character that would be cut in two. The caller frees it. */
char *status_cut(const char *text);

/** wait_meet() - @cause is met in @state at @now. One that is new is logged, and its attempts and its time begin. */
void wait_meet(Wait *w, const char *cause, LifeState state, uint64_t now);

/** wait_attempt() - one more attempt was in vain: the next rest is longer, from 1 s to 60 s. */
void wait_attempt(Wait *w);

/** wait_sentence() - the cause, and after 5 s its age at @now: "Waiting for Redis (12 s)". The caller frees it. */
char *wait_sentence(const Wait *w, uint64_t now);

/** wait_again_sentence() - the cause, and when the next attempt is: "Pull failed; again in 40 s". The caller frees it. */
char *wait_again_sentence(const Wait *w);

/** wait_say() - @text, cut, becomes the status. Answer: false when it was that already. */
bool wait_say(Wait *w, const char *text);

/** wait_over() - the cause is gone, which is logged. */
void wait_over(Wait *w, uint64_t now);

void wait_done(Wait *w);
