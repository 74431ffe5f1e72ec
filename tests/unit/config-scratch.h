/* SPDX-License-Identifier: MIT */
#pragma once
/* A directory with configuration files, for one test, and what config_load() says of it. */

#include "base/file.h"
#include "base/util.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct Scratch {
        char path[64];
} Scratch;

static inline Scratch scratch_new(void) {
        Scratch scratch = {.path = "/tmp/lago-unit-XXXXXX"};
        _cleanup_(freep) char *drop_ins = NULL, *members = NULL;

        assert_non_null(mkdtemp(scratch.path));
        drop_ins = xasprintf("%s/lago.conf.d", scratch.path);
        members = xasprintf("%s/env.d", scratch.path);
        assert_int_equal(make_dirs(drop_ins, 0755), 0);
        assert_int_equal(make_dirs(members, 0755), 0);
        return scratch;
}

/* Opens and reads as long as the limit allows; then no descriptor is left. Answer: the old limit, to be given back. */
static inline struct rlimit no_more_descriptors(void) {
        struct rlimit old, none;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        return old;
}

static inline void descriptors_again(struct rlimit old) {
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* A file that can be opened, and whose reading ends in EIO. */
static inline void scratch_put_damaged(const Scratch *scratch, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", scratch->path, name);

        (void)unlink(path);
        assert_int_equal(symlink("/proc/self/mem", path), 0);
}

static inline void scratch_done(Scratch *scratch) {
        (void)remove_tree(scratch->path);
}

static inline void scratch_put_bytes(const Scratch *scratch, const char *name, const void *bytes,
                                     size_t size) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", scratch->path, name);
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0600), 0);
}

static inline void scratch_put(const Scratch *scratch, const char *name, const char *text) {
        if (text)
                scratch_put_bytes(scratch, name, text, strlen(text));
}

/* One line for each: "NAME:LINE: text", the name below the directory; "warning" and "keys" say the kind. */
static inline char *errors_text(const Scratch *scratch, const ConfigErrors *errors) {
        _cleanup_(strv_freep) char **lines = NULL;

        for (size_t i = 0; i < errors->n; i++) {
                static const char *const kinds[] = {[CONFIG_ERROR] = "",
                                                    [CONFIG_ERROR_KEYS] = "keys: ",
                                                    [CONFIG_WARNING] = "warning: ",
                                                    [CONFIG_UNREAD] = "unread: "};
                const ConfigError *error = &errors->list[i];
                const char *name = startswith(error->file, scratch->path);

                strv_addf(&lines, "%s:%u: %s%s\n", name ? name + 1 : error->file, error->line,
                          kinds[error->kind], error->text);
        }
        return strv_join(lines, "");
}

/* What config_load() says; *ret (may be NULL) gets the configuration when it is right. */
static inline char *scratch_load(const Scratch *scratch, Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        int r = config_load(scratch->path, &config, &errors);
        char *text = errors_text(scratch, &errors);

        assert_int_equal(r, config_errors_status(&errors) == 0 ? 0 : -EBADMSG);
        assert_true((config != NULL) == (r == 0));
        config_errors_done(&errors);
        if (ret)
                *ret = TAKE_PTR(config);
        return text;
}
