/* SPDX-License-Identifier: MIT */
#include "relay/piece.h"

#include <string.h>

bool take_word(Piece *p, const char *word) {
        size_t n = strlen(word);

        if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0)
                return false;
        p->at += n;
        return true;
}

bool take_all(Piece *p, bool (*is_part)(char c)) {
        const char *start = p->at;

        while (p->at < p->end && is_part(*p->at))
                p->at++;
        return p->at > start;
}
