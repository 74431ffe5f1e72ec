/* SPDX-License-Identifier: MIT */
/*
 * The run's output went straight to the journal, so that is searched, by a child that is there for this moment only.
 */
#include "supervisor/diagnose.h"

#include "base/time.h"
#include "supervisor/supervisor.h"

#include <stdlib.h>

#define JOURNAL_TIMEOUT_USEC (30 * USEC_PER_SEC)

bool diagnose_is_wanted(const Supervisor *s) {
        const Container *c = &s->container;

        return c->ended && c->signal == 0 && c->exit_code != 0 && !s->run.excuse.known && getenv("INVOCATION_ID");
}

static void on_lines(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        /* journalctl exits with 1 when no line matches; and a journal that cannot be read excuses nothing. */
        excuse_find(&s->run.excuse, result->signaled || result->status != 0 ? NULL : result->output);
        supervisor_feed(s, LIFE_ON_RECHECK);
}

void enter_diagnose(Supervisor *s) {
        _cleanup_(freep) char *pattern = excuse_pattern();
        char **argv = NULL;

        s->run.excuse.known = true;
        strv_add(&argv, "sh");
        strv_add(&argv, "-c");
        /* What the run wrote last may still be on its way into the journal. */
        strv_add(&argv, "journalctl --sync; exec journalctl --quiet --no-pager --output=short-monotonic --lines=50 \"$@\"");
        strv_add(&argv, "sh");
        strv_addf(&argv, "--grep=%s", pattern);
        strv_addf(&argv, "_SYSTEMD_INVOCATION_ID=%s", getenv("INVOCATION_ID"));
        supervisor_job(s, argv, &(JobSpec){.timeout_usec = JOURNAL_TIMEOUT_USEC, .done = on_lines});
}
