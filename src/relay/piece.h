/* SPDX-License-Identifier: MIT */
#pragma once
/* What is left to be read of a line, which is taken from its beginning. */

#include <stdbool.h>

typedef struct Piece {
        const char *at, *end;
} Piece;

/** take_word() - @word, when the piece begins with it. */
bool take_word(Piece *p, const char *word);

/** take_all() - all characters from the beginning on that are @is_part; false when there is none. */
bool take_all(Piece *p, bool (*is_part)(char c));
