/* SPDX-License-Identifier: MIT */
#pragma once
/* The verdict: may this image run on this database, now, later, or never. Pure: facts in, a finding out. */

#include "schema/finding.h"
#include "schema/ledger.h"
#include "schema/manifest.h"
#include "schema/releases.h"

/** verdict_of() - the answer. Always one; never fails. */
Finding *verdict_of(const Manifest *manifest, const Ledger *ledger, const Policy *policy);
/** verdict_of_clickhouse() - the same of the second database; @manifest is manifest_of_clickhouse()'s. */
Finding *verdict_of_clickhouse(const Manifest *manifest, const Ledger *ledger, const Policy *policy);
/* What else to ask the server. */
typedef struct Questions {
        char **extensions; /* their names; NULL for none */
        const char *rows;  /* SQL that counts the rows that a bridge's task left; NULL for none */
        bool any_row;      /* whether Lago's tables hold a row at all */
        bool owners;       /* what in the schema is another role's */
} Questions;

/** verdict_questions() - what else to ask before judging; in the usual case nothing. */
void verdict_questions(const Manifest *manifest, const Ledger *ledger, const Policy *policy,
                       Questions *ret);
void questions_done(Questions *questions);
