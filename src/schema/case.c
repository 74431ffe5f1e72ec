/* SPDX-License-Identifier: MIT */
#include "schema/case.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>

/* --- the case ---------------------------------------------------------------------------------------------- */

Case case_new(const Manifest *manifest, const Ledger *ledger, const Policy *policy) {
        const char *named = policy->target ? policy->target : "this image";

        return (Case){
                .manifest = manifest,
                .ledger = ledger,
                .policy = policy,
                .release = streq(manifest->release, "-") ? named : manifest->release,
                .finding = xcalloc(1, sizeof(Finding)),
        };
}

void case_count(Case *c) {
        c->finding->extra = c->extra.n;
        c->finding->newest = versions_newest(&c->extra);
        c->finding->first = c->missing.n > 0 ? c->missing.list[0] : 0;
}

void case_judge(Case *c, bool (*const *judges)(Case *), size_t n) {
        for (size_t i = 0; i < n; i++)
                if (judges[i](c))
                        return;
}

Finding *case_end(Case *c) {
        versions_done(&c->needed);
        versions_done(&c->squashed);
        versions_done(&c->tombstones);
        versions_done(&c->extra);
        versions_done(&c->missing);
        versions_done(&c->lost);
        return c->finding;
}

void case_tell(Case *c, Verdict verdict, const char *format, ...) {
        char *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&sentence, format, ap) < 0)
                sentence = xstrdup(verdict_name(verdict));
        va_end(ap);
        if (strlen(sentence) > FINDING_SENTENCE)
                memcpy(sentence + FINDING_SENTENCE - 3, "...", 4);
        c->finding->verdict = verdict;
        /* The cut may have split a character, and names in it come from the server. */
        c->finding->sentence = escape_line(sentence);
        free(sentence);
}

void case_advise(Case *c, const char *format, ...) {
        char *remedy = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&remedy, format, ap) < 0)
                remedy = NULL;
        va_end(ap);
        free(c->finding->remedy);
        c->finding->remedy = remedy;
}

/* --- about the facts ------------------------------------------------------------------------------------- */

/* Where the name of the host says that it is the bundled server, and no name wants more than these quotes. */
bool ledger_is_bundled(const Ledger *ledger) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

        return (startswith(ledger->endpoint, "db:") || startswith(ledger->endpoint, "lago-db:")) &&
               strspn(ledger->database, plain) == strlen(ledger->database) &&
               strspn(ledger->role, plain) == strlen(ledger->role);
}

char *ledger_command(const Ledger *ledger, const char *sql) {
        return ledger_is_bundled(ledger)
                       ? xasprintf("podman exec lago-db psql -U %s -d %s -c '%s'", ledger->role, ledger->database, sql)
                       : xstrdup(sql);
}

bool ledger_is_empty(const Ledger *ledger) {
        return ledger->versions.n == 0 && ledger->n_garbage == 0;
}

void manifest_needs(const Manifest *manifest, Versions *ret) {
        versions_or(&manifest->versions, &manifest->structure, ret);
}

/* By its number; an image without one, built from a branch, by what it holds. */
bool manifest_is_at_least(const Manifest *manifest, const char *release) {
        _cleanup_(versions_done) Versions needed = {};
        uint64_t number = release_number(manifest->release);
        Standing standing;

        if (number > 0)
                return number >= release_number(release);
        manifest_needs(manifest, &needed);
        standing_of(&needed, &standing);
        return standing_covers(&standing, release_find(release));
}

bool manifest_is_rails8(const Manifest *manifest) {
        return manifest->structure.n > 0 && manifest_is_at_least(manifest, "v1.27.1");
}

bool ledger_is_fresh(const Ledger *ledger) {
        return !ledger->has_migrations && ledger->n_objects == 0 && !ledger->lago_schema;
}

/* A version that a release carries is never a tombstone, whatever the operator says: ignoring it would let an older image run. */
void policy_tombstones(const Policy *policy, Versions *ret) {
        const Versions *asked = &policy->tombstones;

        for (size_t i = 0; i < asked->n; i++)
                if (release_of_version(asked->list[i]) == n_releases)
                        versions_add(ret, asked->list[i]);
        (void)versions_sort(ret);
}
