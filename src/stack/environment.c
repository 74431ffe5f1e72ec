/* SPDX-License-Identifier: MIT */
/* Which member sees which variable. Nobody gets more than it needs. */
#include "stack/stack.h"

#include "base/util.h"
#include "config/dburl.h"

#include <ctype.h>
#include <stdio.h>

#define ORIGIN "lago-supervisor"

/* Of Lago's makers: by it one's account with a payment provider is connected. Their compose file names it, and no other. */
#define OAUTH_PROXY "https://proxy.getlago.com"

static const char *or_default(const char *value, const char *fallback) {
        return isempty(value) ? fallback : value;
}

static char *percent_encode(const char *s) {
        char *copy = xcalloc(strlen(s) * 3 + 1, 1), *out = copy;

        for (; *s; s++) {
                if (isalnum((unsigned char)*s) || strchr("-._~", *s))
                        *out++ = *s;
                else {
                        static const char digits[] = "0123456789ABCDEF";

                        *out++ = '%';
                        *out++ = digits[(unsigned char)*s >> 4];
                        *out++ = digits[(unsigned char)*s & 15];
                }
        }
        return copy;
}

char *stack_database_url(const Config *config) {
        const char *given = env_get(config->env, "DATABASE_URL");
        const char *password = env_get(config->env, "POSTGRES_PASSWORD");
        _cleanup_(freep) char *user = NULL, *encoded = NULL, *name = NULL;

        if (!isempty(given))
                return xstrdup(given);
        if (isempty(password))
                return NULL;
        user = percent_encode(or_default(env_get(config->env, "POSTGRES_USER"), "lago"));
        encoded = percent_encode(password);
        name = percent_encode(or_default(env_get(config->env, "POSTGRES_DB"), "lago"));
        return xasprintf("postgresql://%s:%s@db:5432/%s", user, encoded, name);
}

char *stack_database_identity(const Config *config) {
        _cleanup_(freep) char *url = stack_database_url(config), *error = NULL;
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        const char *host, *port, *name;

        if (!config->database_external)
                return xasprintf("volume %s", config->database_volume);
        if (!url || dburl_parse(url, &parsed, &error) < 0)
                return xstrdup("external");
        host = dburl_get(parsed, "host");
        port = dburl_get(parsed, "port");
        name = dburl_get(parsed, "dbname");
        return xasprintf("%s:%s/%s", host ? host : "", port ? port : "", name ? name : "");
}

char *stack_database_place(const Config *config) {
        _cleanup_(freep) char *url = stack_database_url(config), *error = NULL;
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        const char *host, *port, *name;

        if (!url || dburl_parse(url, &parsed, &error) < 0)
                return xstrdup("the database");
        host = dburl_get(parsed, "host");
        port = dburl_get(parsed, "port");
        name = dburl_get(parsed, "dbname");
        return xasprintf("\"%.24s\"%s%.40s%s%s", name ? name : "", host ? " at " : "", host ? host : "", host ? ":" : "",
                         !host ? "" : port ? port
                                           : "5432");
}

static const char *redis_password(const Config *config) {
        const char *password = env_get(config->env, "REDIS_PASSWORD");

        return config->redis_external || isempty(password) ? NULL : password;
}

/* @url with the bundled Redis' password, whatever it had for one. */
static char *with_redis_password(const Config *config, const char *url) {
        const char *password = redis_password(config), *start = strstr(url, "://"), *at;
        _cleanup_(freep) char *encoded = NULL;

        if (!password || !start || !config_names_bundled_redis(config, url))
                return xstrdup(url);
        start += strlen("://");
        at = memrchr(start, '@', strcspn(start, "/?#"));
        encoded = percent_encode(password);
        return xasprintf("%.*s:%s@%s", (int)(start - url), url, encoded, at ? at + 1 : start);
}

char *stack_redis_url(const Config *config) {
        return with_redis_password(config, or_default(env_get(config->env, "REDIS_URL"), "redis://redis:6379"));
}

void stack_forget_redis_password(Config *config) {
        static const char *const urls[] = {"REDIS_URL", "LAGO_REDIS_CACHE_URL", "LAGO_REDIS_CABLE_URL"};

        if (config->redis_external)
                return;
        env_unset(config->env, "REDIS_PASSWORD");
        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                const char *given = env_get(config->env, urls[i]), *start = given ? strstr(given, "://") : NULL;
                const char *at = start ? memrchr(start + 3, '@', strcspn(start + 3, "/?#")) : NULL;
                _cleanup_(freep) char *url = at ? xasprintf("%.*s://%s", (int)(start - given), given, at + 1) : NULL;

                if (url && config_names_bundled_redis(config, given))
                        env_set(config->env, urls[i], url, ORIGIN);
        }
}

