/* SPDX-License-Identifier: MIT */
#pragma once
/* What a container has said, as lago-relay notes it: that it is ready, a piece of work, a missing table, its last lines. Pure; times in usec. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table or column that a line of the container says is not there, or an exception: "PG::UndefinedTable". */
typedef struct Missing {
        char *thing;        /* "relation "invoices"", fit for a terminal */
        unsigned count;     /* at least so often */
        uint64_t seen_usec; /* when that was noted last */
} Missing;

typedef struct Said {
        bool ready;           /* a line said that it is ready */
        bool spoke;           /* it wrote a line */
        bool all;             /* it can write no more */
        uint64_t ticked_usec; /* when a line last said that it does its work; 0: none has */
        char **last_lines;
        /* Of this container and those before it. What is found when the list is full is dropped. */
        Missing missing[16];
        size_t n_missing;
} Said;

/**
 * said_take() - remembers a note of relay/watch.h, which came at @now.
 * Answer: a thing that was not missed before, to be logged; else NULL.
 */
const Missing *said_take(Said *said, const char *note, uint64_t now);

/** said_begin() - a new container starts: what the last one said is forgotten, but not what was missing. */
void said_begin(Said *said);

/** said_last_lines() - "first | second", once, when all was said; else NULL. The caller frees it. */
char *said_last_lines(Said *said);

/** said_is_exception() - @thing is an exception that was raised, and nothing that does not exist. */
bool said_is_exception(const char *thing);

/**
 * said_doubt() - "relation "invoices" does not exist (8 times)", for STATUS=; NULL: nothing was missing within an hour. The
 * caller frees it.
 */
char *said_doubt(const Said *said, uint64_t now);

void said_done(Said *said);
