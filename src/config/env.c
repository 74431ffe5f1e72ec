/* SPDX-License-Identifier: MIT */
#include "config/env.h"

#include "base/file.h"
#include "base/util.h"
#include "config/errors.h"

#include <ctype.h>

#define FILE_MAX_BYTES (1024 * 1024)

Env *env_new(void) {
        return xcalloc(1, sizeof(Env));
}

static void pair_done(EnvPair *pair) {
        free(pair->key);
        free(pair->value);
        free(pair->file);
}

Env *env_free(Env *env) {
        if (!env)
                return NULL;
        for (size_t i = 0; i < env->n; i++)
                pair_done(&env->list[i]);
        free(env->list);
        free(env);
        return NULL;
}

void env_freep(Env **env) {
        *env = env_free(*env);
}

const EnvPair *env_pair(const Env *env, const char *key) {
        for (size_t i = 0; env && i < env->n; i++)
                if (streq(env->list[i].key, key))
                        return &env->list[i];
        return NULL;
}

const char *env_get(const Env *env, const char *key) {
        const EnvPair *pair = env_pair(env, key);

        return pair ? pair->value : NULL;
}

static void env_add(Env *env, const char *key, const char *value, const char *file, unsigned line) {
        env->list = xrealloc(env->list, (env->n + 1) * sizeof(*env->list));
        env->list[env->n++] = (EnvPair){
                .key = xstrdup(key), .value = xstrdup(value), .file = xstrdup(file), .line = line};
}

static void set_at(Env *env, const char *key, const char *value, const char *file, unsigned line) {
        for (size_t i = 0; i < env->n; i++)
                if (streq(env->list[i].key, key)) {
                        EnvPair old = env->list[i];

                        env->list[i] = (EnvPair){.key = xstrdup(key),
                                                 .value = xstrdup(value),
                                                 .file = xstrdup(file),
                                                 .line = line};
                        pair_done(&old);
                        return;
                }
        env_add(env, key, value, file, line);
}

void env_set(Env *env, const char *key, const char *value, const char *file) {
        set_at(env, key, value, file, 0);
}

void env_set_from(Env *env, const char *key, const char *value, const EnvPair *from) {
        set_at(env, key, value, from->file, from->line);
}

void env_unset(Env *env, const char *key) {
        for (size_t i = 0; i < env->n; i++)
                if (streq(env->list[i].key, key)) {
                        pair_done(&env->list[i]);
                        memmove(&env->list[i], &env->list[i + 1],
                                (env->n - i - 1) * sizeof(*env->list));
                        env->n--;
                        return;
                }
}

Env *env_copy(const Env *env) {
        Env *copy = env_new();

        for (size_t i = 0; env && i < env->n; i++)
                env_add(copy, env->list[i].key, env->list[i].value, env->list[i].file,
                        env->list[i].line);
        return copy;
}

static bool is_name(const char *s) {
        if (!isalpha((unsigned char)*s) && *s != '_')
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char)*s) && *s != '_')
                        return false;
        return true;
}

static bool has_control_bytes(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
                        return true;
        return false;
}

/* "value" # what it is for */
static bool has_comment(const char *value, char quote) {
        const char *end = strchr(value + 1, quote);

        return end && end[1 + strspn(end + 1, " \t")] == '#';
}

/*
 * What other readers of such files (a shell, Docker Compose) turn into something else; here it stands as it is written, as for
 * "podman run --env-file". NULL: nothing.
 */
static const char *odd_writing(const char *value) {
        static const char *const quotes[] = {"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e", "\xe2\x80\x98", "\xe2\x80\x99"};

        for (size_t i = 0; i < ELEMENTSOF(quotes); i++)
                if (startswith(value, quotes[i]))
                        return "the typographic quotes are a part of the value; write \" in place of them";
        if (*value == '"' && strchr(value, '\\'))
                return "a backslash within double quotes stands for itself here; if Docker Compose read this line before, write "
                       "what it stood for, in single quotes";
        if (*value == '\'' && strstr(value, "'\\''"))
                return "'\\'' stands for itself here; within single quotes a ' is written as it is";
        return NULL;
}

