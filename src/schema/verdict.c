/* SPDX-License-Identifier: MIT */
#include "schema/verdict.h"

#include "schema/judges.h"

#include "base/util.h"

#include <assert.h>
#include <inttypes.h>

/* --- the steps that tell how far the database is --------------------------------------------------------- */

static bool judge_fresh(Case *c) {
        Verdict verdict = c->ledger->has_migrations ? VERDICT_EMPTY : VERDICT_FRESH;

        if (!ledger_is_empty(c->ledger))
                return false;
        case_tell(c, verdict, "Waiting for the schema: the database is empty, %zu migrations to run", c->missing.n);
        c->finding->fresh = fresh_way(c);
        return true;
}

static bool judge_pending(Case *c) {
        if (c->missing.n == 0)
                return false;
        case_tell(c, VERDICT_PENDING, "Waiting for the schema: %zu of %zu missing, first %" PRIu64, c->missing.n,
                  c->finding->needed, c->finding->first);
        if (standing_covers(&c->database, c->database.newest) && !streq(releases[c->database.newest].name, "HEAD"))
                c->finding->schema_of = releases[c->database.newest].name;
        return true;
}

/* An image that has no task for them can never get them: it is not kept waiting. */
static bool judge_roles(Case *c) {
        if (!c->policy->require_roles || !c->manifest->seeds_roles || c->ledger->roles != ROLES_MISSING)
                return false;
        case_tell(c, VERDICT_PENDING, "Waiting for the predefined roles: %s is still to run", SEED_TASK);
        return true;
}

static bool judge_verified(Case *c) {
        assert(c->missing.n == 0 && (c->lost.n == 0 || c->replayed));
        case_tell(c, VERDICT_VERIFIED, "Schema verified: %s, %zu of %zu", c->release, c->finding->applied,
                  c->finding->needed);
        if (c->ledger->roles == ROLES_MISSING)
                strv_add(&c->finding->warnings,
                         "the predefined roles are missing; run: lagoctl rails " SEED_TASK
                         " (v1.40.1, v1.41.1 and later have it)");
        STRV_FOREACH(name, c->ledger->invalid_indexes)
                strv_addf(&c->finding->warnings, "invalid index %s, left by an interrupted concurrent build; drop and "
                                                 "create it again",
                          *name);
        warn_bridges(c);
        return true;
}

/* --- all together ------------------------------------------------------------------------------------- */

static void warn_generally(Case *c) {
        const char *target = c->policy->target;
        char ***warnings = &c->finding->warnings;

        if (c->ledger->contact != CONTACT_READ)
                return;
        if (c->ledger->pooled)
                strv_add(warnings, "a connection pooler answers in PostgreSQL's place, which keeps no lock: the clock and "
                                   "migrations will be refused. " POOLED_REMEDY);
        warn_server(c);
        warn_loose(c);
        warn_collation(c);
        if (target && !streq(c->manifest->release, "-") &&
            release_number(c->manifest->release) != release_number(target))
                strv_addf(warnings, "the image says it is %s, not %s", c->manifest->release, target);
        if (c->ledger->n_garbage > 0)
                strv_addf(warnings, "%zu rows of schema_migrations are not versions", c->ledger->n_garbage);
        for (size_t i = 0; i < c->tombstones.n; i++)
                if (versions_has(&c->ledger->versions, c->tombstones.list[i]) &&
                    !versions_has(&c->needed, c->tombstones.list[i]))
                        strv_addf(warnings, "version %" PRIu64 " is in the ledger, of no release, and accepted",
                                  c->tombstones.list[i]);
}

/*
 * A ledger that lacks all squashed versions but has their successor was made by running the files one by one: it has
 * everything but their numbers. One missing number alone, in contrast, is a hole.
 */
static bool was_replayed(const Case *c) {
        return c->squashed.n >= 2 && c->lost.n == c->squashed.n && c->manifest->n_files > 0 &&
               versions_has(&c->ledger->versions, c->manifest->files[0].version);
}

static void stand(Case *c) {
        static const Versions none = {};
        _cleanup_(versions_done) Versions counted = {}, have = {};

        (void)versions_minus(&c->ledger->versions, &c->tombstones, &counted);
        versions_or(&counted, c->replayed ? &c->squashed : &none, &have);
        standing_of(&c->needed, &c->image);
        standing_of(&have, &c->database);
}

/* --- the verdict ----------------------------------------------------------------------------------------- */

static void compare(Case *c) {
        const Versions *have = &c->ledger->versions;
        Versions unknown = {};
        Finding *finding = c->finding;

        manifest_needs(c->manifest, &c->needed);
        policy_tombstones(c->policy, &c->tombstones);
        (void)versions_minus(&c->manifest->structure, &c->manifest->versions, &c->squashed);
        (void)versions_minus(&c->squashed, have, &c->lost);
        (void)versions_minus(&c->manifest->versions, have, &c->missing);
        (void)versions_minus(have, &c->needed, &unknown);
        (void)versions_minus(&unknown, &c->tombstones, &c->extra);
        versions_done(&unknown);
        c->replayed = was_replayed(c);
        stand(c);
        if (c->ledger->contact != CONTACT_READ)
                return;
        finding->needed = c->replayed || ledger_is_empty(c->ledger) ? c->manifest->versions.n : c->needed.n;
        finding->missing = c->missing.n + (c->replayed || ledger_is_empty(c->ledger) ? 0 : c->lost.n);
        finding->applied = finding->needed - finding->missing;
        case_count(c);
}

Finding *verdict_of(const Manifest *manifest, const Ledger *ledger, const Policy *policy) {
        static bool (*const judges[])(Case *) = {
                judge_contact,
                judge_read_only,
                judge_major,
                judge_loading,
                judge_invisible,
                judge_half_loaded,
                judge_occupied,
                judge_foreign,
                judge_unfinished,
                judge_ahead,
                judge_gap,
                judge_stop,
                judge_extension,
                judge_owner,
                judge_pooled,
                judge_busy,
                judge_fresh,
                judge_pending,
                judge_roles,
                judge_verified,
        };
        Case c = case_new(manifest, ledger, policy);

        compare(&c);
        case_judge(&c, judges, ELEMENTSOF(judges));
        warn_generally(&c);
        return case_end(&c);
}

/* Where nothing is to be run, extensions do not matter. */
static char **extensions_asked(const Case *c) {
        char **names = NULL;

        if (c->missing.n == 0)
                return NULL;
        names = extensions_of_files(c->manifest, c->ledger);
        if (partman_is_needed(c))
                strv_add(&names, PARTMAN);
        if (ledger_is_fresh(c->ledger) && manifest_is_rails8(c->manifest))
                STRV_FOREACH(name, c->manifest->extensions)
                        if (!strv_contains(names, *name))
                                strv_add(&names, *name);
        return names;
}

void verdict_questions(const Manifest *manifest, const Ledger *ledger, const Policy *policy,
                       Questions *ret) {
        Case c = case_new(manifest, ledger, policy);

        *ret = (Questions){};
        if (ledger->contact == CONTACT_READ) {
                compare(&c);
                ret->extensions = extensions_asked(&c);
                ret->rows = bridge_question(&c);
                ret->any_row = bridge_is_crossed(&c);
                ret->owners = c.missing.n > 0 && !ledger_is_fresh(ledger) && !ledger->superuser;
        }
        finding_free(case_end(&c));
}

void questions_done(Questions *questions) {
        strv_free(questions->extensions);
        *questions = (Questions){};
}
