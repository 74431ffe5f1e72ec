/* SPDX-License-Identifier: MIT */
/* String vectors. */
#include "base/util.h"
#include "check.h"

static void a_split_has_no_empty_words(void **state _unused_) {
        _cleanup_(strv_freep) char **v = strv_split(",one,,two", ","), **none = strv_split(", ,", ", ");

        assert_int_equal(strv_length(v), 2);
        assert_string_equal(v[0], "one");
        assert_string_equal(v[1], "two");
        assert_null(none);
        assert_null(strv_split(NULL, ","));
}

static void a_join_keeps_empty_words(void **state _unused_) {
        char *const cases[][4] = {
                {(char[]){""}, (char[]){"a"}},
                {(char[]){"a"}, (char[]){""}},
                {(char[]){""}, (char[]){""}, (char[]){"a"}},
                {(char[]){""}},
                {NULL},
        };
        const char *joined[] = {", a", "a, ", ", , a", "", ""};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *text = strv_join(cases[i], ", ");

                assert_string_equal(text, joined[i]);
        }
}

static void vectors_grow_and_take(void **state _unused_) {
        _cleanup_(strv_freep) char **v = NULL, **more = NULL;
        _cleanup_(freep) char *text = NULL;

        strv_extend(&v, NULL);
        assert_null(v);
        strv_add(&v, "one");
        strv_addf(&v, "%d", 2);
        strv_take(&more, xstrdup("three"));
        strv_extend(&v, more);
        assert_true(strv_contains(v, "three"));
        assert_false(strv_contains(NULL, "three"));
        text = strv_join(v, " ");
        assert_string_equal(text, "one 2 three");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_split_has_no_empty_words),
                cmocka_unit_test(a_join_keeps_empty_words),
                cmocka_unit_test(vectors_grow_and_take),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
