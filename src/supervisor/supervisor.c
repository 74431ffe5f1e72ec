/* SPDX-License-Identifier: MIT */
#include "supervisor/supervisor.h"

#include "base/privileges.h"
#include "base/time.h"
#include "config/check.h"
#include "process/cgroup.h"
#include "process/deadman.h"
#include "supervisor/admit.h"
#include "supervisor/await.h"
#include "supervisor/check.h"
#include "supervisor/container.h"
#include "supervisor/excuse.h"
#include "supervisor/fresh.h"
#include "supervisor/hold.h"
#include "supervisor/image.h"
#include "supervisor/leftover.h"
#include "supervisor/migrate.h"
#include "supervisor/runfile.h"
#include "supervisor/serve.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static void enter_rest(Supervisor *s);

/* clang-format off */
static void (*const enter[_LIFE_STATE_MAX])(Supervisor *) = {
        [LIFE_AWAIT] = enter_await,   [LIFE_PREPARE] = enter_prepare, [LIFE_CHECK] = enter_check,
        [LIFE_CREATE] = enter_create, [LIFE_START] = enter_start,     [LIFE_PROBE] = enter_probe,
        [LIFE_SERVE] = enter_serve,   [LIFE_MIGRATE] = enter_migrate, [LIFE_DRAIN] = enter_drain,
        [LIFE_CLEAN] = enter_clean,   [LIFE_DOOM] = enter_doom,       [LIFE_STOP] = enter_stop,
        [LIFE_REST] = enter_rest,     [LIFE_STANDBY] = enter_standby,
        [LIFE_JUDGE] = enter_judge,   [LIFE_LOCK] = enter_lock,
        [LIFE_EMPTY] = enter_empty,   [LIFE_DIAGNOSE] = enter_diagnose,
        [LIFE_SWEEP] = leftover_remove,
};
/* clang-format on */

/* What the old state was doing is nobody's business any more. */
static void drop_work(Supervisor *s) {
        s->job = job_cancel(s->job);
        s->probe = probe_free(s->probe);
        s->timer = sd_event_source_disable_unref(s->timer);
}

