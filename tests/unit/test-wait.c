/* SPDX-License-Identifier: MIT */
/* What keeps a member from going on, and what STATUS= says of it. */
#include "supervisor/wait.h"

#include "base/time.h"
#include "base/util.h"

#include "check.h"

#define SEC USEC_PER_SEC

static void text_is(const char *expected, const char *format, ...) _printf_(2, 3);

static void text_is(const char *expected, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = status_text(format, ap);
        va_end(ap);
        assert_string_equal(text, expected);
}

static void what_a_server_says_is_made_fit_for_a_terminal(void **state _unused_) {
        text_is("Waiting: \"it?[2J is full\"", "Waiting: \"%s\"", "it\033[2J is full");
        text_is("two?lines", "%s", "two\nlines");
        text_is("", "%s", "");
}

static void says_cut(const char *text, const char *expected) {
        _cleanup_(freep) char *cut = status_cut(text);

        assert_string_equal(cut, expected);
}

static void a_long_status_ends_in_front_of_a_whole_character(void **state _unused_) {
        char text[STATUS_MAX + 8], expected[STATUS_MAX + 8];

        says_cut("", "");
        says_cut("short", "short");
        memset(text, 'x', sizeof(text));
        memset(expected, 'x', sizeof(expected));
        text[STATUS_MAX] = expected[STATUS_MAX] = '\0';
        says_cut(text, expected);
        strcpy(text + STATUS_MAX, "y");
        says_cut(text, expected);
        /* "€" is three bytes: it fits whole, or not at all. */
        for (size_t before = STATUS_MAX - 3; before <= STATUS_MAX; before++) {
                memset(text, 'x', sizeof(text));
                strcpy(text + before, "€");
                memset(expected, 'x', sizeof(expected));
                strcpy(expected + before, before + 3 <= STATUS_MAX ? "€" : "");
                says_cut(text, expected);
        }
        /* Bytes that are no text at all leave nothing to be cut in front of. */
        memset(text, 0x80, sizeof(text));
        text[sizeof(text) - 1] = '\0';
        says_cut(text, "");
}

static void rests_grow_while_the_cause_is_the_same(void **state _unused_) {
        static const uint64_t rests[] = {1, 2, 4, 8, 16, 32, 60, 60};
        _cleanup_(wait_done) Wait w = {0};

        for (size_t i = 0; i < ELEMENTSOF(rests); i++) {
                wait_meet(&w, "Waiting for Redis", LIFE_AWAIT, 100 * SEC + i);
                wait_attempt(&w);
                assert_int_equal(w.rest_usec, rests[i] * SEC);
        }
        assert_int_equal(w.since, 100 * SEC);
        wait_meet(&w, "Waiting for the API", LIFE_CHECK, 200 * SEC);
        wait_attempt(&w);
        assert_int_equal(w.rest_usec, 1 * SEC);
        assert_int_equal(w.since, 200 * SEC);
        assert_int_equal(w.state, LIFE_CHECK);
        wait_over(&w, 201 * SEC);
        assert_null(w.cause);
        assert_int_equal(w.attempts, 0);
}

static void sentence_is(const Wait *w, uint64_t now, const char *expected) {
        _cleanup_(freep) char *text = wait_sentence(w, now);

        assert_string_equal(text, expected);
}

static void a_wait_says_how_long_and_a_failure_when_again(void **state _unused_) {
        _cleanup_(wait_done) Wait w = {0};
        _cleanup_(freep) char *again = NULL;

        wait_meet(&w, "Pull failed", LIFE_PREPARE, 10 * SEC);
        wait_attempt(&w);
        wait_attempt(&w);
        sentence_is(&w, 15 * SEC, "Pull failed");
        sentence_is(&w, 22 * SEC, "Pull failed (12 s)");
        again = wait_again_sentence(&w);
        assert_string_equal(again, "Pull failed; again in 2 s");
}

static void the_same_status_is_said_once(void **state _unused_) {
        _cleanup_(wait_done) Wait w = {0};

        assert_true(wait_say(&w, "Starting"));
        assert_false(wait_say(&w, "Starting"));
        assert_true(wait_say(&w, "Serving"));
        assert_string_equal(w.status, "Serving");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_server_says_is_made_fit_for_a_terminal),
                cmocka_unit_test(a_long_status_ends_in_front_of_a_whole_character),
                cmocka_unit_test(rests_grow_while_the_cause_is_the_same),
                cmocka_unit_test(a_wait_says_how_long_and_a_failure_when_again),
                cmocka_unit_test(the_same_status_is_said_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
