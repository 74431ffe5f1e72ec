/* SPDX-License-Identifier: MIT */
#pragma once
/* Strings: compared, read as numbers, and made fit to be shown. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/** is_utf8_text() - no byte of it is anything else, or of a control of ISO 8859 (C1). */
bool is_utf8_text(const char *s);
/** escape_line() - a copy of @s in which control bytes and invalid UTF-8 are '?': fit for a terminal and STATUS=. */
char *escape_line(const char *s);
