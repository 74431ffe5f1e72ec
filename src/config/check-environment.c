/* SPDX-License-Identifier: MIT */
#include "config/check.h"

#include "base/util.h"
#include "config/dburl.h"
#include "config/values.h"

#include <ctype.h>
#include <strings.h>

/* Host names under which the bundled servers are known in the container network. */
static const char *const database_hosts[] = {"db", "lago-db"};
static const char *const redis_hosts[] = {"redis", "lago-redis"};

typedef struct Check {
        Config *config;
        const Origins *origins;
        ConfigErrors *errors;
} Check;

/* A variable that says something: Lago treats an empty one like none, but for the few that are checked by name. */
static const EnvPair *pair_with_value(const Check *check, const char *name) {
        const EnvPair *pair = env_pair(check->config->env, name);

        return pair && !isempty(pair->value) ? pair : NULL;
}

static Origin origin_of(const Check *check, KeyId id) {
        const Origin *origin = &check->origins->of[id];

        return origin->file ? *origin : (Origin){.file = check->origins->main_file};
}

#define REFUSE(check, pair, ...) \
        config_errors_add((check)->errors, (pair)->file, (pair)->line, __VA_ARGS__)
#define REFUSE_KEY(check, pair, ...)                                                           \
        config_errors_add_kind((check)->errors, CONFIG_ERROR_KEYS, (pair)->file, (pair)->line, \
                               __VA_ARGS__)
#define WARN(check, pair, ...)                                                              \
        config_errors_add_kind((check)->errors, CONFIG_WARNING, (pair)->file, (pair)->line, \
                               __VA_ARGS__)

static bool is_one_of(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcasecmp(s, words[i]) == 0)
                        return true;
        return false;
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* Lago's compose file wrote "encryption" in two ways over the years; all its placeholders begin alike. */
static bool is_placeholder(const char *value) {
        return strncasecmp(value, "your-", 5) == 0 || strcasecmp(value, "changeme") == 0 ||
               strcasecmp(value, "change-me") == 0;
}

/* An empty ENCRYPTION_* is not "unset" to Lago: it wins over the LAGO_ENCRYPTION_* next to it. */
static bool check_key(const Check *check, const char *name) {
        const EnvPair *pair = env_pair(check->config->env, name);

        if (!pair)
                return false;
        if (*pair->value == '\0')
                REFUSE_KEY(check, pair, "%s is empty; write its value, or remove the line", name);
        else if (is_placeholder(pair->value))
                REFUSE_KEY(
                        check, pair,
                        "%s is the placeholder of Lago's compose file, which everybody knows; write a value of "
                        "your own, or remove the line where nothing was stored yet: lago-setup makes one",
                        name);
        else
                return true;
        return false;
}

/* One of the two names is enough; lago.env is read first and so wins over secrets.env whatever name it uses. */
static void pair_up_key(const Check *check, const char *suffix) {
        _cleanup_(freep) char *new_name = xasprintf("LAGO_ENCRYPTION_%s", suffix);
        const char *old_name = new_name + strlen("LAGO_");
        Env *env = check->config->env;
        const EnvPair *a = env_pair(env, old_name), *b = env_pair(env, new_name);
        bool a_is_usable = check_key(check, old_name), b_is_usable = check_key(check, new_name);

        if (!a_is_usable && !b_is_usable)
                return;
        if (a && b && streq(a->file, b->file)) {
                if (!streq(a->value, b->value))
                        REFUSE_KEY(
                                check, a->line > b->line ? a : b,
                                "%s and %s differ; Lago reads both, write the same value for both",
                                old_name, new_name);
                return;
        }
        /* Of two files the one read first stands first in the list. */
        if (a && (!b || a < b))
                env_set(env, new_name, a->value, a->file);
        else
                env_set(env, old_name, b->value, b->file);
}

static int base64_digit(char c) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = c ? strchr(digits, c) : NULL;

        return found ? (int)(found - digits) : -1;
}

char *base64_decode(const char *s, size_t *ret_size) {
        size_t n = strlen(s), size = 0;
        _cleanup_(freep) char *bytes = xcalloc(n + 1, 1);
        unsigned bits = 0, value = 0;

        if (n == 0 || n % 4 != 0)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                int digit = base64_digit(s[i]);

                if (s[i] == '=' && i >= n - 2 && (i == n - 1 || s[n - 1] == '='))
                        break;
                if (digit < 0)
                        return NULL;
                value = (value << 6 | (unsigned)digit) & 0xffffff;
                bits += 6;
                if (bits >= 8) {
                        bits -= 8;
                        bytes[size++] = (char)(value >> bits & 0xff);
                }
        }
        *ret_size = size;
        return TAKE_PTR(bytes);
}

