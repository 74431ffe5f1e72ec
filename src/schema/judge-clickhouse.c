/* SPDX-License-Identifier: MIT */
/*
 * The verdict on Lago's second database. Its migrations are always run one by one; there are no bridges, and no extensions
 * or roles to be had. What the first database asks, whose it is and whether the image fits, is asked here too.
 */
#include "schema/verdict.h"

#include "schema/case.h"

#include "base/util.h"

#include <inttypes.h>

/* A version, the first release that has its file, and whether a later one deleted it again. */
typedef struct Known {
        uint64_t version;
        const char *release;
        bool retired;
} Known;

/* From tests/data/clickhouse.txt, which says where it is from; test-clickhouse compares the two. Sorted. */
/* clang-format off */
static const Known known_versions[] = {
        { 20231024084411, "v1.0.0", false },
        { 20231026124912, "v1.0.0", false },
        { 20231030163703, "v1.0.0", false },
        { 20240705080709, "v1.7.0", false },
        { 20240705084952, "v1.7.0", false },
        { 20240705085501, "v1.7.0", false },
        { 20240705090006, "v1.7.0", true },
        { 20240705090310, "v1.7.0", true },
        { 20240709095907, "v1.7.0", true },
        { 20240709100047, "v1.7.0", true },
        { 20240709135506, "v1.7.0", true },
        { 20240709135535, "v1.7.0", true },
        { 20250416103745, "v1.27.0", false },
        { 20250416104012, "v1.27.0", false },
        { 20250416104534, "v1.27.0", false },
        { 20250605162945, "v1.32.0", false },
        { 20250605171311, "v1.32.0", false },
        { 20250605171534, "v1.32.0", false },
        { 20250814090557, "v1.33.0", false },
        { 20250814124830, "v1.33.0", false },
        { 20250814125620, "v1.33.0", false },
        { 20250814130828, "v1.33.0", false },
        { 20250814134106, "v1.33.0", false },
        { 20251110100317, "v1.36.0", false },
        { 20251110130723, "v1.36.0", false },
        { 20251110131635, "v1.36.0", false },
        { 20251202134733, "v1.37.0", false },
        { 20260202135506, "v1.43.0", false },
        { 20260202135507, "v1.43.0", false },
        { 20260202135508, "v1.43.0", false },
        { 20260430075848, "v1.45.2", false },
        { 20260710115832, "v1.51.0", false },
        { 20260710124100, "v1.51.0", false },
        { 20260727090000, "HEAD", false },
};
/* clang-format on */

/* The newest version of the release that brought those that are retired: an image that has it came after them. */
#define VERSION_BESIDE_RETIRED UINT64_C(20240705085501)

static const Known *known_of(uint64_t version) {
        for (size_t i = 0; i < ELEMENTSOF(known_versions); i++)
                if (known_versions[i].version == version)
                        return &known_versions[i];
        return NULL;
}

/* What the image does not know and does not have to: files that were deleted before it, and tombstones of the operator's. */
static bool is_expected(const Case *c, uint64_t version) {
        const Known *known = known_of(version);

        if (!known)
                return versions_has(&c->policy->tombstones, version);
        return known->retired && versions_has(&c->needed, VERSION_BESIDE_RETIRED);
}

static void find_extra(Case *c) {
        _cleanup_(versions_done) Versions unknown = {};

        (void)versions_minus(&c->ledger->versions, &c->needed, &unknown);
        for (size_t i = 0; i < unknown.n; i++)
                if (!is_expected(c, unknown.list[i]))
                        versions_add(&c->extra, unknown.list[i]);
                else if (!known_of(unknown.list[i]))
                        strv_addf(&c->finding->warnings, "version %" PRIu64 " is in ClickHouse, of no release, and accepted",
                                  unknown.list[i]);
        (void)versions_sort(&c->extra);
}

