/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What was begun in a place that was empty, and never finished; there are two. Each is noted down while the place is empty,
 * the note goes when the work is done, and what is found with the note still there is our own and was never used.
 *
 * The bundled database before it was ready for the first time. A power cut while PostgreSQL makes its data directory leaves
 * one that looks finished and is not: the image's start script then never makes the role and the database. The volume is
 * emptied and the database made again.
 *
 * The first load of structure.sql, which is no transaction: cut off it leaves tables, and no rows of schema_migrations that
 * would let Rails go on. lago-gate empties the database when no table holds a row, and it is loaded again.
 */

#include <stdbool.h>

#define UNFINISHED_FILE      "/var/lib/lago/unfinished-database"
#define UNFINISHED_LOAD_FILE "/var/lib/lago/unfinished-load"
/* The keys of an external database that nobody of ours has seen empty. */
#define NEW_KEYS_FILE "/var/lib/lago/new-keys"

typedef enum UnfinishedState {
        UNFINISHED_NO,     /* it was ready before, or is not known to us: never touch it */
        UNFINISHED_NEW,    /* it was empty, and nobody began to fill it */
        UNFINISHED_BEGUN,  /* somebody of ours began to fill it, and was never done */
        UNFINISHED_UNREAD, /* there may be a note, which cannot be read for the moment: errno says why */
} UnfinishedState;

/** unfinished_note() - @what (a volume, a database) is empty or not there yet; @path forgets what it said. Errors: -errno. */
int unfinished_note(const char *path, const char *what);

/** unfinished_state() - what @path says about @what; a note about another one is none. */
UnfinishedState unfinished_state(const char *path, const char *what);

/** unfinished_begun() - a server is about to be started on @what, or the load begins. Errors: -errno. */
int unfinished_begun(const char *path, const char *what);

/** unfinished_over() - @what is finished; the note is gone for good when this returns 0. Errors: -errno. */
int unfinished_over(const char *path, const char *what);

/**
 * unfinished_is_bare() - whether a data directory holds what PostgreSQL makes by itself and nothing else: no table of
 * anybody, no tablespace, no file that is not its own. Whatever cannot be read or is not understood is answered false.
 *
 * @ret_doubt  what speaks against it, for a message; the caller frees it. NULL when it is bare.
 */
bool unfinished_is_bare(const char *directory, char **ret_doubt);

/** unfinished_empty() - removes what is in @directory, which stays. false with *@ret_error, which the caller frees. */
bool unfinished_empty(const char *directory, char **ret_error);
