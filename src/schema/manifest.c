/* SPDX-License-Identifier: MIT */
#include "schema/manifest.h"

#include "base/util.h"

#include <inttypes.h>
#include <stdio.h>

#define WORD_MAX       200 /* bytes of a name; file systems stop at 255 */
#define EXTENSIONS_MAX 500 /* PostgreSQL itself brings fifty */

Manifest *manifest_new(void) {
        Manifest *manifest = xcalloc(1, sizeof(Manifest));

        manifest->release = xstrdup("-");
        return manifest;
}

Manifest *manifest_free(Manifest *manifest) {
        if (!manifest)
                return NULL;
        for (size_t i = 0; i < manifest->n_files; i++)
                free(manifest->files[i].name);
        for (size_t i = 0; i < manifest->n_clickhouse; i++)
                free(manifest->clickhouse[i].name);
        for (size_t i = 0; i < manifest->n_scripts; i++) {
                free(manifest->scripts[i].path);
                free(manifest->scripts[i].command);
        }
        free(manifest->files);
        free(manifest->clickhouse);
        free(manifest->scripts);
        free(manifest->release);
        versions_done(&manifest->versions);
        versions_done(&manifest->structure);
        strv_free(manifest->extensions);
        free(manifest);
        return NULL;
}

void manifest_freep(Manifest **manifest) {
        *manifest = manifest_free(*manifest);
}

/* Whether @s is a word of the manifest: 1 to WORD_MAX bytes out of @allowed. */
static bool is_word(const char *s, const char *allowed) {
        size_t n = strlen(s);

        return n > 0 && n <= WORD_MAX && strspn(s, allowed) == n;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789_"
#define ANY   LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-+"

static bool is_file_name(const char *s) {
        return is_word(s, LOWER ".");
}

/* A command goes on one line and may be shown: printable ASCII, starting with a letter or so. */
static bool is_command(const char *s) {
        if (*s == '\0' || *s == ' ' || strlen(s) > 1000)
                return false;
        for (; *s; s++)
                if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
                        return false;
        return true;
}

/* Room for one more behind @n: it is doubled whenever it was full. */
static void *with_room(void *list, size_t n, size_t size) {
        return (n & (n - 1)) == 0 ? xrealloc(list, (n > 0 ? 2 * n : 1) * size) : list;
}

static void append(ManifestFile **list, size_t *n, uint64_t version, const char *name) {
        *list = with_room(*list, *n, sizeof(ManifestFile));
        (*list)[(*n)++] = (ManifestFile){version, xstrdup(name)};
}

static void add_file(Manifest *manifest, uint64_t version, const char *name) {
        append(&manifest->files, &manifest->n_files, version, name);
        versions_add(&manifest->versions, version);
}

static void add_clickhouse(Manifest *manifest, uint64_t version, const char *name) {
        append(&manifest->clickhouse, &manifest->n_clickhouse, version, name);
}

/* @command NULL: the script ends with exec. */
static void add_script(Manifest *manifest, const char *path, const char *command) {
        ManifestScript *script;

        manifest->scripts = with_room(manifest->scripts, manifest->n_scripts, sizeof(ManifestScript));
        script = &manifest->scripts[manifest->n_scripts++];
        script->path = xstrdup(path);
        script->command = command ? xstrdup(command) : NULL;
}

/* Takes "VERSION_NAME.rb" apart; NULL for any other name. The caller frees the answer. */
static char *split_base(const char *base, uint64_t *ret_version) {
        size_t n_digits = strspn(base, "0123456789"), n = strlen(base);
        _cleanup_(freep) char *name = NULL;

        if (base[n_digits] != '_' || n < n_digits + 4 || !streq(base + n - 3, ".rb"))
                return NULL;
        if (versions_parse(base, n_digits, ret_version) < 0)
                return NULL;
        name = xstrndup(base + n_digits + 1, n - n_digits - 4);
        return is_file_name(name) ? TAKE_PTR(name) : NULL;
}

static bool add_named(Manifest *manifest, const char *base, void (*add)(Manifest *, uint64_t, const char *)) {
        uint64_t version;
        _cleanup_(freep) char *name = split_base(base, &version);

        if (name)
                add(manifest, version, name);
        return name != NULL;
}

bool manifest_add_file(Manifest *manifest, const char *base) {
        return add_named(manifest, base, add_file);
}

bool manifest_add_clickhouse(Manifest *manifest, const char *base) {
        return add_named(manifest, base, add_clickhouse);
}

/* The versions of one INSERT, up to its semicolon: ('20220525122759'), … */
static void add_inserted(Manifest *manifest, const char *s) {
        while (*s && *s != ';') {
                size_t n;
                uint64_t version;

                if (*s++ != '\'')
                        continue;
                n = strspn(s, "0123456789");
                if (s[n] == '\'' && versions_parse(s, n, &version) >= 0)
                        versions_add(&manifest->structure, version);
                s += n + (s[n] == '\'');
        }
}

/* One more than may be is enough to know it. */
static void add_extension_name(Manifest *manifest, const char *name) {
        if (strv_length(manifest->extensions) <= EXTENSIONS_MAX)
                strv_add(&manifest->extensions, name);
}

/* "pg_partman WITH SCHEMA partman;" */
static void add_extension(Manifest *manifest, const char *s) {
        static const char if_not_exists[] = "IF NOT EXISTS ";
        const char *rest = startswith(s, if_not_exists);
        _cleanup_(freep) char *name = NULL;
        size_t n;

        s = rest ? rest : s;
        s += *s == '"';
        n = strspn(s, LOWER "-");
        name = xstrndup(s, n);
        if (is_word(name, LOWER "-") && !strv_contains(manifest->extensions, name))
                add_extension_name(manifest, name);
}

/* Whether an INSERT is one into schema_migrations, up to its list of columns or the end of the line. */
static bool is_about_migrations(const char *rest) {
        return memmem(rest, strcspn(rest, "(\n"), "schema_migrations", strlen("schema_migrations")) != NULL;
}

void manifest_add_structure(Manifest *manifest, const char *text) {
        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *rest;

                line += *line == '\n';
                rest = startswith(line, "CREATE EXTENSION ");
                if (rest)
                        add_extension(manifest, rest);
                rest = startswith(line, "INSERT INTO ");
                if (rest && is_about_migrations(rest))
                        add_inserted(manifest, rest);
        }
}

