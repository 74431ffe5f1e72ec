/* SPDX-License-Identifier: MIT */
/* What a container said, remembered. */
#include "supervisor/said.h"

#include "base/time.h"
#include "base/util.h"

#include "check.h"

#define SEC USEC_PER_SEC

static void doubt_is(const Said *said, uint64_t now, const char *expected) {
        _cleanup_(freep) char *doubt = said_doubt(said, now);

        if (!expected) {
                assert_null(doubt);
                return;
        }
        assert_non_null(doubt);
        assert_string_equal(doubt, expected);
}

static void a_thing_is_new_once(void **state _unused_) {
        _cleanup_(said_done) Said said = {0};
        const Missing *first = said_take(&said, "missing 1 relation \"invoices\"", SEC);

        assert_non_null(first);
        assert_string_equal(first->thing, "relation \"invoices\"");
        assert_null(said_take(&said, "missing 2 relation \"invoices\"", 2 * SEC));
        assert_non_null(said_take(&said, "missing 1 column \"x\"", 3 * SEC));
        assert_int_equal(said.n_missing, 2);
        assert_int_equal(said.missing[0].count, 2);
        /* A new relay counts from one again. */
        assert_null(said_take(&said, "missing 1 relation \"invoices\"", 4 * SEC));
        assert_int_equal(said.missing[0].count, 3);
}

static void what_is_no_such_note_is_passed_over(void **state _unused_) {
        static const char *const notes[] = {"missing", "missing ", "missing 1", "missing x relation", "missing -1 relation", "", "READY"};
        _cleanup_(said_done) Said said = {0};

        for (size_t i = 0; i < ELEMENTSOF(notes); i++)
                assert_null(said_take(&said, notes[i], SEC));
        assert_int_equal(said.n_missing, 0);
        assert_false(said.ready || said.spoke);
}

static void more_things_than_can_be_told_apart_are_dropped(void **state _unused_) {
        _cleanup_(said_done) Said said = {0};

        for (unsigned i = 0; i < 40; i++) {
                _cleanup_(freep) char *note = xasprintf("missing 1 relation \"t%u\"", i);

                assert_int_equal(said_take(&said, note, SEC) != NULL, i < ELEMENTSOF(said.missing));
        }
        assert_int_equal(said.n_missing, ELEMENTSOF(said.missing));
}

static void a_doubt_is_about_the_latest_and_lasts_an_hour(void **state _unused_) {
        _cleanup_(said_done) Said said = {0};

        doubt_is(&said, SEC, NULL);
        (void)said_take(&said, "missing 1 relation \"a\"", 10 * SEC);
        doubt_is(&said, 11 * SEC, "relation \"a\" does not exist");
        (void)said_take(&said, "missing 8 relation \"b\"", 20 * SEC);
        doubt_is(&said, 21 * SEC, "relation \"b\" does not exist (8 times)");
        (void)said_take(&said, "missing 2 PG::UndefinedTable", 30 * SEC);
        doubt_is(&said, 31 * SEC, "its log has PG::UndefinedTable (2 times)");
        (void)said_take(&said, "missing 2 relation \"a\"", 40 * SEC);
        doubt_is(&said, 41 * SEC, "relation \"a\" does not exist (2 times)");
        doubt_is(&said, (40 + 3599) * SEC, "relation \"a\" does not exist (2 times)");
        doubt_is(&said, (40 + 3600) * SEC, NULL);
}

static void the_last_lines_come_when_all_was_said_and_once(void **state _unused_) {
        _cleanup_(said_done) Said said = {0};
        _cleanup_(freep) char *lines = NULL;

        (void)said_take(&said, "last one", SEC);
        (void)said_take(&said, "last two", SEC);
        assert_null(said_last_lines(&said));
        said.all = true;
        lines = said_last_lines(&said);
        assert_non_null(lines);
        assert_string_equal(lines, "one | two");
        assert_null(said_last_lines(&said));
}

static void a_new_container_has_said_nothing_but_what_was_missing_is_kept(void **state _unused_) {
        _cleanup_(said_done) Said said = {0};

        (void)said_take(&said, "ready", SEC);
        (void)said_take(&said, "spoke", SEC);
        (void)said_take(&said, "last one", SEC);
        (void)said_take(&said, "missing 1 relation \"a\"", SEC);
        said.all = true;
        assert_true(said.ready && said.spoke);
        said_begin(&said);
        assert_false(said.ready || said.spoke || said.all);
        assert_null(said.last_lines);
        doubt_is(&said, 2 * SEC, "relation \"a\" does not exist");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_thing_is_new_once),
                cmocka_unit_test(what_is_no_such_note_is_passed_over),
                cmocka_unit_test(more_things_than_can_be_told_apart_are_dropped),
                cmocka_unit_test(a_doubt_is_about_the_latest_and_lasts_an_hour),
                cmocka_unit_test(the_last_lines_come_when_all_was_said_and_once),
                cmocka_unit_test(a_new_container_has_said_nothing_but_what_was_missing_is_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
