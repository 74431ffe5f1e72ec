/* SPDX-License-Identifier: MIT */
/* Waiting for what a member stands on. Having been started by systemd proves nothing: each asks for itself. */
#include "supervisor/supervisor.h"

#include "base/time.h"
#include "config/dburl.h"
#include "supervisor/runfile.h"

#include <stdio.h>

#define AWAIT_TIMEOUT_USEC (5 * USEC_PER_SEC)

/* Host, port and password of a Redis URL: redis[s]://[user][:password@]host[:port][/db]. */
typedef struct RedisAddress {
        char *host, *user, *password;
        uint16_t port;
        bool tls;
} RedisAddress;

static void redis_address_done(RedisAddress *a) {
        free(a->host);
        free(a->user);
        free(a->password);
}

/* Redis URLs have the same shape as PostgreSQL's, and the percent-decoding is written once. */
static int redis_address(const Supervisor *s, RedisAddress *ret) {
        _cleanup_(freep) char *url = stack_redis_url(s->config), *error = NULL, *same_shape = NULL;
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        const char *rest = strstr(url, "://"), *password = env_get(s->config->env, "REDIS_PASSWORD");
        const char *port, *host, *user;
        uint64_t number = 6379;

        if (!rest)
                return -EINVAL;
        same_shape = xasprintf("postgresql%.*s", (int)strcspn(rest, "?"), rest);
        if (dburl_parse(same_shape, &parsed, &error) < 0)
                return -EINVAL;
        host = dburl_get(parsed, "host");
        port = dburl_get(parsed, "port");
        user = dburl_get(parsed, "user");
        if (port && parse_uint(port, UINT16_MAX, &number) < 0)
                return -EINVAL;
        if (dburl_get(parsed, "password"))
                password = dburl_get(parsed, "password");
        *ret = (RedisAddress){
                .host = xstrdup(host ? host : "redis"),
                .user = user ? xstrdup(user) : NULL,
                .password = password ? xstrdup(password) : NULL,
                .port = (uint16_t)number,
                .tls = startswith(url, "rediss://") != NULL,
        };
        return 0;
}

/* --- the API, for what serves people or enqueues jobs --------------------------------------------------- */

static void on_api(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;

        s->probe = NULL;
        if (verdict == PROBE_GOOD)
                supervisor_feed(s, LIFE_ON_OK);
        else
                supervisor_later(s, "Waiting for the API: %s", reason);
}

/*
 * Every other time where it is published: on a host whose packets to the container's own address got lost, with the
 * published one answering, a clock waited for minutes.
 */
static void api_target(const Supervisor *s, ProbeTarget *target) {
        const Listen *listen = stack_listen(s->config, MEMBER_API);

        if (s->attempts % 2 == 0)
                return;
        target->address = stack_listen_local(listen);
        target->port = listen->port;
}

static void ask_api(Supervisor *s) {
        const MemberInfo *api = member_info(MEMBER_API);
        _cleanup_(freep) char *address = runstate_address("api");
        ProbeTarget target = {
                .question = ASK_HTTP,
                .place = PROBE_ON_HOST,
                .address = address,
                .port = api->port,
                .path = api->probe_path,
                .timeout_usec = AWAIT_TIMEOUT_USEC,
        };
        int r;

        if (!s->info->awaits_api) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        if (!address) {
                supervisor_later(s, "Waiting for the API: it does not serve yet; see lago-api.service");
                return;
        }
        api_target(s, &target);
        r = probe_start(s->event, &target, on_api, s, &s->probe);
        if (r < 0)
                supervisor_later(s, "Waiting for the API: %s", probe_errno_words(-r));
}

/* --- Redis: Sidekiq exits without it, and some of Lago's migrations enqueue jobs ------------------------ */

static void redis_answered(Supervisor *s, const RedisAddress *a, ProbeVerdict verdict, const char *reason) {
        if (verdict == PROBE_GOOD && s->member.kind == MEMBER_REDIS) {
                free(s->watched);
                s->watched = xasprintf("Redis at %.60s:%u", a->host, a->port);
        }
        if (s->state == LIFE_SERVE)
                serve_external_answer(s, verdict, reason);
        else if (verdict == PROBE_NEVER)
                supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED, "Refused: Redis at %s:%u: %s", a->host,
                                 a->port, reason);
        else if (verdict == PROBE_LATER) {
                supervisor_later(s, "Waiting for Redis at %s:%u: %s", a->host, a->port, reason);
                /* Migrations that failed just before may have failed of this. */
                s->container.ended = false;
        } else if (s->member.kind == MEMBER_REDIS)
                supervisor_feed(s, LIFE_ON_WATCH);
        else
                ask_api(s);
}

