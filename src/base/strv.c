/* SPDX-License-Identifier: MIT */
#include "base/strv.h"

#include "base/text.h"

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
        strv_take(v, xvasprintf(format, ap));
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
                if (i != v)
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
