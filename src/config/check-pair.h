/* SPDX-License-Identifier: MIT */
#pragma once
/* What the checks of the environment files share. */

#include "config/check.h"

typedef struct Check {
        Config *config;
        const Origins *origins;
        ConfigErrors *errors;
} Check;

#define REFUSE(check, pair, ...) \
        config_errors_add((check)->errors, (pair)->file, (pair)->line, __VA_ARGS__)
#define REFUSE_KEY(check, pair, ...)                                                           \
        config_errors_add_kind((check)->errors, CONFIG_ERROR_KEYS, (pair)->file, (pair)->line, \
                               __VA_ARGS__)
#define WARN(check, pair, ...)                                                              \
        config_errors_add_kind((check)->errors, CONFIG_WARNING, (pair)->file, (pair)->line, \
                               __VA_ARGS__)

/** check_pair() - a variable that says something: to Lago an empty one is mostly none. NULL without. */
const EnvPair *check_pair(const Check *check, const char *name);

/** check_origin() - where a key of lago.conf was set, else that file as a whole. */
Origin check_origin(const Check *check, KeyId id);

/** check_is_one_of() - whatever the case of its letters. */
bool check_is_one_of(const char *s, const char *const *words, size_t n);

/** check_is_placeholder() - a value that Lago's own compose file has for want of a better one. */
bool check_is_placeholder(const char *value);

/** hosts_loopback() - the address that @text, of hosts(5), gives @name first, if that is one of the loopback; the caller frees it. */
char *hosts_loopback(const char *text, const char *name);

/** check_host_names() - refuses a name in the list @hosts that leads elsewhere from inside a container. */
void check_host_names(const Check *check, const EnvPair *pair, const char *hosts);

/** check_container_host() - refuses a @host that containers alone ask, and that is each container itself to them. Answer: whether. */
bool check_container_host(const Check *check, const EnvPair *pair, const char *host);

/** check_redis_url() - what Ruby's client of Redis would not take in @url; the caller frees it. NULL when it takes all. */
char *check_redis_url(const char *url, bool bundled);

/* The parts of check_environment(). Each may complete the environment, so none keeps a pair of before. */
void check_keys(const Check *check);
void check_database(const Check *check);
void check_redis(const Check *check);
void check_settings(const Check *check);
void check_values(const Check *check);
