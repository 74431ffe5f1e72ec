/* SPDX-License-Identifier: MIT */
#pragma once
/* What the steps to a verdict share; for the files of this room that judge. The steps themselves: judges.h. */

#include "schema/finding.h"
#include "schema/ledger.h"
#include "schema/manifest.h"
#include "schema/releases.h"

/* What the steps below share: the facts, and the sets made from them. */
typedef struct Case {
        const Manifest *manifest;
        const Ledger *ledger;
        const Policy *policy;
        const char *release; /* the image's, in words */
        Versions needed;     /* files and structure.sql */
        Versions squashed;   /* of these, those without a file */
        Versions tombstones; /* of the policy's, those that no release known here carries */
        Versions extra;      /* in the ledger, unknown to the image, no tombstones */
        Versions missing;    /* files that are to be run */
        Versions lost;       /* squashed ones that the ledger lacks */
        bool replayed;
        Standing image, database; /* of the needed, and of the ledger with what replaying stands for */
        Finding *finding;
} Case;

/** case_new() - the facts, with the image's release in words and an empty finding. */
Case case_new(const Manifest *manifest, const Ledger *ledger, const Policy *policy);
/** case_count() - what the finding says of the sets extra and missing. */
void case_count(Case *c);
/** case_judge() - asks the @n @judges in their order until one has told the verdict. */
void case_judge(Case *c, bool (*const *judges)(Case *), size_t n);
/** case_end() - frees the sets; the finding is the caller's. */
Finding *case_end(Case *c);

/** case_tell() - this is the verdict; the sentence is cut to FINDING_SENTENCE and escaped. */
void case_tell(Case *c, Verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** case_advise() - this is what to do about it. */
void case_advise(Case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** ledger_is_empty() - it has no row, or is not there. */
bool ledger_is_empty(const Ledger *ledger);
/** ledger_is_fresh() - there is no ledger and no table either. */
bool ledger_is_fresh(const Ledger *ledger);
/** policy_tombstones() - those of the policy's that are some: no release known here carries them. A new set. */
void policy_tombstones(const Policy *policy, Versions *ret);
/** manifest_needs() - its files and what its structure.sql records, as a new set. */
void manifest_needs(const Manifest *manifest, Versions *ret);
/** manifest_is_at_least() - by the image's number; without one, built from a branch, by what it holds. */
bool manifest_is_at_least(const Manifest *manifest, const char *release);
/** manifest_is_rails8() - whether the image's Rails loads structure.sql into an empty database (from v1.27.1). */
bool manifest_is_rails8(const Manifest *manifest);

/** ledger_command() - @sql as a command of this host for the bundled server, else as it is; the caller frees it. */
char *ledger_command(const Ledger *ledger, const char *sql);
/** ledger_is_bundled() - by the host's name, and no name in it wants more than plain quotes. */
bool ledger_is_bundled(const Ledger *ledger);

#define PARTMAN "pg_partman"
