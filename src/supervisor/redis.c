/* SPDX-License-Identifier: MIT */
#include "supervisor/redis.h"

#include "base/runstate.h"
#include "base/time.h"
#include "config/dburl.h"
#include "supervisor/supervisor.h"

#define TIMEOUT_USEC (5 * USEC_PER_SEC)

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

static void answered(Supervisor *s, const RedisAddress *a, ProbeVerdict verdict, const char *reason) {
        if (verdict == PROBE_GOOD && s->member.kind == MEMBER_REDIS) {
                free(s->health.watched);
                s->health.watched = xasprintf("Redis at %.60s:%u", a->host, a->port);
        }
        s->health.redis_answered(s, a, verdict, reason);
}

static void on_redis(void *userdata, ProbeVerdict verdict, const char *reason) {
        Supervisor *s = userdata;
        _cleanup_(redis_address_done) RedisAddress a = {0};

        (void)redis_address(s, &a);
        answered(s, &a, verdict, reason);
}

static void ask_redis_at(Supervisor *s, const RedisAddress *a, const char *address) {
        ProbeTarget target = {
                .question = a->tls ? ASK_TLS : ASK_REDIS,
                .place = PROBE_ON_HOST,
                .address = address,
                .port = a->port,
                .user = a->user,
                .password = a->password,
                .timeout_usec = TIMEOUT_USEC,
        };

        work_probe(&s->work, &target, on_redis, s);
}

/* getent(1) prints "ADDRESS STREAM NAME" lines; looking names up inside this process would block its loop. */
static void on_redis_name(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(redis_address_done) RedisAddress a = {0};
        _cleanup_(freep) char *address = xstrndup(result->output, strcspn(result->output, " \t\n"));

        (void)redis_address(s, &a);
        if (isempty(address))
                answered(s, &a, PROBE_LATER, "the name has no address");
        else
                ask_redis_at(s, &a, address);
}

void redis_ask(Supervisor *s, RedisAnswered done) {
        _cleanup_(redis_address_done) RedisAddress a = {0};

        s->health.redis_answered = done;
        if (redis_address(s, &a) < 0) {
                supervisor_never(s, EXIT_CONFIG, MESSAGE_CONFIG_REFUSED,
                                 "Refused: REDIS_URL is no redis://HOST:PORT/DB; see lago.env");
        } else if (s->config->redis_external) {
                char **argv = NULL;

                strv_add(&argv, "getent");
                strv_add(&argv, "ahosts");
                strv_add(&argv, a.host);
                supervisor_job(s, argv,
                               &(JobSpec){.timeout_usec = TIMEOUT_USEC, .done = on_redis_name});
        } else {
                _cleanup_(freep) char *address = runstate_address("redis");

                if (address)
                        ask_redis_at(s, &a, address);
                else
                        supervisor_later(s, "Waiting for Redis: it does not serve yet; see lago-redis.service");
        }
}
