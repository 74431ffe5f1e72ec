/* SPDX-License-Identifier: MIT */
#include "supervisor/await.h"

#include "supervisor/api.h"
#include "supervisor/gate.h"
#include "supervisor/redis.h"
#include "supervisor/settings.h"
#include "supervisor/supervisor.h"

/* --- the API, for what serves people or enqueues jobs --------------------------------------------------- */

static void on_api(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        if (verdict == PROBE_GOOD)
                supervisor_feed(s, LIFE_ON_OK);
        else
                supervisor_later(s, "Waiting for the API: %s", reason);
}

static void ask_api(Supervisor *s) {
        if (stack_awaits_api(s->config, s->member.kind))
                api_ask(&s->work, s->config, s->wait.attempts, on_api, s);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

/* --- Redis: Sidekiq exits without it, and some of Lago's migrations enqueue jobs ------------------------ */

/* "Redis at HOST:6379" */
static char *redis_place(const RedisAnswer *answer) {
        return answer->host ? xasprintf("Redis at %.60s:%u", answer->host, answer->port) : xstrdup("Redis");
}

/* Said once for each policy, by who watches it. */
static void warn_of_eviction(Supervisor *s, const char *place, const char *reason) {
        const char *policy = startswith(reason, PROBE_EVICTS);

        if (policy && s->member.kind == MEMBER_REDIS)
                log_warning("%s throws away keys when its memory is full (maxmemory-policy %s), and jobs are keys: set "
                            "maxmemory-policy noeviction there, and keep caches elsewhere (LAGO_REDIS_CACHE_URL).",
                            place, policy);
}

static void redis_answers(Supervisor *s, char *place) {
        if (s->member.kind != MEMBER_REDIS) {
                free(place);
                ask_api(s);
                return;
        }
        free(s->health.watched);
        s->health.watched = place;
        supervisor_feed(s, LIFE_ON_WATCH);
}

static void on_redis(void *userdata, const RedisAnswer *answer) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *place = redis_place(answer);

        switch (answer->verdict) {
        case PROBE_GOOD:
                warn_of_eviction(s, place, answer->reason);
                redis_answers(s, TAKE_PTR(place));
                return;
        case PROBE_NEVER:
                if (answer->host)
                        supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED, "Refused: Redis%s: %s",
                                         place + strlen("Redis"), answer->reason);
                else
                        supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED, "Refused: %s", answer->reason);
                return;
        case PROBE_LATER:
        case PROBE_UNABLE:
                supervisor_later(s, "Waiting for Redis%s: %s", place + strlen("Redis"), answer->reason);
                /* Migrations that failed just before may have failed for want of it: they are not judged by that run. */
                if (answer->host)
                        s->container.ended = false;
        }
}

/* --- an external PostgreSQL ----------------------------------------------------------------------------- */

/* "PostgreSQL 15.6 at HOST:5432 answers", as lago-gate said. */
static void watch_database(Supervisor *s, const char *sentence) {
        const char *end = strstr(sentence, " answers");

        free(s->health.watched);
        s->health.watched = xasprintf("%.*s", (int)(end ? end - sentence : 80), sentence);
}

static void on_database(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        gate_answer_take(&s->gate.answer, answer);
        answer = &s->gate.answer;
        if (answer->status == 0) {
                watch_database(s, answer->sentence);
                supervisor_feed(s, LIFE_ON_WATCH);
        } else if (gate_refuses(answer->status))
                supervisor_never(s, EXIT_SERVER, MESSAGE_SCHEMA_REFUSED, "%s", answer->sentence);
        else
                /* Also of a gate that was killed: it gave no verdict. */
                supervisor_later(s, "%s", answer->sentence);
}

void enter_await(Supervisor *s) {
        if (!settings_reload(s))
                return;
        if (s->member.kind == MEMBER_DB && s->config->database_external)
                gate_ask(s, "ping", /* with_manifest= */ false, on_database);
        else if (s->info->awaits_redis || stack_is_external(s->config, s->member.kind))
                redis_ask(&s->redis, s->config, on_redis, s);
        else
                ask_api(s);
}
