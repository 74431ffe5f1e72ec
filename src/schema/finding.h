/* SPDX-License-Identifier: MIT */
#pragma once
/* What a verdict says: its names, its exit statuses, and what goes with it. */

#include "schema/versions.h"

/*
 * In the order of precedence: when several hold, the one further up is told. But for the last of those with which all was
 * well, and but for a database without a row in its ledger: while somebody fills it, it is VERDICT_BUSY before VERDICT_INVISIBLE.
 */
typedef enum Verdict {
        VERDICT_UNREACHABLE, /* zero: nothing known is nothing promised */
        VERDICT_DENIED,
        VERDICT_NO_DATABASE,
        VERDICT_UNTRUSTED,
        VERDICT_READ_ONLY,
        VERDICT_WRONG_MAJOR,
        VERDICT_INVISIBLE,
        VERDICT_HALF_LOADED,
        VERDICT_OCCUPIED,
        VERDICT_FOREIGN,
        VERDICT_UNFINISHED,
        VERDICT_AHEAD,
        VERDICT_GAP,
        VERDICT_STOP,
        VERDICT_EXTENSION,
        VERDICT_OWNER,
        VERDICT_POOLED,
        VERDICT_BUSY,
        VERDICT_FRESH,
        VERDICT_EMPTY,
        VERDICT_PENDING,
        VERDICT_VERIFIED,
        _VERDICT_MAX,
} Verdict;

/* How an empty database gets its tables. */
typedef enum FreshWay {
        FRESH_WAY_AUTO,   /* asks the server: load where it can, else replay */
        FRESH_WAY_LOAD,   /* Rails 8 loads structure.sql */
        FRESH_WAY_REPLAY, /* an empty schema_migrations is made first, then all files run one by one */
        FRESH_WAY_PLAIN,  /* all files run one by one without that: older Rails */
} FreshWay;

typedef struct Policy {
        const char *target; /* the release asked for, for messages; NULL: what the manifest says */
        char *const *passed_bridges;
        Versions tombstones; /* versions that no release carries, which the operator knows of */
        FreshWay fresh;
        bool require_roles; /* where the image seeds them, nothing is verified without */
} Policy;

typedef struct Finding {
        Verdict verdict;
        char *sentence; /* at most FINDING_SENTENCE bytes, fit for STATUS= */
        char *remedy;   /* what to do; NULL where there is nothing to do or to know */
        char **warnings;
        size_t needed, applied, missing, extra; /* counts of versions; 0 unless the ledger was read */
        uint64_t first;                         /* the oldest missing version, or 0 */
        uint64_t newest;                        /* the newest extra version, or 0 */
        const char *schema_of;                  /* of pending: the release whose migrations the database has, all of them and no others; or NULL */
        FreshWay fresh;                         /* of a fresh or empty database; FRESH_WAY_AUTO: does not apply */
} Finding;

#define FINDING_SENTENCE 100

/* What to do about a pooler, where a session is needed. */
#define POOLED_REMEDY                                                                               \
        "Let DATABASE_URL in lago.env name the PostgreSQL server itself, not the pooler; releases " \
        "that know DATABASE_PROXY_URL take the pooler there."

Finding *finding_free(Finding *finding);
void finding_freep(Finding **finding);

/** verdict_name() - "half-loaded". */
const char *verdict_name(Verdict verdict);
/** verdict_status() - the exit status that stands for it: 0 verified, 1x wait or migrate, 2x wait, 3x refuse. */
int verdict_status(Verdict verdict);

/** verdict_may_change() - whether time may bring another one: what waits or migrates, not what is verified or refused. */
bool verdict_may_change(Verdict verdict);
