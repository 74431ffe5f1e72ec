/* SPDX-License-Identifier: MIT */
#include "schema/case.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>

/* --- verdicts and findings ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
        const char *name;
        int status;
} verdicts[_VERDICT_MAX] = {
        [VERDICT_UNREACHABLE] = { "unreachable", 20 },
        [VERDICT_DENIED]      = { "denied",      21 },
        [VERDICT_NO_DATABASE] = { "no-database", 22 },
        [VERDICT_UNTRUSTED]   = { "untrusted",   39 },
        [VERDICT_READ_ONLY]   = { "read-only",   23 },
        [VERDICT_WRONG_MAJOR] = { "wrong-major", 37 },
        [VERDICT_INVISIBLE]   = { "invisible",   33 },
        [VERDICT_HALF_LOADED] = { "half-loaded", 34 },
        [VERDICT_OCCUPIED]    = { "occupied",    35 },
        [VERDICT_FOREIGN]     = { "foreign",     36 },
        [VERDICT_AHEAD]       = { "ahead",       30 },
        [VERDICT_GAP]         = { "gap",         31 },
        [VERDICT_STOP]        = { "stop",        32 },
        [VERDICT_EXTENSION]   = { "extension",   38 },
        [VERDICT_POOLED]      = { "pooled",      40 },
        [VERDICT_BUSY]        = { "busy",        13 },
        [VERDICT_FRESH]       = { "fresh",       11 },
        [VERDICT_EMPTY]       = { "empty",       12 },
        [VERDICT_PENDING]     = { "pending",     10 },
        [VERDICT_VERIFIED]    = { "verified",     0 },
};
/* clang-format on */

const char *verdict_name(Verdict verdict) {
        return verdicts[verdict].name;
}

int verdict_status(Verdict verdict) {
        return verdicts[verdict].status;
}

bool verdict_may_change(Verdict verdict) {
        int status = verdict_status(verdict);

        return status >= 10 && status < 30;
}

Finding *finding_free(Finding *finding) {
        if (!finding)
                return NULL;
        free(finding->sentence);
        free(finding->remedy);
        strv_free(finding->warnings);
        free(finding);
        return NULL;
}

void finding_freep(Finding **finding) {
        *finding = finding_free(*finding);
}

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

/* What a release carries is no tombstone, whatever the operator says: passed over, it would let an older image run. */
void policy_tombstones(const Policy *policy, Versions *ret) {
        const Versions *asked = &policy->tombstones;

        for (size_t i = 0; i < asked->n; i++)
                if (release_of_version(asked->list[i]) == n_releases)
                        versions_add(ret, asked->list[i]);
        (void)versions_sort(ret);
}
