/* SPDX-License-Identifier: MIT */
#include "config/config.h"

const EnvPair *config_migrate_pair(const Config *config, const char *name) {
        const EnvPair *own = config->migrate_env ? env_pair(config->migrate_env, name) : NULL;

        return own ? own : env_pair(config->env, name);
}
