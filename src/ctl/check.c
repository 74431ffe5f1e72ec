/* SPDX-License-Identifier: MIT */
#include "config/mask.h"
#include "ctl/chain.h"
#include "ctl/ctl.h"

#include "config/conf-file.h"
#include "config/keys.h"
#include "setup/setup.h"
#include "stack/stack.h"

#include <stdio.h>

/* What lago.conf and its drop-ins say, as written. */
typedef struct Written {
        const char *file; /* that is being read */
        struct {
                char *value;
                const char *file;
                unsigned line;
        } keys[_KEY_MAX];
} Written;

static bool on_section(void *userdata, const char *section, unsigned line) {
        (void)userdata;
        (void)line;
        return config_section_is_known(section);
}

static void on_key(void *userdata, const char *section, const char *name, const char *value,
                   unsigned line) {
        Written *written = userdata;
        KeyId id = config_key_find(section, name);

        if (id == _KEY_MAX)
                return;
        free_and_strdup(&written->keys[id].value, value);
        written->keys[id].file = written->file;
        written->keys[id].line = line;
}

static void print_origin(const char *assignment, const char *file, unsigned line) {
        if (file && line > 0)
                printf("%-56s  %s:%u\n", assignment, file, line);
        else
                printf("%-56s  %s\n", assignment, file ? file : "default");
}

/* What follows from the line of the front's image, and is not in it. */
static void print_front(const Config *config) {
        _cleanup_(freep) char *image = stack_image(config, MEMBER_FRONT);
        _cleanup_(freep) char *note = config->front_enabled ? front_note(image, config->release) : NULL;

        if (note)
                printf("# %s\n", note);
}

/* What its lines say was judged when they were read first; that they cannot be read now is news. */
static void read_written(char *const *files, Written *written, ConfigErrors *unread) {
        ConfigErrors judged = {0};

        STRV_FOREACH(file, files) {
                int r;

                written->file = *file;
                r = conf_file_read(*file, on_section, on_key, written, &judged);
                if (r < 0)
                        config_errors_add_errno(unread, *file, r, "cannot be read");
        }
        config_errors_done(&judged);
}

static void print_settings(const Config *config, ConfigErrors *unread) {
        const char *section = "";
        Written written = {0};

        read_written(config->files, &written, unread);
        for (KeyId id = 0; id < _KEY_MAX; id++) {
                const ConfigKey *key = config_key(id);
                const char *value = written.keys[id].value ? written.keys[id].value : key->fallback;
                _cleanup_(freep) char *line = xasprintf("%s = %s", key->name, value ? value : "");

                if (!streq(section, key->section))
                        printf("%s[%s]\n", id > 0 ? "\n" : "", key->section);
                section = key->section;
                print_origin(line, written.keys[id].file, written.keys[id].line);
                free(written.keys[id].value);
                if (id == KEY_IMAGES_FRONT)
                        print_front(config);
        }
}

static void print_environment(const Env *env) {
        puts("\nEnvironment of Lago");
        for (size_t i = 0; i < env->n; i++) {
                const EnvPair *pair = &env->list[i];
                _cleanup_(freep) char *shown = mask_value(pair->key, pair->value);
                _cleanup_(freep) char *line = xasprintf("%s=%s", pair->key, shown);

                print_origin(line, pair->file, pair->line);
        }
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        int status, r;

        if (arguments_parse(verb, argc, argv, NULL, 0, NULL, 0, 0) < 0)
                return EXIT_USAGE;
        r = config_load(CONFIG_DIRECTORY, &config, &errors);
        if (r >= 0)
                setup_check(CONFIG_DIRECTORY, config, &errors);
        if (config) {
                print_settings(config, &errors);
                print_environment(config->env);
                (void)fflush(stdout);
        }
        config_errors_tell(&errors);
        status = config_errors_status(&errors);
        if (r < 0 && status == 0)
                status = EXIT_CONFIG;
        config_errors_done(&errors);
        return status;
}

const Verb verb_check = {
        .name = "check",
        .arguments = "",
        .summary = "Check the configuration and show what is in force",
        .help = "Reads " CONFIG_DIRECTORY
                " as the next start would, and changes nothing. Every setting is shown with the\n"
                "file and line it comes from, or \"default\"; secrets are masked. Every error is told with its file and\n"
                "line. Exit status: 0 all is right, 78 the configuration is refused, 82 the keys are.\n",
        .as_root = true,
        .run = run,
};
