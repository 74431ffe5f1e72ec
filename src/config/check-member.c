/* SPDX-License-Identifier: MIT */
/* env.d/MEMBER.env within itself: what members have in common has no place in the file of one. */
#include "config/check.h"

#include "base/util.h"

/* Which database, which Redis, which keys. A member with others would run on a schema that nobody has verified. */
static const char *const common[] = {
        "DATABASE_URL",
        "POSTGRES_DB",
        "POSTGRES_HOST",
        "POSTGRES_PASSWORD",
        "POSTGRES_PORT",
        "POSTGRES_SCHEMA",
        "POSTGRES_USER",
        "REDIS_HOST",
        "REDIS_PASSWORD",
        "REDIS_PORT",
        "REDIS_URL",
        "ENCRYPTION_DETERMINISTIC_KEY",
        "ENCRYPTION_KEY_DERIVATION_SALT",
        "ENCRYPTION_PRIMARY_KEY",
        "LAGO_ENCRYPTION_DETERMINISTIC_KEY",
        "LAGO_ENCRYPTION_KEY_DERIVATION_SALT",
        "LAGO_ENCRYPTION_PRIMARY_KEY",
        "LAGO_RSA_PRIVATE_KEY",
        "RSA_PRIVATE_KEY",
        "SECRET_KEY_BASE",
};

static bool is_common(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(common); i++)
                if (streq(common[i], name))
                        return true;
        return false;
}

int check_member_environment(const Env *env, ConfigErrors *errors) {
        int r = 0;

        for (size_t i = 0; i < env->n; i++) {
                const EnvPair *pair = &env->list[i];

                if (is_common(pair->key)) {
                        config_errors_add(errors, pair->file, pair->line,
                                          "%s is the same for every member; write it into lago.env", pair->key);
                        r = -EBADMSG;
                } else if (check_name(pair, errors) < 0 || check_fixed(pair, errors) < 0 || check_program(pair, errors) < 0)
                        r = -EBADMSG;
        }
        return r;
}
