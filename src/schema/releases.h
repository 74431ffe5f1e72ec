/* SPDX-License-Identifier: MIT */
#pragma once
/* What is known of Lago's releases: which migration versions and which front each has, what must be done at which. Pure data. */

#include "schema/versions.h"

/* Releases in the order of their sets, each containing the one before; the last is the development branch. */
typedef struct Release {
        const char *name;
        unsigned n_versions; /* its set: the first that many of release_versions[] */
        bool has_structure;  /* it carries db/structure.sql */
} Release;

extern const Release releases[];
extern const size_t n_releases;
extern const uint64_t release_versions[];

/* To be run: workers before it have no port 8080 that answers, so nobody knows when they are ready. */
#define RELEASES_OLDEST "v1.6.0"
#define RELEASES_NEWEST "v1.51.0" /* of the table; what comes after is not known by its set */

#define RELEASES_MAX 128

/**
 * release_of_version() - the first release that has @version.
 * Answer: an index into releases[], or n_releases when no release known here has it.
 */
size_t release_of_version(uint64_t version);

/** release_find() - the index of the release of that name, or n_releases. */
size_t release_find(const char *name);

/* Where a set of versions stands among the releases. */
typedef struct Standing {
        size_t newest;                 /* the first release that holds all of it, or n_releases when none known here does */
        unsigned counts[RELEASES_MAX]; /* how many of its versions came with this release or before */
} Standing;

void standing_of(const Versions *versions, Standing *ret);
/** standing_covers() - the set holds every version of the release. False for the index n_releases. */
bool standing_covers(const Standing *standing, size_t release);
/** standing_is_within() - the set holds no version that the release has not. */
bool standing_is_within(const Standing *standing, size_t release);

/**
 * release_number() - "v1.50.0" as a number that can be compared; 0 when @name is not of that form.
 * "v1.16.1" counts as v1.26.1, on whose commit it was tagged.
 */
uint64_t release_number(const char *name);

/** release_clickhouse_switch() - the variable that makes "rails db:migrate" of that release migrate ClickHouse too. */
const char *release_clickhouse_switch(const char *name);

/**
 * release_front() - the release whose front belongs to @name: itself, but for those that were tagged for the API alone.
 * Answer: borrowed, of @name or of the table.
 */
const char *release_front(const char *name);

/** release_patch_before() - "v1.52.1" for "v1.52.2"; NULL for "v1.52.0" and for what is no release's number. The caller frees it. */
char *release_patch_before(const char *name);

/* A squash: at release @at, files older than @into were merged into it and deleted; @last still carries them. */
typedef struct Squash {
        const char *last, *at;
        uint64_t into;
} Squash;

/** squash_of_version() - the squash that took the file of @version away, or NULL. */
const Squash *squash_of_version(uint64_t version);

/*
 * A bridge: a release that an upgrade must not jump over, because a task must be run on it before the next one's
 * migrations are safe.
 */
typedef struct Bridge {
        const char *release;
        const char *task; /* what to do there, as an operator types it on the host */
        const char *rows; /* SQL for the rows left, bounded; NULL where no query can tell */
        bool before;      /* the task is done before its migrations, not after, and only where there are BRIDGE_MANY rows */
} Bridge;

#define BRIDGE_MANY 1000000

extern const Bridge bridges[];
extern const size_t n_bridges;
