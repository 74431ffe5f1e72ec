/* SPDX-License-Identifier: MIT */
/* The bytes up to the first 0xff are lago.conf, the rest lago.env. */
#include "base/file.h"
#include "config/config.h"

#include "fuzz.h"

#include <unistd.h>

static void put(const char *directory, const char *name, const uint8_t *data, size_t size) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);
        FILE *file = fopen(path, "we");

        if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static char directory[] = "/dev/shm/lago-fuzz-XXXXXX";
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        const uint8_t *cut = memchr(data, 0xff, size);
        size_t n = cut ? (size_t)(cut - data) : size;
        int r;

        if (strstr(directory, "XXXXXX") && !mkdtemp(directory))
                abort();
        put(directory, "lago.conf", data, n);
        put(directory, "lago.env", data + n + (cut ? 1 : 0), size - n - (cut ? 1 : 0));
        r = config_load(directory, &config, &errors);
        /* An answer is an answer: a configuration, or a reason why not, on one line each. */
        if ((r == 0) != (config != NULL) || (r == 0) != (config_errors_status(&errors) == 0))
                abort();
        for (size_t i = 0; i < errors.n; i++)
                if (isempty(errors.list[i].text) || strchr(errors.list[i].text, '\n'))
                        abort();
        config_errors_done(&errors);
        return 0;
}
