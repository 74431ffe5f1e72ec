/* SPDX-License-Identifier: MIT */
#include "supervisor/serve.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/time.h"
#include "relay/watch.h"
#include "stack/unfinished.h"
#include "supervisor/gate.h"
#include "supervisor/notes.h"
#include "supervisor/reach.h"
#include "supervisor/redis.h"
#include "supervisor/server.h"
#include "supervisor/supervisor.h"

#include <systemd/sd-daemon.h>

static ProbeTarget own_target(const Supervisor *s) {
        return (ProbeTarget){
                .question = s->info->ready_by == READY_BY_HTTP    ? ASK_HTTP
                            : s->info->ready_by == READY_BY_PONG ? ASK_REDIS
                                                            : ASK_POSTGRES,
                .place = PROBE_IN_NAMESPACE,
                .netns_fd = s->container.netns_fd,
                .address = s->container.loopback_v6 ? "::1" : "127.0.0.1",
                .port = s->image.port,
                .path = s->info->probe_path,
                /* The API says which release answers, so that nothing else can answer for it. */
                .version = s->member.kind == MEMBER_API ? s->image.version : NULL,
                .timeout_usec = s->config->health_timeout_usec,
        };
}

/* --- getting ready -------------------------------------------------------------------------------------- */

static void ask_ready(Supervisor *s);

static int on_ask_again(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        ask_ready(userdata);
        return 0;
}

static void not_ready(Supervisor *s, const char *reason) {
        uint64_t running = now_usec() - s->entered_usec;

        /* Before v1.30.0 Lago's worker listens on "localhost", which is one of the two and not the other. */
        s->container.loopback_v6 = !s->container.loopback_v6;
        if (running > 5 * USEC_PER_SEC) {
                _cleanup_(freep) char *span = span_text(running);

                if (streq(reason, PROBE_NO_ANSWER))
                        supervisor_status(s, "Starting: no answer on :%u%s yet (%s)", s->image.port,
                                          s->info->probe_path ? s->info->probe_path : "", span);
                else
                        supervisor_status(s, "Starting: %s (%s)", reason, span);
        }
        supervisor_timer(s, probe_rest(running), on_ask_again);
}

/* A server that accepts connections may still refuse the login that Lago will use. */
static void on_login(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        gate_answer_take(&s->gate.answer, answer);
        if (s->gate.answer.status == 0)
                supervisor_feed(s, LIFE_ON_OK);
        else if (!server_refuses_password(s))
                not_ready(s, s->gate.answer.sentence);
}

static void on_first_answer(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        if (verdict == PROBE_NEVER)
                supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED, "Refused: %s", reason);
        else if (verdict == PROBE_LATER)
                not_ready(s, reason);
        else if (s->info->ready_by == READY_BY_LOGIN) {
                GateCall call;

                if (gate_call(s, "ping", /* with_manifest= */ false, &call))
                        gate_client_ask(&s->gate, call, on_login, s);
                else
                        not_ready(s, "the container has no address");
        } else
                supervisor_feed(s, LIFE_ON_OK);
}

static void ask_ready(Supervisor *s) {
        ProbeTarget target = own_target(s);

        work_probe(&s->work, &target, on_first_answer, s);
}

/*
 * A clock whose image says nothing that is known: three seconds after its first line; and one that says nothing at all may
 * still be booting for so long.
 */
#define SETTLE_USEC        (3 * USEC_PER_SEC)
#define SETTLE_SILENT_USEC (20 * USEC_PER_SEC)

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        supervisor_feed(userdata, LIFE_ON_OK);
        return 0;
}

static void probe_settle(Supervisor *s) {
        if (s->info->ready_by == READY_BY_ITSELF)
                supervisor_timer(s, s->said.spoke ? SETTLE_USEC : SETTLE_SILENT_USEC, on_settled);
}

void enter_probe(Supervisor *s) {
        /* The lock was lost while the engine was starting the container. */
        if (s->member.kind == MEMBER_CLOCK && !s->hold.held) {
                supervisor_feed(s, LIFE_ON_LOST);
                return;
        }
        if (s->info->ready_by != READY_BY_ITSELF)
                ask_ready(s);
        else if (s->said.ready)
                supervisor_feed(s, LIFE_ON_OK);
        else
                probe_settle(s);
}

/* --- serving -------------------------------------------------------------------------------------------- */

