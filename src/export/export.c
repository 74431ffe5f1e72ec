/* SPDX-License-Identifier: MIT */
#include "export/export.h"

#include "base/exit.h"
#include "base/text.h"
#include "base/util.h"
#include "config/mask.h"

#include <ctype.h>
#include <stdio.h>

#define BAD_MANIFEST 65 /* of lago-gate(8) */

const char *export_kind_name(ExportKind kind) {
        static const char *const kinds[_EXPORT_KIND_MAX] = {
                [EXPORT_COMPOSE] = "compose",
                [EXPORT_QUADLET] = "quadlet",
                [EXPORT_KUBERNETES] = "kubernetes",
        };

        return kinds[kind];
}

int export_kind_parse(const char *word, ExportKind *ret) {
        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++)
                if (streq(export_kind_name(kind), word)) {
                        *ret = kind;
                        return 0;
                }
        return -EINVAL;
}

Export *export_make(ExportKind kind, const ExportInput *input) {
        static void (*const makers[_EXPORT_KIND_MAX])(Export *, const ExportInput *) = {
                [EXPORT_COMPOSE] = export_compose,
                [EXPORT_QUADLET] = export_quadlet,
                [EXPORT_KUBERNETES] = export_kubernetes,
        };
        Export *export = xcalloc(1, sizeof(Export));

        export->kind = kind;
        makers[kind](export, input);
        return export;
}

Export *export_free(Export *export) {
        for (size_t i = 0; export && i < export->n; i++) {
                free(export->files[i].name);
                if (export->files[i].secret)
                        explicit_bzero(export->files[i].text, strlen(export->files[i].text));
                free(export->files[i].text);
        }
        if (export)
                free(export->files);
        free(export);
        return NULL;
}

void export_freep(Export **export) {
        *export = export_free(*export);
}

void export_add(Export *export, const char *name, char *text, bool secret) {
        export->files = xrealloc(export->files, (export->n + 1) * sizeof(ExportFile));
        export->files[export->n++] = (ExportFile){.name = xstrdup(name), .text = text, .secret = secret};
}

/* --- settings and secrets --------------------------------------------------------------------------------- */

static const Env *own_of(const ExportInput *input, const Member *member) {
        size_t n = 0;
        Member *members = stack_members(input->config, &n);
        const Env *own = NULL;

        for (size_t i = 0; input->own && i < n; i++)
                if (members[i].kind == member->kind && streq(members[i].pool, member->pool))
                        own = input->own[i];
        free(members);
        return own;
}

static bool is_secret(const char *pair) {
        _cleanup_(freep) char *name = xstrndup(pair, strcspn(pair, "="));
        const char *value = pair + strlen(name) + 1;
        _cleanup_(freep) char *shown = mask_value(name, value);

        return !streq(shown, value);
}

Settings export_settings(const ExportInput *input, const Member *member) {
        _cleanup_(strv_freep) char **all = stack_environment(input->config, member, own_of(input, member));
        /* Its other settings say where its data is, and are written where its password is a file of its own. */
        bool database = member->kind == MEMBER_DB;
        /* Every browser reads what the front has. */
        bool published = member_info(member->kind)->environment == ENVIRONMENT_FRONT;
        Settings settings = {};

        STRV_FOREACH(pair, all)
                strv_add(!published && (database ? startswith(*pair, "POSTGRES_PASSWORD=") != NULL : is_secret(*pair))
                                 ? &settings.secret
                                 : &settings.plain,
                         *pair);
        return settings;
}

void export_settings_done(Settings *settings) {
        settings->plain = strv_free(settings->plain);
        settings->secret = strv_free(settings->secret);
}

/* --- names ------------------------------------------------------------------------------------------------- */

/* Of the first value of @pairs that is no text in UTF-8; NULL: there is none. */
static char *unfit_of(char *const *pairs) {
        STRV_FOREACH(pair, pairs)
                if (!is_utf8_text(*pair))
                        return xstrndup(*pair, strcspn(*pair, "="));
        return NULL;
}

char *export_unfit(const ExportInput *input) {
        size_t n = 0;
        Member *members = stack_members(input->config, &n);
        char *name = NULL;

        for (size_t i = 0; !name && i < n; i++) {
                Settings settings = export_settings(input, &members[i]);

                name = unfit_of(settings.plain);
                if (!name)
                        name = unfit_of(settings.secret);
                export_settings_done(&settings);
        }
        free(members);
        STRV_FOREACH(word, input->config->database_arguments)
                if (!name && !is_utf8_text(*word))
                        name = xstrdup("arguments below [database]");
        return name;
}