/* What is wrong with the value as written, or NULL; *value loses its quotes. */
static const char *unquote(char **value) {
        size_t n = strlen(*value);
        char quote = **value;

        if (quote != '\'' && strstr(*value, "${"))
                return "\"${\" is not expanded here; write the value itself, in single quotes where "
                       "that has a \"${\"";
        if (quote != '\'' && quote != '"')
                return strstr(*value, " #")
                               ? "\" #\" behind a value; write comments on lines of their own, "
                                 "or the "
                                 "value in quotes"
                               : NULL;
        if ((n < 2 || (*value)[n - 1] != quote) && has_comment(*value, quote))
                return "\" #\" behind a quoted value; write comments on lines of their own";
        if (n < 2 || (*value)[n - 1] != quote)
                return "a quote is not closed; write values of several lines as one line";
        (*value)[n - 1] = '\0';
        (*value)++;
        return NULL;
}

/* Splits "KEY=VALUE" in place; answers what is wrong with it, or NULL. */
static const char *split_line(char *line, char **ret_key, char **ret_value, const char **ret_odd) {
        char *equals = strchr(line, '=');

        if (!equals)
                return "no '=' in this line; write KEY=VALUE, and values of several lines as "
                       "one line";
        *equals = '\0';
        if (startswith(line, "export "))
                return "write KEY=VALUE without \"export\"";
        if (!is_name(line))
                return "the name before '=' may have letters, digits and '_' only, and no space";
        *ret_key = line;
        *ret_value = strip(equals + 1);
        *ret_odd = odd_writing(*ret_value);
        return unquote(ret_value);
}

typedef struct EnvReader {
        Env *env, *own; /* own: what this file alone sets */
        const char *path;
        ConfigErrors *errors;
        size_t n_odd; /* of them told, and obeyed */
} EnvReader;

static void read_line(EnvReader *reader, char *line, size_t size, unsigned number) {
        char *key = NULL, *value = NULL;
        const EnvPair *before;
        const char *wrong, *odd = NULL;

        if (size > 0 && line[size - 1] == '\r')
                line[--size] = '\0';
        if (has_control_bytes(line, size)) {
                config_errors_add(reader->errors, reader->path, number,
                                  "control characters in this line; type it anew");
                return;
        }
        line = strip(line);
        if (*line == '\0' || *line == '#')
                return;
        wrong = split_line(line, &key, &value, &odd);
        if (wrong) {
                if (key)
                        config_errors_add(reader->errors, reader->path, number, "%s: %s", key,
                                          wrong);
                else
                        config_errors_add(reader->errors, reader->path, number, "%s", wrong);
                return;
        }
        before = env_pair(reader->own, key);
        if (before) {
                config_errors_add(reader->errors, reader->path, number,
                                  "%s is set in line %u already; keep one of the two", key,
                                  before->line);
                return;
        }
        if (odd) {
                config_errors_add_kind(reader->errors, CONFIG_WARNING, reader->path, number, "%s: %s", key, odd);
                reader->n_odd++;
        }
        env_add(reader->own, key, value, reader->path, number);
        if (!env_pair(reader->env, key))
                env_add(reader->env, key, value, reader->path, number);
}

int env_read(Env *env, const char *path, ConfigErrors *errors) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(env_freep) Env *own = env_new();
        EnvReader reader = {.env = env, .own = own, .path = path, .errors = errors};
        size_t size = 0, n_before = errors->n;
        unsigned line = 0;
        char *at, *end;
        int r = file_read(path, FILE_MAX_BYTES, &text, &size);

        if (r < 0)
                return r;
        at = text;
        end = text + size;
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                at += 3;
        while (at < end) {
                char *newline = memchr(at, '\n', (size_t)(end - at)),
                     *next = newline ? newline + 1 : end;
                size_t n = (size_t)((newline ? newline : end) - at);

                at[n] = '\0';
                read_line(&reader, at, n, ++line);
                at = next;
        }
        explicit_bzero(text, size);
        return errors->n - reader.n_odd > n_before ? -EBADMSG : 0;
}
