/* SPDX-License-Identifier: MIT */
/* What failed probes lead to. */
#include "supervisor/health.h"

#include "base/time.h"
#include "base/util.h"

#include "check.h"

#define SEC USEC_PER_SEC

static Health after(unsigned bad) {
        Health h = {0};

        for (unsigned i = 0; i < bad; i++)
                (void)health_bad(&h, "no answer");
        return h;
}

static void the_first_failure_in_a_row_is_told(void **state _unused_) {
        _cleanup_(health_done) Health h = {0};

        assert_true(health_bad(&h, "no answer"));
        assert_false(health_bad(&h, "connection refused"));
        assert_string_equal(h.sickness, "connection refused");
        assert_int_equal(health_good(&h), 2);
        assert_int_equal(health_good(&h), 0);
        assert_true(health_bad(&h, "no answer"));
}

static void act_is(unsigned bad, unsigned restart_after, bool ours, bool stands_on, HealthAct expected) {
        _cleanup_(health_done) Health h = after(bad);

        assert_int_equal(health_act(&h, restart_after, ours, stands_on), expected);
}

static void a_container_is_restarted_after_so_many(void **state _unused_) {
        act_is(1, 2, true, false, HEALTH_REST);
        act_is(2, 2, true, false, HEALTH_RESTART);
        act_is(3, 2, true, false, HEALTH_RESTART);
        act_is(100, 0, true, false, HEALTH_REST);
}

static void one_that_stands_on_others_is_so_only_when_they_answer(void **state _unused_) {
        act_is(1, 2, true, true, HEALTH_REST);
        act_is(2, 2, true, true, HEALTH_ASK_UPSTREAM);
        act_is(100, 0, true, true, HEALTH_REST);
}

static void an_external_server_is_never_restarted(void **state _unused_) {
        act_is(100, 2, false, false, HEALTH_REST);
        act_is(100, 2, false, true, HEALTH_REST);
}

static void a_sentence_says_for_how_long(void **state _unused_) {
        _cleanup_(health_done) Health h = after(3);
        _cleanup_(freep) char *text = health_sentence(&h, h.bad * 10 * SEC, "; Redis is away, so not restarting");

        assert_string_equal(text, "Not healthy for 30 s: no answer; Redis is away, so not restarting");
}

static void probes_are_punctual_while_something_is_wrong(void **state _unused_) {
        _cleanup_(health_done) Health h = {0};

        assert_int_equal(health_slack(&h, 10 * SEC), 2 * SEC);
        (void)health_bad(&h, "no answer");
        assert_int_equal(health_slack(&h, 10 * SEC), SEC / 10);
        (void)health_good(&h);
        h.reach.port.missed = 1;
        assert_int_equal(health_slack(&h, 10 * SEC), SEC / 10);
        health_begin(&h);
        h.reach.names.missed = 1;
        assert_int_equal(health_slack(&h, 10 * SEC), SEC / 10);
        health_begin(&h);
        assert_int_equal(health_slack(&h, 10 * SEC), 2 * SEC);
}

static void doubt_is(unsigned port, unsigned names, const char *expected) {
        char address[] = "127.0.0.1";
        Listen listen = {.address = address, .port = 3000};
        Reachability r = {.port.missed = port, .names.missed = names};
        _cleanup_(freep) char *doubt = reach_doubt(&r, &listen);

        if (expected)
                assert_string_equal(doubt, expected);
        else
                assert_null(doubt);
}

static void one_miss_is_no_doubt(void **state _unused_) {
        doubt_is(0, 0, NULL);
        doubt_is(1, 1, NULL);
        doubt_is(2, 0, "not reached at 127.0.0.1:3000");
        doubt_is(2, 2, "its network resolves no names");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_failure_in_a_row_is_told),
                cmocka_unit_test(a_container_is_restarted_after_so_many),
                cmocka_unit_test(one_that_stands_on_others_is_so_only_when_they_answer),
                cmocka_unit_test(an_external_server_is_never_restarted),
                cmocka_unit_test(a_sentence_says_for_how_long),
                cmocka_unit_test(probes_are_punctual_while_something_is_wrong),
                cmocka_unit_test(one_miss_is_no_doubt),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