static void check_rsa_key(const Check *check) {
        static const char how[] = "write the key as one line: base64 -w0 < private.pem";
        const EnvPair *pair = env_pair(check->config->env, "LAGO_RSA_PRIVATE_KEY");
        _cleanup_(freep) char *pem = NULL;
        size_t size = 0;

        if (!pair || !check_key(check, pair->key))
                return;
        if (startswith(pair->value, "-----BEGIN")) {
                REFUSE_KEY(check, pair, "%s is the PEM text itself, Lago wants its base64; %s",
                           pair->key, how);
                return;
        }
        pem = base64_decode(pair->value, &size);
        if (!pem)
                REFUSE_KEY(check, pair, "%s is not base64, or only the first line of it; %s",
                           pair->key, how);
        else if (!startswith(pem, "-----BEGIN ") || !memmem(pem, size, "PRIVATE KEY-----", 16))
                REFUSE_KEY(check, pair, "%s is not the base64 of a PEM private key; %s", pair->key,
                           how);
        if (pem)
                explicit_bzero(pem, size);
}

static void check_keys(const Check *check) {
        (void)check_key(check, "SECRET_KEY_BASE");
        pair_up_key(check, "PRIMARY_KEY");
        pair_up_key(check, "DETERMINISTIC_KEY");
        pair_up_key(check, "KEY_DERIVATION_SALT");
        check_rsa_key(check);
}

/* --- database ----------------------------------------------------------------------------------------- */

static const char *first_local(const char *hosts) {
        _cleanup_(strv_freep) char **list = strv_split(hosts, ",");

        STRV_FOREACH(i, list) {
                if ((*i)[0] == '/' || (*i)[0] == '@')
                        return "a socket of this host";
                if (host_is_local(*i))
                        return "this very host";
        }
        return NULL;
}

static void check_external_database(const Check *check, const EnvPair *pair, const DbUrl *url) {
        const char *host = dburl_get(url, "host"),
                   *local = isempty(host) ? "no host" : first_local(host);
        const char *password = dburl_get(url, "password");

        if (isempty(host) && dburl_get(url, "service"))
                return;
        if (local)
                REFUSE(check, pair,
                       "%s names %s, which inside a container is the container itself; write an address at which "
                       "other hosts reach the server",
                       pair->key, local);
        if (password && is_placeholder(password))
                REFUSE_KEY(
                        check, pair,
                        "%s has the password of Lago's compose file, which everybody knows; give the role "
                        "another one",
                        pair->key);
}

/* The bundled server is made with POSTGRES_*; Lago logs in with what the URL says. They must agree. */
static void adopt_from_url(const Check *check, const EnvPair *pair, const DbUrl *url,
                           const char *keyword, const char *name) {
        const char *value = dburl_get(url, keyword);
        const EnvPair *given = env_pair(check->config->env, name);
        _cleanup_(freep) char *file = xstrdup(pair->file);

        if (isempty(value))
                return;
        if (given && streq(given->file, pair->file) && !isempty(given->value)) {
                if (!streq(given->value, value))
                        REFUSE(check, given,
                               "%s differs from the %s in DATABASE_URL (line %u); remove one of the two lines",
                               name, keyword, pair->line);
                return;
        }
        env_set(check->config->env, name, value, file);
}

