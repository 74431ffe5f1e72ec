/* SPDX-License-Identifier: MIT */
#include "supervisor/serve.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/time.h"
#include "stack/unfinished.h"
#include "supervisor/gate.h"
#include "supervisor/probing.h"
#include "supervisor/supervisor.h"

#include <systemd/sd-daemon.h>

static bool is_external(const Supervisor *s) {
        return stack_is_external(s->config, s->member.kind);
}

/* What speaks against a member that answers its probe. */
static char *doubt_about(const Supervisor *s) {
        char *doubt = reach_doubt(&s->health.reach, stack_listen(s->config, s->member.kind));

        return doubt ? doubt : said_doubt(&s->said, now_usec());
}

void serve_status(Supervisor *s) {
        const char *release = s->image.version ? s->image.version : s->config->release;
        const char *runs = s->info->admitted ? release : s->image.reference;
        _cleanup_(freep) char *doubt = doubt_about(s);

        if (doubt)
                supervisor_status(s, "%s %s, but %s", s->info->serves, runs, doubt);
        else if (is_external(s))
                supervisor_status(s, "Watching %s", s->health.watched);
        else if (s->member.kind == MEMBER_API)
                supervisor_status(s, "Serving %s, schema %s of %s", release, s->gate.answer.needed, s->gate.answer.needed);
        else
                supervisor_status(s, "%s %s", s->info->serves, runs);
}

/* A note that stays has a volume emptied at the next start only if it holds no table of anybody's: see stack/unfinished.h. */
static void note_finished(const Supervisor *s) {
        int r = unfinished_over(UNFINISHED_FILE, s->config->database_volume);

        if (r < 0)
                log_warning("Cannot remove " UNFINISHED_FILE ": %s.", strerror(-r));
}

static void say_ready(Supervisor *s) {
        _cleanup_(strv_freep) char **fields = NULL;

        if (s->gate.answer.verdict)
                strv_addf(&fields, "LAGO_VERDICT=%s", s->gate.answer.verdict);
        if (s->image.id)
                strv_addf(&fields, "LAGO_IMAGE_ID=%s", s->image.id);
        strv_addf(&fields, "LAGO_RELEASE=%s", s->image.version ? s->image.version : s->config->release);
        log_fields(LOG_NOTICE, MESSAGE_MEMBER_READY, fields, "Ready%s%s%s.", s->info->backend ? ": " : "",
                   s->info->backend ? s->gate.answer.sentence : "", s->ready_said ? ", again" : "");
        /* Before anybody hears that it is ready, and puts something into it. */
        if (s->member.kind == MEMBER_DB && !s->config->database_external)
                note_finished(s);
        if (s->member.kind == MEMBER_REDIS && !s->config->redis_external)
                redis_note_volume(s->config->redis_volume, s->container.init);
        if (!s->ready_said)
                (void)sd_notify(0, "READY=1");
        s->ready_said = true;
}

/* The next look at the member, an interval from now. */
static void serve_healthy(void *userdata) {
        Supervisor *s = userdata;
        unsigned bad = health_good(&s->health);

        if (bad > 0)
                log_message(LOG_INFO, MESSAGE_HEALTH, "Healthy again after %u failed probes.", bad);
        serve_status(s);
        serve_rest(s);
}

/* Of a clock nobody asks anything: what it does not say is its sickness. */
static bool is_heard_only(const Supervisor *s) {
        return s->info->ready_by == READY_BY_ITSELF;
}

/* --- a member that fails its probe is restarted only while PostgreSQL and Redis answer: else it is not to blame --- */

static uint64_t sick_usec(const Supervisor *s) {
        return is_heard_only(s) ? now_usec() - s->said.ticked_usec : s->health.bad * s->config->health_interval_usec;
}

static void tell_sick(Supervisor *s, const char *more) {
        _cleanup_(freep) char *sentence = health_sentence(&s->health, sick_usec(s), more);

        supervisor_status(s, "%s", sentence);
}

