/* SPDX-License-Identifier: MIT */
/*
 * Why a run of the migrations failed, in its own words. A full disk or a connection that was lost passes, and the migration
 * in hand is not to blame for it; an exit status does not tell. The run's output went straight to the journal, so that is
 * asked, by a child that is there for this moment only.
 */
#include "supervisor/excuse.h"

#include "base/time.h"
#include "supervisor/supervisor.h"

#include <stdlib.h>
#include <time.h>

#define JOURNAL_TIMEOUT_USEC (30 * USEC_PER_SEC)

#define PATTERN                                                                                    \
        "No space left on device|PG::DiskFull|MISCONF|too many clients|remaining connection slots" \
        "|PG::ConnectionBad|PG::UnableToSend|CannotConnectError|CanNotConnectError"                \
        "|Failed to open TCP connection|Net::ReadTimeout|EOFError"

static void on_lines(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        /* No line is exit status 1 of journalctl, and a journal that cannot be read excuses nothing. */
        s->run.excuse.why = result->signaled || result->status != 0 ? NULL : migrate_excuse(result->output);
        supervisor_feed(s, LIFE_ON_RECHECK);
}

bool excuse_is_wanted(const Supervisor *s) {
        const Container *c = &s->container;

        return c->ended && c->signal == 0 && c->exit_code != 0 && !s->run.excuse.known && getenv("INVOCATION_ID");
}

void enter_diagnose(Supervisor *s) {
        char **argv = NULL;

        s->run.excuse.known = true;
        strv_add(&argv, "sh");
        strv_add(&argv, "-c");
        /* What the run wrote last may still be on its way into the journal. */
        strv_add(
                &argv,
                "journalctl --sync; exec journalctl --quiet --no-pager --output=cat --lines=50 \"$@\"");
        strv_add(&argv, "sh");
        strv_addf(&argv, "--grep=%s", PATTERN);
        strv_addf(&argv, "--since=@%lld", (long long)s->run.excuse.since);
        strv_addf(&argv, "_SYSTEMD_INVOCATION_ID=%s", getenv("INVOCATION_ID"));
        supervisor_job(s, argv,
                       &(JobSpec){.timeout_usec = JOURNAL_TIMEOUT_USEC,
                                  .done = on_lines});
}

void excuse_begin(Supervisor *s) {
        s->run.excuse.known = false;
        s->run.excuse.why = NULL;
        s->run.excuse.since = time(NULL);
}

void excuse_rest(Supervisor *s, const char *first) {
        s->wait.rest_usec = wait_rest(++s->run.excuse.n);
        supervisor_status(s, "Migration failed at %s: %s; again in %u s", first, s->run.excuse.why,
                          (unsigned)(s->wait.rest_usec / USEC_PER_SEC));
        log_message(LOG_WARNING, MESSAGE_WAITING,
                    "Migration failed at %s: %s. That passes, so it is tried again in %u s.", first,
                    s->run.excuse.why, (unsigned)(s->wait.rest_usec / USEC_PER_SEC));
        supervisor_feed(s, LIFE_ON_LATER);
}
