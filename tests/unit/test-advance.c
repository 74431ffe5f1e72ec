/* SPDX-License-Identifier: MIT */
/* How far a migration is: what lago-gate watch makes of it, and what lago-supervisor tells. */
#include "gate/gate.h"
#include "supervisor/advance.h"

#include "base/util.h"

#include "check.h"

/* --- the sentence ----------------------------------------------------------------------------------------- */

#define NAME "20260709135717 add_expiry_to_wallets"

static void says(const char *line, const char *span, const char *sentence) {
        _cleanup_(advance_done) Advance advance = {0};
        _cleanup_(freep) char *text = NULL;

        assert_true(advance_parse(&advance, line));
        text = advance_sentence(&advance, span);
        if (!sentence) {
                assert_null(text);
                return;
        }
        assert_non_null(text);
        assert_string_equal(text, sentence);
        assert_true(strlen(text) <= ADVANCE_SENTENCE);
}

static void what_is_in_hand_is_told_by_name(void **state) {
        (void)state;
        says("11 29 " NAME " - - - - - - - - - -", "1 min 12 s",
             "Migrating 12 of 29: 20260709135717 add_expiry_to_wallets, 1 min 12 s");
        says("0 1075 - - - - - - - - - - - -", "1 s", NULL);
        says("11 29 " NAME " 812 40 idle_in_transaction sidekiq - - - - - -", "1 min 12 s",
             "Migrating 12 of 29: 20260709135717 blocked 40 s by backend 812 (idle_in_transaction, sidekiq)");
        says("1028 1029 20260709135717 validate_customers_billing_entity_id_and_organization_id_foreign_keys_on_all - - - - - - - - - -",
             "9 min 59 s",
             "Migrating 1029 of 1029: 20260709135717 validate_customers_billing_entity_id_and_organi.., 9 min 59 s");
}

static void an_index_is_told_with_what_is_known_of_it(void **state) {
        (void)state;
        says("11 29 " NAME " - - - - index_wallets_on_expiry wallets 2 9 43 -", "1 min 12 s",
             "Migrating 12 of 29: creating index_wallets_on_expiry: 43 % of phase 2 of 9, 1 min 12 s");
        says("11 29 " NAME " - - - - index_wallets_on_expiry_at wallets 2 9 43 170", "1 min 12 s",
             "Migrating 12 of 29: creating index_wallets_on_expir..: 43 % of phase 2 of 9 (3 min more), 1 min 12 s");
        says("11 29 " NAME " - - - - index_wallets_on_expiry wallets 3 9 - -", "12 s",
             "Migrating 12 of 29: creating index_wallets_on_expiry: phase 3 of 9, 12 s");
        says("11 29 " NAME " - - - - - wallets - - - -", "12 s", "Migrating 12 of 29: creating an index on wallets, 12 s");
        says("11 29 " NAME " - - - - - wallets - - 7 -", "12 s", "Migrating 12 of 29: creating an index on wallets: 7 %, 12 s");
        /* A wait for somebody's lock is the news, whatever it is for. */
        says("11 29 " NAME " 812 40 active rails index_x wallets 5 9 0 -", "1 min",
             "Migrating 12 of 29: 20260709135717 blocked 40 s by backend 812 (active, rails)");
}

static void the_time_left_is_as_coarse_as_it_is_uncertain(void **state) {
        static const struct {
                const char *left, *told;
        } cases[] = {{"1", "10 s"}, {"61", "70 s"}, {"119", "2 min"}, {"121", "3 min"}, {"7199", "2 h"}, {"7201", "3 h"}};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *line = xasprintf("0 9 " NAME " - - - - i t 2 9 43 %s", cases[i].left);
                _cleanup_(freep) char *told = xasprintf("Migrating 1 of 9: creating i: 43 %% of phase 2 of 9 (%s more), 5 s",
                                                        cases[i].told);

                says(line, "5 s", told);
        }
}

#define LONG                                                                     \
        "0123456789012345678901234567890123456789012345678901234567890123456789" \
        "0123456789012345678901234567890123456789012345678901234567890123456789"

static void no_line_makes_a_sentence_too_long(void **state) {
        static const char *const names[] = {"x", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
                                            LONG};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                for (unsigned shape = 0; shape < 3; shape++) {
                        _cleanup_(advance_done) Advance advance = {0};
                        _cleanup_(freep) char *text = NULL;
                        _cleanup_(freep) char *line = xasprintf(
                                "4294967294 4294967295 20260709135717 %s %s %s %s %s %s %s 9 9 100 %s", names[i],
                                shape == 0 ? "4294967295" : "-", shape == 0 ? "4294967295" : "-", shape == 0 ? names[i] : "-",
                                shape == 0 ? names[i] : "-", shape == 1 ? names[i] : "-", shape < 2 ? names[i] : "-",
                                shape == 1 ? "4294967295" : "-");

                        assert_true(advance_parse(&advance, line));
                        text = advance_sentence(&advance, "1000 h 59 min");
                        assert_non_null(text);
                        assert_true(strlen(text) <= ADVANCE_SENTENCE);
                }
}

