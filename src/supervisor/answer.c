/* SPDX-License-Identifier: MIT */
#include "supervisor/answer.h"

#include "base/keyfile.h"
#include "base/util.h"
#include "engine/engine.h"
#include "stack/stack.h"
#include "supervisor/policy.h"

/* A gate that died has no verdict, and no verdict opens nothing. */
static void lacks_sentence(GateAnswer *answer, const JobResult *result) {
        _cleanup_(freep) char *line = engine_last_line(result->errors);

        if (answer->status < _GATE_REFUSED_END)
                answer->status = GATE_NO_VERDICT;
        answer->sentence = xasprintf("lago-gate gave no verdict (%s %d): %.60s", result->signaled ? "signal" : "exit",
                                     result->status, line);
}

GateAnswer gate_answer_read(const JobResult *result) {
        bool ended = result->started && !result->signaled;
        const char *text = result->output;
        GateAnswer answer = {
                .status = ended ? result->status : GATE_NO_VERDICT,
                .succeeded = ended && result->status == 0,
                .warnings = keyfile_all(text, "WARNING"),
                .verdict = keyfile_get(text, "VERDICT"),
                .sentence = keyfile_get(text, "SENTENCE"),
                .remedy = keyfile_get(text, "REMEDY"),
                .first = keyfile_get(text, "FIRST"),
                .first_name = keyfile_get(text, "FIRST_NAME"),
                .fresh = keyfile_get(text, "FRESH"),
                .roles = keyfile_get(text, "ROLES"),
                .seeds = keyfile_get(text, "SEEDS"),
                .missing = keyfile_get(text, "MISSING"),
                .needed = keyfile_get(text, "NEEDED"),
                .schema_of = keyfile_get(text, "SCHEMA_OF"),
        };

        if (!answer.sentence)
                lacks_sentence(&answer, result);
        return answer;
}

/* --- two become one ------------------------------------------------------------------------------------- */

/* "Schema verified: v1.50.0, 1046 of 1046; ClickHouse 25 of 25", with the warnings about both. */
static void join_verified(GateAnswer *first, const GateAnswer *second) {
        const char *needed = second->needed ? second->needed : "?";
        char *sentence = xasprintf("%s; ClickHouse %s of %s", first->sentence, needed, needed);

        free(first->sentence);
        first->sentence = sentence;
        strv_extend(&first->warnings, second->warnings);
}

static void swap(char **a, char **b) {
        char *was = *a;

        *a = *b;
        *b = was;
}

/* How to migrate is PostgreSQL's to say; but "rails db:migrate" does both in one row, and fails where the row begins. */
static void join_pending(GateAnswer *first, GateAnswer *second) {
        if (!second_runs_first(first->status, first->first, second->first))
                return;
        swap(&first->first, &second->first);
        swap(&first->first_name, &second->first_name);
}

void gate_answer_join(GateAnswer *first, GateAnswer *second) {
        switch (gate_choice(first->status, second->status)) {
        case GATE_CHOICE_FIRST:
                if (first->status == 0)
                        join_verified(first, second);
                else
                        join_pending(first, second);
                gate_answer_done(second);
                return;
        case GATE_CHOICE_SECOND_PENDING:
                second->status = GATE_PENDING;
                break;
        case GATE_CHOICE_SECOND:
                break;
        }
        gate_answer_take(first, second);
}

void gate_answer_take(GateAnswer *to, GateAnswer *from) {
        gate_answer_done(to);
        *to = *from;
        *from = (GateAnswer){.status = GATE_NO_VERDICT};
}

void gate_answer_done(GateAnswer *answer) {
        char *fields[] = {answer->verdict, answer->sentence, answer->remedy, answer->first, answer->first_name,
                          answer->fresh, answer->roles, answer->seeds, answer->missing, answer->needed,
                          answer->schema_of};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                free(fields[i]);
        strv_free(answer->warnings);
        *answer = (GateAnswer){.status = GATE_NO_VERDICT};
}
