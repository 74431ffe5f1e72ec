/* SPDX-License-Identifier: MIT */
/* Values that Lago takes as a number, a word or an address, and what is none. */
#include "config/check-pair.h"

#include "base/util.h"
#include "config/address.h"

static void check_number(const Check *check, const char *name, uint64_t least, uint64_t most) {
        const EnvPair *pair = check_pair(check, name);
        uint64_t n;

        if (!pair || (parse_uint(pair->value, most, &n) >= 0 && n >= least))
                return;
        REFUSE(check, pair, "%s is not a whole number from %llu to %llu; write one, or remove this line",
               name, (unsigned long long)least, (unsigned long long)most);
}

static void check_numbers(const Check *check) {
        static const struct {
                const char *name;
                uint64_t least, most;
        } numbers[] = {
                {"RAILS_MAX_THREADS", 1, 1000},
                {"RAILS_MIN_THREADS", 0, 1000},
                {"WEB_CONCURRENCY", 0, 1000},
                {"SIDEKIQ_CONCURRENCY", 1, 1000},
                {"DATABASE_POOL", 1, 10000},
                {"LAGO_SIDEKIQ_AVERAGE_SCHEDULED_POLL_INTERVAL", 1, 86400},
                {"LAGO_SIDEKIQ_MAX_DEAD_JOBS", 1, 1000000000},
                {"LAGO_SMTP_PORT", 1, 65535},
                {"LAGO_CLICKHOUSE_PORT", 1, 65535},
                {"LAGO_REDIS_CACHE_DB", 0, 65535},
                {"LAGO_REDIS_STORE_DB", 0, 65535},
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                check_number(check, numbers[i].name, numbers[i].least, numbers[i].most);
}

/*
 * Each thread takes a connection out of Rails' pool; who gets none within 5 seconds fails, and a job has no second try. What
 * Lago takes without a setting: 10 connections, 10 threads of a worker, 3 of the API.
 */
static void check_pool_size(const Check *check) {
        static const struct {
                const char *name;
                uint64_t unset;
        } users[] = {{"RAILS_MAX_THREADS", 3}, {"SIDEKIQ_CONCURRENCY", 10}};
        const EnvPair *pool = check_pair(check, "DATABASE_POOL");
        uint64_t size = 10;

        if (pool && (parse_uint(pool->value, 10000, &size) < 0 || size == 0))
                return;
        for (size_t i = 0; i < ELEMENTSOF(users); i++) {
                const EnvPair *pair = check_pair(check, users[i].name);
                uint64_t threads = users[i].unset;

                if ((pair && parse_uint(pair->value, 1000, &threads) < 0) || threads <= size)
                        continue;
                WARN(check, pair ? pair : pool,
                     "%s%s%llu: threads that get none of the %llu connections of DATABASE_POOL fail; write DATABASE_POOL=%llu",
                     users[i].name, pair ? "=" : " is ", (unsigned long long)threads, (unsigned long long)size,
                     (unsigned long long)threads);
        }
}

/* Rails takes false, and what YAML has for it; all else is yes, without a word. */
static void check_prepared_statements(const Check *check) {
        static const char *const taken[] = {"true", "false", "yes", "no", "on", "off"};
        const EnvPair *pair = check_pair(check, "DATABASE_PREPARED_STATEMENTS");

        if (pair && !check_is_one_of(pair->value, taken, ELEMENTSOF(taken)))
                REFUSE(check, pair, "%s: Rails takes only the word false for no; write true or false", pair->key);
}

/* Without one of these Rails ends at its start. */
static void check_log_level(const Check *check) {
        static const char *const taken[] = {"debug", "error", "fatal", "info", "unknown", "warn"};
        const EnvPair *pair = check_pair(check, "LAGO_LOG_LEVEL");

        if (pair && !check_is_one_of(pair->value, taken, ELEMENTSOF(taken)))
                REFUSE(check, pair, "%s: Rails does not start with that; write debug, info, warn, error or fatal", pair->key);
}

static void check_log_place(const Check *check) {
        const EnvPair *pair = check_pair(check, "RAILS_LOG_TO_STDOUT");

        if (pair && streq(pair->value, "false"))
                WARN(check, pair,
                     "%s=false: Lago's log is then a file in each container, and goes with it; remove this line, and the journal has it",
                     pair->key);
}

/* The host of "URL", "host:port", "[::1]:port" or "host"; NULL where there is none. */
static char *any_host(const char *value) {
        value += strspn(value, " \t");
        if (strstr(value, "://"))
                return url_host(value);
        return *value == '[' ? xstrndup(value + 1, strcspn(value + 1, "]")) : xstrndup(value, strcspn(value, ":/ "));
}

static void refuse_itself(const Check *check, const EnvPair *pair) {
        _cleanup_(strv_freep) char **list = strv_split(pair->value, ",");

        STRV_FOREACH(address, list) {
                _cleanup_(freep) char *host = any_host(*address);

                if (host && check_container_host(check, pair, host))
                        return;
        }
}

/* Variables that name a place, but not by one URL: a host alone, a list, or either. */
static void check_places(const Check *check) {
        static const char *const names[] = {
                "ALL_PROXY", "DD_AGENT_HOST", "HTTPS_PROXY", "HTTP_PROXY", "LAGO_AWS_S3_ENDPOINT",
                "LAGO_KAFKA_BOOTSTRAP_SERVERS", "LAGO_MEMCACHE_SERVERS", "LAGO_REDIS_CACHE_SENTINELS",
                "LAGO_REDIS_SIDEKIQ_SENTINELS", "LAGO_SIDEKIQ_STATSD_ENDPOINT", "LAGO_SMTP_ADDRESS",
                "OTEL_EXPORTER_OTLP_ENDPOINT", "all_proxy", "http_proxy", "https_proxy"};
        const EnvPair *mail = check_pair(check, "LAGO_SMTP_ADDRESS"), *store = check_pair(check, "LAGO_REDIS_STORE_URL");

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = check_pair(check, names[i]);

                if (pair)
                        refuse_itself(check, pair);
        }
        /* Lago takes this one without a scheme, too. */
        if (store && !strstr(store->value, "://"))
                refuse_itself(check, store);
        if (mail && strpbrk(mail->value, ":/ "))
                REFUSE(check, mail, "%s is the name of a host, and nothing else; the port is LAGO_SMTP_PORT",
                       mail->key);
}

