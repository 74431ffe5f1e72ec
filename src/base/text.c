/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include "base/mem.h"

#include <ctype.h>

int parse_uint(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (isempty(s))
                return -EINVAL;
        for (; *s; s++) {
                uint64_t digit = (uint64_t)(*s - '0');

                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (value > (max - digit) / 10 || digit > max)
                        return -ERANGE;
                value = value * 10 + digit;
        }
        *ret = value;
        return 0;
}

char *strip(char *s) {
        char *end;

        while (isspace((unsigned char)*s))
                s++;
        for (end = s + strlen(s); end > s && isspace((unsigned char)end[-1]); end--)
                ;
        *end = '\0';
        return s;
}

#define WORD_MAX 64

/* Optimal string alignment distance: single edits, and swaps of neighbours; case does not count. */
size_t word_distance(const char *a, const char *b) {
        size_t rows[3][WORD_MAX + 1];
        size_t *two = rows[0], *one = rows[1], *now = rows[2];
        size_t la = strlen(a), lb = strlen(b);

        if (la > WORD_MAX || lb > WORD_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= lb; j++)
                one[j] = two[j] = j;
        for (size_t i = 1; i <= la; i++) {
                size_t *spare = two;

                now[0] = i;
                for (size_t j = 1; j <= lb; j++) {
                        int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
                        size_t best = one[j - 1] + (x != y);

                        if (one[j] + 1 < best)
                                best = one[j] + 1;
                        if (now[j - 1] + 1 < best)
                                best = now[j - 1] + 1;
                        if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                            y == tolower((unsigned char)a[i - 2]) && two[j - 2] + 1 < best)
                                best = two[j - 2] + 1;
                        now[j] = best;
                }
                two = one;
                one = now;
                now = spare;
        }
        return one[lb];
}

const char *nearest_word(const char *word, const char *const *words, size_t n_words) {
        size_t best = strlen(word) / 3 + 1;
        const char *found = NULL;

        for (size_t i = 0; i < n_words; i++) {
                size_t distance = word_distance(word, words[i]);

                if (distance <= best && (!found || distance < best)) {
                        best = distance;
                        found = words[i];
                }
        }
        return found;
}

/* Length of the well-formed UTF-8 character at @s, 0 when there is none. */
static size_t utf8_length(const unsigned char *s) {
        size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                             : s[0] >= 0xe0 && s[0] < 0xf0       ? 3
                             : s[0] >= 0xf0 && s[0] < 0xf5       ? 4
                                                                 : 0;

        for (size_t i = 1; i < n; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        /* Overlong forms, surrogates, beyond U+10FFFF; and the C1 controls, which terminals obey. */
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
            (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ||
            (s[0] == 0xc2 && s[1] < 0xa0))
                return 0;
        return n;
}

bool is_utf8_text(const char *s) {
        for (size_t n; *s; s += n) {
                n = utf8_length((const unsigned char *)s);
                if (n == 0)
                        return false;
        }
        return true;
}

char *escape_line(const char *s) {
        char *copy = xcalloc(strlen(s) + 1, 1), *out = copy;

        while (*s) {
                size_t n = utf8_length((const unsigned char *)s);

                if (n == 0 || (n == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))) {
                        *out++ = '?';
                        s++;
                } else {
                        out = mempcpy(out, s, n);
                        s += n;
                }
        }
        return copy;
}
