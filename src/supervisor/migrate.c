/* SPDX-License-Identifier: MIT */
#include "supervisor/migrate.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/time.h"
#include "supervisor/admit.h"
#include "supervisor/diagnose.h"
#include "supervisor/fresh.h"
#include "supervisor/gate.h"
#include "supervisor/names.h"
#include "supervisor/supervisor.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Lago can serve all the same, but the operator has to act: a bridge's task is open, an index was left half built. */
static void tell_gates_warnings(const Supervisor *s) {
        STRV_FOREACH(warning, s->gate.answer.warnings)
                log_message(LOG_WARNING, strstr(*warning, "bridge") ? MESSAGE_BRIDGE_OPEN : NULL, "%s.", *warning);
}

static void tell_warnings(const Supervisor *s) {
        _cleanup_(freep) char *lags = config_front_lags(s->config);

        tell_gates_warnings(s);
        if (lags)
                log_warning("%s.", lags);
}

static void say_verified(Supervisor *s) {
        (void)sd_notify(0, "READY=1");
        supervisor_feed(s, LIFE_ON_DONE);
}

static void on_resumed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0)
                log_warning("What an earlier failure had left is not started again (%s %d). Run \"systemctl start lago.target\".",
                            result->signaled ? "signal" : result->started ? "exit"
                                                                          : "errno",
                            result->status);
        say_verified(s);
}

/* After a refusal nobody else would start those that follow. While lago-ready lives there was none: nobody waits for this. */
static bool something_was_left(void) {
        _cleanup_(freep) char *ready = runstate_read("ready"), *state = ready ? keyfile_get(ready, "STATE") : NULL;

        return !state || streq(state, RUN_STATE_ENDED);
}

static void resume(Supervisor *s) {
        char **argv = NULL;

        strv_add(&argv, "/proc/self/exe");
        strv_add(&argv, "resume");
        supervisor_job(s, argv,
                       &(JobSpec){.error_fd = STDERR_FILENO, .timeout_usec = SUPERVISOR_CLIENT_USEC, .done = on_resumed});
}

static void finish(Supervisor *s) {
        int r = admit_finish(s);

        if (r < 0) {
                supervisor_later(s, "Cannot write " ADMITTED_KEPT_DIRECTORY ": %s", strerror(-r));
                return;
        }
        /* Nothing was pending after all; it must not hold for a later release. */
        (void)unlink(MIGRATE_ONCE_FILE);
        fresh_over(s);
        supervisor_wait_over(s);
        supervisor_status(s, "%s", s->gate.answer.sentence);
        log_message(LOG_NOTICE, MESSAGE_SCHEMA_VERIFIED, "%s.", s->gate.answer.sentence);
        tell_warnings(s);
        if (something_was_left())
                resume(s);
        else
                say_verified(s);
}

/* Changes when PostgreSQL or Redis was away, however shortly: since when each has served. */
static char *ground_now(void) {
        _cleanup_(freep) char *db = runstate_read("db"), *redis = runstate_read("redis"), *db_since = NULL;
        _cleanup_(freep) char *redis_since = NULL;

        db_since = db ? keyfile_get(db, "SINCE") : NULL;
        redis_since = redis ? keyfile_get(redis, "SINCE") : NULL;
        return xasprintf("%s %s", db_since ? db_since : "?", redis_since ? redis_since : "?");
}

/* Whether what the last run stood on was taken away from under it; an external server's absence is seen by others only. */
static bool ground_was_lost(Supervisor *s) {
        _cleanup_(freep) char *now = ground_now();
        bool lost = s->run.ground && !streq(s->run.ground, now);

        if (lost)
                log_warning("PostgreSQL or Redis was away during the run, so its failure counts for nothing.");
        return lost;
}

static MigrateEnd last_end(const Supervisor *s) {
        return (MigrateEnd){.known = s->container.ended, .exit_code = s->container.exit_code, .signal = s->container.signal};
}

static bool wants_roles(const Supervisor *s) {
        MigrateEnd end = last_end(s);

        return migrate_wants_roles(&s->run, &s->gate.answer, &end);
}

bool migrate_needs_lock(const Supervisor *s) {
        return !s->hold.held && migrate_must_be_alone(&s->gate.answer, wants_roles(s));
}

