/* SPDX-License-Identifier: MIT */
/* What Lago would misread, or not read at all. */
#include "config/check-pair.h"

#include "base/util.h"
#include "config/address.h"
#include "config/rubyurl.h"

#include <ctype.h>

static const char *const words_for_no[] = {"false", "no", "off", "0", "f", "n", "disabled"};

/* NULL where it says nothing. */
static const EnvPair *migrate_pair(const Check *check, const char *name) {
        const EnvPair *pair = config_migrate_pair(check->config, name);

        return pair && !isempty(pair->value) ? pair : NULL;
}

static void refuse_word_for_no(const Check *check, const EnvPair *pair) {
        if (pair && check_is_one_of(pair->value, words_for_no, ELEMENTSOF(words_for_no)))
                REFUSE(check, pair,
                       "%s=%s switches it on: Lago only looks whether it is set; remove "
                       "the line to switch it off",
                       pair->key, pair->value);
}

/* Lago asks whether these are set, not what they say. */
static void check_presence_switches(const Check *check) {
        static const char *const names[] = {
                "LAGO_CLICKHOUSE_ENABLED", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED",
                "LAGO_REDIS_STORE_SSL", "LAGO_REDIS_STORE_DISABLE_SSL_VERIFY",
                "RAILS_SERVE_STATIC_FILES"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = check_pair(check, names[i]), *own = migrate_pair(check, names[i]);

                refuse_word_for_no(check, pair);
                if (own != pair)
                        refuse_word_for_no(check, own);
        }
}

/* Of these Lago takes the word "true" only; anything else is no, without a word. */
static void check_exact_switches(const Check *check) {
        static const char *const names[] = {"LAGO_USE_AWS_S3", "LAGO_USE_GCS",
                                            "LAGO_SIDEKIQ_WEB", "LAGO_DISABLE_SEGMENT",
                                            "LAGO_SIDEKIQ_PRO_REQUIRED", "LAGO_CREATE_ORG",
                                            "LAGO_DISABLE_SIGNUP", "RAILS_LOG_TO_STDOUT"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = check_pair(check, names[i]);

                if (pair && !streq(pair->value, "true") && !streq(pair->value, "false"))
                        REFUSE(check, pair,
                               "%s: Lago takes only the word true for yes; write true or false",
                               pair->key);
        }
}

static void check_clickhouse(const Check *check) {
        const EnvPair *chosen = migrate_pair(check, "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED");
        const EnvPair *host = migrate_pair(check, "LAGO_CLICKHOUSE_HOST");

        /* A word that means "no" is refused elsewhere. */
        if (chosen && chosen->value[strspn(chosen->value, " \t")] != '\0' &&
            !check_is_one_of(chosen->value, words_for_no, ELEMENTSOF(words_for_no)) && !host)
                REFUSE(check, chosen,
                       "%s is set, but there is no LAGO_CLICKHOUSE_HOST; write it, or remove this line",
                       chosen->key);
        if (!chosen && !migrate_pair(check, "LAGO_CLICKHOUSE_ENABLED"))
                return;
        if (host && host_is_local(host->value))
                REFUSE(check, host,
                       "%s names this very host, which inside a container is the container "
                       "itself; write an address "
                       "at which other hosts reach the server",
                       host->key);
        else if (host && strpbrk(host->value, ":/@[] ") && !host_is_v6(host->value))
                REFUSE(check, host, "%s is the name of a host, and nothing else; the port is LAGO_CLICKHOUSE_PORT", host->key);
        else if (host)
                check_host_names(check, host, host->value);
}

static void check_storage_names(const Check *check, const char *name, const char *const *needed,
                                size_t n) {
        const EnvPair *chosen = check_pair(check, name);

        if (!chosen || !streq(chosen->value, "true"))
                return;
        for (size_t i = 0; i < n; i++)
                if (!check_pair(check, needed[i]))
                        REFUSE(check, chosen,
                               "%s=true, but there is no %s; write it, or remove "
                               "%s",
                               name, needed[i], name);
}