static void other_lines_are_not_taken(void **state) {
        static const char *const lines[] = {
                "",
                " ",
                "11",
                "11 29 " NAME " - - - -",
                "11 29 " NAME " - - - - - - - - - - -",
                "x 29 " NAME " - - - - - - - - - -",
                "11 -1 " NAME " - - - - - - - - - -",
                "11 29 version name - - - - - - - - - -",
                "11 29 " NAME " x - - - - - - - - -",
                "11 29 " NAME " - - - - i t 2 9 43% -",
                "99999999999 29 " NAME " - - - - - - - - - -",
        };
        _cleanup_(advance_done) Advance advance = {0};

        (void)state;
        assert_true(advance_parse(&advance, "11 29 " NAME " - - - - - - - - - -"));
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_false(advance_parse(&advance, lines[i]));
        assert_string_equal(advance.words[ADVANCE_TOTAL], "29");
}

static void what_counts_as_getting_further(void **state) {
        static const struct {
                const char *line;
                bool moved;
        } cases[] = {
                {"11 29 " NAME " - - - - - - - - - -", false},
                {"11 29 " NAME " 812 40 idle x - - - - - -", false},
                {"11 29 " NAME " 812 41 idle x - - - - - -", false},
                {"12 29 " NAME " - - - - - - - - - -", true},
                {"11 29 " NAME " - - - - i t 2 9 43 -", true},
                {"11 29 20260709135718 y - - - - - - - - - -", true},
        };
        _cleanup_(advance_done) Advance first = {0}, none = {0};

        (void)state;
        assert_true(advance_parse(&first, cases[0].line));
        assert_true(advance_moved(&none, &first));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(advance_done) Advance other = {0};

                assert_true(advance_parse(&other, cases[i].line));
                assert_int_equal(advance_moved(&first, &other), cases[i].moved);
        }
}

/* --- silence ---------------------------------------------------------------------------------------------- */

#define SECOND UINT64_C(1000000)

static void a_silence_of_ten_minutes_is_told_once(void **state) {
        static const uint64_t starts[] = {1, 5 * SECOND, UINT64_MAX / 2};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(starts); i++) {
                uint64_t moved = starts[i], told = 0;

                assert_false(advance_is_silent(moved, told, moved));
                assert_false(advance_is_silent(moved, told, moved + 600 * SECOND - 1));
                assert_true(advance_is_silent(moved, told, moved + 600 * SECOND));
                assert_true(advance_is_silent(moved, told, moved + 86400 * SECOND));
                told = moved;
                assert_false(advance_is_silent(moved, told, moved + 600 * SECOND));
                assert_false(advance_is_silent(moved, told, moved + 86400 * SECOND));
                /* It moved, and fell silent again: that is another silence. */
                moved += 1200 * SECOND;
                assert_false(advance_is_silent(moved, told, moved + 599 * SECOND));
                assert_true(advance_is_silent(moved, told, moved + 600 * SECOND));
                /* A time before it moved is none after. */
                assert_false(advance_is_silent(moved, told, moved - SECOND));
        }
}

/* A run as on_tick() sees it: every five seconds, with a line of the follower now and then. */
static void a_run_is_told_of_as_often_as_it_falls_silent(void **state) {
        static const unsigned moves[] = {0, 3, 600, 1195, 1800, 3000};
        uint64_t moved = SECOND, told = 0;
        unsigned n_told = 0;
        size_t next = 1;

        (void)state;
        for (unsigned sec = 0; sec < 7200; sec += 5) {
                uint64_t now = SECOND + sec * SECOND;

                for (; next < ELEMENTSOF(moves) && moves[next] <= sec; next++)
                        moved = SECOND + moves[next] * SECOND;
                if (advance_is_silent(moved, told, now)) {
                        told = moved;
                        n_told++;
                }
        }
        /* After 1195 (it moved at 1800), after 1800 and after 3000. */
        assert_int_equal(n_told, 3);
}

