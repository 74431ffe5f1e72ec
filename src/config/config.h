/* SPDX-License-Identifier: MIT */
#pragma once
/* lago.conf, lago.conf.d/ and the environment files of one directory: read, validated whole, as one value. */

#include "config/env.h"
#include "config/errors.h"

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_DIRECTORY "/etc/lago"
#define STATE_DIRECTORY  "/var/lib/lago"
/* Where it is read: a link to where it is kept, in the place that it has had since the first version. */
#define ADMITTED_DIRECTORY "/run/lago/admitted"

/* Where lago-setup puts its credential secrets.env: read in place of a secrets.env that is not there, and never copied. */
#define CONFIG_CREDENTIAL       "/run/lago/credentials/secrets.env"
#define ADMITTED_KEPT_DIRECTORY STATE_DIRECTORY "/admitted"
/* What lago-migrate is about to admit: a copy that nobody edits. */
#define ADMITTED_NEW_DIRECTORY ADMITTED_KEPT_DIRECTORY ".new"
#define DEFAULT_API_IMAGE      "getlago/api"
#define CACHE_DIRECTORY        "/var/cache/lago" /* manifest-ID: the migrations of an image, as lago-gate wrote them */

typedef enum FreshMode {
        FRESH_AUTO,
        FRESH_LOAD,
        FRESH_REPLAY,
} FreshMode;

typedef struct Listen {
        char *address; /* numeric, IPv6 without brackets */
        uint16_t port;
} Listen;

/* What a member may write in a minute, unless lago.conf says otherwise: a busy API's some thousand lines a second, all the time. */
#define CONFIG_JOURNAL_LINES 200000

typedef struct Config {
        char *release; /* "v1.50.0" */
        char *front_url, *api_url;
        Listen api_listen, front_listen;
        bool api_enabled, front_enabled, worker_enabled, clock_enabled, pdf_enabled;
        uint64_t clock_silence_usec;
        char **pools; /* one for each process: "events", "events-2"; the first of a pool has its name alone */
        bool database_external;
        char *database_volume;
        char **database_arguments;
        char *shm_size;
        char *ca_file; /* of PostgreSQL; NULL, or absolute */
        bool redis_external;
        char *redis_volume;
        bool redis_append_only;
        char *clickhouse_ca_file; /* as ca_file */
        char *storage_volume;
        bool migrate_automatic;
        FreshMode migrate_fresh;
        char **passed_bridges;
        char **tombstones; /* "20240102030405" */
        char *registry;
        char *image_api, *image_front, *image_database, *image_redis, *image_pdf; /* as written */
        bool pull_missing;
        uint64_t health_interval_usec, health_timeout_usec;
        unsigned health_restart_after; /* 0: never */
        char *network;
        unsigned journal_lines; /* of each member in a minute; 0: no limit */
        Env *env;               /* lago.env over secrets.env; the origin of each pair is kept */
        Env *migrate_env;       /* env.d/migrate.env; may be NULL */
        char **files;           /* configuration files read, in order: for SourcePath= and messages */
} Config;

/**
 * config_load() - everything below @directory, validated.
 *
 * @directory  CONFIG_DIRECTORY or ADMITTED_DIRECTORY, which hold the same file names:
 *             lago.conf, lago.conf.d/NAME.conf (sorted), lago.env, secrets.env, env.d/migrate.env.
 * @ret        the values, defaults filled in.
 * @errors     every error and warning found, in the order of files and lines; may be NULL.
 *
 * Errors: -EBADMSG when @errors has any but warnings; *ret is left alone. What a file says that could not be read is not judged. An absent lago.conf, lago.env or secrets.env is none
 * (the release then has no default: absent or empty "release" is an error), an unreadable one is.
 */
int config_load(const char *directory, Config **ret, ConfigErrors *errors);

/** config_front_lags() - that the front named in [images] is of an older release than the one that runs; NULL: it is not. */
char *config_front_lags(const Config *config);

/** image_tag() - "v1.50.0" of "getlago/front:v1.50.0", with or without a digest behind; NULL for none. The caller frees it. */
char *image_tag(const char *image);

/** config_names_bundled_redis() - whether @url ("redis://redis:6379/1", "redis:6379") is that of the Redis that runs here. */
bool config_names_bundled_redis(const Config *config, const char *url);

/** config_migrate_pair() - as the container of lago-migrate sees it: its own file goes before lago.env. NULL: neither says it. */
const EnvPair *config_migrate_pair(const Config *config, const char *name);

/**
 * config_load_files() - the same without lago.env and secrets.env (config->env is empty): what the generator needs,
 * and what a user who may not read secrets can check.
 */
int config_load_files(const char *directory, Config **ret, ConfigErrors *errors);

/** config_load_or_tell() - config_load(), with all errors told. Answers an exit status, 0 with *@ret. */
int config_load_or_tell(const char *directory, Config **ret);

Config *config_free(Config *config);
void config_freep(Config **config);

/* What the value of a key may be; see config/values.h. */
typedef struct ConfigType ConfigType;

/* A key of lago.conf as the parser, the manual page and completions need it. */
typedef struct ConfigKey {
        const char *section, *name, *fallback; /* fallback: the default as it would be written, NULL for none */
        const ConfigType *type;
        size_t offset; /* of the value in Config */
} ConfigKey;

/** config_keys() - the parser's own table; *ret_n entries. */
const ConfigKey *config_keys(size_t *ret_n);

/** config_pools() - names allowed in worker.pools; *ret_n entries. */
const char *const *config_pools(size_t *ret_n);

/* So many processes one pool may have on one host. */
#define POOL_PROCESSES_MAX 16U
