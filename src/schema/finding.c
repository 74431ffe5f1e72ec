/* SPDX-License-Identifier: MIT */
#include "schema/finding.h"

#include "base/util.h"

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
        [VERDICT_UNFINISHED]  = { "unfinished",  41 },
        [VERDICT_OWNER]       = { "owner",       42 },
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
