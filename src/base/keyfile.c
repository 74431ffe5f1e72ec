/* SPDX-License-Identifier: MIT */
#include "base/keyfile.h"

#include "base/util.h"

/* The value that the line at @line gives @key, NULL when it is another key's. */
static const char *value_of(const char *line, const char *key) {
        const char *rest = startswith(line, key);

        return rest && *rest == '=' ? rest + 1 : NULL;
}

static const char *next_line(const char *line) {
        line = strchr(line, '\n');
        return line ? line + 1 : NULL;
}

char *keyfile_get(const char *text, const char *key) {
        for (const char *line = text; line; line = next_line(line)) {
                const char *value = value_of(line, key);

                if (value)
                        return xstrndup(value, strcspn(value, "\n"));
        }
        return NULL;
}

char **keyfile_all(const char *text, const char *key) {
        char **list = NULL;

        for (const char *line = text; line; line = next_line(line)) {
                const char *value = value_of(line, key);

                if (value)
                        strv_take(&list, xstrndup(value, strcspn(value, "\n")));
        }
        return list;
}

unsigned keyfile_number(const char *text, const char *key, unsigned fallback) {
        _cleanup_(freep) char *value = keyfile_get(text, key);
        uint64_t number;

        return value && parse_uint(value, UINT32_MAX, &number) >= 0 ? (unsigned)number : fallback;
}

void keyfile_add(char **text, const char *key, const char *value) {
        size_t old = *text ? strlen(*text) : 0;
        char *line;

        if (!value)
                return;
        line = xasprintf("%s=%s\n", key, value);
        for (char *c = line; c[1]; c++)
                if (*c == '\n')
                        *c = ' ';
        *text = xrealloc(*text, old + strlen(line) + 1);
        strcpy(*text + old, line);
        free(line);
}
