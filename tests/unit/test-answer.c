/* SPDX-License-Identifier: MIT */
/* What lago-gate's answers mean to the supervisor, one by one and joined. */
#include "supervisor/answer.h"

#include "base/util.h"
#include "stack/stack.h"

#include "check.h"

static GateAnswer answered(int status, const char *output) {
        return gate_answer_read(&(JobResult){.started = true, .status = status, .output = output, .errors = ""});
}

#define VERIFIED  "VERDICT=verified\nSENTENCE=Schema verified: v1.50.0, 1046 of 1046\nNEEDED=1046\nWARNING=a\n"
#define VERIFIED2 "VERDICT=verified\nSENTENCE=Schema verified\nNEEDED=25\nWARNING=b\n"
#define PENDING   "VERDICT=pending\nSENTENCE=1 missing\nFIRST=20260709135717\nFIRST_NAME=add_x\n"
#define PENDING2  "VERDICT=pending\nSENTENCE=2 missing there\nFIRST=20260101000000\nFIRST_NAME=ch_y\n"

static void what_it_says_is_read(void **state _unused_) {
        _cleanup_(gate_answer_done) GateAnswer a = answered(
                10, PENDING "WARNING=one\nWARNING=two\nREMEDY=do it\nFRESH=load\nROLES=missing\nSEEDS=yes\nMISSING=1\nNEEDED=9\n");

        assert_int_equal(a.status, GATE_PENDING);
        assert_false(a.succeeded);
        assert_string_equal(a.verdict, "pending");
        assert_string_equal(a.sentence, "1 missing");
        assert_string_equal(a.first, "20260709135717");
        assert_string_equal(a.first_name, "add_x");
        assert_string_equal(a.remedy, "do it");
        assert_string_equal(a.fresh, "load");
        assert_string_equal(a.roles, "missing");
        assert_string_equal(a.seeds, "yes");
        assert_string_equal(a.missing, "1");
        assert_string_equal(a.needed, "9");
        assert_int_equal(strv_length(a.warnings), 2);
}

static void no_verdict_from(JobResult result, int status, const char *sentence) {
        _cleanup_(gate_answer_done) GateAnswer a = gate_answer_read(&result);

        assert_int_equal(a.status, status);
        assert_string_equal(a.sentence, sentence);
}

static void a_gate_without_a_sentence_opens_nothing(void **state _unused_) {
        _cleanup_(gate_answer_done) GateAnswer killed = gate_answer_read(
                &(JobResult){.started = true, .signaled = true, .status = 0, .output = VERIFIED, .errors = ""});

        assert_int_equal(killed.status, GATE_NO_VERDICT);
        assert_false(killed.succeeded);
        no_verdict_from((JobResult){.started = true, .status = 0, .output = "", .errors = ""}, GATE_NO_VERDICT,
                        "lago-gate gave no verdict (exit 0): no message");
        no_verdict_from((JobResult){.started = true, .signaled = true, .status = 9, .output = "", .errors = "a\nb\n"},
                        GATE_NO_VERDICT, "lago-gate gave no verdict (signal 9): b");
        no_verdict_from((JobResult){.status = 2, .output = "", .errors = "No such file"}, GATE_NO_VERDICT,
                        "lago-gate gave no verdict (exit 2): No such file");
        no_verdict_from((JobResult){.started = true, .status = 36, .output = "", .errors = ""}, GATE_NO_VERDICT,
                        "lago-gate gave no verdict (exit 36): no message");
        no_verdict_from((JobResult){.started = true, .status = 64, .output = "", .errors = ""}, 64,
                        "lago-gate gave no verdict (exit 64): no message");
}

static void a_verb_without_a_verdict_has_succeeded_all_the_same(void **state _unused_) {
        _cleanup_(gate_answer_done) GateAnswer a = answered(0, "");

        assert_true(a.succeeded);
        assert_int_equal(a.status, GATE_NO_VERDICT);
}

static void joined(int status, const char *output, int status2, const char *output2, int expected, const char *sentence,
                   const char *first) {
        _cleanup_(gate_answer_done) GateAnswer a = answered(status, output);
        GateAnswer b = answered(status2, output2);

        gate_answer_join(&a, &b);
        assert_null(b.sentence);
        assert_int_equal(a.status, expected);
        assert_string_equal(a.sentence, sentence);
        if (first)
                assert_string_equal(a.first, first);
        else
                assert_null(a.first);
}

static void verified_is_what_both_are(void **state _unused_) {
        _cleanup_(gate_answer_done) GateAnswer a = answered(0, VERIFIED);
        GateAnswer b = answered(0, VERIFIED2);

        gate_answer_join(&a, &b);
        assert_string_equal(a.sentence, "Schema verified: v1.50.0, 1046 of 1046; ClickHouse 25 of 25");
        assert_int_equal(strv_length(a.warnings), 2);
        assert_string_equal(a.needed, "1046");
}

static void one_that_is_not_verified_speaks_for_both(void **state _unused_) {
        joined(0, VERIFIED, 10, PENDING2, 10, "2 missing there", "20260101000000");
        /* Beside data its being empty is no first start. */
        joined(0, VERIFIED, 12, "SENTENCE=it is empty\n", 10, "it is empty", NULL);
        joined(0, VERIFIED, 20, "SENTENCE=ClickHouse is away\n", 20, "ClickHouse is away", NULL);
        joined(10, PENDING, 20, "SENTENCE=ClickHouse is away\n", 20, "ClickHouse is away", NULL);
        joined(10, PENDING, 30, "SENTENCE=ClickHouse is ahead\n", 30, "ClickHouse is ahead", NULL);
}

static void of_two_that_are_pending_the_first_says_how_and_the_older_where(void **state _unused_) {
        joined(10, PENDING, 10, PENDING2, 10, "1 missing", "20260101000000");
        joined(10, PENDING2, 10, PENDING, 10, "2 missing there", "20260101000000");
        joined(10, PENDING, 0, VERIFIED2, 10, "1 missing", "20260709135717");
        /* Rails loads an empty PostgreSQL before anything of ClickHouse. */
        joined(11, "SENTENCE=empty\nFRESH=load\nFIRST=20260709135717\n", 10, PENDING2, 11, "empty", "20260709135717");
}

static void an_answer_is_taken_whole(void **state _unused_) {
        _cleanup_(gate_answer_done) GateAnswer to = answered(10, PENDING);
        GateAnswer from = answered(0, VERIFIED);

        gate_answer_take(&to, &from);
        assert_int_equal(to.status, 0);
        assert_null(to.first);
        assert_null(from.sentence);
        assert_int_equal(from.status, GATE_NO_VERDICT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_it_says_is_read),
                cmocka_unit_test(a_gate_without_a_sentence_opens_nothing),
                cmocka_unit_test(a_verb_without_a_verdict_has_succeeded_all_the_same),
                cmocka_unit_test(verified_is_what_both_are),
                cmocka_unit_test(one_that_is_not_verified_speaks_for_both),
                cmocka_unit_test(of_two_that_are_pending_the_first_says_how_and_the_older_where),
                cmocka_unit_test(an_answer_is_taken_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