/* Lago's mailer begins in the clear and changes to TLS when the server offers that; at this port each waits for the other. */
static void check_mail(const Check *check) {
        const EnvPair *port = check_pair(check, "LAGO_SMTP_PORT"), *address = check_pair(check, "LAGO_SMTP_ADDRESS");
        const EnvPair *from = check_pair(check, "LAGO_FROM_EMAIL");

        if (from && !strchr(from->value, '@'))
                WARN(check, from, "%s is no address, and mail servers refuse mail from it; write one, such as billing@example.com",
                     from->key);
        if (port && streq(port->value, "465"))
                WARN(check, port, "%s=465: a server speaks TLS at once there, and Lago does not; write 587, where both begin with STARTTLS",
                     port->key);
        /* It asks for AUTH LOGIN whatever the server offers, and Ruby ends with an error where there is nobody to log in. */
        if (address && !strpbrk(address->value, ":/ ") && !host_is_local(address->value) &&
            (!check_pair(check, "LAGO_SMTP_USERNAME") || !check_pair(check, "LAGO_SMTP_PASSWORD")))
                WARN(check, address, "%s: Lago sends no mail without a login; write LAGO_SMTP_USERNAME and LAGO_SMTP_PASSWORD, of a "
                                     "server that has AUTH LOGIN",
                     address->key);
}

/* Without a scheme Ruby's clients of Redis and HTTP end with an error where they are first used. */
static void check_schemes(const Check *check) {
        static const char *const urls[][3] = {
                {"LAGO_REDIS_CACHE_URL", "redis://", "rediss://"},
                {"LAGO_REDIS_CABLE_URL", "redis://", "rediss://"},
                {"LAGO_PDF_URL", "http://", "https://"},
                {"LAGO_MEILISEARCH_URL", "http://", "https://"},
                {"LAGO_DATA_API_URL", "http://", "https://"},
                {"SENTRY_DSN", "http://", "https://"},
                {"LAGO_AWS_S3_ENDPOINT", "http://", "https://"},
        };

        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                const EnvPair *pair = check_pair(check, urls[i][0]);

                if (pair && !startswith(pair->value, urls[i][1]) && !startswith(pair->value, urls[i][2]))
                        REFUSE(check, pair, "%s lacks its scheme; it begins with %s or %s", pair->key, urls[i][1],
                               urls[i][2]);
        }
}

#define SCHEMA_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$\"-, "

/* As lago-gate will take it. */
static void check_schema(const Check *check) {
        const EnvPair *pair = check_pair(check, "POSTGRES_SCHEMA");

        if (pair && pair->value[strspn(pair->value, SCHEMA_LETTERS)] != '\0')
                REFUSE(check, pair, "%s is not a schema, or a list of them; write its name in ASCII letters, digits and \"_\"",
                       pair->key);
}

/* Lago has them for its queries, and Rails for all that it runs. */
static void check_timeouts(const Check *check) {
        static const char *const names[] = {"LAGO_DATABASE_STATEMENT_TIMEOUT", "LAGO_DATABASE_LOCK_TIMEOUT"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const EnvPair *pair = config_migrate_pair(check->config, names[i]);

                if (pair && !isempty(pair->value) && !streq(pair->value, "0") && !streq(pair->value, ":default"))
                        WARN(check, pair,
                             "%s holds for migrations, too, and cancels one that takes longer; write it into env.d/api.env "
                             "and env.d/worker.env instead",
                             names[i]);
        }
}

void check_values(const Check *check) {
        check_numbers(check);
        check_pool_size(check);
        check_prepared_statements(check);
        check_log_level(check);
        check_log_place(check);
        check_places(check);
        check_mail(check);
        check_schemes(check);
        check_schema(check);
        check_timeouts(check);
}
