/* SPDX-License-Identifier: MIT */
/* The end of a container, whenever it comes: who of its processes is who. */
#include "supervisor/container.h"

#include "base/time.h"
#include "process/cgroup.h"
#include "supervisor/hear.h"
#include "supervisor/migrate.h"
#include "supervisor/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static void note_end(Supervisor *s, int code, int status) {
        exitfile_done(&s->container.exit_file);
        s->container.ended = true;
        s->container.exit_code = code == CLD_EXITED ? status : 128 + status;
        s->container.signal = code == CLD_EXITED ? 0 : status;
}

static void tell_end(Supervisor *s) {
        unsigned ends = end_add(&s->container.ends, now_usec());
        bool memory = s->container.signal == SIGKILL || s->container.exit_code == 128 + SIGKILL;
        const char *why = memory && cgroup_oom_kills() > s->container.oom_kills ? ", out of memory" : "";
        _cleanup_(freep) char *when = NULL;

        s->wait.rest_usec = end_rest(ends);
        when = s->wait.rest_usec < USEC_PER_SEC ? xstrdup("at once")
                                                : xasprintf("in %u s", (unsigned)(s->wait.rest_usec / USEC_PER_SEC));
        log_message(LOG_WARNING, MESSAGE_CONTAINER_ENDED, "The container ended by itself (exit %d%s); it is started again %s.",
                    s->container.exit_code, why, when);
        if (ends == 5)
                log_message(LOG_ERR, MESSAGE_CRASH_LOOP, "The container ended 5 times in 10 minutes (last exit %d).",
                            s->container.exit_code);
        supervisor_status(s, "Ended %u times in 10 min (exit %d%s); again %s", ends, s->container.exit_code, why, when);
}

static void container_ended(Supervisor *s, int code, int status) {
        note_end(s, code, status);
        s->container.ended_unanswered = s->state == LIFE_PROBE && s->member.kind == MEMBER_DB;
        s->container.by_itself = s->state == LIFE_PROBE || s->state == LIFE_SERVE || s->state == LIFE_MIGRATE ||
                                 s->state == LIFE_DRAIN;
        if (s->state == LIFE_PROBE || s->state == LIFE_SERVE)
                tell_end(s);
        else if (s->state == LIFE_MIGRATE || s->state == LIFE_DRAIN)
                migrate_ended(s);
        hear_last_lines(s);
        supervisor_feed(s, LIFE_ON_ENDED);
}

/* What else the monitor does, and its own end, is no longer about this container: nobody waits for it. */
static void on_exit_written(void *userdata, int exit_status) {
        Supervisor *s = userdata;

        if (s->state != LIFE_MIGRATE || exit_status != 0)
                return;
        s->container.monitor = s->container.init = 0;
        container_ended(s, CLD_EXITED, exit_status);
}

void ended_watch(Supervisor *s) {
        int r = exitfile_watch(&s->container.exit_file, s->work.event, s->container.monitor, on_exit_written, s);

        if (r < 0)
                log_debug("What the monitor writes cannot be watched: %s.", strerror(-r));
}

static bool is_our_child(pid_t pid) {
        siginfo_t info = {0};

        return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* A migration needs no monitor: its output is the journal's, and its end comes to us. Nothing of ours cuts it short. */
static bool goes_on_without_monitor(const Supervisor *s) {
        return (s->state == LIFE_MIGRATE || s->state == LIFE_DRAIN) && is_our_child(s->container.init);
}

static void monitor_ended(Supervisor *s, int code, int status) {
        if (code == CLD_EXITED) {
                /* It exits when it has seen its container's end: that number may be somebody else's from now on. */
                s->container.init = 0;
                container_ended(s, code, status);
                return;
        }
        s->container.monitor_lost = true;
        if (goes_on_without_monitor(s)) {
                log_warning("The engine's monitor of the container was killed; the migrations go on without it.");
                return;
        }
        log_warning("The engine's monitor of the container was killed; stopping the container.");
        container_ended(s, code, status);
}

static void orphan_ended(Supervisor *s, int code, int status) {
        s->container.init = 0;
        if (!s->container.monitor_lost)
                return;
        if (s->state == LIFE_MIGRATE || s->state == LIFE_DRAIN)
                container_ended(s, code, status);
        else if (s->work.job == NULL && (s->state == LIFE_CLEAN || s->state == LIFE_DOOM || s->state == LIFE_STOP))
                supervisor_timer(s, 0, stop_on_orphan_gone);
}

/*
 * conmon becomes our child and exits with the container's own exit code. Killed, it leaves the container's first
 * process to us: that one is then asked to end here, as the engine no longer knows of it.
 */
static void take_stranger(Supervisor *s, pid_t pid, int code, int status) {
        if (pid == s->container.monitor)
                monitor_ended(s, code, status);
        else if (pid == s->container.init)
                orphan_ended(s, code, status);
}

void on_stranger(void *userdata, pid_t pid, int code, int status) {
        Supervisor *s = userdata;

        if (s->state == LIFE_START && s->container.n_strangers < ELEMENTSOF(s->container.strangers)) {
                s->container.strangers[s->container.n_strangers].pid = pid;
                s->container.strangers[s->container.n_strangers].code = code;
                s->container.strangers[s->container.n_strangers++].status = status;
        } else
                take_stranger(s, pid, code, status);
}

void strangers_take(Supervisor *s) {
        for (size_t i = 0; i < s->container.n_strangers; i++)
                take_stranger(s, s->container.strangers[i].pid, s->container.strangers[i].code, s->container.strangers[i].status);
        s->container.n_strangers = 0;
}