static void serve_status(Supervisor *s) {
        const char *release = s->image.version ? s->image.version : s->config->release;
        _cleanup_(freep) char *doubt = reach_doubt(s);

        if (!doubt)
                doubt = notes_doubt(s);

        if (doubt)
                supervisor_status(s, "%s %s, but %s", s->info->serves, s->info->admitted ? release : s->image.reference, doubt);
        else if (stack_is_external(s->config, s->member.kind))
                supervisor_status(s, "Watching %s", s->health.watched);
        else if (s->member.kind == MEMBER_API)
                supervisor_status(s, "Serving %s, schema %s of %s", release, s->gate.answer.needed, s->gate.answer.needed);
        else if (s->info->admitted)
                supervisor_status(s, "%s %s", s->info->serves, release);
        else
                supervisor_status(s, "%s %s", s->info->serves, s->image.reference);
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
                unfinished_over(UNFINISHED_FILE, s->config->database_volume);
        if (!s->ready_said)
                (void)sd_notify(0, "READY=1");
        s->ready_said = true;
}

static void serve_healthy(Supervisor *s) {
        if (s->health.bad > 0) {
                log_message(LOG_INFO, MESSAGE_HEALTH, "Healthy again after %u failed probes.", s->health.bad);
                s->health.bad = 0;
        }
        serve_status(s);
        serve_rest(s);
}

/* --- a member that fails its probe is restarted only while what it stands on answers: else it is not to blame --- */

static void tell_sick(Supervisor *s, const char *more) {
        _cleanup_(freep) char *span = span_text(s->health.bad * s->config->health_interval_usec);

        supervisor_status(s, "Not healthy for %s: %s%s", span, s->health.sickness, more);
}

static void give_up_container(Supervisor *s) {
        unsigned ends = end_add(&s->container.ends, now_usec());

        s->wait.rest_usec = end_rest(ends);
        s->health.bad = 0;
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

/* An external server is watched by its own supervisor, which says when it does not answer. */
static bool external_is_away(const char *member) {
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
                on_upstream_redis(s, external_is_away("redis") ? PROBE_LATER : PROBE_GOOD, "see lago-redis.service");
        else
                ask_upstream(s, "redis", ASK_REDIS, on_upstream_redis);
}

static void not_healthy(Supervisor *s, const char *reason) {
        if (s->health.bad++ == 0)
                log_message(LOG_WARNING, MESSAGE_HEALTH, "Not healthy: %s.", reason);
        free_and_strdup(&s->health.sickness, reason);
        tell_sick(s, "");
        if (s->config->health_restart_after == 0 || s->health.bad < s->config->health_restart_after ||
            stack_is_external(s->config, s->member.kind))
                serve_rest(s);
        else if (!s->info->backend)
                give_up_container(s);
        else if (s->config->database_external)
                on_upstream_database(s, external_is_away("db") ? PROBE_LATER : PROBE_GOOD, "see lago-db.service");
        else
                ask_upstream(s, "db", ASK_POSTGRES, on_upstream_database);
}

static void on_answer(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        if (verdict != PROBE_GOOD)
                not_healthy(s, reason);
        else if (!reach_ask(s, serve_healthy))
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

static void on_external_redis(Supervisor *s, const RedisAddress *a, ProbeVerdict verdict, const char *reason) {
        (void)a;
        if (verdict == PROBE_GOOD)
                serve_healthy(s);
        else
                not_healthy(s, reason);
}

static int on_interval(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        ProbeTarget target = own_target(s);

        (void)source;
        (void)usec;
        if (s->member.kind == MEMBER_DB && s->config->database_external) {
                gate_ask(s, "ping", /* with_manifest= */ false, on_external_login);
                return 0;
        }
        if (stack_is_external(s->config, s->member.kind)) {
                redis_ask(s, on_external_redis);
                return 0;
        }
        work_probe(&s->work, &target, on_answer, s);
        return 0;
}

/* While all is well a probe may come a fifth later, with what wakes the host anyway; a failure is counted in time. */
void serve_rest(Supervisor *s) {
        uint64_t interval = s->config->health_interval_usec;
        bool well = s->health.bad == 0 && s->health.reach.missed == 0 && s->health.names.missed == 0;

        if (s->info->ready_by != READY_BY_ITSELF)
                work_timer(&s->work, interval, well ? interval / 5 : interval / 100, on_interval, s);
}

void enter_serve(Supervisor *s) {
        supervisor_wait_over(s);
        s->health.bad = 0;
        s->health.reach = s->health.names = (Reach){0};
        serve_status(s);
        say_ready(s);
        serve_rest(s);
}

/* --- what it says --------------------------------------------------------------------------------------- */

void serve_hear(void *supervisor, const char *note) {
        Supervisor *s = supervisor;

        notes_take(s, note);
        if (s->state == LIFE_PROBE && s->info->ready_by == READY_BY_ITSELF && streq(note, NOTE_READY))
                supervisor_feed(s, LIFE_ON_OK);
        else if (s->state == LIFE_PROBE && streq(note, NOTE_SPOKE))
                probe_settle(s);
        else if (s->state == LIFE_SERVE && s->health.bad == 0 && startswith(note, NOTE_MISSING))
                serve_status(s);
}
