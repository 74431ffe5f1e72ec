/* SPDX-License-Identifier: MIT */
#include "base/util.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void *checked(void *p) {
        if (!p) {
                static const char text[] = "Out of memory.\n";

                (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
                _exit(EXIT_OSERR);
        }
        return p;
}

void *xcalloc(size_t n, size_t size) {
        return checked(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *xrealloc(void *p, size_t size) {
        return checked(realloc(p, size));
}

char *xstrdup(const char *s) {
        return checked(strdup(s));
}

char *xstrndup(const char *s, size_t n) {
        return checked(strndup(s, n));
}

_printf_(1, 0) static char *format_string(const char *format, va_list ap) {
        char *s = NULL;

        return vasprintf(&s, format, ap) < 0 ? checked(NULL) : s;
}

char *xasprintf(const char *format, ...) {
        va_list ap;
        char *s;

        va_start(ap, format);
        s = format_string(format, ap);
        va_end(ap);
        return s;
}

void freep(void *pointer_to_pointer) {
        int saved = errno;

        free(*(void **)pointer_to_pointer);
        errno = saved;
}

int close_fd(int fd) {
        if (fd >= 0) {
                int saved = errno;

                (void)close(fd);
                errno = saved;
        }
        return -EBADF;
}

void closep(int *fd) {
        *fd = close_fd(*fd);
}

void free_and_strdup(char **p, const char *s) {
        char *copy = s ? xstrdup(s) : NULL;

        free(*p);
        *p = copy;
}

size_t strv_length(char *const *v) {
        size_t n = 0;

        while (v && v[n])
                n++;
        return n;
}

bool strv_contains(char *const *v, const char *s) {
        STRV_FOREACH(i, v)
                if (streq(*i, s))
                        return true;
        return false;
}

void strv_take(char ***v, char *s) {
        size_t n = strv_length(*v);

        *v = xrealloc(*v, (n + 2) * sizeof(char *));
        (*v)[n] = s;
        (*v)[n + 1] = NULL;
}

void strv_add(char ***v, const char *s) {
        strv_take(v, xstrdup(s));
}

void strv_addf(char ***v, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        strv_take(v, format_string(format, ap));
        va_end(ap);
}

void strv_extend(char ***v, char *const *more) {
        size_t n = strv_length(*v), n_more = strv_length(more);

        if (n_more == 0)
                return;
        *v = xrealloc(*v, (n + n_more + 1) * sizeof(char *));
        for (size_t i = 0; i < n_more; i++)
                (*v)[n + i] = xstrdup(more[i]);
        (*v)[n + n_more] = NULL;
}

/* The length of the first word of *@s, which begins there then; 0 when there is none. */
static size_t find_word(const char **s, const char *separators) {
        *s += strspn(*s, separators);
        return strcspn(*s, separators);
}

char **strv_split(const char *s, const char *separators) {
        size_t n_words = 0, n;
        char **v;

        for (const char *c = s; c && (n = find_word(&c, separators)) > 0; c += n)
                n_words++;
        if (n_words == 0)
                return NULL;
        v = xcalloc(n_words + 1, sizeof(char *));
        for (size_t i = 0; i < n_words; i++, s += n) {
                n = find_word(&s, separators);
                v[i] = xstrndup(s, n);
        }
        return v;
}

char *strv_join(char *const *v, const char *separator) {
        size_t size = 1;
        char *joined, *end;

        STRV_FOREACH(i, v)
                size += strlen(*i) + strlen(separator);
        joined = end = xcalloc(size, 1);
        STRV_FOREACH(i, v) {
                if (end != joined)
                        end = stpcpy(end, separator);
                end = stpcpy(end, *i);
        }
        return joined;
}

char **strv_free(char **v) {
        for (char **i = v; i && *i; i++)
                free(*i);
        free(v);
        return NULL;
}

void strv_freep(char ***v) {
        *v = strv_free(*v);
}

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
        size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                   : s[0] >= 0xf0 && s[0] < 0xf5                 ? 4
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

#ifdef __SANITIZE_ADDRESS__
/* What is left at the end of a process is not freed one by one, and the search for it wants to trace the process. */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void) {
        return "detect_leaks=0";
}
#endif
