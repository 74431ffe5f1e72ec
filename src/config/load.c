/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "base/passing.h"
#include "base/util.h"
#include "config/check.h"
#include "config/conf-file.h"
#include "config/values.h"

#include <dirent.h>
#include <stdio.h>

/* What one file has set so far, to tell a repeated key from one that a later file overrides. */
typedef struct Loader {
        Config *config;
        ConfigErrors *errors;
        Origins origins;
        char **order; /* every file looked for, there or not */
        const char *file;
        unsigned set_at[_KEY_MAX];
} Loader;

static bool on_section(void *userdata, const char *section, unsigned line) {
        Loader *loader = userdata;
        _cleanup_(freep) char *help = NULL;

        if (config_section_is_known(section))
                return true;
        help = config_section_help(section);
        config_errors_add(loader->errors, loader->file, line, "%s", help);
        return false;
}

static void on_key(void *userdata, const char *section, const char *name, const char *value,
                   unsigned line) {
        Loader *loader = userdata;
        KeyId id = config_key_find(section, name);
        _cleanup_(freep) char *reason = NULL;

        if (id == _KEY_MAX) {
                reason = config_key_help(section, name);
                config_errors_add(loader->errors, loader->file, line, "%s", reason);
                return;
        }
        if (loader->set_at[id] > 0) {
                config_errors_add(loader->errors, loader->file, line,
                                  "%s of [%s] is set in line %u already; keep one of the "
                                  "two",
                                  name, section, loader->set_at[id]);
                return;
        }
        loader->set_at[id] = line;
        loader->origins.of[id] = (Origin){.file = loader->file, .line = line};
        if (config_key_set(loader->config, id, value, &reason) < 0)
                config_errors_add(loader->errors, loader->file, line, "[%s] %s", section, reason);
}

static void read_file(Loader *loader, const char *path) {
        int r;

        memset(loader->set_at, 0, sizeof(loader->set_at));
        strv_add(&loader->order, path);
        loader->file = loader->order[strv_length(loader->order) - 1];
        r = conf_file_read(path, on_section, on_key, loader, loader->errors);
        if (r < 0 && r != -ENOENT)
                config_errors_add_errno(loader->errors, path, r, "cannot be read");
        if (r >= 0)
                strv_add(&loader->config->files, path);
}

