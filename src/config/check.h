/* SPDX-License-Identifier: MIT */
#pragma once
/* What no single line shows: values that contradict each other, or that Lago would misread. */

#include "config/config.h"
#include "config/keys.h"

typedef struct Origin {
        const char *file; /* NULL: the default */
        unsigned line;
} Origin;

typedef struct Origins {
        const char *main_file; /* lago.conf, whether it is there or not */
        Origin of[_KEY_MAX];
} Origins;

/** check_config() - lago.conf within itself. */
void check_config(const Config *config, const Origins *origins, ConfigErrors *errors);

/**
 * check_environment() - lago.env and secrets.env, within themselves and against lago.conf.
 *
 * Completes config->env: an encryption key gets its second name (Lago reads ENCRYPTION_* before LAGO_ENCRYPTION_*, and
 * old releases read the first only), and the bundled server its POSTGRES_* from a DATABASE_URL of lago.env.
 */
void check_environment(Config *config, const Origins *origins, ConfigErrors *errors);

/** check_member_environment() - what was read from one file in env.d. Errors: -EBADMSG, with @errors filled. */
int check_member_environment(const Env *env, ConfigErrors *errors);

/** env_name_meant() - for a misspelt name of Lago's the one that was meant; NULL for all others. */
const char *env_name_meant(const char *name);

/** check_name() - refuses a misspelt name of Lago's with the one that was meant; all others pass. Errors: -EBADMSG. */
int check_name(const EnvPair *pair, ConfigErrors *errors);

/** check_program() - refuses a variable that other programs of the image read, and nobody here. */
int check_program(const EnvPair *pair, ConfigErrors *errors);

/** check_fixed() - refuses another value of what an image of Lago settles by itself. Errors: -EBADMSG. */
int check_fixed(const EnvPair *pair, ConfigErrors *errors);

/** base64_decode() - the bytes of a line of standard base64 with padding; NULL when it is none. */
char *base64_decode(const char *s, size_t *ret_size);
