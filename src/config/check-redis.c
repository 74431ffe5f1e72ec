/* SPDX-License-Identifier: MIT */
/* Where Redis is, whether lago.conf and lago.env agree on it, and whether Lago's client takes it as it looks. */
#include "config/check-pair.h"

#include "base/util.h"
#include "config/address.h"
#include "config/dburl.h"
#include "config/redisurl.h"
#include "config/rubyurl.h"

/* Host names under which the bundled server is known in the container network. */
static const char *const redis_hosts[] = {"redis", "lago-redis"};

bool config_names_bundled_redis(const Config *config, const char *url) {
        _cleanup_(freep) char *host = strstr(url, "://") ? url_host(url) : xstrndup(url, strcspn(url, ":/"));

        return !config->redis_external && host && check_is_one_of(host, redis_hosts, ELEMENTSOF(redis_hosts));
}

/* The bundled server is started with REDIS_PASSWORD; Lago logs in with what the URL says. They must agree. */
static void adopt_redis_password(const Check *check, const EnvPair *url) {
        const EnvPair *given = env_pair(check->config->env, "REDIS_PASSWORD");
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        const char *user, *password;

        if (dburl_parse_redis(url->value, &parsed) < 0)
                return;
        user = dburl_get(parsed, "user");
        password = dburl_get(parsed, "password");
        if (!isempty(user) && !streq(user, "default"))
                REFUSE(check, url,
                       "%s has a user, and the bundled Redis has none but \"default\"; write redis://redis:6379, or "
                       "remove this line",
                       url->key);
        else if (!isempty(password) && given && streq(given->file, url->file) && !streq(given->value, password))
                REFUSE(check, given,
                       "%s differs from the password in %s (line %u); remove one of the two lines", given->key,
                       url->key, url->line);
        else if (!isempty(password))
                env_set_from(check->config->env, "REDIS_PASSWORD", password, url);
}

/*
 * To Lago REDIS_PASSWORD stands before the password of the URL. That of secrets.env was made for the bundled server, which this
 * host had before.
 */
static void forget_made_password(const Check *check, const EnvPair *url) {
        const EnvPair *given = env_pair(check->config->env, "REDIS_PASSWORD");
        const char *name = given ? strrchr(given->file, '/') : NULL;
        _cleanup_(redisurl_done) RedisUrl parsed = {0};

        if (name && streq(name, "/secrets.env") && redisurl_parse(url->value, NULL, &parsed) >= 0 && !isempty(parsed.password))
                env_unset(check->config->env, "REDIS_PASSWORD");
}

/* The client decodes the password, in which a + is a blank then, and leaves the user as it stands. */
static char *redis_login_objection(const char *url) {
        const char *login = strstr(url, "://") + strlen("://");
        size_t n = strcspn(login, "/?");
        const char *at = memrchr(login, '@', n), *colon = at ? memchr(login, ':', (size_t)(at - login)) : NULL;
        const char *password = colon ? colon + 1 : login;

        if (at && memchr(password, '+', (size_t)(at - password)))
                return xstrdup("a + in the password, which Lago's client of Redis takes for a blank; write it as %2B");
        if (colon && memchr(login, '%', (size_t)(colon - login)))
                return xstrdup("a % in the user, which Lago's client of Redis does not decode; name a user without it");
        if (strchr(at ? at : login, '%'))
                return xstrdup("a % in the host or behind it, which Lago's client of Redis does not decode; write what it stands for");
        return NULL;
}

#define BUNDLED_DATABASES 16 /* as Redis' own default has it */

/* As Ruby's client takes them: one host, a port, the number of a database. */
char *check_redis_url(const char *url, bool bundled) {
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        const char *host, *number;
        uint64_t database = 0;

        if (dburl_parse_redis(url, &parsed) < 0)
                return xstrdup("the port is not a number from 1 to 65535");
        host = dburl_get(parsed, "host");
        number = dburl_get(parsed, "dbname");
        if (host && strchr(host, ','))
                return xstrdup("several hosts, which Lago does not take; for a group with sentinels there is "
                               "LAGO_REDIS_SIDEKIQ_SENTINELS");
        /* To Ruby "08" is an octal number, and none. */
        if (!isempty(number) && (parse_uint(number, INT32_MAX, &database) < 0 || (*number == '0' && number[1])))
                return xstrdup("what stands behind the host is not the number of a database, such as /0");
        if (bundled && database >= BUNDLED_DATABASES)
                return xstrdup("the bundled Redis has the databases 0 to 15");
        return redis_login_objection(url);
}

