/* SPDX-License-Identifier: MIT */
/* One member's supervisor from its start to its end: which step does the work of a state, and the loop around them. */
#include "supervisor/run.h"

#include "base/oomscore.h"
#include "base/privileges.h"
#include "base/time.h"
#include "process/cgroup.h"
#include "process/deadman.h"
#include "ready/act.h"
#include "supervisor/await.h"
#include "supervisor/check.h"
#include "supervisor/container.h"
#include "supervisor/diagnose.h"
#include "supervisor/fresh.h"
#include "supervisor/image.h"
#include "supervisor/leftover.h"
#include "supervisor/lock.h"
#include "supervisor/migrate.h"
#include "supervisor/probing.h"
#include "supervisor/runfile.h"
#include "supervisor/serve.h"
#include "supervisor/settings.h"
#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

static int on_rest_over(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        supervisor_feed(userdata, LIFE_ON_WAKE);
        return 0;
}

static void enter_rest(Supervisor *s) {
        supervisor_timer(s, s->wait.rest_usec, on_rest_over);
}

/* clang-format off */
static const Step steps[_LIFE_STATE_MAX] = {
        [LIFE_AWAIT]    = {.enter = enter_await},
        [LIFE_PREPARE]  = {.enter = enter_prepare},
        [LIFE_CHECK]    = {.enter = enter_check},
        [LIFE_LOCK]     = {.enter = enter_lock},
        [LIFE_EMPTY]    = {.enter = enter_empty},
        [LIFE_DIAGNOSE] = {.enter = enter_diagnose},
        [LIFE_SWEEP]    = {.enter = leftover_remove},
        [LIFE_STANDBY]  = {.enter = enter_standby},
        [LIFE_START]    = {.enter = enter_start},
        [LIFE_PROBE]    = {.enter = enter_probe},
        [LIFE_SERVE]    = {.enter = enter_serve, .again = serve_rest},
        [LIFE_MIGRATE]  = {.enter = enter_migrate},
        [LIFE_DRAIN]    = {.enter = enter_drain},
        [LIFE_JUDGE]    = {.enter = enter_judge},
        [LIFE_CLEAN]    = {.enter = enter_clean},
        [LIFE_DOOM]     = {.enter = enter_doom},
        [LIFE_STOP]     = {.enter = enter_stop},
        [LIFE_REST]     = {.enter = enter_rest},
};
/* clang-format on */

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
        bool due = runfile_is_due(s->name);

        (void)source;
        deadman_arm();
        /* Without it the others take a member that serves for away. */
        if (due) {
                supervisor_publish(s);
                due = runfile_is_due(s->name);
        }
        /* A loop that turns for other reasons need not be woken for this one. */
        (void)sd_event_source_set_time_relative(s->sources.heartbeat, due ? USEC_PER_SEC : deadman_turn_usec());
        return 0;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)userdata;
        (void)sd_event_source_set_time(source, usec + deadman_turn_usec());
        return 0;
}

/* What this one stands on has changed. The directory itself may be gone; the new one is watched then. */
static int on_runfile(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        if (event->mask & IN_IGNORED) {
                s->sources.run_files = sd_event_source_disable_unref(s->sources.run_files);
                return runfile_watch(s->work.event, &s->sources.run_files, on_runfile, s);
        }
        if (event->len > 0 && runfile_is_of_upstream(s->config, s->member.kind, event->name))
                supervisor_feed(s, LIFE_ON_WAKE);
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
        r = sd_event_new(&s->work.event);
        if (r >= 0)
                r = sd_event_set_watchdog(s->work.event, 1);
        if (r >= 0)
                r = jobs_new(s->work.event, on_stranger, s, &s->work.jobs);
        if (r >= 0)
                r = sd_event_add_signal(s->work.event, NULL, SIGTERM, on_stop_signal, s);
        if (r >= 0)
                r = sd_event_add_signal(s->work.event, NULL, SIGINT, on_stop_signal, s);
        if (r >= 0)
                r = sd_event_add_post(s->work.event, &post, on_turn, s);
        if (r >= 0)
                r = sd_event_add_time(s->work.event, &s->sources.heartbeat, CLOCK_MONOTONIC, now_usec() + deadman_turn_usec(),
                                      USEC_PER_SEC, on_heartbeat, s);
        if (r >= 0 && s->sources.heartbeat)
                r = sd_event_source_set_enabled(s->sources.heartbeat, SD_EVENT_ON);
        (void)sd_event_source_set_floating(post, 1);
        sd_event_source_unref(post);
        return r < 0 ? r : runfile_watch(s->work.event, &s->sources.run_files, on_runfile, s);
}

static int init_failed(int r, const char *what) {
        log_error("%s: %s. The unit needs Delegate=yes as shipped; see \"systemctl cat\".", what, strerror(-r));
        return EXIT_OSERR;
}

/* What systemd hears at once, as of "systemctl restart 'lago-*'", has been heard by then. */
#define CALL_USEC (5 * USEC_PER_SEC)

static int on_call_over(sd_event_source *source, uint64_t usec, void *userdata) {
        const Supervisor *s = userdata;
        _cleanup_(freep) char *unit = member_unit(&s->member);
        int r = s->ready_said || s->stop_asked ? 0 : act_note_unit(unit);

        (void)source;
        (void)usec;
        if (r < 0)
                log_debug("Cannot note the job of this start: %s.", strerror(-r));
        return 0;
}

/* lago-migrate tells acts apart by jobs, and that of a follower which does not come up is older than those that come. */
static int note_long_start(Supervisor *s) {
        return !s->info->admitted ? 0
                                  : sd_event_add_time_relative(s->work.event, NULL, CLOCK_MONOTONIC, CALL_USEC, USEC_PER_SEC,
                                                               on_call_over, s);
}

int supervisor_run(const Member *member) {
        char *name = member_name(member);
        Supervisor s = {
                .member = *member,
                .info = member_info(member->kind),
                .steps = steps,
                .engine = &engine_podman,
                .name = name,
                .container_name = member_container(member),
                .container.netns_fd = -EBADF,
                .gate.answer.status = GATE_NO_VERDICT,
                .container.suspected = runfile_suspects(name),
                .image.port = member_info(member->kind)->port,
        };
        _cleanup_(freep) char *field = xasprintf("LAGO_MEMBER=%s", s.name);
        int status, r;

        s.work.no_process = supervisor_no_process;
        s.work.owner = &s;
        s.gate.work = s.redis.work = &s.work;
        log_field(field);
        deadman_arm();
        status = settings_load(&s);
        if (status != 0)
                return status;
        /* Where that is not allowed the kernel chooses as it would: systemd starts us again. */
        (void)oomscore_lower();
        r = privileges_init();
        if (r < 0) {
                log_error("There is no user \"%s\": %s. Run systemd-sysusers.", GATE_USER, strerror(-r));
                return EXIT_OSERR;
        }
        r = cgroup_init();
        if (r < 0)
                return init_failed(r, "Cannot use the unit's control group");
        r = loop_init(&s);
        if (r >= 0)
                r = note_long_start(&s);
        if (r < 0)
                return init_failed(r, "Cannot set up the event loop");
        supervisor_begin(&s);
        r = loop_status(sd_event_loop(s.work.event));
        runfile_ended(s.name, s.wait.status, r, s.container.stuck ? s.container_name : NULL);
        return r;
}