char **migrate_command(Supervisor *s) {
        return migrate_words(&s->run, &s->gate.answer);
}

/* --- the last run's end, judged by the database ---------------------------------------------------------- */

/* A migration had begun if Rails named one, or if the gate saw the lock that one held. */
static MigrateCulprit culprit_of(const Supervisor *s) {
        return migrate_culprit(&s->gate.answer,
                               s->said.ticked_usec > 0 || advance_has(&s->run.progress.advance, ADVANCE_VERSION));
}

static void excused(Supervisor *s, const char *what) {
        const char *why = s->run.excuse.why;
        unsigned sec;

        s->wait.rest_usec = excuse_rest(&s->run.excuse);
        sec = (unsigned)(s->wait.rest_usec / USEC_PER_SEC);
        supervisor_status(s, "%s: %s; again in %u s", what, why, sec);
        log_message(LOG_WARNING, MESSAGE_WAITING, "%s: %s. That passes, so it is tried again in %u s.", what, why, sec);
        supervisor_feed(s, LIFE_ON_LATER);
}

static void failed_twice(Supervisor *s, MigrateCulprit culprit) {
        _cleanup_(freep) char *twice = migrate_twice(&s->gate.answer, culprit);

        supervisor_never(s, EXIT_MIGRATE, MESSAGE_MIGRATE_ENDS, "Refused: %s (exit %d); its error is above in the journal",
                         twice, s->container.exit_code);
}

/*
 * A run that got further may go on; one that failed twice at the same migration while PostgreSQL and Redis answered (both
 * did, or this state were not reached) would fail a third time. Answer: whether that kept the next run from beginning now.
 */
static bool last_run_speaks(Supervisor *s) {
        MigrateCulprit culprit = culprit_of(s);
        _cleanup_(freep) char *once = migrate_once(&s->gate.answer, culprit);
        MigrateEnd end = last_end(s);

        s->container.ended = false;
        if (!migrate_is_to_blame(&end) || ground_was_lost(s))
                return false;
        if (s->run.names) {
                supervisor_again(s, "%s", s->run.names);
                return true;
        }
        switch (migrate_judge(&s->run, migrate_place(&s->gate.answer, culprit))) {
        case MIGRATE_UNJUDGED:
                return false;
        case MIGRATE_EXCUSED:
                excused(s, once);
                return true;
        case MIGRATE_AGAIN:
                supervisor_again(s, "%s (exit %d)", once, end.exit_code);
                return true;
        case MIGRATE_FINAL:
                failed_twice(s, culprit);
                return true;
        }
        return false;
}

/* --- what the gate's answer means ------------------------------------------------------------------------ */

void migrate_judged(Supervisor *s) {
        if (s->gate.answer.status == GATE_VERIFIED && !wants_roles(s))
                finish(s);
        else
                supervisor_feed(s, LIFE_ON_LATER);
}

static void begin_pending(Supervisor *s) {
        if (unlink(MIGRATE_ONCE_FILE) == 0 || s->config->migrate_automatic || s->run.history.same > 0)
                supervisor_feed(s, LIFE_ON_OK);
        else {
                hold_release(&s->hold);
                supervisor_later(s, "Waiting for \"lagoctl migrate\": %s pending, automatic = no%s%s", s->gate.answer.missing,
                                 s->gate.answer.schema_of ? "; the schema is of " : "", s->gate.answer.schema_of ? s->gate.answer.schema_of : "");
        }
}

