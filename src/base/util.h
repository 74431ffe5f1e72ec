/* SPDX-License-Identifier: MIT */
#pragma once
/* What every room stands on: owning pointers, strings that cannot run out of memory, string vectors. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define _cleanup_(f)       __attribute__((cleanup(f)))
#define _printf_(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define _unused_           __attribute__((unused))
#define _noreturn_         __attribute__((noreturn))
#define ELEMENTSOF(a)      (sizeof(a) / sizeof((a)[0]))

/* Moves a value out of a variable that a cleanup attribute guards. */
#define TAKE_PTR(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) *_take = &(p);                                                       \
                __typeof__(p) _value = *_take;                                                     \
                *_take = NULL;                                                                     \
                _value;                                                                            \
        })
#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *_take = &(fd);                                                                \
                int _value = *_take;                                                               \
                *_take = -EBADF;                                                                   \
                _value;                                                                            \
        })

/* Exit statuses of the programs, as documented in the manual pages; systemd restarts on 70 to 75 only. */
enum {
        EXIT_USAGE = 64,
        EXIT_SOFTWARE = 70,
        EXIT_OSERR = 71,
        EXIT_TEMPFAIL = 75,
        EXIT_CONFIG = 78,
        EXIT_MEMBER = 79,   /* what this one stands on failed for good; lago-ready: a member did */
        EXIT_SCHEMA = 80,   /* the schema was refused */
        EXIT_IMAGE = 81,    /* the image was refused */
        EXIT_KEYS = 82,     /* the keys were refused */
        EXIT_MIGRATE = 83,  /* the same migration failed twice */
        EXIT_SERVER = 84,   /* the database server was refused */
        EXIT_STRANGER = 85, /* a name, port, volume or network belongs to somebody else */
};

/** exit_is_final() - whether a service that ended so is not started again: RestartPreventExitStatus= of the units. */
static inline bool exit_is_final(int status) {
        return status == EXIT_USAGE || (status >= EXIT_CONFIG && status <= EXIT_STRANGER);
}

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/** startswith() - the rest of @s behind @prefix, or NULL when @s does not start with it. */
static inline const char *startswith(const char *s, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static inline bool isempty(const char *s) {
        return !s || s[0] == '\0';
}

/** x*() - like their namesakes, but end the process with EXIT_OSERR when memory is out; systemd restarts it. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) _printf_(1, 2);

/** freep(), closep() - for _cleanup_(); errno survives. */
void freep(void *pointer_to_pointer);
void closep(int *fd);

/** close_fd() - closes when it is a descriptor; always answers -EBADF, errno survives. */
int close_fd(int fd);

/** free_and_strdup() - *@p takes a copy of @s (NULL stays NULL); the old value is freed. */
void free_and_strdup(char **p, const char *s);

/* A string vector: a growing, NULL-terminated array, born NULL. Every function takes NULL for an empty one. */

size_t strv_length(char *const *v);
bool strv_contains(char *const *v, const char *s);
void strv_add(char ***v, const char *s);
/** strv_take() - like strv_add(), but @s itself becomes part of the vector. */
void strv_take(char ***v, char *s);
void strv_addf(char ***v, const char *format, ...) _printf_(2, 3);
void strv_extend(char ***v, char *const *more);
/** strv_split() - words of @s between any of @separators; empty words are skipped. */
char **strv_split(const char *s, const char *separators);
char *strv_join(char *const *v, const char *separator);
char **strv_free(char **v);
void strv_freep(char ***v);

#define STRV_FOREACH(i, v) for (char *const *i = (v); i && *i; i++)

/** parse_uint() - a decimal number of digits only, at most @max. Errors: -EINVAL, -ERANGE. */
int parse_uint(const char *s, uint64_t max, uint64_t *ret);

/** strip() - @s without white space at both ends, in place. */
char *strip(char *s);

/** word_distance() - letters changed, added, left out or swapped between @a and @b; case does not count. */
size_t word_distance(const char *a, const char *b);

/**
 * nearest_word() - the word of @words that a mistyped @word probably means.
 * Answer: NULL when none is within a third of its length in edits (letters changed, added, left out or swapped).
 */
const char *nearest_word(const char *word, const char *const *words, size_t n_words);

/** escape_line() - a copy of @s in which control bytes and invalid UTF-8 are '?': fit for a terminal and STATUS=. */
char *escape_line(const char *s);