char *stack_redis_conf(const Config *config) {
        const char *password = redis_password(config);
        char *text = NULL, *out;

        if (!password)
                return NULL;
        text = xcalloc(strlen("requirepass \"\"\n") + 4 * strlen(password) + 1, 1);
        out = stpcpy(text, "requirepass \"");
        /* In double quotes Redis reads any byte as \xHH. */
        for (; *password; password++)
                if (isalnum((unsigned char)*password))
                        *out++ = *password;
                else
                        out += sprintf(out, "\\x%02x", (unsigned char)*password);
        (void)stpcpy(out, "\"\n");
        return text;
}

/* Whatever else Lago keeps in the bundled Redis. The store may be written without a scheme, and has a variable for it. */
static void give_redis_password(Env *env, const Config *config) {
        static const char *const urls[] = {"LAGO_REDIS_CACHE_URL", "LAGO_REDIS_CABLE_URL"};
        const char *store = env_get(env, "LAGO_REDIS_STORE_URL");

        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                const char *given = env_get(env, urls[i]);
                _cleanup_(freep) char *url = isempty(given) ? NULL : with_redis_password(config, given);

                if (url)
                        env_set(env, urls[i], url, ORIGIN);
        }
        if (redis_password(config) && !isempty(store) && config_names_bundled_redis(config, store))
                env_set(env, "LAGO_REDIS_STORE_PASSWORD", redis_password(config), ORIGIN);
        /* It is in REDIS_URL already. */
        if (!config->redis_external)
                env_unset(env, "REDIS_PASSWORD");
}

static void set_default(Env *env, const char *key, const char *value) {
        if (!env_pair(env, key))
                env_set(env, key, value, ORIGIN);
}

/*
 * Without a cache that its processes share, Lago's clock never refreshes the ongoing balance of wallets, and its API counts what
 * it throttles for each process alone. As Lago's compose file has it, the cache is in the Redis of the jobs.
 */
static void set_cache(Env *env, const Config *config, const char *redis_url) {
        static const char *const others[] = {"LAGO_MEMCACHE_SERVERS", "LAGO_REDIS_CACHE_SENTINELS", "LAGO_REDIS_CACHE_URL",
                                             "LAGO_REDIS_SIDEKIQ_SENTINELS"};
        const char *password = config->redis_external ? env_get(env, "REDIS_PASSWORD") : NULL;

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (env_pair(env, others[i]))
                        return;
        env_set(env, "LAGO_REDIS_CACHE_URL", redis_url, ORIGIN);
        if (!isempty(password))
                set_default(env, "LAGO_REDIS_CACHE_PASSWORD", password);
}

/* A pool's jobs go to its own queue only when every process that enqueues is told so. */
static void route_pools(Env *env, const Config *config) {
        STRV_FOREACH(pool, config->pools) {
                _cleanup_(freep) char *key = xasprintf("SIDEKIQ_%.*s", (int)strcspn(*pool, "-"), *pool);

                for (char *c = key; *c; c++)
                        *c = (char)toupper((unsigned char)*c);
                set_default(env, key, "true");
        }
}

/* ca-file in place of whatever the URL names, which would be a path of another file system. */
static char *with_ca_file(const char *url) {
        size_t bare = strcspn(url, "?");
        _cleanup_(strv_freep) char **parameters = strv_split(url + bare, "?&"), **kept = NULL;
        _cleanup_(freep) char *query = NULL;

        STRV_FOREACH(i, parameters)
                if (!startswith(*i, "sslrootcert="))
                        strv_add(&kept, *i);
        strv_add(&kept, "sslrootcert=" STACK_CA_FILE);
        query = strv_join(kept, "&");
        return xasprintf("%.*s?%s", (int)bare, url, query);
}

static void fill_backend(Env *env, const Config *config, MemberKind kind) {
        static const char *const not_for_migrating[] = {
                /* Migrations need the session of a direct connection, and as long as they take. */
                "DATABASE_PROXY_URL",
                "LAGO_DATABASE_STATEMENT_TIMEOUT",
                "LAGO_DATABASE_LOCK_TIMEOUT",
                "LAGO_DATABASE_IDLE_TX_TIMEOUT",
        };
        _cleanup_(freep) char *database_url = stack_database_url(config);
        _cleanup_(freep) char *redis_url = stack_redis_url(config);

        if (database_url && config->ca_file && config->database_external) {
                char *url = with_ca_file(database_url);

                free(database_url);
                database_url = url;
        }
        if (database_url)
                env_set(env, "DATABASE_URL", database_url, ORIGIN);
        env_set(env, "REDIS_URL", redis_url, ORIGIN);
        set_cache(env, config, redis_url);
        give_redis_password(env, config);
        set_default(env, "RAILS_ENV", "production");
        set_default(env, "RAILS_LOG_TO_STDOUT", "true");
        set_default(env, "LAGO_API_URL", config->api_url);
        set_default(env, "LAGO_FRONT_URL", config->front_url);
        set_default(env, "LAGO_PDF_URL", "http://pdf:3000");
        set_default(env, "LAGO_OAUTH_PROXY_URL", OAUTH_PROXY);
        if (!config->pdf_enabled)
                set_default(env, "LAGO_DISABLE_PDF_GENERATION", "true");
        if (startswith(config->api_url, "http://"))
                set_default(env, "LAGO_DISABLE_SSL", "true");
        route_pools(env, config);
        /* It is in DATABASE_URL already. */
        env_unset(env, "POSTGRES_PASSWORD");
        for (size_t i = 0; kind == MEMBER_MIGRATE && i < ELEMENTSOF(not_for_migrating); i++)
                env_unset(env, not_for_migrating[i]);
}

