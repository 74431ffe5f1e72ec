/* SPDX-License-Identifier: MIT */
#include "supervisor/advance.h"

#include "base/time.h"
#include "base/util.h"

#define NAME_MIN 12 /* bytes of a name that are always shown; the rest of a sentence is shorter than 100 - 12 */

void advance_done(Advance *p) {
        p->words = strv_free(p->words);
}

bool advance_has(const Advance *p, AdvanceWord word) {
        return p->words && !streq(p->words[word], "-");
}

static bool is_number(const char *s) {
        uint64_t n;

        return parse_uint(s, UINT32_MAX, &n) >= 0;
}

static bool is_version(const char *s) {
        return strlen(s) <= 18 && s[strspn(s, "0123456789")] == '\0';
}

static bool makes_sense(char *const *words) {
        static const AdvanceWord numbers[] = {
                ADVANCE_BLOCKER,
                ADVANCE_BLOCKED_SEC,
                ADVANCE_PHASE,
                ADVANCE_PHASES,
                ADVANCE_PERCENT,
                ADVANCE_LEFT,
        };

        if (strv_length(words) != _ADVANCE_WORDS || !is_number(words[ADVANCE_APPLIED]) ||
            !is_number(words[ADVANCE_TOTAL]))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (!streq(words[numbers[i]], "-") && !is_number(words[numbers[i]]))
                        return false;
        return streq(words[ADVANCE_VERSION], "-") || is_version(words[ADVANCE_VERSION]);
}

bool advance_parse(Advance *p, const char *line) {
        _cleanup_(freep) char *clean = escape_line(line);
        char **words = strv_split(clean, " ");

        if (!makes_sense(words)) {
                strv_free(words);
                return false;
        }
        advance_done(p);
        p->words = words;
        return true;
}

bool advance_moved(const Advance *before, const Advance *after) {
        static const AdvanceWord moving[] = {
                ADVANCE_APPLIED,
                ADVANCE_VERSION,
                ADVANCE_INDEX,
                ADVANCE_TABLE,
                ADVANCE_PHASE,
                ADVANCE_PERCENT,
        };

        if (!before->words || !after->words)
                return before->words != after->words;
        for (size_t i = 0; i < ELEMENTSOF(moving); i++)
                if (!streq(before->words[moving[i]], after->words[moving[i]]))
                        return true;
        return false;
}

/* A migration that is slow and one that is stuck look alike from outside, so each silence is logged once, and nothing is done. */
bool advance_is_silent(uint64_t moved, uint64_t told, uint64_t now) {
        return told != moved && now > moved && now - moved >= ADVANCE_SILENT_SEC * USEC_PER_SEC;
}

char *advance_silence(const Advance *p, const char *span) {
        static const char rest[] = "It goes on until it ends by itself.";

        if (!advance_has(p, ADVANCE_VERSION))
                return xasprintf("The run has shown no progress for %s. %s", span, rest);
        return xasprintf("Migration %s %s has shown no progress for %s. %s", p->words[ADVANCE_VERSION],
                         p->words[ADVANCE_NAME], span, rest);
}

/* --- the sentence ----------------------------------------------------------------------------------------- */

/* " (3 min more)", rounded up, as coarse as it is uncertain; "" when it is not known. */
static char *more(const Advance *p) {
        uint64_t sec = 0;

        if (!advance_has(p, ADVANCE_LEFT) || parse_uint(p->words[ADVANCE_LEFT], UINT32_MAX, &sec) < 0)
                return xstrdup("");
        sec = sec < 120 ? (sec + 9) / 10 * 10 : sec < 7200 ? (sec + 59) / 60 * 60
                                                           : (sec + 3599) / 3600 * 3600;
        if (sec < 120)
                return xasprintf(" (%u s more)", (unsigned)sec);
        return sec < 7200 ? xasprintf(" (%u min more)", (unsigned)sec / 60) : xasprintf(" (%u h more)", (unsigned)(sec / 3600));
}

/* ": 43 % of phase 2 of 9 (3 min more)" as far as it is known. */
static char *index_state(const Advance *p) {
        _cleanup_(freep) char *rest = more(p), *phase = NULL;

        if (advance_has(p, ADVANCE_PHASE) && advance_has(p, ADVANCE_PHASES))
                phase = xasprintf("phase %s of %s", p->words[ADVANCE_PHASE], p->words[ADVANCE_PHASES]);
        if (phase && advance_has(p, ADVANCE_PERCENT))
                return xasprintf(": %s %% of %s%s", p->words[ADVANCE_PERCENT], phase, rest);
        if (advance_has(p, ADVANCE_PERCENT))
                return xasprintf(": %s %%%s", p->words[ADVANCE_PERCENT], rest);
        return phase ? xasprintf(": %s", phase) : xstrdup("");
}

/* The name takes what the rest leaves of the 100 bytes; of a sentence that is too long all the same the end is cut. */
static char *fit(const char *before, const char *name, const char *after) {
        size_t n = strlen(name), taken = strlen(before) + strlen(after);
        size_t room = taken + NAME_MIN < ADVANCE_SENTENCE ? ADVANCE_SENTENCE - taken : NAME_MIN;
        _cleanup_(freep) char *raw = n <= room ? xasprintf("%s%s%s", before, name, after)
                                               : xasprintf("%s%.*s..%s", before, (int)room - 2, name, after);

        if (strlen(raw) > ADVANCE_SENTENCE)
                memcpy(raw + ADVANCE_SENTENCE - 3, "...", 4);
        /* The cut may have split a character. */
        return escape_line(raw);
}

char *advance_sentence(const Advance *p, const char *span) {
        _cleanup_(freep) char *head = NULL, *before = NULL, *after = NULL, *state = NULL;
        uint64_t applied = 0;
        char **w = p->words;

        if (!advance_has(p, ADVANCE_VERSION))
                return NULL;
        (void)parse_uint(w[ADVANCE_APPLIED], UINT32_MAX, &applied);
        head = xasprintf("Migrating %u of %s: ", (unsigned)applied + 1, w[ADVANCE_TOTAL]);
        if (advance_has(p, ADVANCE_BLOCKER)) {
                before = xasprintf("%s%s blocked %s s by backend %s (%s, ", head, w[ADVANCE_VERSION],
                                   w[ADVANCE_BLOCKED_SEC], w[ADVANCE_BLOCKER], w[ADVANCE_BLOCKER_STATE]);
                return fit(before, w[ADVANCE_BLOCKER_APP], ")");
        }
        if (!advance_has(p, ADVANCE_TABLE)) {
                before = xasprintf("%s%s ", head, w[ADVANCE_VERSION]);
                after = xasprintf(", %s", span);
                return fit(before, w[ADVANCE_NAME], after);
        }
        state = index_state(p);
        before = xasprintf("%screating %s", head, advance_has(p, ADVANCE_INDEX) ? "" : "an index on ");
        after = xasprintf("%s, %s", state, span);
        return fit(before, w[advance_has(p, ADVANCE_INDEX) ? ADVANCE_INDEX : ADVANCE_TABLE], after);
}
