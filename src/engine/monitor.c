/* SPDX-License-Identifier: MIT */
#include "base/util.h"
#include "engine/engine.h"

/* Podman 4.3 and 5.4 say both so, each a word of its own. */
#define DIRECTORY_WORD "--exit-dir"
#define ID_WORD        "-c"

/* The word behind @name; NULL when there is none. Each word of @words is ended by a NUL, the last one, too. */
static const char *word_behind(const char *words, size_t size, const char *name) {
        const char *end = words + size;

        for (const char *word = words; word < end; word += strlen(word) + 1) {
                const char *next = word + strlen(word) + 1;

                if (streq(word, name))
                        return next < end && next[0] != '\0' ? next : NULL;
        }
        return NULL;
}

char *engine_exit_file(const char *command_line, size_t size) {
        const char *directory, *id;

        if (size == 0 || command_line[size - 1] != '\0')
                return NULL;
        directory = word_behind(command_line, size, DIRECTORY_WORD);
        id = word_behind(command_line, size, ID_WORD);
        if (!directory || directory[0] != '/' || !id || strchr(id, '/') || id[0] == '.')
                return NULL;
        return xasprintf("%s/%s", directory, id);
}
