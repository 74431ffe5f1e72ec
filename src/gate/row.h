/* SPDX-License-Identifier: MIT */
#pragma once
/* An answer of one row, read by the names of its columns. */

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#define NAME_BYTES 200 /* three times what PostgreSQL allows */

/** row_text() - "" for NULL and for a column that is not there; belongs to @row. */
const char *row_text(const PGresult *row, const char *name);

/** row_is_true() - as booleans and as settings say it. */
bool row_is_true(const PGresult *row, const char *name);

/** row_number() - 0 for what is none, and for what is negative. */
uint64_t row_number(const PGresult *row, const char *name);

/** row_is_of_pooler() - the server that answered with the column "pid" is not the one that greeted us. */
bool row_is_of_pooler(const PGconn *conn, const PGresult *row);

/** row_set() - replaces *@p by a copy, or by NULL where there is nothing. A name that is too long for one is cut. */
void row_set(char **p, const PGresult *row, const char *name);

/** first_word() - "15.6" of "15.6 (Debian 15.6-1)", cut as in row_set(); the caller frees it. */
char *first_word(const char *s);
