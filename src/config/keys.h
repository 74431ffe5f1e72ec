/* SPDX-License-Identifier: MIT */
#pragma once
/* The table of keys of lago.conf, and what is told about names that are not in it. Pure. */

#include "config/config.h"

typedef enum KeyId {
        KEY_RELEASE,
        KEY_FRONT_URL,
        KEY_API_URL,
        KEY_API_ENABLED,
        KEY_API_LISTEN,
        KEY_FRONT_ENABLED,
        KEY_FRONT_LISTEN,
        KEY_WORKER_ENABLED,
        KEY_POOLS,
        KEY_CLOCK_ENABLED,
        KEY_CLOCK_SILENCE,
        KEY_PDF_ENABLED,
        KEY_DATABASE_MODE,
        KEY_DATABASE_VOLUME,
        KEY_DATABASE_ARGUMENTS,
        KEY_DATABASE_SHM_SIZE,
        KEY_DATABASE_CA_FILE,
        KEY_REDIS_MODE,
        KEY_REDIS_VOLUME,
        KEY_REDIS_APPEND_ONLY,
        KEY_CLICKHOUSE_CA_FILE,
        KEY_STORAGE_VOLUME,
        KEY_MIGRATE_AUTOMATIC,
        KEY_MIGRATE_FRESH,
        KEY_MIGRATE_PASSED_BRIDGES,
        KEY_MIGRATE_TOMBSTONES,
        KEY_IMAGES_REGISTRY,
        KEY_IMAGES_API,
        KEY_IMAGES_FRONT,
        KEY_IMAGES_DATABASE,
        KEY_IMAGES_REDIS,
        KEY_IMAGES_PDF,
        KEY_IMAGES_PULL,
        KEY_HEALTH_INTERVAL,
        KEY_HEALTH_TIMEOUT,
        KEY_HEALTH_RESTART_AFTER,
        KEY_NETWORK_NAME,
        KEY_JOURNAL_LINES,
        _KEY_MAX,
} KeyId;

/** config_key() - the entry of the table. */
const ConfigKey *config_key(KeyId id);

/** config_key_find() - _KEY_MAX for an unknown one. */
KeyId config_key_find(const char *section, const char *name);

/** config_key_set() - parses @value into @config. -EINVAL: *reterr says what is wrong and what to write. */
int config_key_set(Config *config, KeyId id, const char *value, char **reterr);

/** config_section_is_known() - whether the table has it. */
bool config_section_is_known(const char *section);

/** config_section_help() - a sentence about a section that the table has not; the caller frees it. */
char *config_section_help(const char *section);

/** config_key_help() - a sentence about a key that its (known, or empty) section has not; the caller frees it. */
char *config_key_help(const char *section, const char *name);