static void on_redis(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        _cleanup_(redis_address_done) RedisAddress a = {0};

        s->probe = NULL;
        (void)redis_address(s, &a);
        redis_answered(s, &a, verdict, reason);
}

static void ask_redis_at(Supervisor *s, const RedisAddress *a, const char *address) {
        ProbeTarget target = {
                .question = a->tls ? ASK_TLS : ASK_REDIS,
                .place = PROBE_ON_HOST,
                .address = address,
                .port = a->port,
                .user = a->user,
                .password = a->password,
                .timeout_usec = AWAIT_TIMEOUT_USEC,
        };
        int r = probe_start(s->event, &target, on_redis, s, &s->probe);

        if (r < 0)
                redis_answered(s, a, PROBE_LATER, probe_errno_words(-r));
}

/* getent(1) prints "ADDRESS STREAM NAME" lines; looking names up inside this process would block its loop. */
static void on_redis_name(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(redis_address_done) RedisAddress a = {0};
        _cleanup_(freep) char *address = xstrndup(result->output, strcspn(result->output, " \t\n"));

        s->job = NULL;
        (void)redis_address(s, &a);
        if (isempty(address))
                redis_answered(s, &a, PROBE_LATER, "the name has no address");
        else
                ask_redis_at(s, &a, address);
}

void ask_redis(Supervisor *s) {
        _cleanup_(redis_address_done) RedisAddress a = {0};

        if (redis_address(s, &a) < 0) {
                supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED,
                                 "Refused: REDIS_URL is no redis://HOST:PORT/DB; see lago.env");
        } else if (s->config->redis_external) {
                char **argv = NULL;

                strv_add(&argv, "getent");
                strv_add(&argv, "ahosts");
                strv_add(&argv, a.host);
                supervisor_job(s, argv,
                               &(JobSpec){.timeout_usec = AWAIT_TIMEOUT_USEC, .done = on_redis_name});
        } else {
                _cleanup_(freep) char *address = runstate_address("redis");

                if (address)
                        ask_redis_at(s, &a, address);
                else
                        supervisor_later(s, "Waiting for Redis: it does not serve yet; see lago-redis.service");
        }
}

/* --- an external PostgreSQL ----------------------------------------------------------------------------- */

/* "PostgreSQL 15.6 at HOST:5432 answers", as lago-gate said. */
static void watch_database(Supervisor *s) {
        const char *end = strstr(s->gate.sentence, " answers");

        free(s->watched);
        s->watched = xasprintf("%.*s", (int)(end ? end - s->gate.sentence : 80), s->gate.sentence);
}

static void on_database(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->job = NULL;
        gate_hear(s, result);
        if (s->gate.status == 0) {
                watch_database(s);
                supervisor_feed(s, LIFE_ON_WATCH);
        } else if (gate_refuses(s->gate.status))
                supervisor_never(s, EXIT_SERVER, MESSAGE_SCHEMA_REFUSED, "%s", s->gate.sentence);
        else
                /* Also of a gate that was killed: it gave no verdict. */
                supervisor_later(s, "%s", s->gate.sentence);
}

/*
 * What lago-migrate waits for may be a wrong setting: each attempt reads the configuration afresh, so that mending the
 * file is enough. The others start from what it admitted.
 */
static bool reload_for_migrate(Supervisor *s) {
        _cleanup_(config_freep) Config *config = NULL;

        if (s->member.kind != MEMBER_MIGRATE || s->attempts == 0)
                return true;
        if (admit_begin(&config) != 0 || supervisor_load_env(s, CONFIG_DIRECTORY) != 0 ||
            supervisor_load_env(s, ADMITTED_NEW_DIRECTORY) != 0) {
                supervisor_later(s, "Waiting for a configuration without errors; see the journal");
                return false;
        }
        config_free(s->config);
        s->config = TAKE_PTR(config);
        free(s->image);
        s->image = stack_image(s->config, s->member.kind);
        return true;
}

void enter_await(Supervisor *s) {
        if (!reload_for_migrate(s))
                return;
        if (s->member.kind == MEMBER_DB && s->config->database_external) {
                char **argv = gate_argv(s, "ping", /* with_manifest= */ false);

                if (argv)
                        gate_job(s, argv, on_database);
        } else if (s->info->awaits_redis || stack_is_external(s->config, s->member.kind))
                ask_redis(s);
        else
                ask_api(s);
}
