/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor hears of lago-gate: the first byte is its exit status, the rest its output, once as the answer of
 * "check" and once as lines of "watch". No answer opens anything that has no verdict, and no sentence is too long.
 */
#include "stack/stack.h"
#include "supervisor/advance.h"
#include "supervisor/answer.h"

#include "fuzz.h"

static void look_at_fields(const GateAnswer *g) {
        const char *fields[] = {g->verdict, g->sentence, g->remedy, g->first, g->first_name,
                                g->fresh, g->roles, g->seeds, g->missing, g->needed};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                REQUIRE(!fields[i] || !strchr(fields[i], '\n'));
}

static void hear_check(const char *text, int status) {
        GateAnswer answer = gate_answer_read(
                &(JobResult){.started = true, .status = status, .output = text, .errors = ""});

        REQUIRE(answer.sentence);
        REQUIRE(answer.status == status || answer.status == GATE_NO_VERDICT);
        REQUIRE(answer.status != 0 || strstr(text, "SENTENCE="));
        look_at_fields(&answer);
        gate_answer_done(&answer);
}

static void hear_watch(const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");
        _cleanup_(advance_done) Advance advance = {0};

        STRV_FOREACH(line, lines) {
                _cleanup_(freep) char *sentence = NULL;

                if (!advance_parse(&advance, *line))
                        continue;
                REQUIRE(strv_length(advance.words) == _ADVANCE_WORDS && !advance_moved(&advance, &advance));
                sentence = advance_sentence(&advance, "1 min 12 s");
                REQUIRE(!sentence || (fuzz_is_line(sentence) && strlen(sentence) <= ADVANCE_SENTENCE));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = size > 0 ? fuzz_text(data + 1, size - 1) : xstrdup("");

        hear_check(text, size > 0 ? data[0] : 0);
        hear_watch(text);
        return 0;
}
