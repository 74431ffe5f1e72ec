/* SPDX-License-Identifier: MIT */
#include "relay/probe-line.h"

#include "base/util.h"

#include <ctype.h>

typedef struct Rest {
        const char *at, *end;
} Rest;

static bool take_word(Rest *r, const char *word) {
        size_t n = strlen(word);

        if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
                return false;
        r->at += n;
        return true;
}

static bool is_of_time(char c) {
        return isalnum((unsigned char)c) || strchr("/:+- ", c);
}

static bool is_of_version(char c) {
        return isalnum((unsigned char)c) || strchr(".~+-", c);
}

static bool is_digit(char c) {
        return isdigit((unsigned char)c);
}

/* One or more. */
static bool take_all(Rest *r, bool (*is_part)(char c)) {
        const char *start = r->at;

        while (r->at < r->end && *r->at != '\0' && is_part(*r->at))
                r->at++;
        return r->at > start;
}

bool probe_line(const char *line, size_t n) {
        Rest r = {line, line + n};

        if (!take_word(&r, "127.0.0.1 ") && !take_word(&r, "::1 "))
                return false;
        return take_word(&r, "- - [") && take_all(&r, is_of_time) &&
               take_word(&r, "] \"GET / HTTP/1.0\" 200 ") && take_all(&r, is_digit) &&
               take_word(&r, " \"-\" \"lago-supervisor/") && take_all(&r, is_of_version) &&
               take_word(&r, "\" \"-\"") && r.at == r.end;
}
