/* SPDX-License-Identifier: MIT */
/* Where PostgreSQL and Redis are, and whether lago.conf and lago.env agree on it. */
#include "config/check-pair.h"

#include "base/util.h"
#include "config/address.h"
#include "config/dburl.h"
#include "config/redisurl.h"
#include "config/rubyurl.h"

/* Host names under which the bundled servers are known in the container network. */
static const char *const database_hosts[] = {"db", "lago-db"};
static const char *const redis_hosts[] = {"redis", "lago-redis"};

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
        const char *host = dburl_get(url, "host"), *address = dburl_get(url, "hostaddr");
        const char *local = isempty(host) ? "no host" : first_local(host), *password = dburl_get(url, "password");

        if (!local && !isempty(address))
                local = first_local(address);

        if (isempty(host) && dburl_get(url, "service"))
                return;
        if (local)
                REFUSE(check, pair,
                       "%s names %s, which inside a container is the container itself; write an "
                       "address at which "
                       "other hosts reach the server",
                       pair->key, local);
        else
                check_host_names(check, pair, host);
        if (password && check_is_placeholder(password))
                REFUSE_KEY(check, pair,
                           "%s has the password of Lago's compose file, which everybody knows; "
                           "give the role "
                           "another one",
                           pair->key);
}

/* The servers that such a URL finds, and the sessions that it makes, are none for Lago. */
static void check_sessions(const Check *check, const EnvPair *pair, const DbUrl *url) {
        static const char *const writing[] = {"any", "primary", "read-write"}, *const ordinary[] = {"0", "false", "no", "off"},
                                 *const utf8[] = {"auto", "unicode", "utf-8", "utf8"};
        const char *attributes = dburl_get(url, "target_session_attrs"), *replication = dburl_get(url, "replication");
        const char *encoding = dburl_get(url, "client_encoding");

        if (!isempty(attributes) && !check_is_one_of(attributes, writing, ELEMENTSOF(writing)))
                REFUSE(check, pair, "%s: target_session_attrs=%s looks for a server that takes no changes; write read-write", pair->key,
                       attributes);
        if (!isempty(replication) && !check_is_one_of(replication, ordinary, ELEMENTSOF(ordinary)))
                REFUSE(check, pair, "%s: a session with replication=%s takes no queries of Lago; remove that", pair->key, replication);
        if (!isempty(encoding) && !check_is_one_of(encoding, utf8, ELEMENTSOF(utf8)))
                REFUSE(check, pair, "%s: client_encoding=%s, but Lago's text is UTF-8; remove that", pair->key, encoding);
}

/* Rails and libpq pass over what they do not know, without a word. */
static void check_parameters(const Check *check, const EnvPair *pair, const DbUrl *url) {
        STRV_FOREACH(name, url->dropped) {
                const char *meant = dburl_keyword_meant(*name);

                if (meant)
                        WARN(check, pair, "%s: the parameter %s has no effect; did you mean %s?",
                             pair->key, *name, meant);
        }
}

/* They are read where Lago runs, in containers of an image that has none of this host's files. */
static void check_files(const Check *check, const EnvPair *pair, const DbUrl *url) {
        static const char *const names[] = {"passfile", "service", "sslcert", "sslcrl", "sslcrldir", "sslkey"};
        const char *ca = dburl_get(url, "sslrootcert");

        if (!streq(check->config->image_api, DEFAULT_API_IMAGE))
                return;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (!isempty(dburl_get(url, names[i])))
                        REFUSE(check, pair,
                               "%s: %s is read from a file, which Lago's containers do not have; write user and password "
                               "into the URL, or name an image of your own that has it below [images]",
                               pair->key, names[i]);
        if (!isempty(ca) && streq(ca, "system") && !check->config->ca_file)
                REFUSE(check, pair,
                       "%s: sslrootcert=system is known to PostgreSQL's client from version 16 on alone; write ca-file = "
                       "/etc/ssl/certs/ca-certificates.crt (RHEL: /etc/pki/tls/certs/ca-bundle.crt) below [database] in "
                       "lago.conf instead: it is handed to Lago's containers",
                       pair->key);
        else if (!isempty(ca) && !check->config->ca_file)
                REFUSE(check, pair,
                       "%s: sslrootcert names a file, which Lago's containers do not have; write ca-file = %s below "
                       "[database] in lago.conf instead: it is handed to them",
                       pair->key, ca);
}

/* Without one each client takes the name of its own user: lago-gate here, root there. */
static void check_login(const Check *check, const EnvPair *pair, const DbUrl *url) {
        const char *host = dburl_get(url, "host"), *name = dburl_get(url, "dbname");

        if (!isempty(host) && *host != '/' && isempty(dburl_get(url, "user")) && isempty(dburl_get(url, "service")))
                REFUSE(check, pair, "%s names no user; write postgresql://USER:PASSWORD@HOST:5432/DATABASE", pair->key);
        else if (isempty(name) && isempty(dburl_get(url, "service")))
                REFUSE(check, pair, "%s names no database; write postgresql://USER:PASSWORD@HOST:5432/DATABASE", pair->key);
        else if (name && (streq(name, "template0") || streq(name, "template1")))
                REFUSE(check, pair, "%s: of %s every new database is a copy; make one for Lago, and name that", pair->key, name);
        else if (name && streq(name, "pgbouncer"))
                REFUSE(check, pair, "%s names the console of PgBouncer; name Lago's database, at the server itself", pair->key);
}