/* Without keys of its own Lago may get them from the machine it runs on; with these it gets nowhere. */
static void check_s3_keys(const Check *check) {
        static const char *const names[] = {"LAGO_AWS_S3_ACCESS_KEY_ID",
                                            "LAGO_AWS_S3_SECRET_ACCESS_KEY"};
        const EnvPair *chosen = check_pair(check, "LAGO_USE_AWS_S3");

        for (size_t i = 0; chosen && streq(chosen->value, "true") && i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = check_pair(check, names[i]);

                if (pair && streq(pair->value, "azerty123456"))
                        REFUSE(check, pair,
                               "%s is the placeholder of Lago's compose file; write that of "
                               "your account",
                               names[i]);
        }
}

/* The image is Lago's own, and nothing is mounted into it but the volume. */
static void check_gcs_key(const Check *check) {
        const EnvPair *chosen = check_pair(check, "LAGO_USE_GCS"), *s3 = check_pair(check, "LAGO_USE_AWS_S3");

        if (!chosen || !streq(chosen->value, "true") || !check_pair(check, "LAGO_GCS_BUCKET"))
                return;
        if (s3 && streq(s3->value, "true"))
                WARN(check, chosen, "%s has no effect beside LAGO_USE_AWS_S3; remove one of the two lines", chosen->key);
        else if (!check_pair(check, "LAGO_GCS_IAM") && streq(check->config->image_api, DEFAULT_API_IMAGE))
                WARN(check, chosen,
                     "%s: the key of the account is a file in the image (LAGO_GCS_KEYFILE_JSON_PATH), which Lago's has not; name an "
                     "image of your own that has it below [images]",
                     chosen->key);
}

static void check_storage(const Check *check) {
        static const char *const s3[] = {"LAGO_AWS_S3_BUCKET", "LAGO_AWS_S3_REGION"},
                                 *const gcs[] = {"LAGO_GCS_BUCKET", "LAGO_GCS_PROJECT"};

        check_storage_names(check, "LAGO_USE_AWS_S3", s3, ELEMENTSOF(s3));
        check_storage_names(check, "LAGO_USE_GCS", gcs, ELEMENTSOF(gcs));
        check_s3_keys(check);
        check_gcs_key(check);
}

/* What Ruby would not take in the URL of a server that Lago's containers connect to; the caller frees it. */
static char *url_objection(const Check *check, const EnvPair *pair) {
        char *reason = ruby_url_objection(pair->value, /* of_rails= */ false);
        _cleanup_(freep) char *host = url_host(pair->value);

        if (reason || !strstr(pair->value, "://"))
                return reason;
        if (!host)
                return xstrdup("it names no host");
        if (startswith(pair->value, "redis"))
                return check_redis_url(pair->value, config_names_bundled_redis(check->config, pair->value));
        return url_port(pair->value) >= 0 ? NULL : xstrdup("the port is not a number from 1 to 65535");
}

/* Addresses that Lago's containers connect to. */
static void check_other_urls(const Check *check) {
        static const char *const names[] = {"LAGO_REDIS_CACHE_URL", "LAGO_REDIS_CABLE_URL",
                                            "LAGO_REDIS_STORE_URL", "LAGO_PDF_URL",
                                            "LAGO_MEILISEARCH_URL", "LAGO_DATA_API_URL", "SENTRY_DSN"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = check_pair(check, names[i]);
                _cleanup_(freep) char *host = pair ? url_host(pair->value) : NULL, *reason = NULL;

                if (pair)
                        reason = url_objection(check, pair);
                if (reason)
                        REFUSE(check, pair, "%s: %s", pair->key, reason);
                else if (host)
                        (void)check_container_host(check, pair, host);
        }
}