static void give_up_container(Supervisor *s) {
        unsigned ends = end_add(&s->container.ends, now_usec());

        s->wait.rest_usec = end_rest(ends);
        (void)health_good(&s->health);
        log_message(LOG_WARNING, MESSAGE_HEALTH, "Not healthy; the container is stopped with its grace and started again.");
        supervisor_feed(s, LIFE_ON_SICK);
}

static void on_upstream_redis(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        (void)reason;
        if (verdict == PROBE_GOOD) {
                give_up_container(s);
                return;
        }
        tell_sick(s, "; Redis is away, so not restarting");
        serve_rest(s);
}

/* A server that is watched by its own supervisor, which says when it does not answer, or lets nobody in. */
static bool is_away(const char *member) {
        _cleanup_(freep) char *text = runstate_read(member), *sick = text ? keyfile_get(text, "SICK") : NULL;

        return sick != NULL;
}

static void ask_upstream(Supervisor *s, const char *member, ProbeQuestion question, ProbeDone done) {
        _cleanup_(freep) char *address = runstate_address(member);
        ProbeTarget target = {
                .question = question,
                .place = PROBE_ON_HOST,
                .address = address,
                .port = question == ASK_REDIS ? 6379 : 5432,
                .password = question == ASK_REDIS ? env_get(s->config->env, "REDIS_PASSWORD") : NULL,
                .timeout_usec = s->config->health_timeout_usec,
        };

        if (address)
                work_probe(&s->work, &target, done, s);
        else
                done(s, PROBE_LATER, "it does not serve");
}

static void on_upstream_database(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        (void)reason;
        if (verdict != PROBE_GOOD) {
                tell_sick(s, "; PostgreSQL is away, so not restarting");
                serve_rest(s);
        } else if (s->config->redis_external)
                on_upstream_redis(s, is_away("redis") ? PROBE_LATER : PROBE_GOOD, "see lago-redis.service");
        else
                ask_upstream(s, "redis", ASK_REDIS, on_upstream_redis);
}

static void ask_upstream_database(Supervisor *s) {
        if (s->config->database_external || is_away("db"))
                on_upstream_database(s, is_away("db") ? PROBE_LATER : PROBE_GOOD, "see lago-db.service");
        else
                ask_upstream(s, "db", ASK_POSTGRES, on_upstream_database);
}

/* A clock was silent for long enough the first time. */
static unsigned restart_after(const Supervisor *s) {
        unsigned after = s->config->health_restart_after;

        return after > 0 && is_heard_only(s) ? 1 : after;
}

static void note_sickness(Supervisor *s, const char *reason) {
        if (health_bad(&s->health, reason))
                log_message(LOG_WARNING, is_heard_only(s) ? MESSAGE_CLOCK_SILENT : MESSAGE_HEALTH, "Not healthy: %s.", reason);
}

/* What it lacks, a disk with room say, no restart brings; it goes on by itself once that is there. */
static void unable(Supervisor *s, const char *reason) {
        note_sickness(s, reason);
        tell_sick(s, "; not restarting");
        serve_rest(s);
}

static void not_healthy(Supervisor *s, const char *reason) {
        note_sickness(s, reason);
        tell_sick(s, "");
        switch (health_act(&s->health, restart_after(s), !is_external(s), s->info->backend)) {
        case HEALTH_REST:
                serve_rest(s);
                return;
        case HEALTH_RESTART:
                give_up_container(s);
                return;
        case HEALTH_ASK_UPSTREAM:
                ask_upstream_database(s);
                return;
        }
}

/* --- the probe ------------------------------------------------------------------------------------------ */

/*
 * A server that accepts connections may let nobody in, as on a disk that has become read-only. That is told, and not
 * answered by a restart: it may have too many clients, and what it cannot read it cannot read after a restart either.
 */
static void on_own_login(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        gate_answer_take(&s->gate.answer, answer);
        if (s->gate.answer.status == 0) {
                serve_healthy(s);
                return;
        }
        if (health_bad(&s->health, s->gate.answer.sentence))
                log_message(LOG_WARNING, MESSAGE_HEALTH, "Not healthy: %s.", s->gate.answer.sentence);
        tell_sick(s, "");
        serve_rest(s);
}

