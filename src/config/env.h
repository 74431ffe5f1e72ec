/* SPDX-License-Identifier: MIT */
#pragma once
/* Environment files: KEY=VALUE lines in the one dialect that lago.env, secrets.env and env.d/ share. */

#include <stddef.h>

typedef struct ConfigErrors ConfigErrors;

typedef struct EnvPair {
        char *key, *value;
        char *file; /* where it was set */
        unsigned line;
} EnvPair;

typedef struct Env {
        EnvPair *list;
        size_t n;
} Env;

Env *env_new(void);
Env *env_free(Env *env);
void env_freep(Env **env);

/**
 * env_read() - adds the pairs of @path to @env; a key that is there already (from another file) keeps its old value.
 * Lines that are in order are taken even when others are not.
 *
 * Dialect:  KEY=VALUE, one pair of matching quotes taken off, no expansion ("${" is refused but in single quotes), no
 *           second definition within the file, comments at line start. So KEY='VALUE' is exactly VALUE, whatever it has.
 * Errors:   -ENOENT; -EBADMSG with @errors filled; -errno.
 */
int env_read(Env *env, const char *path, ConfigErrors *errors);

/** env_get() - the value of @key, or NULL. */
const char *env_get(const Env *env, const char *key);
const EnvPair *env_pair(const Env *env, const char *key);

/** env_set() - sets @key from code; @file names the origin. An existing value is replaced. */
void env_set(Env *env, const char *key, const char *value, const char *file);
/** env_set_from() - the same; the origin is that of @from, a pair of the same environment. */
void env_set_from(Env *env, const char *key, const char *value, const EnvPair *from);
void env_unset(Env *env, const char *key);
Env *env_copy(const Env *env);