/* libpq looks at a CA from sslmode=require on; below that it may not even encrypt. */
static void check_ca_file(const Check *check, const EnvPair *pair, const DbUrl *url) {
        static const char *const unused[] = {"allow", "disable", "prefer"};
        const char *sslmode = dburl_get(url, "sslmode");

        if (check->config->ca_file && streq(pair->key, "DATABASE_URL") &&
            (isempty(sslmode) || check_is_one_of(sslmode, unused, ELEMENTSOF(unused))))
                WARN(check, pair,
                     "ca-file is not used: with %s%s the server's certificate is not looked at, and "
                     "the connection need not be encrypted; add sslmode=verify-full to %s",
                     isempty(sslmode) ? "no sslmode" : "sslmode=", isempty(sslmode) ? "" : sslmode,
                     pair->key);
}

/* The bundled server is made with POSTGRES_*; Lago logs in with what the URL says. They must agree. */
static void adopt_from_url(const Check *check, const DbUrl *url, const char *keyword,
                           const char *name) {
        const char *word = streq(keyword, "dbname") ? "database" : keyword;
        Env *env = check->config->env;
        const char *value = dburl_get(url, keyword);
        const EnvPair *pair = env_pair(env, "DATABASE_URL"), *given = env_pair(env, name);

        if (isempty(value))
                REFUSE(check, pair,
                       "%s has no %s; write it as "
                       "postgresql://USER:PASSWORD@db:5432/DATABASE, or "
                       "remove this line",
                       pair->key, word);
        else if (given && streq(given->file, pair->file) && !isempty(given->value) &&
                 !streq(given->value, value))
                REFUSE(check, given,
                       "%s differs from the %s in DATABASE_URL (line %u); remove "
                       "one of the two lines",
                       name, word, pair->line);
        else
                env_set_from(env, name, value, pair);
}

static void check_bundled_database(const Check *check, const EnvPair *pair, const DbUrl *url) {
        static const char *const words[][2] = {{"user", "POSTGRES_USER"},
                                               {"password", "POSTGRES_PASSWORD"},
                                               {"dbname", "POSTGRES_DB"}};
        const char *host = dburl_get(url, "host"), *port = dburl_get(url, "port");

        if (isempty(host) || !check_is_one_of(host, database_hosts, ELEMENTSOF(database_hosts)) ||
            (!isempty(port) && !streq(port, "5432"))) {
                REFUSE(check, pair,
                       "%s names another server than the bundled one (db:5432); write mode = "
                       "external below [database] "
                       "in lago.conf, or remove this line",
                       pair->key);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                adopt_from_url(check, url, words[i][0], words[i][1]);
}

static void check_database_url(const Check *check, const char *name) {
        const EnvPair *pair = check_pair(check, name);
        _cleanup_(dburl_freep) DbUrl *url = NULL;
        _cleanup_(freep) char *reason = NULL;

        if (!pair)
                return;
        reason = ruby_url_objection(pair->value, /* of_rails= */ true);
        if (reason || dburl_parse(pair->value, &url, &reason) < 0)
                REFUSE(check, pair, "%s: %s", name,
                       reason ? reason : "this is no URL of a database");
        else if (check->config->database_external || !streq(name, "DATABASE_URL")) {
                check_external_database(check, pair, url);
                check_parameters(check, pair, url);
                check_sessions(check, pair, url);
                check_ca_file(check, pair, url);
                check_files(check, pair, url);
                check_login(check, pair, url);
        } else
                check_bundled_database(check, pair, url);
}

void check_database(const Check *check) {
        Origin mode = check_origin(check, KEY_DATABASE_MODE);
        const EnvPair *password;

        if (check->config->database_external && !check_pair(check, "DATABASE_URL"))
                config_errors_add(
                        check->errors, mode.file, mode.line,
                        "[database] mode = external, but lago.env has no DATABASE_URL; write "
                        "there "
                        "DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE");
        check_database_url(check, "DATABASE_URL");
        check_database_url(check, "DATABASE_PROXY_URL");
        password = env_pair(check->config->env, "POSTGRES_PASSWORD");
        if (check->config->database_external || !password)
                return;
        if (*password->value == '\0')
                REFUSE(check, password, "%s is empty; write the password, or remove the line",
                       password->key);
        else if (check_is_placeholder(password->value))
                WARN(check, password,
                     "the bundled database has the password of Lago's compose file, which "
                     "everybody knows; it is not "
                     "reachable from outside, still: change it with ALTER ROLE, then here");
}

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