char *export_image(const ExportInput *input, MemberKind kind) {
        return input->pins && input->pins[kind] ? xstrdup(input->pins[kind]) : stack_image(input->config, kind);
}

const char *export_gate_image(const ExportInput *input) {
        return input->gate_image ? input->gate_image : "localhost/lago-gate:" LAGO_VERSION;
}

char *export_service(const Member *member) {
        if (member->kind == MEMBER_WORKER)
                return member->pool[0] ? xasprintf("api-%s-worker", member->pool) : xstrdup("api-worker");
        return xstrdup(member->kind == MEMBER_CLOCK ? "api-clock" : member_info(member->kind)->name);
}

bool export_has_clickhouse_ca(const ExportInput *input) {
        return input->config->clickhouse_ca_file && stack_has_clickhouse(input->config, NULL);
}

bool export_has_bucket(const Config *config) {
        static const char *const switches[] = {"LAGO_USE_AWS_S3", "LAGO_USE_GCS"};

        for (size_t i = 0; i < ELEMENTSOF(switches); i++) {
                const char *value = env_get(config->env, switches[i]);

                if (value && streq(value, "true"))
                        return true;
        }
        return false;
}

char **export_volumes(const ExportInput *input, const Member *member) {
        char **volumes = stack_volumes(input->config, member->kind);

        if (member_info(member->kind)->backend && export_has_clickhouse_ca(input))
                strv_addf(&volumes, "%s:" EXPORT_CLICKHOUSE_CA ":ro", input->config->clickhouse_ca_file);
        return volumes;
}

char *export_object_name(const char *volume) {
        char *name = xstrdup(volume);

        for (char *c = name; *c; c++)
                *c = *c == '_' || *c == '.' ? '-' : (char)tolower((unsigned char)*c);
        for (size_t n = strlen(name); n > 0 && name[n - 1] == '-'; n--)
                name[n - 1] = '\0';
        return name;
}

/* FNV-1a, which tells what was changed and is no proof of anything. */
uint32_t export_mark(uint32_t mark, const char *text) {
        mark = mark == 0 ? 2166136261 : mark;
        for (; *text; text++)
                mark = (mark ^ (unsigned char)*text) * 16777619;
        return mark;
}

char *export_final_statuses(void) {
        _cleanup_(strv_freep) char **statuses = NULL;

        strv_addf(&statuses, "%d", GATE_PENDING);
        for (int status = GATE_AHEAD; status < _GATE_REFUSED_END; status++)
                strv_addf(&statuses, "%d", status);
        strv_addf(&statuses, "%d", EXIT_USAGE);
        strv_addf(&statuses, "%d", BAD_MANIFEST);
        strv_addf(&statuses, "%d", EXIT_MIGRATE);
        return strv_join(statuses, ", ");
}

unsigned export_seconds(uint64_t usec) {
        return usec < 1000000 ? 1 : (unsigned)(usec / 1000000);
}

/* --- quoting ----------------------------------------------------------------------------------------------- */

char *export_shell(char *const *pairs) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        STRV_FOREACH(pair, pairs) {
                size_t n = strcspn(*pair, "=");

                fprintf(f, "%.*s='", (int)n, *pair);
                for (const char *c = *pair + n + 1; *c; c++)
                        if (*c == '\'')
                                fputs("'\\''", f);
                        else
                                fputc(*c, f);
                fputs("'\n", f);
        }
        fclose(f);
        return text;
}

char *export_quote(const char *value, bool dollars) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        fputc('"', f);
        for (const char *c = value; *c; c++)
                if (*c == '"' || *c == '\\')
                        fprintf(f, "\\%c", *c);
                else if ((unsigned char)*c < ' ' || *c == 127)
                        fprintf(f, "\\u%04x", (unsigned)(unsigned char)*c);
                else if (*c == '$' && dollars)
                        fputs("$$", f);
                else
                        fputc(*c, f);
        fputc('"', f);
        fclose(f);
        return text;
}

char *export_list(char *const *words, bool dollars) {
        _cleanup_(strv_freep) char **quoted = NULL;
        _cleanup_(freep) char *inside = NULL;

        STRV_FOREACH(word, words)
                strv_take(&quoted, export_quote(*word, dollars));
        inside = strv_join(quoted, ", ");
        return xasprintf("[%s]", inside);
}