/* Shell keywords that can end a script but cannot be run. */
static bool is_keyword(const char *s) {
        static const char *const words[] = {"fi", "done", "esac", "}", ")", ";;"};

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(s, words[i]))
                        return true;
        return false;
}

void manifest_add_script(Manifest *manifest, const char *path, const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");
        const char *last = NULL;

        STRV_FOREACH(line, lines) {
                const char *s = strip(*line);

                if (*s != '\0' && *s != '#' && !is_keyword(s))
                        last = s;
        }
        if (!last || !is_word(path, ANY "/"))
                return;
        if (streq(last, "exec") || startswith(last, "exec "))
                add_script(manifest, path, NULL);
        else if (is_command(last))
                add_script(manifest, path, last);
}

void manifest_add_migrate(Manifest *manifest, const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(line, lines)
                if (*strip(*line) != '#' && strstr(*line, SEED_TASK))
                        manifest->seeds_roles = true;
}

void manifest_set_release(Manifest *manifest, const char *text) {
        _cleanup_(freep) char *copy = xstrdup(text);
        const char *word = strip(copy);

        free_and_strdup(&manifest->release, is_word(word, ANY) ? word : "-");
}

static int compare_files(const void *a, const void *b) {
        const ManifestFile *x = a, *y = b;

        return (x->version > y->version) - (x->version < y->version);
}

static int compare_scripts(const void *a, const void *b) {
        const ManifestScript *x = a, *y = b;

        return strcmp(x->path, y->path);
}

static int compare_strings(const void *a, const void *b) {
        const char *const *x = a, *const *y = b;

        return strcmp(*x, *y);
}