/* The one place where the state changes. */
static void supervisor_enter(Supervisor *s, LifeState next) {
        drop_work(s);
        s->state = next;
        s->entered_usec = now_usec();
        runfile_write(s);
        if (next == LIFE_END) {
                (void)sd_event_exit(s->event, s->exit_status);
                return;
        }
        enter[next](s);
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

/* Steps feed events while they are entered; those are taken one after the other, not one inside the other. */
void supervisor_feed(Supervisor *s, LifeEvent event) {
        if (s->n_queued == ELEMENTSOF(s->queue))
                return;
        s->queue[s->n_queued++] = event;
        if (s->draining_queue)
                return;
        s->draining_queue = true;
        while (s->n_queued > 0) {
                LifeEvent first = s->queue[0];

                memmove(s->queue, s->queue + 1, --s->n_queued * sizeof(s->queue[0]));
                take_event(s, first);
        }
        s->draining_queue = false;
}

static char *format_va(const char *format, va_list ap) _printf_(1, 0);

static char *format_va(const char *format, va_list ap) {
        char *text = NULL;

        if (vasprintf(&text, format, ap) < 0)
                return xstrdup("");
        return text;
}

static void tell_status(Supervisor *s, const char *text) {
        if (s->status && streq(s->status, text))
                return;
        free_and_strdup(&s->status, text);
        (void)sd_notifyf(/* unset_environment= */ 0, "STATUS=%s", text);
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
        if (s->cause) {
                _cleanup_(freep) char *span = span_text(now_usec() - s->cause_since);

                log_message(LOG_INFO, MESSAGE_WAIT_OVER, "No longer \"%s\", after %s.", s->cause, span);
        }
        s->attempts = 0;
        free_and_strdup(&s->cause, NULL);
}

/* The journal hears of each cause once, however often it is met. */
static void new_cause(Supervisor *s, const char *text) {
        if (s->cause && streq(s->cause, text))
                return;
        free_and_strdup(&s->cause, text);
        s->cause_since = now_usec();
        s->cause_state = s->state;
        s->attempts = 0;
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

void supervisor_later(Supervisor *s, const char *format, ...) {
        _cleanup_(freep) char *text = NULL, *span = NULL;
        uint64_t waited;
        va_list ap;

        if (ends_with_upstream(s))
                return;
        va_start(ap, format);
        text = format_va(format, ap);
        va_end(ap);
        new_cause(s, text);
        s->rest_usec = wait_rest(++s->attempts);
        waited = now_usec() - s->cause_since;
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
        text = format_va(format, ap);
        va_end(ap);
        new_cause(s, text);
        s->rest_usec = wait_rest(++s->attempts);
        span = span_text(s->rest_usec);
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
        if (s->state == LIFE_SERVE)
                serve_rest(s);
        else
                enter[s->state](s);
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
        r = job_start(s->jobs, &filled, &s->job);
        if (r < 0)
                fork_failed(s, owned[0], -r);
}

void supervisor_client(Supervisor *s, char **argv, JobDone done) {
        supervisor_job(s, argv,
                       &(JobSpec){.timeout_usec = SUPERVISOR_CLIENT_USEC, .done = done});
}

void supervisor_timer_within(Supervisor *s, uint64_t usec, uint64_t slack_usec, sd_event_time_handler_t handler) {
        s->timer = sd_event_source_disable_unref(s->timer);
        (void)sd_event_add_time_relative(s->event, &s->timer, CLOCK_MONOTONIC, usec, slack_usec, handler, s);
}

void supervisor_timer(Supervisor *s, uint64_t usec, sd_event_time_handler_t handler) {
        supervisor_timer_within(s, usec, usec / 10, handler);
}

static int on_rest_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        supervisor_feed(userdata, LIFE_ON_WAKE);
        return 0;
}

static void enter_rest(Supervisor *s) {
        supervisor_timer(s, s->rest_usec, on_rest_over);
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)si;
        s->stop_asked = true;
        supervisor_feed(s, LIFE_ON_STOP);
        return 0;
}

/* Runs after each turn in which something happened: a loop that is stuck is killed and started again. */
static int on_turn(sd_event_source *source, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        deadman_arm();
        runfile_keep(s);
        /* A loop that turns for other reasons need not be woken for this one. */
        (void)sd_event_source_set_time_relative(s->heartbeat, deadman_turn_usec());
        return 0;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)userdata;
        (void)sd_event_source_set_time(source, usec + deadman_turn_usec());
        return 0;
}

static int loop_init(Supervisor *s) {
        sd_event_source *post = NULL;
        sigset_t mask;
        int r;

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGCHLD);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return -errno;
        r = sd_event_new(&s->event);
        if (r >= 0)
                r = sd_event_set_watchdog(s->event, 1);
        if (r >= 0)
                r = jobs_new(s->event, on_stranger, s, &s->jobs);
        if (r >= 0)
                r = sd_event_add_signal(s->event, NULL, SIGTERM, on_stop_signal, s);
        if (r >= 0)
                r = sd_event_add_signal(s->event, NULL, SIGINT, on_stop_signal, s);
        if (r >= 0)
                r = sd_event_add_post(s->event, &post, on_turn, s);
        if (r >= 0)
                r = sd_event_add_time(s->event, &s->heartbeat, CLOCK_MONOTONIC, s->begun_usec + deadman_turn_usec(),
                                      USEC_PER_SEC, on_heartbeat, s);
        if (r >= 0 && s->heartbeat)
                r = sd_event_source_set_enabled(s->heartbeat, SD_EVENT_ON);
        (void)sd_event_source_set_floating(post, 1);
        sd_event_source_unref(post);
        return r < 0 ? r : runfile_watch(s);
}

