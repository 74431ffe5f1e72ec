/* SPDX-License-Identifier: MIT */
/*
 * Exactly one clock per database, whatever is configured on how many hosts: each enqueues every job, and Lago would bill
 * twice. The lock is a session's in PostgreSQL, held by a lago-gate beside the clock.
 */
#include "supervisor/supervisor.h"

#include "base/time.h"

#include <systemd/sd-daemon.h>

static void on_hold_line(void *userdata, const char *line) {
        Supervisor *s = userdata;
        const char *address = startswith(line, "standby ");

        if (streq(line, "held")) {
                s->held = true;
                if (s->state == LIFE_CHECK)
                        supervisor_feed(s, LIFE_ON_OK);
                else if (s->state == LIFE_STANDBY) {
                        log_message(LOG_NOTICE, MESSAGE_SECOND_CLOCK, "The other clock is gone; this one takes over.");
                        supervisor_feed(s, LIFE_ON_WAKE);
                }
        } else if (address) {
                supervisor_status(s, "Standby: the clock at %.40s runs on this database", address);
                log_message(LOG_WARNING, MESSAGE_SECOND_CLOCK, "Another clock runs on this database, at %s; standing by.", address);
                if (s->state == LIFE_CHECK)
                        supervisor_feed(s, LIFE_ON_STANDBY);
        }
}

/* Without its session the lock is free for others at once: the clock may not tick a moment longer than it must. */
static void on_hold_ended(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        bool was_held = s->held;

        s->hold = NULL;
        s->held = false;
        if (s->state == LIFE_CHECK) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                supervisor_later(s, "Waiting for the clock's lock: %.60s", line);
                return;
        }
        if (was_held && s->state != LIFE_STOP && s->state != LIFE_END)
                log_message(LOG_WARNING, MESSAGE_SECOND_CLOCK, "The connection that holds the clock's lock is lost.");
        s->rest_usec = USEC_PER_SEC;
        supervisor_feed(s, LIFE_ON_LOST);
}

void hold_lock(Supervisor *s) {
        _cleanup_(strv_freep) char **argv = NULL;
        _cleanup_(freep) char *url = NULL;
        JobSpec spec = {
                .unprivileged = true,
                .directory_fd = -EBADF,
                .line = on_hold_line,
                .done = on_hold_ended,
                .userdata = s,
        };
        int r;

        if (s->held) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        if (s->hold)
                return; /* its first line will come */
        argv = gate_argv(s, "hold", /* with_manifest= */ false);
        if (!argv) {
                gate_waits(s);
                return;
        }
        url = stack_database_url(s->config);
        spec.argv = argv;
        spec.input = url ? url : "";
        r = job_start(s->jobs, &spec, &s->hold);
        if (r < 0)
                supervisor_later(s, "Cannot run lago-gate: %s", strerror(-r));
}

void enter_standby(Supervisor *s) {
        supervisor_wait_over(s);
        if (!s->ready_said)
                (void)sd_notify(0, "READY=1");
        s->ready_said = true;
}