/* Beside REDIS_PASSWORD, what stands before the "@" without a colon is neither user nor password. */
static void check_redis_user(const Check *check, const EnvPair *url) {
        const EnvPair *password = env_pair(check->config->env, "REDIS_PASSWORD");
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;

        if (password && !isempty(password->value) && !redisurl_has_user(url->value) &&
            dburl_parse_redis(url->value, &parsed) >= 0 && !isempty(dburl_get(parsed, "user")))
                REFUSE(check, url,
                       "%s: Lago takes a user only with a colon behind it, and logs in as \"default\" here; write "
                       "redis://USER:@HOST, or take what stands before the @ away",
                       url->key);
}

static void check_redis_host(const Check *check, const EnvPair *pair) {
        _cleanup_(freep) char *host = url_host(pair->value);
        _cleanup_(freep) char *reason = ruby_url_objection(pair->value, /* of_rails= */ false);

        if (!reason)
                reason = check_redis_url(pair->value, !check->config->redis_external);
        if (!reason && strchr(pair->value, '?'))
                WARN(check, pair, "%s: what stands behind the \"?\" has no effect; the number of a database is written as /1",
                     pair->key);
        if (reason)
                REFUSE(check, pair, "%s: %s", pair->key, reason);
        else if (!host)
                REFUSE(check, pair, "%s is no URL; write redis://HOST:6379 or rediss://HOST:6379",
                       pair->key);
        else if (check->config->redis_external && host_is_local(host))
                REFUSE(check, pair,
                       "%s names this very host, which inside a container is the container "
                       "itself; write an address "
                       "at which other hosts reach the server",
                       pair->key);
        else if (!check->config->redis_external && !config_names_bundled_redis(check->config, pair->value))
                REFUSE(check, pair,
                       "%s names another server than the bundled one (redis:6379); write mode = "
                       "external below [redis] "
                       "in lago.conf, or remove this line",
                       pair->key);
        else if (check->config->redis_external) {
                check_host_names(check, pair, host);
                if (streq(pair->key, "REDIS_URL")) {
                        forget_made_password(check, pair);
                        check_redis_user(check, pair);
                }
        } else
                adopt_redis_password(check, pair);
}

#define ANY_SERVER \
        "redis://HOST:6379 of any server of the group: this host asks that one, Lago goes by the sentinels"

/* Lago cuts each at its first colon, so an IPv6 address is none, and takes what follows for a number. */
static bool are_sentinels(const char *list) {
        _cleanup_(strv_freep) char **entries = strv_split(list, ",");

        STRV_FOREACH(entry, entries) {
                char *host = strip(*entry), *colon = strchr(host, ':');
                uint64_t port;

                if (colon == host || *host == '\0' || strpbrk(host, "/@[ ") ||
                    (colon && (parse_uint(colon + 1, UINT16_MAX, &port) < 0 || port == 0)))
                        return false;
        }
        return entries != NULL;
}

/* Lago asks sentinels for the master's address. Whether a Redis answers at all we ask ourselves, by REDIS_URL. */
static void check_sentinels(const Check *check, const EnvPair *sentinels, const EnvPair *url) {
        const EnvPair *group = check_pair(check, "LAGO_REDIS_SIDEKIQ_MASTER_NAME");
        _cleanup_(freep) char *host = url ? url_host(url->value) : NULL;

        if (!check->config->redis_external)
                REFUSE(check, sentinels,
                       "%s names other servers than the bundled Redis; write mode = external below "
                       "[redis] in lago.conf, or remove this line",
                       sentinels->key);
        else if (!url)
                REFUSE(check, sentinels, "%s needs a REDIS_URL beside it; write " ANY_SERVER,
                       sentinels->key);
        else if (!are_sentinels(sentinels->value))
                REFUSE(check, sentinels, "%s is no list of HOST:PORT, separated by commas, as Lago takes it", sentinels->key);
        else if (host && streq(host, group ? group->value : "master"))
                REFUSE(check, url, "%s has the name of a group, not of a host; write " ANY_SERVER,
                       url->key);
}

void check_redis(const Check *check) {
        const EnvPair *url = check_pair(check, "REDIS_URL"),
                      *sentinels = check_pair(check, "LAGO_REDIS_SIDEKIQ_SENTINELS");
        Origin mode = check_origin(check, KEY_REDIS_MODE);

        if (sentinels)
                check_sentinels(check, sentinels, url);
        else if (check->config->redis_external && !url)
                config_errors_add(
                        check->errors, mode.file, mode.line,
                        "[redis] mode = external, but lago.env has no REDIS_URL; write there "
                        "REDIS_URL=redis://HOST:6379");
        if (!url)
                return;
        if (!startswith(url->value, "redis://") && !startswith(url->value, "rediss://"))
                REFUSE(check, url,
                       "%s is no URL of a Redis; write redis://HOST:6379 or rediss://HOST:6379",
                       url->key);
        else
                check_redis_host(check, url);
}