static void check_bundled_database(const Check *check, const char *name, const DbUrl *url) {
        static const char *const words[][2] = {{"user", "POSTGRES_USER"},
                                               {"password", "POSTGRES_PASSWORD"},
                                               {"dbname", "POSTGRES_DB"}};
        const EnvPair *pair = env_pair(check->config->env, name);
        const char *host = dburl_get(url, "host"), *port = dburl_get(url, "port");

        if (isempty(host) || !is_one_of(host, database_hosts, ELEMENTSOF(database_hosts)) ||
            (!isempty(port) && !streq(port, "5432"))) {
                REFUSE(check, pair,
                       "%s names another server than the bundled one (db:5432); write mode = external below [database] "
                       "in lago.conf, or remove this line",
                       name);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                /* Setting one moves the list of pairs: look the URL up anew. */
                adopt_from_url(check, env_pair(check->config->env, name), url, words[i][0],
                               words[i][1]);
}

static void check_database_url(const Check *check, const char *name) {
        const EnvPair *pair = pair_with_value(check, name);
        _cleanup_(dburl_freep) DbUrl *url = NULL;
        _cleanup_(freep) char *reason = NULL;

        if (!pair)
                return;
        if (dburl_parse(pair->value, &url, &reason) < 0)
                REFUSE(check, pair, "%s: %s", name,
                       reason ? reason : "this is no URL of a database");
        else if (check->config->database_external || !streq(name, "DATABASE_URL"))
                check_external_database(check, pair, url);
        else
                check_bundled_database(check, name, url);
}

static void check_database(const Check *check) {
        Origin mode = origin_of(check, KEY_DATABASE_MODE);
        const EnvPair *password;

        if (check->config->database_external && !pair_with_value(check, "DATABASE_URL"))
                config_errors_add(
                        check->errors, mode.file, mode.line,
                        "[database] mode = external, but lago.env has no DATABASE_URL; write there "
                        "DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE");
        check_database_url(check, "DATABASE_URL");
        check_database_url(check, "DATABASE_PROXY_URL");
        password = env_pair(check->config->env, "POSTGRES_PASSWORD");
        if (check->config->database_external || !password)
                return;
        if (*password->value == '\0')
                REFUSE(check, password, "%s is empty; write the password, or remove the line",
                       password->key);
        else if (is_placeholder(password->value))
                WARN(check, password,
                     "the bundled database has the password of Lago's compose file, which everybody knows; it is not "
                     "reachable from outside, still: change it with ALTER ROLE, then here");
}

/* --- redis -------------------------------------------------------------------------------------------- */

static void check_redis_host(const Check *check, const EnvPair *pair) {
        _cleanup_(freep) char *host = url_host(pair->value);

        if (!host)
                REFUSE(check, pair, "%s is no URL; write redis://HOST:6379 or rediss://HOST:6379",
                       pair->key);
        else if (check->config->redis_external && host_is_local(host))
                REFUSE(check, pair,
                       "%s names this very host, which inside a container is the container itself; write an address "
                       "at which other hosts reach the server",
                       pair->key);
        else if (!check->config->redis_external &&
                 !is_one_of(host, redis_hosts, ELEMENTSOF(redis_hosts)))
                REFUSE(check, pair,
                       "%s names another server than the bundled one (redis:6379); write mode = external below [redis] "
                       "in lago.conf, or remove this line",
                       pair->key);
}

static void check_redis(const Check *check) {
        const EnvPair *url = pair_with_value(check, "REDIS_URL"),
                      *password = pair_with_value(check, "REDIS_PASSWORD");
        Origin mode = origin_of(check, KEY_REDIS_MODE);

        if (check->config->redis_external && !url &&
            !pair_with_value(check, "LAGO_REDIS_SIDEKIQ_SENTINELS"))
                config_errors_add(
                        check->errors, mode.file, mode.line,
                        "[redis] mode = external, but lago.env has no REDIS_URL; write there "
                        "REDIS_URL=redis://HOST:6379");
        if (!check->config->redis_external && password)
                REFUSE(check, password,
                       "the bundled Redis has no password, with %s Lago cannot log in; remove the line",
                       password->key);
        if (!url)
                return;
        if (!startswith(url->value, "redis://") && !startswith(url->value, "rediss://"))
                REFUSE(check, url,
                       "%s is no URL of a Redis; write redis://HOST:6379 or rediss://HOST:6379",
                       url->key);
        else
                check_redis_host(check, url);
}

/* --- all the rest of Lago ----------------------------------------------------------------------------- */

/* Lago asks whether these are set, not what they say. */
static void check_presence_switches(const Check *check) {
        static const char *const names[] = {
                "LAGO_CLICKHOUSE_ENABLED", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED",
                "LAGO_REDIS_STORE_SSL", "LAGO_REDIS_STORE_DISABLE_SSL_VERIFY",
                "RAILS_SERVE_STATIC_FILES"};
        static const char *const no[] = {"false", "no", "off", "0", "f", "n", "disabled"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = pair_with_value(check, names[i]);

                if (pair && is_one_of(pair->value, no, ELEMENTSOF(no)))
                        REFUSE(check, pair,
                               "%s=%s switches it on: Lago only looks whether it is set; remove the line to switch it off",
                               pair->key, pair->value);
        }
}

/* Of these Lago takes the word "true" only; anything else is no, without a word. */
static void check_exact_switches(const Check *check) {
        static const char *const names[] = {"LAGO_USE_AWS_S3",           "LAGO_USE_GCS",
                                            "LAGO_SIDEKIQ_WEB",          "LAGO_DISABLE_SEGMENT",
                                            "LAGO_SIDEKIQ_PRO_REQUIRED", "LAGO_CREATE_ORG"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = pair_with_value(check, names[i]);

                if (pair && !streq(pair->value, "true") && !streq(pair->value, "false"))
                        REFUSE(check, pair,
                               "%s: Lago takes only the word true for yes; write true or false",
                               pair->key);
        }
}

static void check_storage_names(const Check *check, const char *name, const char *const *needed,
                                size_t n) {
        const EnvPair *chosen = pair_with_value(check, name);

        if (!chosen || !streq(chosen->value, "true"))
                return;
        for (size_t i = 0; i < n; i++)
                if (!pair_with_value(check, needed[i]))
                        REFUSE(check, chosen, "%s=true, but there is no %s; write it, or remove %s",
                               name, needed[i], name);
}

/* Without keys of its own Lago may get them from the machine it runs on; with these it gets nowhere. */
static void check_s3_keys(const Check *check) {
        static const char *const names[] = {"LAGO_AWS_S3_ACCESS_KEY_ID",
                                            "LAGO_AWS_S3_SECRET_ACCESS_KEY"};
        const EnvPair *chosen = pair_with_value(check, "LAGO_USE_AWS_S3");

        for (size_t i = 0; chosen && streq(chosen->value, "true") && i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = pair_with_value(check, names[i]);

                if (pair && streq(pair->value, "azerty123456"))
                        REFUSE(check, pair,
                               "%s is the placeholder of Lago's compose file; write that of your account",
                               names[i]);
        }
}

static void check_storage(const Check *check) {
        static const char *const s3[] = {"LAGO_AWS_S3_BUCKET", "LAGO_AWS_S3_REGION"},
                                 *const gcs[] = {"LAGO_GCS_BUCKET", "LAGO_GCS_PROJECT"};

        check_storage_names(check, "LAGO_USE_AWS_S3", s3, ELEMENTSOF(s3));
        check_storage_names(check, "LAGO_USE_GCS", gcs, ELEMENTSOF(gcs));
        check_s3_keys(check);
}

/* Addresses that Lago's containers connect to. */
static void check_other_urls(const Check *check) {
        static const char *const names[] = {"LAGO_REDIS_CACHE_URL", "LAGO_REDIS_CABLE_URL",
                                            "LAGO_REDIS_STORE_URL", "LAGO_PDF_URL",
                                            "LAGO_MEILISEARCH_URL", "LAGO_DATA_API_URL"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = pair_with_value(check, names[i]);
                _cleanup_(freep) char *host = pair ? url_host(pair->value) : NULL;

                if (host && host_is_local(host))
                        REFUSE(check, pair,
                               "%s names this very host, which inside a container is the container itself; write "
                               "another address",
                               pair->key);
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
                                                {"POSTGRES_PORT", NULL},
                                                {"REDIS_PORT", NULL}};

        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                const EnvPair *pair = pair_with_value(check, same[i].name);

                if (pair && same[i].value && !streq(pair->value, same[i].value))
                        REFUSE(check, pair,
                               "%s differs from lago.conf; set %s there and remove this line",
                               pair->key, same[i].key);
        }
        for (size_t i = 0; i < ELEMENTSOF(unused); i++) {
                const EnvPair *pair = pair_with_value(check, unused[i][0]);

                if (pair && unused[i][1])
                        WARN(check, pair,
                             "%s has no effect; set %s in lago.conf and remove this line",
                             pair->key, unused[i][1]);
                else if (pair)
                        WARN(check, pair, "%s has no effect; remove this line", pair->key);
        }
}

