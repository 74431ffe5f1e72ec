/* SPDX-License-Identifier: MIT */
#include "supervisor/hold.h"

#include "base/time.h"
#include "supervisor/gate.h"
#include "supervisor/leftover.h"
#include "supervisor/supervisor.h"

#include <systemd/sd-daemon.h>

static void held(Supervisor *s) {
        s->hold.held = true;
        if (s->state == LIFE_LOCK)
                supervisor_feed(s, s->member.kind == MEMBER_CLOCK ? LIFE_ON_OK : LIFE_ON_RECHECK);
        else if (s->state == LIFE_STANDBY) {
                log_message(LOG_NOTICE, MESSAGE_SECOND_CLOCK, "The other clock is gone; this one takes over.");
                supervisor_feed(s, LIFE_ON_WAKE);
        }
}

static void clock_stands_by(Supervisor *s, const char *address) {
        supervisor_status(s, "Standby: the clock at %.40s runs on this database", address);
        log_message(LOG_WARNING, MESSAGE_SECOND_CLOCK, "Another clock runs on this database, at %s; standing by.", address);
        if (s->state == LIFE_LOCK)
                supervisor_feed(s, LIFE_ON_STANDBY);
}

/* It stays in LOCK: the next line comes when the other is done or gone. */
static void migrate_waits(Supervisor *s, const char *address) {
        supervisor_status(s, "Waiting for another migrator: the one at %.40s", address);
        log_message(LOG_WARNING, MESSAGE_WAITING, "Another host migrates this database, at %s; waiting for it.", address);
}

static void on_hold_line(void *userdata, const char *line) {
        Supervisor *s = userdata;
        const char *address = startswith(line, "standby ");
        bool clock = s->member.kind == MEMBER_CLOCK;

        if (streq(line, "held"))
                held(s);
        else if (address && clock)
                clock_stands_by(s, address);
        else if (address)
                migrate_waits(s, address);
}

/* Without its session the lock is free for others at once: the clock may not tick a moment longer than it must. */
static void on_hold_ended(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        bool was_held = s->hold.held;

        s->hold.job = NULL;
        s->hold.held = false;
        if (life_asks_database(s->state)) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                supervisor_later(s, "Waiting for the lock of the one %s: %.60s", s->name, line);
                return;
        }
        if (was_held && s->state != LIFE_STOP && s->state != LIFE_END)
                /* The catalogue's words for a second clock would mislead about a migrator. */
                log_message(LOG_WARNING, s->member.kind == MEMBER_CLOCK ? MESSAGE_SECOND_CLOCK : NULL,
                            "The connection that holds the lock of the one %s is lost.", s->name);
        s->wait.rest_usec = USEC_PER_SEC;
        supervisor_feed(s, LIFE_ON_LOST);
}

void hold_release(Supervisor *s) {
        s->hold.job = job_cancel(s->hold.job);
        s->hold.held = false;
}

void enter_lock(Supervisor *s) {
        _cleanup_(gate_call_done) GateCall call = {0};
        JobSpec spec = {
                .unprivileged = true,
                .line = on_hold_line,
                .done = on_hold_ended,
                .userdata = s,
        };
        int r;

        if (s->hold.job)
                return; /* its first line will come */
        if (!gate_call(s, "hold", /* with_manifest= */ false, &call)) {
                gate_waits(s);
                return;
        }
        spec.argv = call.argv;
        spec.input = call.input ? call.input : "";
        r = job_start(s->work.jobs, &spec, &s->hold.job);
        if (r < 0)
                supervisor_later(s, "Cannot run lago-gate: %s", strerror(-r));
}

void enter_standby(Supervisor *s) {
        supervisor_wait_over(s);
        if (!s->ready_said)
                (void)sd_notify(0, "READY=1");
        s->ready_said = true;
        leftover_remove(s);
}
