/* SPDX-License-Identifier: MIT */
#include "supervisor/supervisor.h"

#include "base/time.h"
#include "supervisor/runfile.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

/* What the old state was doing is nobody's business any more. */
static void drop_work(Supervisor *s) {
        s->work.job = job_cancel(s->work.job);
        s->work.probe = probe_free(s->work.probe);
        s->work.timer = sd_event_source_disable_unref(s->work.timer);
}

/* The one place where the state changes. */
static void supervisor_enter(Supervisor *s, LifeState next) {
        drop_work(s);
        s->state = next;
        s->entered_usec = now_usec();
        runfile_write(s);
        if (next == LIFE_END) {
                (void)sd_event_exit(s->work.event, s->exit_status);
                return;
        }
        s->steps[next].enter(s);
        /* A stop that was asked while it had to be kept is asked again of each new state. */
        if (s->stop_asked)
                supervisor_feed(s, LIFE_ON_STOP);
}

static void take_event(Supervisor *s, LifeEvent event) {
        LifeState next;

        switch (life_step(s->state, event, &next)) {
        case LIFE_STAY:
                return;
        case LIFE_GO:
                log_debug("%s: %s, so %s.", life_state_name(s->state), life_event_name(event),
                          life_state_name(next));
                supervisor_enter(s, next);
                return;
        case LIFE_IMPOSSIBLE:
                log_error("Bug: event \"%s\" while %s. Please report it.", life_event_name(event),
                          life_state_name(s->state));
                exit(EXIT_SOFTWARE);
        }
}

void supervisor_begin(Supervisor *s) {
        s->queue.draining = true;
        supervisor_enter(s, LIFE_AWAIT);
        s->queue.draining = false;
        supervisor_feed(s, LIFE_ON_WAKE); /* means nothing in itself: takes what entering has queued */
}

/* Steps feed events while they are entered; those are taken one after the other, not one inside the other. */
void supervisor_feed(Supervisor *s, LifeEvent event) {
        if (s->queue.n == ELEMENTSOF(s->queue.events)) {
                log_error("Bug: no room for the event \"%s\" while %s. Please report it.", life_event_name(event),
                          life_state_name(s->state));
                return;
        }
        s->queue.events[s->queue.n++] = event;
        if (s->queue.draining)
                return;
        s->queue.draining = true;
        while (s->queue.n > 0) {
                LifeEvent first = s->queue.events[0];

                memmove(s->queue.events, s->queue.events + 1, --s->queue.n * sizeof(first));
                take_event(s, first);
        }
        s->queue.draining = false;
}

static char *format_va(const char *format, va_list ap) _printf_(1, 0);

/* Fit for a terminal, whatever a server or the engine has said. */
static char *format_va(const char *format, va_list ap) {
        _cleanup_(freep) char *raw = NULL;

        if (vasprintf(&raw, format, ap) < 0) {
                raw = NULL;
                return xstrdup("");
        }
        return escape_line(raw);
}

/* A longer sentence ends in front of the character that is too much. */
static size_t status_length(const char *text) {
        size_t n = strnlen(text, SUPERVISOR_STATUS_MAX);

        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
                n--;
        return n;
}

static void tell_status(Supervisor *s, const char *text) {
        _cleanup_(freep) char *fit = xstrndup(text, status_length(text));

        if (s->wait.status && streq(s->wait.status, fit))
                return;
        free_and_strdup(&s->wait.status, fit);
        (void)sd_notifyf(/* unset_environment= */ 0, "STATUS=%s", fit);
        runfile_write(s);
}

void supervisor_status(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = format_va(format, ap);
        va_end(ap);
        tell_status(s, text);
}

void supervisor_wait_over(Supervisor *s) {
        if (s->wait.cause) {
                _cleanup_(freep) char *span = span_text(now_usec() - s->wait.since);

                log_message(LOG_INFO, MESSAGE_WAIT_OVER, "No longer \"%s\", after %s.", s->wait.cause, span);
        }
        s->wait.attempts = 0;
        free_and_strdup(&s->wait.cause, NULL);
}