static bool judge_contact_clickhouse(Case *c) {
        const Ledger *ledger = c->ledger;

        switch (ledger->contact) {
        case CONTACT_READ:
                return false;
        case CONTACT_UNTRUSTED:
                case_tell(c, VERDICT_UNTRUSTED, "Refused: ClickHouse at %s: %s", ledger->endpoint, ledger->cause);
                case_advise(c, "Give the CA that signed its certificate (ca-file below [clickhouse]), add it to those that this "
                               "host trusts, or correct LAGO_CLICKHOUSE_HOST.");
                return true;
        default:
                case_tell(c,
                          ledger->contact == CONTACT_DENIED        ? VERDICT_DENIED
                          : ledger->contact == CONTACT_NO_DATABASE ? VERDICT_NO_DATABASE
                                                                   : VERDICT_UNREACHABLE,
                          "Waiting for ClickHouse at %s: %s", ledger->endpoint, ledger->cause);
                if (ledger->contact == CONTACT_DENIED)
                        case_advise(c, "Correct LAGO_CLICKHOUSE_USERNAME and LAGO_CLICKHOUSE_PASSWORD.");
                if (ledger->contact == CONTACT_NO_DATABASE)
                        case_advise(c, "Create the database, or correct LAGO_CLICKHOUSE_DATABASE.");
                return true;
        }
}

static bool judge_foreign_clickhouse(Case *c) {
        if (!c->ledger->odd_migrations && ledger_is_empty(c->ledger))
                return false;
        for (size_t i = 0; i < c->ledger->versions.n; i++)
                if (versions_has(&c->needed, c->ledger->versions.list[i]) || known_of(c->ledger->versions.list[i]))
                        return false;
        case_tell(c, VERDICT_FOREIGN, "Refused: schema_migrations in ClickHouse belongs to another application than Lago");
        case_advise(c, "No row of it is of a Lago release. Correct LAGO_CLICKHOUSE_DATABASE.");
        return true;
}

/* The release that knows every extra version, or NULL. */
static const char *release_of_extra(const Case *c) {
        const char *newest = NULL;

        for (size_t i = 0; i < c->extra.n; i++) {
                const Known *known = known_of(c->extra.list[i]);

                if (!known || release_number(known->release) == 0)
                        return NULL;
                if (!newest || release_number(known->release) > release_number(newest))
                        newest = known->release;
        }
        return newest;
}

static bool judge_ahead_clickhouse(Case *c) {
        const char *release = release_of_extra(c);

        if (c->extra.n == 0)
                return false;
        case_tell(c, VERDICT_AHEAD, "Refused: ClickHouse is newer than %s (%zu unknown, newest %" PRIu64 "); set release %s %s",
                  c->release, c->extra.n, c->finding->newest, release ? "=" : ">", release ? release : RELEASES_NEWEST);
        case_advise(c, "A database is never taken back to an older release. Set release to one that knows all of its "
                       "migrations, or restore the backup made before the upgrade.");
        return true;
}

static bool judge_missing_clickhouse(Case *c) {
        if (c->missing.n == 0)
                return false;
        if (ledger_is_empty(c->ledger))
                case_tell(c, c->ledger->has_migrations ? VERDICT_EMPTY : VERDICT_FRESH,
                          "Waiting for the schema of ClickHouse: it is empty, %zu migrations to run", c->missing.n);
        else
                case_tell(c, VERDICT_PENDING, "Waiting for the schema of ClickHouse: %zu of %zu missing, first %" PRIu64,
                          c->missing.n, c->finding->needed, c->finding->first);
        return true;
}

static bool judge_verified_clickhouse(Case *c) {
        case_tell(c, VERDICT_VERIFIED, "ClickHouse verified: %s, %zu of %zu", c->release, c->finding->applied,
                  c->finding->needed);
        return true;
}

Finding *verdict_of_clickhouse(const Manifest *manifest, const Ledger *ledger, const Policy *policy) {
        static bool (*const judges[])(Case *) = {
                judge_contact_clickhouse,
                judge_foreign_clickhouse,
                judge_ahead_clickhouse,
                judge_missing_clickhouse,
                judge_verified_clickhouse,
        };
        Case c = case_new(manifest, ledger, policy);

        manifest_needs(manifest, &c.needed);
        if (ledger->contact == CONTACT_READ) {
                find_extra(&c);
                (void)versions_minus(&c.needed, &ledger->versions, &c.missing);
                c.finding->needed = c.needed.n;
                c.finding->missing = c.missing.n;
                c.finding->applied = c.needed.n - c.missing.n;
                case_count(&c);
        }
        case_judge(&c, judges, ELEMENTSOF(judges));
        return case_end(&c);
}
