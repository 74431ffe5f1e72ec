/* SPDX-License-Identifier: MIT */
#include "supervisor/supervisor.h"

#include "base/time.h"
#include "supervisor/runfile.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

void supervisor_publish(const Supervisor *s) {
        const Container *c = &s->container;

        runfile_write(s->name,
                      &(RunFile){
                              .state = life_state_name(s->state),
                              .since_usec = s->entered_usec,
                              .status = s->wait.status,
                              .release = s->image.version ? s->image.version : s->config->release,
                              .image = s->image.reference,
                              .image_id = s->image.id,
                              .address = c->address[0] ? c->address : NULL,
                              /* While it is started only the engine knows whether there is one. */
                              .container = c->exists || s->state == LIFE_START ? s->container_name : NULL,
                              .view = c->view,
                              .output = c->relay ? relay_id(c->relay) : 0,
                              .verdict = s->gate.answer.verdict,
                              .first = s->gate.answer.first,
                              .sick = s->health.bad > 0,
                      });
}

/* systemd shows the last words of a unit that is over, too; those of a verified schema stay true. */
static void tell_end(Supervisor *s) {
        bool verified = s->member.kind == MEMBER_MIGRATE && s->gate.answer.status == GATE_VERIFIED;

        if (s->stop_asked && s->exit_status == 0 && !verified)
                supervisor_status(s, "Stopped");
}

/* The one place where the state changes. */
static void supervisor_enter(Supervisor *s, LifeState next) {
        work_drop(&s->work);
        s->state = next;
        s->entered_usec = now_usec();
        supervisor_publish(s);
        if (next == LIFE_END) {
                tell_end(s);
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

/* Whoever looks here why it does not come up has perhaps corrected a file that nothing has applied. */
static void say(Supervisor *s, const char *text) {
        bool waits = s->wait.unapplied && !s->ready_said && s->state != LIFE_SERVE && s->state != LIFE_END;
        _cleanup_(freep) char *longer = waits ? xasprintf("%s (edited files were not applied: run lagoctl apply)", text) : NULL;

        if (!wait_say(&s->wait, longer ? longer : text))
                return;
        (void)sd_notifyf(/* unset_environment= */ 0, "STATUS=%s", s->wait.status);
        supervisor_publish(s);
}

void supervisor_status(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = status_text(format, ap);
        va_end(ap);
        say(s, text);
}

void supervisor_wait_over(Supervisor *s) {
        wait_over(&s->wait, now_usec());
}

/* An upstream that failed for good is not started again by itself, so this member ends with that one's reason. */
static bool ends_with_upstream(Supervisor *s) {
        _cleanup_(freep) char *failed = NULL;

        if (!life_asks_upstream(s->state))
                return false;
        failed = runfile_failed_upstream(s->config, &s->member);
        if (failed)
                supervisor_never(s, EXIT_MEMBER, MESSAGE_UPSTREAM_FAILED, "%s", failed);
        return failed != NULL;
}

/* One more attempt was in vain, for this cause. */
static void meet(Supervisor *s, const char *format, va_list ap) _printf_(2, 0);

static void meet(Supervisor *s, const char *format, va_list ap) {
        _cleanup_(freep) char *cause = status_text(format, ap);

        wait_meet(&s->wait, cause, s->state, now_usec());
        wait_attempt(&s->wait);
}

void supervisor_later(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *sentence = NULL;
        va_list ap;

        if (ends_with_upstream(s))
                return;
        va_start(ap, format);
        meet(s, format, ap);
        va_end(ap);
        sentence = wait_sentence(&s->wait, now_usec());
        say(s, sentence);
        supervisor_feed(s, LIFE_ON_LATER);
}

void supervisor_again(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        meet(s, format, ap);
        va_end(ap);
        sentence = wait_again_sentence(&s->wait);
        say(s, sentence);
        supervisor_feed(s, LIFE_ON_LATER);
}

void supervisor_never(Supervisor *s, int exit_status, const char *message_id, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = status_text(format, ap);
        va_end(ap);
        log_message(LOG_ERR, message_id, "%s", text);
        say(s, text);
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

/* A state that knows no LATER (it probes, serves, stops) begins its work once more. */
void supervisor_no_process(void *supervisor, const char *program, int error) {
        Supervisor *s = supervisor;
        _cleanup_(freep) char *cause = NULL;
        LifeState next;

        if (life_step(s->state, LIFE_ON_LATER, &next) == LIFE_GO) {
                supervisor_later(s, "Cannot run %s: %s", program, strerror(error));
                return;
        }
        cause = xasprintf("Cannot run %s: %s", program, strerror(error));
        wait_meet(&s->wait, cause, s->state, now_usec());
        say(s, cause);
        supervisor_timer(s, USEC_PER_SEC, on_fork_again);
}

void supervisor_job(Supervisor *s, char **argv, const JobSpec *spec) {
        JobSpec filled = *spec;

        filled.userdata = s;
        work_job(&s->work, argv, &filled);
}

void supervisor_client(Supervisor *s, char **argv, JobDone done) {
        supervisor_job(s, argv, &(JobSpec){.timeout_usec = SUPERVISOR_CLIENT_USEC, .done = done});
}

void supervisor_timer(Supervisor *s, uint64_t usec, sd_event_time_handler_t handler) {
        work_timer(&s->work, usec, usec / 10, handler, s);
}
