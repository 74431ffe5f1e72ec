/* SPDX-License-Identifier: MIT */
#include "supervisor/migrate.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/time.h"
#include "schema/manifest.h"
#include "supervisor/admit.h"
#include "supervisor/excuse.h"
#include "supervisor/fresh.h"
#include "supervisor/gate.h"
#include "supervisor/hold.h"
#include "supervisor/supervisor.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* What does not keep Lago from serving, but wants somebody's attention: a bridge's task, an index left half built. */
static void tell_warnings(const Supervisor *s) {
        _cleanup_(freep) char *lags = config_front_lags(s->config);

        STRV_FOREACH(warning, s->gate.answer.warnings)
                log_message(LOG_WARNING, strstr(*warning, "bridge") ? MESSAGE_BRIDGE_OPEN : NULL, "%s.", *warning);
        if (lags)
                log_warning("%s.", lags);
}

static void finish(Supervisor *s) {
        int r = admit_finish(s);

        if (r < 0) {
                supervisor_later(s, "Cannot write " ADMITTED_DIRECTORY ": %s", strerror(-r));
                return;
        }
        /* Nothing was pending after all; it must not hold for a later release. */
        (void)unlink(MIGRATE_ONCE_FILE);
        fresh_over(s);
        supervisor_wait_over(s);
        supervisor_status(s, "%s", s->gate.answer.sentence);
        log_message(LOG_NOTICE, MESSAGE_SCHEMA_VERIFIED, "%s.", s->gate.answer.sentence);
        tell_warnings(s);
        (void)sd_notify(0, "READY=1");
        supervisor_feed(s, LIFE_ON_DONE);
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

/*
 * The last run's end, judged by the database: a run that got further may go on, one that failed twice at the same
 * migration while PostgreSQL and Redis answered (both did, or this state were not reached) would fail a third time.
 */
static bool last_run_is_final(Supervisor *s) {
        _cleanup_(freep) char *what = s->gate.answer.first ? xasprintf("migration %s", s->gate.answer.first) : xstrdup(SEED_TASK);
        const char *first = s->gate.answer.first ? s->gate.answer.first : SEED_TASK;
        bool final;

        if (!s->container.ended)
                return false;
        s->container.ended = false;
        /* Ended by a signal, or so told by a shell: somebody's kill, or memory ran out; the migration is not to blame. */
        if (s->container.signal > 0 || s->container.exit_code > 128 || ground_was_lost(s))
                return false;
        if (s->run.excuse.why) {
                excuse_rest(s, first);
                return true;
        }
        final = migrate_failed(&s->run.history, first);
        if (final)
                supervisor_never(s, EXIT_MIGRATE, MESSAGE_MIGRATE_ENDS,
                                 "Refused: %s failed twice (exit %d); its error is above in the journal", what,
                                 s->container.exit_code);
        else
                supervisor_again(s, "Migration failed at %s (exit %d)", first, s->container.exit_code);
        return true;
}

static void begin_pending(Supervisor *s) {
        if (unlink(MIGRATE_ONCE_FILE) == 0 || s->config->migrate_automatic || s->run.history.same > 0)
                supervisor_feed(s, LIFE_ON_OK);
        else {
                hold_release(s);
                supervisor_later(s, "Waiting for \"lagoctl migrate\": %s pending, automatic = no", s->gate.answer.missing);
        }
}

/* The roles are not there, the image can make them, and its task has not just said that all is well. */
static bool wants_roles(const Supervisor *s) {
        bool tried = s->run.seeds && s->container.ended && s->container.signal == 0 && s->container.exit_code == 0;

        return s->gate.answer.seeds && s->gate.answer.roles && streq(s->gate.answer.roles, "missing") && !tried;
}

char **migrate_command(Supervisor *s) {
        char **argv = NULL;

        strv_add(&argv, "bundle");
        strv_add(&argv, "exec");
        strv_add(&argv, "rails");
        if (s->gate.answer.status != GATE_VERIFIED)
                strv_add(&argv, "db:migrate");
        s->run.seeds = s->gate.answer.status == GATE_VERIFIED || (fresh_is_loaded(s) && s->gate.answer.seeds);
        if (s->run.seeds)
                strv_add(&argv, SEED_TASK);
        return argv;
}

bool migrate_must_be_alone(const Supervisor *s) {
        const GateAnswer *g = &s->gate.answer;

        if (g->status == GATE_VERIFIED)
                return wants_roles(s);
        return (g->status >= GATE_PENDING && g->status < GATE_UNREACHABLE) ||
               (gate_refuses(g->status) && g->status < GATE_WRONG_MAJOR);
}

void migrate_judged(Supervisor *s) {
        if (s->gate.answer.status == GATE_VERIFIED && !wants_roles(s))
                finish(s);
        else
                supervisor_feed(s, LIFE_ON_LATER);
}

void check_for_migrate(Supervisor *s) {
        if ((gate_wants_migrating(s->gate.answer.status) || wants_roles(s)) && excuse_is_wanted(s)) {
                supervisor_feed(s, LIFE_ON_DIAGNOSE);
                return;
        }
        switch (s->gate.answer.status) {
        case GATE_VERIFIED:
                if (!wants_roles(s))
                        finish(s);
                else if (!s->run.seeds || !last_run_is_final(s))
                        supervisor_feed(s, LIFE_ON_OK);
                return;
        case GATE_PENDING:
                if (!last_run_is_final(s))
                        begin_pending(s);
                return;
        case GATE_FRESH:
        case GATE_EMPTY:
                if (last_run_is_final(s))
                        return;
                if (s->gate.answer.status == GATE_FRESH)
                        fresh_begin(s);
                else
                        supervisor_feed(s, LIFE_ON_OK);
                return;
        default:
                supervisor_later(s, "%s", s->gate.answer.sentence);
                /* Of an end that was followed by this nobody can say whose fault it was. */
                s->container.ended = false;
        }
}

/* --- the run -------------------------------------------------------------------------------------------- */

/* What is going on where no migration is known to be in hand. */
static char *whole_run(const Supervisor *s, const char *span) {
        if (s->gate.answer.status == GATE_VERIFIED)
                return xasprintf("Seeding the predefined roles, %s", span);
        if (!s->run.progress.advance.words)
                return xasprintf("Migrating, %s", span);
        return xasprintf(fresh_is_loaded(s) ? "Loading the schema of %s into an empty database, %s" : "Migrating to %s, %s",
                         s->image.version, span);
}

static void tell_progress(Supervisor *s) {
        bool in_hand = advance_has(&s->run.progress.advance, ADVANCE_VERSION);
        _cleanup_(freep) char *span = span_text(now_usec() - (in_hand ? s->run.progress.in_hand_usec : s->entered_usec));
        _cleanup_(freep) char *text = advance_sentence(&s->run.progress.advance, span);

        if (!text)
                text = whole_run(s, span);
        if (s->stop_asked && in_hand)
                supervisor_status(s, "Stop asked during %s; waiting for it (%s)", s->run.progress.advance.words[ADVANCE_VERSION], span);
        else
                supervisor_status(s, "%s%s", s->stop_asked ? "Stop asked, waiting for it. " : "", text);
}

/* Who is in the way, once for each. */
static void tell_blocker(Supervisor *s) {
        char **w = s->run.progress.advance.words;

        if (!advance_has(&s->run.progress.advance, ADVANCE_BLOCKER) || !advance_has(&s->run.progress.advance, ADVANCE_VERSION) ||
            (s->wait.cause && streq(s->wait.cause, w[ADVANCE_BLOCKER])))
                return;
        free_and_strdup(&s->wait.cause, w[ADVANCE_BLOCKER]);
        s->wait.since = now_usec();
        log_message(LOG_WARNING, MESSAGE_MIGRATE_BLOCKED,
                    "Migration %s %s waits for a lock that backend %s holds (%s, %s).", w[ADVANCE_VERSION],
                    w[ADVANCE_NAME], w[ADVANCE_BLOCKER], w[ADVANCE_BLOCKER_STATE], w[ADVANCE_BLOCKER_APP]);
}

static void on_progress(void *userdata, const char *line) {
        Supervisor *s = userdata;
        _cleanup_(advance_done) Advance next = {0}, last = {0};

        if ((s->state != LIFE_MIGRATE && s->state != LIFE_DRAIN) || !advance_parse(&next, line))
                return;
        last = s->run.progress.advance;
        s->run.progress.advance = next;
        next = (Advance){0};
        if (advance_moved(&last, &s->run.progress.advance))
                s->run.progress.moved_usec = now_usec();
        if (!last.words || !streq(last.words[ADVANCE_VERSION], s->run.progress.advance.words[ADVANCE_VERSION]))
                s->run.progress.in_hand_usec = now_usec();
        tell_blocker(s);
        tell_progress(s);
}

static void tell_silence(Supervisor *s) {
        uint64_t now = now_usec();
        _cleanup_(freep) char *span = span_text(now - s->run.progress.moved_usec), *text = advance_silence(&s->run.progress.advance, span);

        if (!advance_is_silent(s->run.progress.moved_usec, s->run.progress.silence_told, now))
                return;
        s->run.progress.silence_told = s->run.progress.moved_usec;
        log_message(LOG_WARNING, MESSAGE_MIGRATE_BLOCKED, "%s", text);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)usec;
        tell_progress(userdata);
        tell_silence(userdata);
        (void)sd_event_source_set_time_relative(source, 5 * USEC_PER_SEC);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static void on_watch_ended(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        (void)result;
        s->run.watch = NULL;
}

/* A follower that cannot run costs the progress on display, nothing else. */
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

void enter_migrate(Supervisor *s) {
        bool roles = s->gate.answer.status == GATE_VERIFIED;

        advance_done(&s->run.progress.advance);
        s->run.progress.moved_usec = now_usec();
        log_message(LOG_NOTICE, MESSAGE_MIGRATE_BEGINS, "%s: %s.", roles ? "Seeding the predefined roles" : "Migrating",
                    s->gate.answer.sentence);
        tell_progress(s);
        free(s->run.ground);
        s->run.ground = ground_now();
        excuse_begin(s);
        if (!roles)
                follow(s);
        supervisor_timer(s, 5 * USEC_PER_SEC, on_tick);
}

void enter_drain(Supervisor *s) {
        (void)sd_notify(0, "STOPPING=1");
        tell_progress(s);
        supervisor_timer(s, 5 * USEC_PER_SEC, on_tick);
}

void migrate_ended(Supervisor *s) {
        _cleanup_(freep) char *span = span_text(now_usec() - s->entered_usec);
        bool good = s->container.exit_code == 0;

        s->run.watch = job_cancel(s->run.watch);
        free_and_strdup(&s->wait.cause, NULL);
        log_message(good ? LOG_NOTICE : LOG_ERR, MESSAGE_MIGRATE_ENDS, "The run ended after %s (exit %d); asking the database.",
                    span, s->container.exit_code);
        /* A short breath after a failure: the server may just be going down. */
        s->wait.rest_usec = good ? 0 : 2 * USEC_PER_SEC;
}
