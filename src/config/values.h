/* SPDX-License-Identifier: MIT */
#pragma once
/* The types of values in lago.conf: from the text behind '=' to a member of Config. Pure. */

#include "config/config.h"

struct ConfigType {
        /* Writes to @target and frees what was there; @reterr may get a sentence better than .instead. -EINVAL. */
        int (*parse)(const char *value, void *target, char **reterr);
        void (*clear)(void *target); /* NULL: nothing to free */
        const char *instead;         /* what to write: "write yes or no" */
};

extern const ConfigType config_type_yes_no, config_type_release, config_type_releases,
        config_type_origin_url, config_type_url, config_type_listen, config_type_span,
        config_type_size, config_type_count, config_type_lines, config_type_pools, config_type_place, config_type_pull,
        config_type_fresh, config_type_path, config_type_image, config_type_registry,
        config_type_volume, config_type_network, config_type_arguments, config_type_versions;
