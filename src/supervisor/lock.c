/* SPDX-License-Identifier: MIT */
#include "supervisor/lock.h"

#include "base/time.h"
#include "schema/finding.h"
#include "supervisor/gate.h"
#include "supervisor/leftover.h"
#include "supervisor/supervisor.h"

#include <systemd/sd-daemon.h>

static bool is_clock(const Supervisor *s) {
        return s->member.kind == MEMBER_CLOCK;
}

static void on_held(void *userdata) {
        Supervisor *s = userdata;

        if (s->state == LIFE_LOCK)
                supervisor_feed(s, is_clock(s) ? LIFE_ON_OK : LIFE_ON_RECHECK);
        else if (s->state == LIFE_STANDBY) {
                log_message(LOG_NOTICE, MESSAGE_SECOND_CLOCK, "The other clock is gone; this one takes over.");
                supervisor_feed(s, LIFE_ON_WAKE);
        }
}

static void clock_stands_by(Supervisor *s, const char *address) {
        supervisor_status(s, "Standby: the clock at %.40s runs on this database", address);
        if (s->state == LIFE_LOCK)
                supervisor_feed(s, LIFE_ON_STANDBY);
}

/* It stays in LOCK: the next line comes when the other is done or gone. */
static void migrate_waits(Supervisor *s, const char *address) {
        supervisor_status(s, "Waiting for another migrator: the one at %.40s", address);
}

static void other_has_it(Supervisor *s, const char *address) {
        if (is_clock(s))
                clock_stands_by(s, address);
        else
                migrate_waits(s, address);
}

static void on_standby(void *userdata, const char *address) {
        Supervisor *s = userdata;

        if (is_clock(s))
                log_message(LOG_WARNING, MESSAGE_SECOND_CLOCK, "Another clock runs on this database, at %s; standing by.",
                            address);
        else
                log_message(LOG_WARNING, MESSAGE_WAITING, "Another host migrates this database, at %s; waiting for it.",
                            address);
        other_has_it(s, address);
}

static bool is_stopping(const Supervisor *s) {
        return s->state == LIFE_STOP || s->state == LIFE_END;
}

static bool ended_pooled(const JobResult *result) {
        return !result->signaled && result->status == GATE_POOLED;
}

static void refuse_pooler(Supervisor *s) {
        log_message(LOG_ERR, MESSAGE_SCHEMA_REFUSED, POOLED_REMEDY);
        supervisor_never(s, EXIT_SERVER, MESSAGE_SCHEMA_REFUSED,
                         "Refused: a pooler stands before PostgreSQL, and keeps no lock for the one %s", s->name);
}

/* A host that stands by tries every two seconds: it gets the lock before this one, whose connection was cut, asks again. */
#define CLOCK_LOST_USEC   (3 * USEC_PER_SEC)
#define MIGRATE_LOST_USEC (1 * USEC_PER_SEC)

/* Without its session the lock is free for others at once: the clock may not tick a moment longer than it must. */
static void on_lost(void *userdata, bool was_held, const JobResult *result) {
        Supervisor *s = userdata;

        if (ended_pooled(result) && !is_stopping(s)) {
                refuse_pooler(s);
                return;
        }
        if (life_asks_database(s->state)) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                supervisor_later(s, "Waiting for the lock of the one %s: %.60s", s->name, line);
                return;
        }
        if (was_held && !is_stopping(s))
                /* The catalogue's words for a second clock would mislead about a migrator. */
                log_message(LOG_WARNING, is_clock(s) ? MESSAGE_SECOND_CLOCK : NULL,
                            "The connection that holds the lock of the one %s is lost.", s->name);
        s->wait.rest_usec = is_clock(s) ? CLOCK_LOST_USEC : MIGRATE_LOST_USEC;
        supervisor_feed(s, LIFE_ON_LOST);
}

void enter_lock(Supervisor *s) {
        static const HoldCallbacks callbacks = {.held = on_held, .standby = on_standby, .lost = on_lost};
        _cleanup_(gate_call_done) GateCall call = {0};
        int r;

        /* Its first line will come. It says a thing once, though, and a wait for something else may have come after that. */
        if (s->hold.job && s->hold.others[0])
                other_has_it(s, s->hold.others);
        if (s->hold.job)
                return;
        if (!gate_call(s, "hold", /* with_manifest= */ false, &call)) {
                gate_waits(s);
                return;
        }
        r = hold_begin(&s->hold, s->work.jobs, &call, &callbacks, s);
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