/* Answer: whether a login is tried now. */
static bool ask_login(Supervisor *s) {
        GateCall call;

        if (s->info->ready_by != READY_BY_LOGIN || !health_wants_login(&s->health) ||
            !gate_call(s, "ping", /* with_manifest= */ false, &call))
                return false;
        gate_client_ask(&s->gate, call, on_own_login, s);
        return true;
}

/* Answer: whether the published port is asked now, and serve_healthy() follows. */
static bool ask_reach(Supervisor *s) {
        ReachSpec spec = {
                .work = &s->work,
                .engine = s->engine,
                .container = s->container_name,
                .name = s->info->name,
                .listen = stack_listen(s->config, s->member.kind),
                .path = s->info->probe_path,
                .netns_fd = s->container.netns_fd,
                .timeout_usec = s->config->health_timeout_usec,
        };

        return spec.listen && s->info->ready_by == READY_BY_HTTP &&
               reach_ask(&s->health.reach, &spec, serve_healthy, s);
}

static void on_answer(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        if (verdict == PROBE_UNABLE)
                unable(s, reason);
        else if (verdict != PROBE_GOOD)
                not_healthy(s, reason);
        else if (!ask_login(s) && !ask_reach(s))
                serve_healthy(s);
}

static void on_external_login(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        gate_answer_take(&s->gate.answer, answer);
        if (s->gate.answer.status == 0)
                serve_healthy(s);
        else
                not_healthy(s, s->gate.answer.sentence);
}

static void on_external_redis(void *userdata, const RedisAnswer *answer) {
        if (answer->verdict == PROBE_GOOD)
                serve_healthy(userdata);
        else
                not_healthy(userdata, answer->reason);
}

static int on_interval(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        ProbeTarget target = probing_target(s);

        (void)source;
        (void)usec;
        if (!is_external(s))
                work_probe(&s->work, &target, on_answer, s);
        else if (s->member.kind == MEMBER_DB)
                gate_ask(s, "ping", /* with_manifest= */ false, on_external_login);
        else
                redis_ask(&s->redis, s->config, on_external_redis, s);
        return 0;
}

/* --- a clock: the thread that begins its jobs can end while its process lives, and nothing but its silence shows that --- */

static int on_silence(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        uint64_t silent = now_usec() - s->said.ticked_usec;

        (void)source;
        (void)usec;
        /* With a journal that is stuck, what it says waits in the pipe: that is no silence of its own. */
        if (silent >= s->config->clock_silence_usec && relay_unread(s->container.relay) == 0)
                not_healthy(s, "it begins no job any more, although its process lives");
        else
                serve_rest(s);
        return 0;
}

/* A clock that has never written a line about a job may be of a release that writes none: its silence means nothing. */
static void rest_of_clock(Supervisor *s) {
        uint64_t silence = s->config->clock_silence_usec, silent = now_usec() - s->said.ticked_usec;
        uint64_t rest = silent < silence ? silence - silent : s->config->health_interval_usec;

        if (s->said.ticked_usec > 0)
                work_timer(&s->work, rest, rest / 10, on_silence, s);
}

void serve_ticked(Supervisor *s, bool first) {
        if (health_good(&s->health) > 0) {
                s->work.probe = probe_free(s->work.probe);
                log_message(LOG_INFO, MESSAGE_HEALTH, "Healthy again: it begins jobs.");
                serve_status(s);
                serve_rest(s);
        } else if (first)
                serve_rest(s);
}

void serve_rest(Supervisor *s) {
        uint64_t interval = s->config->health_interval_usec;

        if (is_heard_only(s))
                rest_of_clock(s);
        else
                work_timer(&s->work, interval, health_slack(&s->health, interval), on_interval, s);
}

void enter_serve(Supervisor *s) {
        supervisor_wait_over(s);
        health_begin(&s->health);
        serve_status(s);
        say_ready(s);
        serve_rest(s);
}