/*
 * A container that is killed while its statement waits for a lock leaves the statement behind: the server notices only when
 * it has an answer to give, and then what the orphan made is in the way of the next run. Asked of the bundled server alone,
 * since a pooler in front of another one may refuse options.
 */
static void fill_migrate(Env *env, const Config *config) {
        if (!config->database_external)
                set_default(env, "PGOPTIONS", "-c client_connection_check_interval=5s");
}

/* The front's variables end up in a file that every browser reads: public names only. */
static Env *front_environment(const Config *config) {
        static const char *const public_names[] = {
                "APP_ENV",
                "LAGO_OAUTH_PROXY_URL",
                "LAGO_DISABLE_SIGNUP",
                "LAGO_DISABLE_PDF_GENERATION",
                "LAGO_DOMAIN",
                "LAGO_SUPERSET_URL",
                "NANGO_PUBLIC_KEY",
        };
        /* That of the backend is another project's, and no page's to send to. */
        const char *sentry = env_get(config->env, "SENTRY_DSN_FRONT");
        Env *env = env_new();

        for (size_t i = 0; i < ELEMENTSOF(public_names); i++) {
                const char *value = env_get(config->env, public_names[i]);

                if (value)
                        env_set(env, public_names[i], value, ORIGIN);
        }
        if (sentry)
                env_set(env, "SENTRY_DSN", sentry, ORIGIN);
        set_default(env, "APP_ENV", "production");
        set_default(env, "API_URL", config->api_url);
        set_default(env, "LAGO_OAUTH_PROXY_URL", OAUTH_PROXY);
        if (!config->pdf_enabled)
                set_default(env, "LAGO_DISABLE_PDF_GENERATION", "true");
        return env;
}

static Env *database_environment(const Config *config) {
        Env *env = env_new();

        env_set(env, "POSTGRES_USER", or_default(env_get(config->env, "POSTGRES_USER"), "lago"), ORIGIN);
        env_set(env, "POSTGRES_DB", or_default(env_get(config->env, "POSTGRES_DB"), "lago"), ORIGIN);
        env_set(env, "POSTGRES_PASSWORD", or_default(env_get(config->env, "POSTGRES_PASSWORD"), ""), ORIGIN);
        env_set(env, "PGDATA", "/data/postgres", ORIGIN);
        return env;
}

/* For "podman exec lago-redis redis-cli", which else would want it as an argument. */
static Env *redis_environment(const Config *config) {
        Env *env = env_new();

        if (redis_password(config))
                env_set(env, "REDISCLI_AUTH", redis_password(config), ORIGIN);
        return env;
}

static Env *environment_of(const Config *config, MemberKind kind) {
        Env *env;

        switch (member_info(kind)->environment) {
        case ENVIRONMENT_BACKEND:
                env = env_copy(config->env);
                fill_backend(env, config, kind);
                if (kind == MEMBER_MIGRATE)
                        fill_migrate(env, config);
                return env;
        case ENVIRONMENT_FRONT:
                return front_environment(config);
        case ENVIRONMENT_DATABASE:
                return database_environment(config);
        case ENVIRONMENT_REDIS:
                return redis_environment(config);
        case ENVIRONMENT_NONE:
                break;
        }
        return env_new();
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

char **stack_environment(const Config *config, const Member *member, const Env *own) {
        _cleanup_(env_freep) Env *env = environment_of(config, member->kind);
        char **list = NULL;

        for (size_t i = 0; own && i < own->n; i++)
                env_set(env, own->list[i].key, own->list[i].value, own->list[i].file);
        /* It is the front's. Sidekiq would take it for Rails' environment, and boot another one than the rest. */
        if (member_info(member->kind)->environment == ENVIRONMENT_BACKEND)
                env_unset(env, "APP_ENV");
        for (size_t i = 0; i < env->n; i++)
                strv_addf(&list, "%s=%s", env->list[i].key, env->list[i].value);
        if (list)
                qsort(list, env->n, sizeof(char *), compare_strings);
        return list;
}