static int sort_files(ManifestFile *files, size_t n, char **reterr) {
        if (n > 0)
                qsort(files, n, sizeof(ManifestFile), compare_files);
        for (size_t i = 1; i < n; i++)
                if (files[i].version == files[i - 1].version) {
                        *reterr = xasprintf("two migration files of version %" PRIu64 ": %s and %s", files[i].version,
                                            files[i - 1].name, files[i].name);
                        return -EBADMSG;
                }
        return 0;
}

int manifest_finish(Manifest *manifest, char **reterr) {
        if (manifest->n_files == 0) {
                *reterr = xstrdup("no migration file");
                return -EBADMSG;
        }
        if (strv_length(manifest->extensions) > EXTENSIONS_MAX) {
                *reterr = xasprintf("more than %u extensions", EXTENSIONS_MAX);
                return -EBADMSG;
        }
        if (sort_files(manifest->files, manifest->n_files, reterr) < 0 ||
            sort_files(manifest->clickhouse, manifest->n_clickhouse, reterr) < 0)
                return -EBADMSG;
        if (manifest->n_scripts > 0)
                qsort(manifest->scripts, manifest->n_scripts, sizeof(ManifestScript), compare_scripts);
        if (manifest->extensions)
                qsort(manifest->extensions, strv_length(manifest->extensions), sizeof(char *),
                      compare_strings);
        (void)versions_sort(&manifest->versions);
        (void)versions_sort(&manifest->structure);
        return 0;
}

/* --- a line of its text ---------------------------------------------------------------------------------- */

/* "VERSION NAME" behind "file" or "clickhouse". */
static bool parse_file(Manifest *manifest, const char *rest, void (*add)(Manifest *, uint64_t, const char *)) {
        size_t n = strcspn(rest, " ");
        uint64_t version;

        if (versions_parse(rest, n, &version) < 0 || rest[n] != ' ' || !is_file_name(rest + n + 1))
                return false;
        add(manifest, version, rest + n + 1);
        return true;
}

static bool parse_structure(Manifest *manifest, const char *rest) {
        uint64_t version;

        if (versions_parse(rest, strlen(rest), &version) < 0)
                return false;
        versions_add(&manifest->structure, version);
        return true;
}

static bool parse_script(Manifest *manifest, const char *rest) {
        size_t n = strcspn(rest, " ");
        _cleanup_(freep) char *path = xstrndup(rest, n);

        if (!is_word(path, ANY "/") || rest[n] != ' ' || !is_command(rest + n + 1))
                return false;
        add_script(manifest, path, streq(rest + n + 1, "exec") ? NULL : rest + n + 1);
        return true;
}

bool manifest_parse_line(Manifest *manifest, const char *line) {
        const char *rest;

        if ((rest = startswith(line, "file ")))
                return parse_file(manifest, rest, add_file);
        if ((rest = startswith(line, "clickhouse ")))
                return parse_file(manifest, rest, add_clickhouse);
        if ((rest = startswith(line, "structure ")))
                return parse_structure(manifest, rest);
        if ((rest = startswith(line, "script ")))
                return parse_script(manifest, rest);
        if ((rest = startswith(line, "extension ")) && is_word(rest, LOWER "-") &&
            !strv_contains(manifest->extensions, rest)) {
                add_extension_name(manifest, rest);
                return true;
        }
        if ((rest = startswith(line, "release ")) && is_word(rest, ANY)) {
                free_and_strdup(&manifest->release, rest);
                return true;
        }
        manifest->seeds_roles = streq(line, "task " SEED_TASK);
        return manifest->seeds_roles;
}

const ManifestFile *manifest_file(const Manifest *manifest, uint64_t version) {
        ManifestFile key = {.version = version};

        if (manifest->n_files == 0)
                return NULL;
        return bsearch(&key, manifest->files, manifest->n_files, sizeof(ManifestFile), compare_files);
}

Manifest *manifest_of_clickhouse(const Manifest *manifest) {
        Manifest *other = manifest_new();

        free_and_strdup(&other->release, manifest->release);
        for (size_t i = 0; i < manifest->n_clickhouse; i++)
                add_file(other, manifest->clickhouse[i].version, manifest->clickhouse[i].name);
        (void)versions_sort(&other->versions);
        return other;
}
