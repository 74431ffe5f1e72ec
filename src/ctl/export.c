/* SPDX-License-Identifier: MIT */
/* "lagoctl export": reads what is configured, and what is here; src/export makes the files. */
#include "ctl/ctl.h"

#include "base/log.h"
#include "export/export.h"
#include "setup/setup.h"

#include <stdio.h>

/* env.d/MEMBER.env; an absent one is none. */
static int read_own(const Member *member, Env **ret, ConfigErrors *errors) {
        _cleanup_(freep) char *name = member_environment_name(member);
        _cleanup_(freep) char *path = xasprintf(CONFIG_DIRECTORY "/env.d/%s.env", name);
        _cleanup_(env_freep) Env *env = env_new();
        int r = env_read(env, path, errors);

        if (r < 0 && r != -ENOENT)
                return r;
        *ret = TAKE_PTR(env);
        return 0;
}

/* One for each member; *ret_n of them. Errors: told. */
static int read_all_own(const Config *config, Env ***ret, size_t *ret_n) {
        Member *members = stack_members(config, ret_n);
        ConfigErrors errors = {0};
        int r = 0;

        *ret = xcalloc(*ret_n + 1, sizeof(Env *));
        for (size_t i = 0; r >= 0 && i < *ret_n; i++)
                r = read_own(&members[i], &(*ret)[i], &errors);
        config_errors_tell(&errors);
        config_errors_done(&errors);
        free(members);
        return r;
}

/* NULL when neither it nor a front that stands in for it is here. The caller frees it. */
static char *id_of(const Config *config, MemberKind kind, const char *image) {
        char *id = image_id(image);
        _cleanup_(freep) char *before = !id && kind == MEMBER_FRONT ? stack_front_before(config, image) : NULL;

        return before ? id_of(config, kind, before) : id;
}

/* The image that is here under that name, by its id. Errors: -ENOENT, told. */
static int pin_images(const Config *config, char *pins[static _MEMBER_KIND_MAX]) {
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++) {
                const Member member = {.kind = kind};
                _cleanup_(freep) char *image = stack_image(config, kind), *id = NULL;

                if (stack_is_external(config, kind) || !stack_is_enabled(config, &member))
                        continue;
                id = id_of(config, kind, image);
                if (!id) {
                        log_error("export: %s is not on this host; run: lagoctl pull", image);
                        return -ENOENT;
                }
                pins[kind] = xasprintf("sha256:%s", id);
        }
        return 0;
}

static void print_files(const Export *export) {
        for (size_t i = 0; i < export->n; i++)
                if (export->files[i].secret)
                        printf("# --- %s: secret, written with --output alone\n", export->files[i].name);
                else
                        printf("# --- %s\n%s", export->files[i].name, export->files[i].text);
}

static int write_files(const Export *export, const char *directory) {
        _cleanup_(strv_freep) char **removed = NULL;
        _cleanup_(freep) char *error = NULL;

        if (export_write(export, directory, &removed, &error) < 0) {
                log_error("export: %s", error);
                return EXIT_OSERR;
        }
        STRV_FOREACH(name, removed)
                printf("removed %s/%s, of the export before\n", directory, *name);
        printf("%s/%s\n", directory, export->files[0].name);
        return EXIT_SUCCESS;
}

/* Made elsewhere once more they would be others, and what is encrypted in the database could not be read there. */
static int check_keys(const Config *config) {
        _cleanup_(strv_freep) char **missing = setup_missing_keys(config);
        _cleanup_(freep) char *names = strv_join(missing, ", ");

        if (isempty(names))
                return 0;
        log_error("export: there are no keys yet (%s); make them: systemctl start lago-setup", names);
        return EXIT_KEYS;
}

static int make_of(ExportKind kind, const ExportInput *input, const char *directory) {
        _cleanup_(export_freep) Export *export = NULL;
        _cleanup_(freep) char *unfit = export_unfit(input);
        int status = EXIT_SUCCESS;

        if (unfit) {
                log_error("export: %s is no text in UTF-8, and nobody could read a file with that in it; write it in UTF-8", unfit);
                return EXIT_CONFIG;
        }
        export = export_make(kind, input);
        if (directory)
                status = write_files(export, directory);
        else
                print_files(export);
        return status;
}

static int make(ExportKind kind, const Config *config, bool pin, const char *directory) {
        char *pins[_MEMBER_KIND_MAX] = {0};
        Env **own = NULL;
        size_t n = 0;
        int status = read_all_own(config, &own, &n) < 0 ? EXIT_CONFIG : pin && pin_images(config, pins) < 0 ? EXIT_IMAGE
                                                                                                            : 0;

        if (status == 0)
                status = make_of(kind, &(ExportInput){.config = config, .own = own, .pins = pin ? pins : NULL}, directory);
        for (size_t i = 0; i < n; i++)
                own[i] = env_free(own[i]);
        for (size_t i = 0; i < _MEMBER_KIND_MAX; i++)
                free(pins[i]);
        free(own);
        return status;
}

/* "--output DIR" and "--output=DIR"; the other words stay in @argv. */
static const char *take_output(int *argc, char **argv) {
        const char *directory = NULL;
        int n = 0;

        for (int i = 0; i < *argc; i++)
                if (streq(argv[i], "--output") && i + 1 < *argc)
                        directory = argv[++i];
                else if (startswith(argv[i], "--output="))
                        directory = startswith(argv[i], "--output=");
                else
                        argv[n++] = argv[i];
        *argc = n;
        return directory;
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(config_freep) Config *config = NULL;
        const char *directory = take_output(&argc, argv), *word;
        bool pin = false;
        ExportKind kind;
        int status;

        if (arguments_parse(verb, argc, argv, (const Flag[]){{"--pin", &pin}}, 1, &word, 1, 1) < 0)
                return EXIT_USAGE;
        if (export_kind_parse(word, &kind) < 0) {
                log_error("export: compose, quadlet or kubernetes, not \"%s\"", word);
                return EXIT_USAGE;
        }
        if (pin && kind == EXPORT_KUBERNETES) {
                log_error("export: an id of this host's images means nothing to a cluster; name them by digest below [images]");
                return EXIT_USAGE;
        }
        status = config_load_or_tell(CONFIG_DIRECTORY, &config);
        if (status == 0)
                status = check_keys(config);
        if (status != 0)
                return status;
        stack_forget_redis_password(config);
        return make(kind, config, pin, directory);
}

const Verb verb_export = {
        .name = "export",
        .arguments = "KIND",
        .summary = "Write what lago.conf says for compose, quadlet or kubernetes",
        .help = "KIND is compose, quadlet or kubernetes. The order of this stack goes along: lago-gate asks the database before\n"
                "anything of Lago starts there. The same configuration gives the same bytes. Nothing that runs here changes.\n"
                "  --output DIR  write the files into DIR, secrets into files of their own that root alone can read; without it\n"
                "                they are printed, but for the secrets\n"
                "  --pin         name the images by their ids on this host; not for kubernetes\n"
                "What each kind keeps and what it cannot: /usr/share/doc/lago-supervisor/elsewhere.md.\n"
                "Exit status: 71 DIR cannot be written, 78 the configuration is refused, 81 an image to pin is not here,\n"
                "82 there are no keys yet.\n",
        .as_root = true,
        .run = run,
};
