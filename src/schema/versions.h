/* SPDX-License-Identifier: MIT */
#pragma once
/* Sets of migration versions: sorted arrays of numbers without duplicates. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised it is the empty set. */
typedef struct Versions {
        uint64_t *list;
        size_t n, room;
} Versions;

/**
 * versions_parse() - one version: 1 to 18 digits, as in the name of a migration file and in a row of
 * schema_migrations. Rails compares them as numbers.
 *
 * Errors: -EINVAL.
 */
int versions_parse(const char *s, size_t size, uint64_t *ret);

/** versions_parse_list() - versions with commas or spaces between, added to @set, which is sorted. Errors: -EINVAL. */
int versions_parse_list(const char *list, Versions *set);

/** versions_add() - appends without sorting; versions_sort() must follow the last one before any question. */
void versions_add(Versions *set, uint64_t version);

/** versions_sort() - makes a set of what was added. Answers how many duplicates were dropped. */
size_t versions_sort(Versions *set);

bool versions_has(const Versions *set, uint64_t version);

/** versions_minus() - what @a holds and @b does not: how many; *@ret (may be NULL) is a new set. */
size_t versions_minus(const Versions *a, const Versions *b, Versions *ret);

/** versions_is_subset() - every version of @a is in @b. */
bool versions_is_subset(const Versions *a, const Versions *b);

/** versions_or() - a new set: the versions of both. */
void versions_or(const Versions *a, const Versions *b, Versions *ret);

/** versions_newest() - the greatest, or 0 of the empty set. */
uint64_t versions_newest(const Versions *set);

void versions_done(Versions *set);
