/* SPDX-License-Identifier: MIT */
#include "relay/probe-line.h"

#include "base/util.h"
#include "relay/piece.h"

#include <ctype.h>

static bool is_of_time(char c) {
        return isalnum((unsigned char)c) || (c != '\0' && strchr("/:+- ", c));
}

static bool is_of_version(char c) {
        return isalnum((unsigned char)c) || (c != '\0' && strchr(".~+-", c));
}

static bool is_digit(char c) {
        return isdigit((unsigned char)c);
}

bool probe_line(const char *line, size_t n) {
        Piece r = {line, line + n};

        if (!take_word(&r, "127.0.0.1 ") && !take_word(&r, "::1 "))
                return false;
        return take_word(&r, "- - [") && take_all(&r, is_of_time) &&
               take_word(&r, "] \"GET / HTTP/1.0\" 200 ") && take_all(&r, is_digit) &&
               take_word(&r, " \"-\" \"lago-supervisor/") && take_all(&r, is_of_version) &&
               take_word(&r, "\" \"-\"") && r.at == r.end;
}