static void begin_empty(Supervisor *s) {
        if (last_run_speaks(s))
                return;
        if (s->gate.answer.status == GATE_FRESH)
                fresh_begin(s);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

static void is_verified(Supervisor *s) {
        if (!wants_roles(s))
                finish(s);
        else if (!s->run.seeds || !last_run_speaks(s))
                supervisor_feed(s, LIFE_ON_OK);
}

void check_for_migrate(Supervisor *s) {
        int status = s->gate.answer.status;

        if ((gate_wants_migrating(status) || wants_roles(s)) && diagnose_is_wanted(s)) {
                supervisor_feed(s, LIFE_ON_DIAGNOSE);
                return;
        }
        switch (status) {
        case GATE_VERIFIED:
                is_verified(s);
                return;
        case GATE_PENDING:
                if (!last_run_speaks(s))
                        begin_pending(s);
                return;
        case GATE_FRESH:
        case GATE_EMPTY:
                begin_empty(s);
                return;
        default:
                supervisor_later(s, "%s", s->gate.answer.sentence);
                /* The server was unavailable behind the last run, so that one's failure is not blamed on the migration. */
                s->container.ended = false;
        }
}

/* --- the run -------------------------------------------------------------------------------------------- */

static void tell_progress(Supervisor *s) {
        _cleanup_(freep) char *text = migrate_progress_status(&s->run.progress, s->image.version, s->stop_asked, now_usec());

        supervisor_status(s, "%s", s->run.names ? s->run.names : text);
}

static void on_progress(void *userdata, const char *line) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *blocked = NULL;

        if ((s->state != LIFE_MIGRATE && s->state != LIFE_DRAIN) || !migrate_progress_hear(&s->run.progress, line, now_usec()))
                return;
        blocked = migrate_progress_blocked(&s->run.progress);
        if (blocked)
                log_message(LOG_WARNING, MESSAGE_MIGRATE_BLOCKED, "%s", blocked);
        tell_progress(s);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *silence = migrate_progress_silence(&s->run.progress, now_usec());

        (void)usec;
        names_ask_again(s);
        tell_progress(s);
        if (silence)
                log_message(LOG_WARNING, MESSAGE_MIGRATE_BLOCKED, "%s", silence);
        (void)sd_event_source_set_time_relative(source, 5 * USEC_PER_SEC);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static void on_watch_ended(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        (void)result;
        s->run.watch = NULL;
}

/* Where lago-gate cannot run, STATUS= shows no progress; the migrations go on all the same. */
static void follow(Supervisor *s) {
        _cleanup_(gate_call_done) GateCall call = {0};
        JobSpec spec = {
                .unprivileged = true,
                .line = on_progress,
                .done = on_watch_ended,
                .userdata = s,
        };

        if (s->run.watch || !gate_call(s, "watch", /* with_manifest= */ true, &call))
                return;
        spec.argv = call.argv;
        spec.input = call.input ? call.input : "";
        (void)job_start(s->work.jobs, &spec, &s->run.watch);
}

static MigrateKind kind_of_run(const GateAnswer *answer) {
        if (answer->status == GATE_VERIFIED)
                return MIGRATE_KIND_SEEDS;
        return migrate_loads(answer) ? MIGRATE_KIND_LOAD : MIGRATE_KIND_FILES;
}

void enter_migrate(Supervisor *s) {
        MigrateKind kind = kind_of_run(&s->gate.answer);

        migrate_progress_begin(&s->run.progress, kind, now_usec());
        log_message(LOG_NOTICE, MESSAGE_MIGRATE_BEGINS, "%s: %s.",
                    kind == MIGRATE_KIND_SEEDS ? "Seeding the predefined roles" : "Migrating", s->gate.answer.sentence);
        /* Behind a run that failed for one of them nobody would hear of it. */
        tell_gates_warnings(s);
        tell_progress(s);
        free(s->run.ground);
        s->run.ground = ground_now();
        admit_migrates(s);
        if (kind != MIGRATE_KIND_SEEDS)
                follow(s);
        names_ask(s);
        supervisor_timer(s, 5 * USEC_PER_SEC, on_tick);
}

void enter_drain(Supervisor *s) {
        (void)sd_notify(0, "STOPPING=1");
        tell_progress(s);
        supervisor_timer(s, 5 * USEC_PER_SEC, on_tick);
}

void migrate_ended(Supervisor *s) {
        _cleanup_(freep) char *span = span_text(now_usec() - s->run.progress.began_usec);
        bool good = s->container.exit_code == 0;

        s->run.watch = job_cancel(s->run.watch);
        log_message(good ? LOG_NOTICE : LOG_ERR, MESSAGE_MIGRATE_ENDS, "The run ended after %s (exit %d); asking the database.",
                    span, s->container.exit_code);
        /* A short breath after a failure: the server may just be going down. */
        s->wait.rest_usec = good ? 0 : 2 * USEC_PER_SEC;
}
