/* SPDX-License-Identifier: MIT */
/* Where PostgreSQL is, and whether lago.conf and lago.env agree on it. */
#include "config/check-pair.h"

#include "base/util.h"
#include "config/address.h"
#include "config/dburl.h"
#include "config/rubyurl.h"

/* Host names under which the bundled server is known in the container network. */
static const char *const database_hosts[] = {"db", "lago-db"};

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

/* What Rails' own settings of a connection may be called, besides libpq's. */
static const char *const of_rails[] = {
        "adapter",
        "advisory_locks",
        "checkout_timeout",
        "connection_retries",
        "database_tasks",
        "encoding",
        "idle_timeout",
        "insert_returning",
        "keepalive",
        "max_age",
        "max_connections",
        "max_threads",
        "migrations_paths",
        "min_connections",
        "min_messages",
        "min_threads",
        "pool",
        "pool_jitter",
        "prepared_statements",
        "query_cache",
        "reaping_frequency",
        "retry_deadline",
        "schema_cache_path",
        "schema_dump",
        "standard_conforming_strings",
        "statement_limit",
};

/* Whether it says what Lago does without it, too. */
static bool is_idle_search_path(const Check *check, const EnvPair *pair) {
        const EnvPair *schema = check_pair(check, "POSTGRES_SCHEMA");
        const char *value = strstr(pair->value, "search_path=");
        _cleanup_(freep) char *path = value ? xstrndup(value + strlen("search_path="), strcspn(value, "&") - strlen("search_path=")) : NULL;

        return path && streq(path, schema ? schema->value : "public");
}

/* Rails and libpq pass over what they do not know, without a word; Lago's own compose file writes ?search_path=public. */
static void check_parameters(const Check *check, const EnvPair *pair, const DbUrl *url) {
        static const char *const schemas[] = {"currentSchema", "schema", "search_path"};

        STRV_FOREACH(name, url->dropped) {
                const char *meant = dburl_keyword_meant(*name);

                if (meant)
                        WARN(check, pair, "%s: the parameter %s has no effect; did you mean %s?",
                             pair->key, *name, meant);
                else if (check_is_one_of(*name, schemas, ELEMENTSOF(schemas)) &&
                         !(streq(*name, "search_path") && is_idle_search_path(check, pair)))
                        WARN(check, pair, "%s: the parameter %s has no effect; the schema is written as POSTGRES_SCHEMA=NAME, a "
                                          "line of its own",
                             pair->key, *name);
                else if (!streq(*name, "search_path") && !check_is_one_of(*name, of_rails, ELEMENTSOF(of_rails)))
                        WARN(check, pair, "%s: the parameter %s has no effect; take it away", pair->key, *name);
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
        else if (name && name[0] && name[strlen(name) - 1] == '/')
                REFUSE(check, pair, "%s: the slash at the end is a part of the database's name; take it away", pair->key);
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
