/* SPDX-License-Identifier: MIT */
/*
 * lago.env, and behind a 0xff secrets.env: where they are taken, each member's environment is one of whole lines, and the URLs
 * in it are read back as what was said.
 */
#include "base/file.h"
#include "config/config.h"
#include "config/dburl.h"
#include "stack/stack.h"

#include "fuzz.h"

#include <unistd.h>

#define KEYS "SECRET_KEY_BASE=a\nENCRYPTION_PRIMARY_KEY=b\nENCRYPTION_DETERMINISTIC_KEY=c\nENCRYPTION_KEY_DERIVATION_SALT=d\n"

static char directory[] = "/dev/shm/lago-fuzz-XXXXXX";

static void put(const char *name, const char *text) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);
        FILE *file = fopen(path, "we");

        if (!file || fputs(text, file) < 0 || fclose(file) != 0)
                abort();
}

static const char *value_of(char *const *pairs, const char *name) {
        STRV_FOREACH(pair, pairs) {
                const char *rest = startswith(*pair, name);

                if (rest && *rest == '=')
                        return rest + 1;
        }
        return NULL;
}

static void database(const Config *config, const char *url) {
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        _cleanup_(freep) char *error = NULL;
        const char *said = env_get(config->env, "POSTGRES_PASSWORD"), *read_back;

        /* lago-setup has not made it yet. */
        if (isempty(url)) {
                REQUIRE(isempty(said));
                return;
        }
        if (dburl_parse(url, &parsed, &error) < 0)
                fprintf(stderr, "%s: %s\n", url, error);
        REQUIRE(parsed);
        read_back = dburl_get(parsed, "password");
        if (isempty(env_get(config->env, "DATABASE_URL")) && !isempty(said))
                REQUIRE(read_back && streq(said, read_back));
}

static void redis(const Config *config, const char *url) {
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        const char *said = env_get(config->env, "REDIS_PASSWORD"), *read_back;

        if (!url || dburl_parse_redis(url, &parsed) < 0)
                fprintf(stderr, "%s\n", url ? url : "no URL");
        REQUIRE(parsed);
        read_back = dburl_get(parsed, "password");
        /* One with a name is another's business; the bundled Redis is asked by both with the same word. */
        if (!isempty(said) && !config->redis_external)
                REQUIRE(read_back && streq(said, read_back));
}

static void members(const Config *config) {
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++) {
                Member member = {.kind = kind};
                _cleanup_(strv_freep) char **pairs = stack_environment(config, &member, NULL);

                STRV_FOREACH(pair, pairs)
                        REQUIRE(fuzz_is_line(*pair) && strchr(*pair, '='));
                if (kind != MEMBER_API)
                        continue;
                database(config, value_of(pairs, "DATABASE_URL"));
                redis(config, value_of(pairs, "REDIS_URL"));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *secrets = NULL;
        char *parts[2];

        if (strstr(directory, "XXXXXX") && !mkdtemp(directory))
                abort();
        fuzz_parts(data, size, ELEMENTSOF(parts), parts);
        secrets = xasprintf(KEYS "%s", parts[1]);
        put("lago.conf", "[lago]\nrelease = v1.50.0\n");
        put("lago.env", parts[0]);
        put("secrets.env", secrets);
        if (config_load(directory, &config, NULL) >= 0)
                members(config);
        free(parts[0]);
        free(parts[1]);
        return 0;
}