/* The environment file of this member alone. Errors are told and answered as exit status. */
int supervisor_load_env(Supervisor *s, const char *directory) {
        _cleanup_(freep) char *path = xasprintf("%s/env.d/%s.env", directory, s->name);
        Env *env = env_new();
        ConfigErrors errors = {0};
        int r = env_read(env, path, &errors);

        if (r >= 0)
                r = check_member_environment(env, &errors);
        /* Of a copy, all but an error was told of the original. */
        if (!streq(directory, ADMITTED_NEW_DIRECTORY) || (r < 0 && r != -ENOENT))
                config_errors_tell(&errors);
        config_errors_done(&errors);
        if (r < 0 && r != -ENOENT) {
                env_free(env);
                return EXIT_CONFIG;
        }
        env_free(s->own_env);
        s->own_env = env;
        return 0;
}

static int load(Supervisor *s) {
        const char *directory = s->info->admitted ? ADMITTED_DIRECTORY : CONFIG_DIRECTORY;
        int status = s->member.kind == MEMBER_MIGRATE ? admit_begin(&s->config)
                                                      : config_load_or_tell(directory, &s->config);

        if (status == 0)
                status = supervisor_load_env(s, directory);
        /* What it runs with is the copy that it may admit, and not what the operator writes meanwhile. */
        if (status == 0 && s->member.kind == MEMBER_MIGRATE)
                status = supervisor_load_env(s, ADMITTED_NEW_DIRECTORY);
        if (status != 0) {
                (void)sd_notifyf(0, "STATUS=Refused: configuration; see \"lagoctl check\" and the journal");
                return status;
        }
        s->image = stack_image(s->config, s->member.kind);
        /* The generator keeps systemd from starting it, unless lago.conf could not be read at the last reload. */
        if (!stack_is_enabled(s->config, &s->member)) {
                (void)sd_notifyf(0, "STATUS=Refused: %s is switched off in lago.conf", s->name);
                log_message(LOG_ERR, MESSAGE_CONFIG_REFUSED, "%s is switched off in lago.conf, so it is not started.", s->name);
                return EXIT_CONFIG;
        }
        return 0;
}

static int init_failed(int r, const char *what) {
        log_error("%s: %s. The unit needs Delegate=yes as shipped; see \"systemctl cat\".", what, strerror(-r));
        return EXIT_OSERR;
}

int supervisor_run(const Member *member) {
        char *name = member_name(member);
        Supervisor s = {
                .member = *member,
                .info = member_info(member->kind),
                .engine = &engine_podman,
                .name = name,
                .container_name = member_container(member),
                .container.netns_fd = -EBADF,
                .gate.status = GATE_NO_VERDICT,
                .container.suspected = leftover_suspected(name),
                .begun_usec = now_usec(),
                .port = member_info(member->kind)->port,
        };
        _cleanup_(freep) char *field = xasprintf("LAGO_MEMBER=%s", s.name);
        int status, r;

        log_field(field);
        deadman_arm();
        status = load(&s);
        if (status != 0)
                return status;
        r = privileges_init();
        if (r < 0) {
                log_error("There is no user \"%s\": %s. Run systemd-sysusers.", GATE_USER, strerror(-r));
                return EXIT_OSERR;
        }
        r = cgroup_init();
        if (r < 0)
                return init_failed(r, "Cannot use the unit's control group");
        r = loop_init(&s);
        if (r < 0)
                return init_failed(r, "Cannot set up the event loop");
        s.draining_queue = true;
        supervisor_enter(&s, LIFE_AWAIT);
        s.draining_queue = false;
        supervisor_feed(&s, LIFE_ON_WAKE); /* means nothing in itself: takes what entering has queued */
        r = sd_event_loop(s.event);
        runfile_ended(s.name, s.status, r, s.container.stuck ? s.container_name : NULL);
        return r < 0 ? EXIT_SOFTWARE : r;
}
