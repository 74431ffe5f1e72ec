/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is looked for in the lines of a container as they pass: the one that says that it is ready, those by which it shows
 * that it still works, those that say that a table or a column is missing, and the last ones before its end. Pure: bytes
 * in, notes out.
 */

#include <stdbool.h>
#include <stddef.h>

#define WATCH_LINE_MAX    8192 /* of a longer line what comes behind is looked at in a sliding piece */
#define WATCH_LAST_LINES  5
#define WATCH_LAST_LENGTH 240
#define WATCH_THINGS_MAX  16 /* one broken release can lack a great deal */

/* Words of a note. "missing 4 relation "x"": seen four times so far. "last TEXT": one of the last lines, oldest first. */
#define NOTE_READY   "ready"
#define NOTE_SPOKE   "spoke" /* the first line, and it is not the one that is waited for */
#define NOTE_TICK    "tick"
#define NOTE_MISSING "missing "
#define NOTE_LAST    "last "

/** WatchNote - @note is one line without its end, valid during the call. */
typedef void (*WatchNote)(void *userdata, const char *note);

typedef struct WatchSpec {
        const char *ready;  /* a line with these words in it says that the member is ready; NULL: none does */
        char *const *ticks; /* each line with one of these words is noted: a piece of work; NULL: none is */
        bool missing;       /* whether what a database lacks is of interest */
        WatchNote note;
        void *userdata;
} WatchSpec;

typedef struct Watch Watch;

Watch *watch_new(const WatchSpec *spec);
Watch *watch_free(Watch *watch);

/** watch_feed() - the next @n bytes that the container wrote, in pieces of any size. */
void watch_feed(Watch *watch, const char *bytes, size_t n);

/** watch_end() - it will write no more: a line without an end counts, and the last lines are noted. */
void watch_end(Watch *watch);

/**
 * missing_thing() - "relation "invoices"" from a line (or a piece of one) in which PostgreSQL or Rails says that it does not
 * exist, be its quotes escaped for JSON or not; "PG::UndefinedTable" where only that is said. NULL when no such thing is
 * said; the caller frees it.
 */
char *missing_thing(const char *line, size_t n);
