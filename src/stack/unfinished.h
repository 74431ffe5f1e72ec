/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The bundled database before it was ready for the first time. A power cut while PostgreSQL makes its data directory leaves
 * one that looks finished and is not: the image's start script then never makes the role and the database. So the volume is
 * noted down while it is empty, the note goes when the database is ready, and what is found with the note still there
 * was never used: it is emptied and made again.
 */

#include <stdbool.h>

#define UNFINISHED_FILE "/var/lib/lago/unfinished-database"

typedef enum UnfinishedState {
        UNFINISHED_NO,    /* it was ready before, or is not known to us: never touch it */
        UNFINISHED_NEW,   /* it was empty, and nobody began to fill it */
        UNFINISHED_BEGUN, /* a server began to fill it, and was never ready */
} UnfinishedState;

/** unfinished_note() - @volume is empty or does not exist yet; what @path said before is forgotten. Errors: -errno. */
int unfinished_note(const char *path, const char *volume);

/** unfinished_state() - what @path says about @volume; a note about another volume is none. */
UnfinishedState unfinished_state(const char *path, const char *volume);

/** unfinished_begun() - a server is about to be started on @volume. Errors: -errno. */
int unfinished_begun(const char *path, const char *volume);

/** unfinished_over() - the database of @volume is ready; the note is gone for good when this returns. */
void unfinished_over(const char *path, const char *volume);

/**
 * unfinished_is_bare() - whether a data directory holds what PostgreSQL makes by itself and nothing else: no table of
 * anybody, no tablespace, no file that is not its own. Whatever cannot be read or is not understood is answered false.
 *
 * @ret_doubt  what speaks against it, for a message; the caller frees it. NULL when it is bare.
 */
bool unfinished_is_bare(const char *directory, char **ret_doubt);

/** unfinished_empty() - removes what is in @directory, which stays. false with *@ret_error, which the caller frees. */
bool unfinished_empty(const char *directory, char **ret_error);