static int is_drop_in(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && streq(entry->d_name + n - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_drop_ins(Loader *loader, const char *directory) {
        _cleanup_(freep) char *path = xasprintf("%s/lago.conf.d", directory);
        struct dirent **entries = NULL;
        int n = scandir(path, &entries, is_drop_in, by_name);

        if (n < 0 && errno != ENOENT)
                config_errors_add_errno(loader->errors, path, -errno, "cannot be read");
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *file = xasprintf("%s/%s", path, entries[i]->d_name);

                read_file(loader, file);
                free(entries[i]);
        }
        free(entries);
}

static void set_defaults(Config *config) {
        for (KeyId id = 0; id < _KEY_MAX; id++) {
                const char *fallback = config_key(id)->fallback;
                _cleanup_(freep) char *reason = NULL;

                /* A default that does not parse is our own mistake. */
                if (fallback && config_key_set(config, id, fallback, &reason) < 0) {
                        fprintf(stderr, "default of %s\n", reason);
                        abort();
                }
        }
}

/* Answer: whether the file is there. */
static bool read_environment(Loader *loader, const char *path) {
        int r = env_read(loader->config->env, path, loader->errors);

        strv_add(&loader->order, path);
        if (r < 0 && r != -ENOENT && r != -EBADMSG)
                config_errors_add_errno(loader->errors, path, r, "cannot be read");
        return r != -ENOENT;
}

static void read_environments(Loader *loader, const char *directory) {
        _cleanup_(freep) char *settings = xasprintf("%s/lago.env", directory);
        _cleanup_(freep) char *secrets = xasprintf("%s/secrets.env", directory);
        Env *env = loader->config->env;

        (void)read_environment(loader, settings);
        /* To Lago an empty one is none; it must not stand before the one of secrets.env. */
        if (isempty(env_get(env, "REDIS_PASSWORD")))
                env_unset(env, "REDIS_PASSWORD");
        if (!read_environment(loader, secrets))
                (void)read_environment(loader, CONFIG_CREDENTIAL);
}

/*
 * ClickHouse's settings may stand in env.d/migrate.env, so every member reads that file. lago-setup and lago-migrate log what
 * is wrong in it, as for any other file in env.d; here it matters only whether it could be read.
 */
static void read_migrate_environment(Loader *loader, const char *directory) {
        _cleanup_(freep) char *path = xasprintf("%s/env.d/migrate.env", directory);
        ConfigErrors errors = {0};
        int r;

        loader->config->migrate_env = env_new();
        strv_add(&loader->order, path);
        r = env_read(loader->config->migrate_env, path, &errors);
        if (errno_is_passing(r))
                config_errors_add_errno(loader->errors, path, r, "cannot be read");
        config_errors_done(&errors);
}

static size_t file_rank(char *const *order, const char *file) {
        size_t rank = 0;

        STRV_FOREACH(i, order) {
                if (streq(*i, file))
                        break;
                rank++;
        }
        return rank;
}

static bool comes_before(char *const *order, const ConfigError *a, const ConfigError *b) {
        size_t rank_a = file_rank(order, a->file), rank_b = file_rank(order, b->file);

        return rank_a != rank_b ? rank_a < rank_b : a->line < b->line;
}

/* By insertion: what is found while reading is in order already, and what is found later is little. */
static void sort_errors(char *const *order, ConfigErrors *errors) {
        for (size_t i = 1; i < errors->n; i++) {
                ConfigError error = errors->list[i];
                size_t j = i;

                for (; j > 0 && comes_before(order, &error, &errors->list[j - 1]); j--)
                        errors->list[j] = errors->list[j - 1];
                errors->list[j] = error;
        }
}

static int load(const char *directory, bool with_environment, Config **ret, ConfigErrors *errors) {
        _cleanup_(config_freep) Config *config = xcalloc(1, sizeof(*config));
        _cleanup_(freep) char *main_file = xasprintf("%s/lago.conf", directory);
        Loader loader = {.config = config, .errors = errors, .origins.main_file = main_file};

        config->env = env_new();
        set_defaults(config);
        read_file(&loader, main_file);
        read_drop_ins(&loader, directory);
        if (with_environment) {
                read_environments(&loader, directory);
                read_migrate_environment(&loader, directory);
        }
        /* What was not read seems to be missing, and is not. */
        if (!config_errors_unread(errors)) {
                check_config(config, &loader.origins, errors);
                if (with_environment)
                        check_environment(config, &loader.origins, errors);
        }
        sort_errors(loader.order, errors);
        /* The origins point into it. */
        strv_free(loader.order);
        if (config_errors_status(errors) != 0)
                return -EBADMSG;
        *ret = TAKE_PTR(config);
        return 0;
}

static int load_or_drop_errors(const char *directory, bool with_environment, Config **ret,
                               ConfigErrors *errors) {
        ConfigErrors own = {0};
        int r = load(directory, with_environment, ret, errors ? errors : &own);

        config_errors_done(&own);
        return r;
}

int config_load(const char *directory, Config **ret, ConfigErrors *errors) {
        return load_or_drop_errors(directory, /* with_environment= */ true, ret, errors);
}

int config_load_files(const char *directory, Config **ret, ConfigErrors *errors) {
        return load_or_drop_errors(directory, /* with_environment= */ false, ret, errors);
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;
        for (KeyId id = 0; id < _KEY_MAX; id++) {
                const ConfigKey *key = config_key(id);

                if (key->type->clear)
                        key->type->clear((char *)config + key->offset);
        }
        env_free(config->env);
        env_free(config->migrate_env);
        strv_free(config->files);
        free(config);
        return NULL;
}

void config_freep(Config **config) {
        *config = config_free(*config);
}
