/* SPDX-License-Identifier: MIT */
#include "ready/guard.h"

#include "base/log.h"
#include "base/time.h"
#include "process/job.h"

#include <time.h>

#define FIRST_LOOK_USEC (15 * USEC_PER_SEC)
#define INTERVAL_USEC   (60 * USEC_PER_SEC)
#define TIMEOUT_USEC    (30 * USEC_PER_SEC)
#define QUOTE_MAX       100
#define TOLD_MAX        16

typedef struct Guard {
        Jobs *jobs;
        sd_event_source *timer;
        time_t since; /* what is older has been looked at */
        char **told;  /* each once, and not too many: one broken release can lack a great deal */
} Guard;

char *guard_read(const char *line) {
        static const char *const things[] = {"relation \"", "column \"", "column "};
        const char *unit = strstr(line, "lago-"), *end = strstr(line, " does not exist"),
                   *start = NULL;
        _cleanup_(freep) char *quote = NULL;

        /* The unit stands before the message, and what the message says of it is not asked. */
        if (!unit || !end || unit > end)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(things); i++)
                for (const char *at = strstr(line, things[i]); at && at < end;
                     at = strstr(at + 1, things[i]))
                        start = !start || at < start ? at : start;
        if (!start || start < unit || end - start > QUOTE_MAX)
                return NULL;
        quote = xstrndup(start, (size_t)(end - start));
        return xasprintf("%.*s: %s does not exist", (int)strcspn(unit, "[: /"), unit, quote);
}

static void tell(Guard *g, const char *text) {
        _cleanup_(freep) char *escaped = escape_line(text);

        if (strv_contains(g->told, escaped) || strv_length(g->told) >= TOLD_MAX)
                return;
        strv_add(&g->told, escaped);
        log_message(LOG_ERR, MESSAGE_SCHEMA_IN_LOG, "%s, although the schema was verified.",
                    escaped);
}

static void on_line(void *userdata, const char *line) {
        _cleanup_(freep) char *text = guard_read(line);

        if (text)
                tell(userdata, text);
}

static void on_looked(void *userdata, const JobResult *result) {
        (void)userdata;
        /* 1 is journalctl's word for no such line. */
        if (result->signaled || !result->started || result->status > 1)
                log_debug("The guard cannot read the journal (%d).", result->status);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        Guard *g = userdata;
        _cleanup_(freep) char *since = xasprintf("--since=@%lld", (long long)g->since);
        char *const argv[] = {
                (char *)(uintptr_t) "journalctl",
                (char *)(uintptr_t) "--quiet",
                (char *)(uintptr_t) "--no-pager",
                (char *)(uintptr_t) "--output=with-unit",
                (char *)(uintptr_t) "--unit=lago-api.service",
                (char *)(uintptr_t) "--unit=lago-worker.service",
                (char *)(uintptr_t) "--unit=lago-worker@*.service",
                (char *)(uintptr_t) "--unit=lago-clock.service",
                (char *)(uintptr_t) "--grep=(relation|column) .* does not exist",
                since,
                NULL,
        };

        (void)usec;
        g->since = time(NULL);
        (void)job_start(g->jobs,
                        &(JobSpec){.argv = argv,
                                   .timeout_usec = TIMEOUT_USEC,
                                   .line = on_line,
                                   .done = on_looked,
                                   .userdata = g},
                        NULL);
        (void)sd_event_source_set_time_relative(source, INTERVAL_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_stranger(void *userdata, pid_t pid, int code, int status) {
        (void)userdata;
        (void)pid;
        (void)code;
        (void)status;
}

int guard_begin(sd_event *event) {
        static Guard guard;
        int r;

        if (guard.jobs)
                return 0;
        guard.since = time(NULL);
        r = jobs_new(event, on_stranger, &guard, &guard.jobs);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &guard.timer, CLOCK_MONOTONIC,
                                               FIRST_LOOK_USEC, USEC_PER_SEC, on_look, &guard);
        return r;
}