/* Jobs that are routed to a queue wait there for the worker that reads it. */
static void check_pools(const Check *check) {
        size_t n;
        const char *const *pools = config_pools(&n);

        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *name = xasprintf("SIDEKIQ_%s", pools[i]);
                const EnvPair *pair;

                for (char *c = name; *c; c++)
                        *c = (char)toupper((unsigned char)*c);
                pair = pair_with_value(check, name);
                if (pair && streq(pair->value, "true") &&
                    !strv_contains(check->config->pools, pools[i]))
                        WARN(check, pair,
                             "%s=true, but this host has no pool %s: its jobs wait until a worker of another host takes "
                             "them; add %s to pools below [worker] in lago.conf, or remove this line",
                             name, pools[i], pools[i]);
        }
}

static void check_names(const Check *check) {
        const Env *env = check->config->env;

        for (size_t i = 0; i < env->n; i++) {
                const char *meant = env_name_meant(env->list[i].key);

                if (meant)
                        REFUSE(check, &env->list[i], "Lago has no setting %s; did you mean %s?",
                               env->list[i].key, meant);
        }
}

void check_environment(Config *config, const Origins *origins, ConfigErrors *errors) {
        const Check check = {.config = config, .origins = origins, .errors = errors};

        check_names(&check);
        check_keys(&check);
        check_database(&check);
        check_redis(&check);
        check_presence_switches(&check);
        check_exact_switches(&check);
        check_storage(&check);
        check_other_urls(&check);
        check_moved(&check);
        check_pools(&check);
}
