/* SPDX-License-Identifier: MIT */
#include "config/keys.h"

#include "base/util.h"
#include "config/values.h"

#include <stddef.h>

#define KEY(section, name, fallback, type, member) \
        { section, name, fallback, &config_type_##type, offsetof(Config, member) }

/* In the order of the file as shipped. */
/* clang-format off */
static const ConfigKey keys[_KEY_MAX] = {
        [KEY_RELEASE]                = KEY("lago", "release", NULL, release, release),
        [KEY_FRONT_URL]              = KEY("lago", "front-url", "http://localhost:8080", origin_url, front_url),
        [KEY_API_URL]                = KEY("lago", "api-url", "http://localhost:3000", url, api_url),
        [KEY_API_ENABLED]            = KEY("api", "enabled", "yes", yes_no, api_enabled),
        [KEY_API_LISTEN]             = KEY("api", "listen", "127.0.0.1:3000", listen, api_listen),
        [KEY_FRONT_ENABLED]          = KEY("front", "enabled", "yes", yes_no, front_enabled),
        [KEY_FRONT_LISTEN]           = KEY("front", "listen", "127.0.0.1:8080", listen, front_listen),
        [KEY_WORKER_ENABLED]         = KEY("worker", "enabled", "yes", yes_no, worker_enabled),
        [KEY_POOLS]                  = KEY("worker", "pools", "", pools, pools),
        [KEY_CLOCK_ENABLED]          = KEY("clock", "enabled", "yes", yes_no, clock_enabled),
        [KEY_CLOCK_SILENCE]          = KEY("clock", "silence", "15min", span, clock_silence_usec),
        [KEY_PDF_ENABLED]            = KEY("pdf", "enabled", "yes", yes_no, pdf_enabled),
        [KEY_DATABASE_MODE]          = KEY("database", "mode", "bundled", place, database_external),
        [KEY_DATABASE_VOLUME]        = KEY("database", "volume", "lago_postgres_data", volume, database_volume),
        [KEY_DATABASE_ARGUMENTS]     = KEY("database", "arguments", "", arguments, database_arguments),
        [KEY_DATABASE_SHM_SIZE]      = KEY("database", "shm-size", "256M", size, shm_size),
        [KEY_DATABASE_CA_FILE]       = KEY("database", "ca-file", "", path, ca_file),
        [KEY_REDIS_MODE]             = KEY("redis", "mode", "bundled", place, redis_external),
        [KEY_REDIS_VOLUME]           = KEY("redis", "volume", "lago_redis_data", volume, redis_volume),
        [KEY_REDIS_APPEND_ONLY]      = KEY("redis", "append-only", "yes", yes_no, redis_append_only),
        [KEY_CLICKHOUSE_CA_FILE]     = KEY("clickhouse", "ca-file", "", path, clickhouse_ca_file),
        [KEY_STORAGE_VOLUME]         = KEY("storage", "volume", "lago_storage_data", volume, storage_volume),
        [KEY_MIGRATE_AUTOMATIC]      = KEY("migrate", "automatic", "yes", yes_no, migrate_automatic),
        [KEY_MIGRATE_FRESH]          = KEY("migrate", "fresh", "auto", fresh, migrate_fresh),
        [KEY_MIGRATE_PASSED_BRIDGES] = KEY("migrate", "passed-bridges", "", releases, passed_bridges),
        [KEY_MIGRATE_TOMBSTONES]     = KEY("migrate", "tombstones", "", versions, tombstones),
        [KEY_IMAGES_REGISTRY]        = KEY("images", "registry", "docker.io", registry, registry),
        [KEY_IMAGES_API]             = KEY("images", "api", DEFAULT_API_IMAGE, image, image_api),
        [KEY_IMAGES_FRONT]           = KEY("images", "front", "getlago/front", image, image_front),
        [KEY_IMAGES_DATABASE]        = KEY("images", "database", "getlago/postgres-partman:15.0-alpine", image, image_database),
        [KEY_IMAGES_REDIS]           = KEY("images", "redis", "library/redis:7-alpine", image, image_redis),
        [KEY_IMAGES_PDF]             = KEY("images", "pdf", "getlago/lago-gotenberg:7.8.2", image, image_pdf),
        [KEY_IMAGES_PULL]            = KEY("images", "pull", "missing", pull, pull_missing),
        [KEY_HEALTH_INTERVAL]        = KEY("health", "interval", "10s", span, health_interval_usec),
        [KEY_HEALTH_TIMEOUT]         = KEY("health", "timeout", "5s", span, health_timeout_usec),
        [KEY_HEALTH_RESTART_AFTER]   = KEY("health", "restart-after", "6", count, health_restart_after),
        [KEY_NETWORK_NAME]           = KEY("network", "name", "lago", network, network),
        [KEY_JOURNAL_LINES]          = KEY("journal", "lines-per-minute", "200000", lines, journal_lines),
};
/* clang-format on */

const ConfigKey *config_key(KeyId id) {
        return &keys[id];
}

const ConfigKey *config_keys(size_t *ret_n) {
        *ret_n = ELEMENTSOF(keys);
        return keys;
}

KeyId config_key_find(const char *section, const char *name) {
        for (KeyId id = 0; id < _KEY_MAX; id++)
                if (streq(keys[id].section, section) && streq(keys[id].name, name))
                        return id;
        return _KEY_MAX;
}

int config_key_set(Config *config, KeyId id, const char *value, char **reterr) {
        const ConfigKey *key = &keys[id];
        _cleanup_(freep) char *reason = NULL;
        int r = key->type->parse(value, (char *)config + key->offset, &reason);

        if (r < 0) {
                const char *why = reason ? reason : key->type->instead;

                *reterr = isempty(value) ? xasprintf("%s has no value; %s", key->name, why)
                                         : xasprintf("%s = %s: %s", key->name, value, why);
        }
        return r;
}

bool config_section_is_known(const char *section) {
        for (KeyId id = 0; id < _KEY_MAX; id++)
                if (streq(keys[id].section, section))
                        return true;
        return false;
}

/* The names of all sections, or of the keys of @section; without copies. */
static size_t list_names(const char *section, const char *names[static _KEY_MAX]) {
        size_t n = 0;

        for (KeyId id = 0; id < _KEY_MAX; id++) {
                const char *name = section ? keys[id].name : keys[id].section;

                if (section ? !streq(keys[id].section, section)
                            : n > 0 && streq(names[n - 1], name))
                        continue;
                names[n++] = name;
        }
        return n;
}

static char *join_names(const char *const *names, size_t n) {
        _cleanup_(strv_freep) char **v = NULL;

        for (size_t i = 0; i < n; i++)
                strv_add(&v, names[i]);
        return strv_join(v, ", ");
}

char *config_section_help(const char *section) {
        const char *names[_KEY_MAX];
        size_t n = list_names(NULL, names);
        const char *nearest = nearest_word(section, names, n);
        _cleanup_(freep) char *all = NULL;

        if (nearest)
                return xasprintf("there is no section [%s]; did you mean "
                                 "[%s]?",
                                 section, nearest);
        all = join_names(names, n);
        return xasprintf("there is no section [%s]; there are: %s", section, all);
}

char *config_key_help(const char *section, const char *name) {
        const char *names[_KEY_MAX], *nearest;
        _cleanup_(freep) char *all = NULL;
        size_t n;

        for (KeyId id = 0; id < _KEY_MAX; id++)
                if (streq(keys[id].name, name) && *section == '\0')
                        return xasprintf("%s stands before any section; write [%s] on a line above "
                                         "it",
                                         name, keys[id].section);
        if (*section == '\0')
                return xasprintf(
                        "%s stands before any section; write [lago] or another on a line above "
                        "it",
                        name);
        n = list_names(section, names);
        nearest = nearest_word(name, names, n);
        if (nearest)
                return xasprintf("[%s] has no key %s; did you mean %s?", section, name, nearest);
        for (KeyId id = 0; id < _KEY_MAX; id++)
                if (streq(keys[id].name, name))
                        return xasprintf("[%s] has no key %s; it belongs below "
                                         "[%s]",
                                         section, name, keys[id].section);
        all = join_names(names, n);
        return xasprintf("[%s] has no key %s; it has: %s", section, name, all);
}