static void a_silence_is_told_with_what_is_in_hand(void **state) {
        _cleanup_(advance_done) Advance none = {0}, some = {0}, loading = {0};
        _cleanup_(freep) char *before = NULL, *during = NULL, *load = NULL;

        (void)state;
        before = advance_silence(&none, "10 min");
        assert_string_equal(before, "The run has shown no progress for 10 min. It goes on until it ends by itself.");
        assert_true(advance_parse(&some, "11 29 20260709135717 add_x - - - - - - - - - -"));
        during = advance_silence(&some, "1 h 5 min");
        assert_string_equal(during, "Migration 20260709135717 add_x has shown no progress for 1 h 5 min. It goes on until it "
                                    "ends by itself.");
        assert_true(advance_parse(&loading, "0 1046 - - - - - - - - - - - -"));
        load = advance_silence(&loading, "10 min");
        assert_string_equal(load, before);
}

/* --- the pace --------------------------------------------------------------------------------------------- */

static void little_seen_is_nothing_said(void **state) {
        _cleanup_(pace_done) Pace pace = {0};

        (void)state;
        assert_int_equal(pace_left_sec(&pace, "a", 0, 1000, 1000), -1);
        assert_int_equal(pace_left_sec(&pace, "a", 500, 1000, 11000), -1);
        assert_int_equal(pace_left_sec(&pace, "a", 19, 1000, 60000), -1);
        assert_int_equal(pace_left_sec(&pace, "a", 20, 1000, 61000), 60 * 980 / 20);
        assert_int_equal(pace_left_sec(&pace, "a", 1000, 1000, 61000), 0);
        assert_int_equal(pace_left_sec(&pace, "a", 1001, 1000, 61000), -1);
}

static void it_counts_from_where_it_began_to_look(void **state) {
        _cleanup_(pace_done) Pace pace = {0};

        (void)state;
        assert_int_equal(pace_left_sec(&pace, "a", 600, 1000, 0), -1);
        assert_int_equal(pace_left_sec(&pace, "a", 700, 1000, 30000), 90);
        /* A standstill makes it longer, not shorter. */
        assert_int_equal(pace_left_sec(&pace, "a", 700, 1000, 60000), 180);
        /* Another piece of work, or one that began again. */
        assert_int_equal(pace_left_sec(&pace, "b", 700, 1000, 90000), -1);
        assert_int_equal(pace_left_sec(&pace, "b", 100, 1000, 120000), -1);
        assert_int_equal(pace_left_sec(&pace, "b", 200, 1000, 150000), 240);
        assert_int_equal(pace_left_sec(&pace, "b", 300, 2000, 180000), -1);
        assert_int_equal(pace_left_sec(&pace, "b", 0, 0, 180000), -1);
        assert_int_equal(pace_left_sec(&pace, "b", 0, 0, 280000), -1);
        /* Nothing overflows. */
        assert_int_equal(pace_left_sec(&pace, "c", 0, UINT64_MAX, 0), -1);
        assert_true(pace_left_sec(&pace, "c", UINT64_MAX / 2, UINT64_MAX, 40000) >= 39);
}

static void phases_have_numbers(void **state) {
        unsigned n = 0;

        (void)state;
        assert_int_equal(index_phase("CREATE INDEX CONCURRENTLY", "building index: scanning table", &n), 2);
        assert_int_equal(n, 9);
        assert_int_equal(index_phase("CREATE INDEX CONCURRENTLY", "waiting for old snapshots", &n), 9);
        assert_int_equal(index_phase("CREATE INDEX", "building index: scanning table", &n), 1);
        assert_int_equal(n, 3);
        assert_int_equal(index_phase("CREATE INDEX", "waiting for old snapshots", &n), 0);
        assert_int_equal(index_phase("CREATE INDEX", "building index", &n), 0);
        assert_int_equal(index_phase("REINDEX CONCURRENTLY", "building index: scanning table", &n), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_in_hand_is_told_by_name),
                cmocka_unit_test(an_index_is_told_with_what_is_known_of_it),
                cmocka_unit_test(the_time_left_is_as_coarse_as_it_is_uncertain),
                cmocka_unit_test(no_line_makes_a_sentence_too_long),
                cmocka_unit_test(other_lines_are_not_taken),
                cmocka_unit_test(what_counts_as_getting_further),
                cmocka_unit_test(a_silence_of_ten_minutes_is_told_once),
                cmocka_unit_test(a_run_is_told_of_as_often_as_it_falls_silent),
                cmocka_unit_test(a_silence_is_told_with_what_is_in_hand),
                cmocka_unit_test(little_seen_is_nothing_said),
                cmocka_unit_test(it_counts_from_where_it_began_to_look),
                cmocka_unit_test(phases_have_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