/* Settings that have their place in lago.conf. */
static void check_moved(const Check *check) {
        const struct {
                const char *name, *value, *key;
        } same[] = {{"LAGO_FRONT_URL", check->config->front_url, "front-url below [lago]"},
                    {"LAGO_API_URL", check->config->api_url, "api-url below [lago]"},
                    {"API_URL", check->config->api_url, "api-url below [lago]"}};
        static const char *const unused[][2] = {{"API_PORT", "listen below [api]"},
                                                {"FRONT_PORT", "listen below [front]"},
                                                {"LAGO_RAILS_STDOUT", NULL},
                                                {"LAGO_REDIS_CACHE_HOST", NULL},
                                                {"LAGO_REDIS_CACHE_PORT", NULL},
                                                {"POSTGRES_HOST", NULL},
                                                {"REDIS_HOST", NULL},
                                                {"POSTGRES_PORT", NULL},
                                                {"REDIS_PORT", NULL}};

        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                const EnvPair *pair = check_pair(check, same[i].name);

                if (pair && same[i].value && !streq(pair->value, same[i].value))
                        REFUSE(check, pair,
                               "%s differs from lago.conf; set %s there and remove this line",
                               pair->key, same[i].key);
        }
        for (size_t i = 0; i < ELEMENTSOF(unused); i++) {
                const EnvPair *pair = check_pair(check, unused[i][0]);

                if (pair && unused[i][1])
                        WARN(check, pair,
                             "%s has no effect; set %s in lago.conf and remove this line",
                             pair->key, unused[i][1]);
                else if (pair)
                        WARN(check, pair, "%s has no effect; remove this line", pair->key);
        }
}

/* Jobs that are routed to a queue wait there for the worker that reads it. */
static void check_pool(const Check *check, const char *pool) {
        _cleanup_(freep) char *name = xasprintf("SIDEKIQ_%s", pool);
        bool is_here = strv_contains(check->config->pools, pool);
        const EnvPair *pair;

        for (char *c = name; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        pair = check_pair(check, name);
        if (pair && !is_here && streq(pair->value, "true"))
                WARN(check, pair,
                     "%s=true, but this host has no pool %s: its jobs wait until a worker of "
                     "another host takes "
                     "them; add %s to pools below [worker] in lago.conf, or remove this line",
                     name, pool, pool);
        if (pair && is_here && check_is_one_of(pair->value, words_for_no, ELEMENTSOF(words_for_no)))
                REFUSE(check, pair,
                       "%s=%s, but lago.conf has the pool %s, which would get no job; remove "
                       "this line, or the pool",
                       name, pair->value, pool);
}

static void check_pools(const Check *check) {
        size_t n;
        const char *const *pools = config_pools(&n);

        for (size_t i = 0; i < n; i++)
                check_pool(check, pools[i]);
}

#define PRODUCTION "Lago's images are built for production, and for nothing else; remove this line"

/* With another value the container would run, and nobody would find it, or half of its program would not be there. */
int check_fixed(const EnvPair *pair, ConfigErrors *errors) {
        static const char *const fixed[][3] = {
                {"PORT", "3000",
                 "the API listens on port 3000 in its container; set listen below [api] in lago.conf, and remove this line"},
                {"RAILS_ENV", "production", PRODUCTION},
                /* Sidekiq goes by this one first, Rack by the other. */
                {"APP_ENV", "production", PRODUCTION},
                {"RACK_ENV", "production", PRODUCTION},
        };

        for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
                if (streq(pair->key, fixed[i][0]) && !streq(pair->value, fixed[i][1])) {
                        config_errors_add(errors, pair->file, pair->line, "%s: %s", pair->key,
                                          fixed[i][2]);
                        return -EBADMSG;
                }
        return 0;
}

static void check_names(const Check *check) {
        const Env *env = check->config->env;

        for (size_t i = 0; i < env->n; i++)
                if (check_name(&env->list[i], check->errors) >= 0 && check_fixed(&env->list[i], check->errors) >= 0)
                        (void)check_program(&env->list[i], check->errors);
}

/* A task of Lago's own way to start, which is not ours. */
static void check_create_org(const Check *check) {
        const EnvPair *pair = check_pair(check, "LAGO_CREATE_ORG");

        if (pair && streq(pair->value, "true"))
                WARN(check, pair,
                     "%s has no effect; when Lago serves, run: lagoctl create-org NAME EMAIL; and "
                     "remove this line and those of LAGO_ORG_*",
                     pair->key);
}

void check_settings(const Check *check) {
        check_names(check);
        check_presence_switches(check);
        check_exact_switches(check);
        check_create_org(check);
        check_clickhouse(check);
        check_storage(check);
        check_other_urls(check);
        check_moved(check);
        check_pools(check);
}
