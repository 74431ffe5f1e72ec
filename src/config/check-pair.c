/* SPDX-License-Identifier: MIT */
#include "config/check-pair.h"

#include "base/util.h"

#include <strings.h>

const EnvPair *check_pair(const Check *check, const char *name) {
        const EnvPair *pair = env_pair(check->config->env, name);

        return pair && !isempty(pair->value) ? pair : NULL;
}

Origin check_origin(const Check *check, KeyId id) {
        const Origin *origin = &check->origins->of[id];

        return origin->file ? *origin : (Origin){.file = check->origins->main_file};
}

bool check_is_one_of(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcasecmp(s, words[i]) == 0)
                        return true;
        return false;
}

/* Lago's compose file wrote "encryption" in two ways over the years; all its placeholders begin alike. */
bool check_is_placeholder(const char *value) {
        return strncasecmp(value, "your-", 5) == 0 || strcasecmp(value, "changeme") == 0 ||
               strcasecmp(value, "change-me") == 0;
}
