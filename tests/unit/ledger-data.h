/* SPDX-License-Identifier: MIT */
#pragma once
/* Ledgers made for tests. */

#include "base/util.h"
#include "schema/ledger.h"
#include "schema/manifest.h"

/** ledger_ready() - a database in order, without any table: what a test then changes is what it is about. */
static inline Ledger *ledger_ready(void) {
        Ledger *ledger = ledger_new();

        ledger->contact = CONTACT_READ;
        ledger->endpoint = xstrdup("db:5432");
        ledger->server = xstrdup("15.6");
        ledger->server_major = 15;
        ledger->database = xstrdup("lago");
        ledger->role = xstrdup("lago");
        ledger->search_path = xstrdup("public");
        ledger->schema = xstrdup("public");
        ledger->may_create = true;
        return ledger;
}

/** ledger_of() - the database that a release has made, or an upgrade to it. */
static inline Ledger *ledger_of(const Manifest *manifest) {
        Ledger *ledger = ledger_ready();

        ledger->has_migrations = true;
        ledger->lago_schema = xstrdup("public");
        versions_or(&manifest->versions, &manifest->structure, &ledger->versions);
        return ledger;
}

/** ledger_drop() - takes one row away. */
static inline void ledger_drop(Ledger *ledger, uint64_t version) {
        Versions left = {}, one = {.list = &version, .n = 1};

        (void)versions_minus(&ledger->versions, &one, &left);
        versions_done(&ledger->versions);
        ledger->versions = left;
}

/** ledger_row() - puts one row in. */
static inline void ledger_row(Ledger *ledger, uint64_t version) {
        versions_add(&ledger->versions, version);
        (void)versions_sort(&ledger->versions);
}