/* The journal hears of each cause once, however often it is met. */
static void new_cause(Supervisor *s, const char *text) {
        if (s->wait.cause && streq(s->wait.cause, text))
                return;
        free_and_strdup(&s->wait.cause, text);
        s->wait.since = now_usec();
        s->wait.state = s->state;
        s->wait.attempts = 0;
        log_message(LOG_WARNING, MESSAGE_WAITING, "%s", text);
}

/* Waiting for one that nobody starts again would never end: its reason becomes this member's. */
static bool ends_with_upstream(Supervisor *s) {
        _cleanup_(freep) char *failed = NULL;

        if (!life_asks_upstream(s->state))
                return false;
        failed = runfile_failed_upstream(s);
        if (failed)
                supervisor_never(s, EXIT_MEMBER, MESSAGE_UPSTREAM_FAILED, "%s", failed);
        return failed != NULL;
}

/* What keeps us from going on, and how long to rest for it. */
static char *count_cause(Supervisor *s, const char *format, va_list ap) _printf_(2, 0);

static char *count_cause(Supervisor *s, const char *format, va_list ap) {
        char *text = format_va(format, ap);

        new_cause(s, text);
        s->wait.rest_usec = wait_rest(++s->wait.attempts);
        return text;
}

void supervisor_later(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *text = NULL, *span = NULL;
        uint64_t waited;
        va_list ap;

        if (ends_with_upstream(s))
                return;
        va_start(ap, format);
        text = count_cause(s, format, ap);
        va_end(ap);
        waited = now_usec() - s->wait.since;
        span = span_text(waited);
        if (waited > 5 * USEC_PER_SEC)
                supervisor_status(s, "%s (%s)", text, span);
        else
                tell_status(s, text);
        supervisor_feed(s, LIFE_ON_LATER);
}

void supervisor_again(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *text = NULL, *span = NULL;
        va_list ap;

        va_start(ap, format);
        text = count_cause(s, format, ap);
        va_end(ap);
        span = span_text(s->wait.rest_usec);
        supervisor_status(s, "%s; again in %s", text, span);
        supervisor_feed(s, LIFE_ON_LATER);
}

void supervisor_never(Supervisor *s, int exit_status, const char *message_id, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = format_va(format, ap);
        va_end(ap);
        log_message(LOG_ERR, message_id, "%s", text);
        tell_status(s, text);
        s->exit_status = exit_status;
        supervisor_feed(s, LIFE_ON_NEVER);
}

static int on_fork_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)usec;
        if (s->steps[s->state].again)
                s->steps[s->state].again(s);
        else
                s->steps[s->state].enter(s);
        return 0;
}

/* No process can be had now. A state that knows no later (it probes, serves, stops) begins its work once more. */
static void fork_failed(Supervisor *s, const char *program, int error) {
        _cleanup_(freep) char *cause = NULL;
        LifeState next;

        if (life_step(s->state, LIFE_ON_LATER, &next) == LIFE_GO) {
                supervisor_later(s, "Cannot run %s: %s", program, strerror(error));
                return;
        }
        cause = xasprintf("Cannot run %s: %s", program, strerror(error));
        new_cause(s, cause);
        tell_status(s, cause);
        supervisor_timer(s, USEC_PER_SEC, on_fork_again);
}

void supervisor_job(Supervisor *s, char **argv, const JobSpec *spec) {
        _cleanup_(strv_freep) char **owned = argv;
        JobSpec filled = *spec;
        int r;

        filled.argv = owned;
        filled.userdata = s;
        r = job_start(s->work.jobs, &filled, &s->work.job);
        if (r < 0)
                fork_failed(s, owned[0], -r);
}

void supervisor_client(Supervisor *s, char **argv, JobDone done) {
        supervisor_job(s, argv,
                       &(JobSpec){.timeout_usec = SUPERVISOR_CLIENT_USEC, .done = done});
}

void supervisor_timer_within(Supervisor *s, uint64_t usec, uint64_t slack_usec, sd_event_time_handler_t handler) {
        s->work.timer = sd_event_source_disable_unref(s->work.timer);
        (void)sd_event_add_time_relative(s->work.event, &s->work.timer, CLOCK_MONOTONIC, usec, slack_usec, handler, s);
}

void supervisor_timer(Supervisor *s, uint64_t usec, sd_event_time_handler_t handler) {
        supervisor_timer_within(s, usec, usec / 10, handler);
}
