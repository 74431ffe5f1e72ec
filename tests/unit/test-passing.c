/* SPDX-License-Identifier: MIT */
/* What may pass by itself refuses nothing, and what stays is not waited for. */
#include "base/passing.h"
#include "base/util.h"

#include "check.h"

static void what_ran_out_is_71_what_else_may_pass_is_75(void **state _unused_) {
        static const int short_of[] = {ENOMEM, ENFILE, EMFILE, EAGAIN}, later[] = {EIO, ENOSPC, EDQUOT, EINTR, ESTALE, ETIMEDOUT};
        static const int stays[] = {0, ENOENT, EACCES, EPERM, EISDIR, ENOTDIR, ELOOP, EFBIG, EINVAL, EBADMSG};

        for (size_t i = 0; i < ELEMENTSOF(short_of); i++)
                assert_int_equal(errno_status(-short_of[i]), EXIT_OSERR);
        for (size_t i = 0; i < ELEMENTSOF(later); i++)
                assert_int_equal(errno_status(-later[i]), EXIT_TEMPFAIL);
        for (size_t i = 0; i < ELEMENTSOF(stays); i++) {
                assert_int_equal(errno_status(-stays[i]), 0);
                assert_false(errno_is_passing(-stays[i]));
        }
        assert_false(exit_is_final(EXIT_OSERR) || exit_is_final(EXIT_TEMPFAIL));
}

static void a_text_tells_it_too(void **state _unused_) {
        assert_true(text_is_passing("could not open file \"/x\": Too many open files"));
        assert_true(text_is_passing("Input/output error\n"));
        assert_false(text_is_passing("could not open file \"/x\": No such file or directory"));
        assert_false(text_is_passing(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_ran_out_is_71_what_else_may_pass_is_75),
                cmocka_unit_test(a_text_tells_it_too),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
