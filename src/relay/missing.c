/* SPDX-License-Identifier: MIT */
/*
 * What PostgreSQL says of a table or column that is not there, in its words (src/backend/parser/parse_relation.c and
 * catalog/namespace.c there):
 *
 *     relation "invoices" does not exist
 *     column invoices.total does not exist
 *     column "total" does not exist
 *     column "total" of relation "invoices" does not exist
 *
 * Workers from v1.23.0 on write JSON, where each quote has a backslash before it.
 */
#include "relay/watch.h"

#include "base/util.h"
#include "relay/piece.h"

#include <ctype.h>

#define QUOTE_MAX 160

static bool take_quote(Piece *p) {
        return take_word(p, "\"") || take_word(p, "\\\"");
}

static bool is_bare(char c) {
        return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || (unsigned char)c >= 0x80;
}

/* A name in quotes, or one that needs none. */
static bool take_name(Piece *p) {
        if (take_quote(p)) {
                while (p->at < p->end && *p->at != '"' && *p->at != '\\')
                        p->at++;
                return take_quote(p);
        }
        return take_all(p, is_bare);
}

/* Whether from @start on nothing but one such thing stands before @end. */
static bool is_thing(const char *start, const char *end) {
        Piece p = {start, end};

        if (take_word(&p, "relation "))
                return take_name(&p) && p.at == end;
        if (!take_word(&p, "column ") || !take_name(&p))
                return false;
        return p.at == end || (take_word(&p, " of relation ") && take_name(&p) && p.at == end);
}

/* Without the backslashes, so that both forms of a log name the same thing. */
static char *without_backslashes(const char *start, const char *end) {
        char *text = xstrndup(start, (size_t)(end - start)), *to = text;

        for (const char *from = text; *from; from++)
                if (*from != '\\')
                        *to++ = *from;
        *to = '\0';
        return text;
}

static const char *find(const char *haystack, size_t n, const char *needle) {
        return memmem(haystack, n, needle, strlen(needle));
}

/* The longest one that ends at @end: "column x of relation y", not its "relation y". */
static char *thing_before(const char *line, const char *end) {
        const char *start = end - line > QUOTE_MAX ? end - QUOTE_MAX : line;

        for (; start < end; start++)
                if ((*start == 'r' || *start == 'c') && is_thing(start, end))
                        return without_backslashes(start, end);
        return NULL;
}

char *missing_thing(const char *line, size_t n) {
        static const char words[] = " does not exist";
        static const char *const classes[] = {"PG::UndefinedTable", "PG::UndefinedColumn"};
        const char *end = line + n, *at = line;

        while ((at = find(at, (size_t)(end - at), words))) {
                char *thing = thing_before(line, at);

                if (thing)
                        return thing;
                at += strlen(words);
        }
        for (size_t i = 0; i < ELEMENTSOF(classes); i++)
                if (find(line, n, classes[i]))
                        return xstrdup(classes[i]);
        return NULL;
}
