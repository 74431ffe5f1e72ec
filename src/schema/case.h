/* SPDX-License-Identifier: MIT */
#pragma once
/* What the steps to a verdict share; for the files of this room that judge. */

#include "schema/verdict.h"

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

/* Each step answers whether its verdict holds, and then has told it. */
bool judge_contact(Case *c);
bool judge_read_only(Case *c);
bool judge_major(Case *c);
bool judge_busy(Case *c);
/** judge_loading() - somebody fills an empty database at this moment: what is half done in it is no ruin. */
bool judge_loading(Case *c);

bool judge_invisible(Case *c);
bool judge_half_loaded(Case *c);
bool judge_occupied(Case *c);
bool judge_foreign(Case *c);
bool judge_ahead(Case *c);
bool judge_gap(Case *c);

bool judge_stop(Case *c);
/** warn_bridges() - the task of the bridge release that image and database are on. */
void warn_bridges(Case *c);
/** bridge_question() - SQL for the rows that the task of the database's bridge has left, or NULL. */
const char *bridge_question(const Case *c);
/** bridge_is_crossed() - the database is before a bridge that was not passed, the image behind it. */
bool bridge_is_crossed(const Case *c);

/** warn_collation() - the database was made by a server that sorts text in another way. */
void warn_collation(Case *c);

bool judge_extension(Case *c);
/** fresh_way() - how an empty database will get its tables. */
FreshWay fresh_way(const Case *c);
/** extensions_of_files() - what running the missing files one by one creates; a new vector. */
char **extensions_of_files(const Manifest *manifest, const Ledger *ledger);
/** partman_is_needed() - the missing files use PARTMAN, where the server has it. */
bool partman_is_needed(const Case *c);

#define PARTMAN "pg_partman"
