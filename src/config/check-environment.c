/* SPDX-License-Identifier: MIT */
/* The environment files, in the order in which one check may complete what the next one looks at. */
#include "config/check-pair.h"

void check_environment(Config *config, const Origins *origins, ConfigErrors *errors) {
        const Check check = {.config = config, .origins = origins, .errors = errors};

        check_settings(&check);
        check_values(&check);
        check_keys(&check);
        check_database(&check);
        check_redis(&check);
}
