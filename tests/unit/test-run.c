/* SPDX-License-Identifier: MIT */
/* Running another program to its end. */
#include "base/time.h"
#include "base/util.h"
#include "process/run.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static int run(const char *script, size_t max_bytes, uint64_t timeout_usec, RunResult *ret) {
        _cleanup_(strv_freep) char **argv = NULL;

        strv_add(&argv, "sh");
        strv_add(&argv, "-c");
        strv_add(&argv, script);
        return run_capture(argv, max_bytes, timeout_usec, ret);
}

static void output_error_and_status_are_kept(void **state _unused_) {
        RunResult child = {0};

        assert_int_equal(run("echo out; printf 'two\\nlines\\n' >&2; exit 7", 100, 0, &child), 0);
        assert_int_equal(child.status, 7);
        assert_string_equal(child.output, "out\n");
        assert_string_equal(child.error, "two lines");
        run_done(&child);
        assert_int_equal(run("kill -KILL $$", 100, 0, &child), 0);
        assert_int_equal(child.status, 128 + SIGKILL);
        assert_string_equal(child.output, "");
        assert_string_equal(child.error, "");
        run_done(&child);
}

static void much_output_on_both_sides_blocks_nobody(void **state _unused_) {
        RunResult child = {0};

        assert_int_equal(
                run("head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 300000 /dev/zero | tr '\\0' o; echo end >&2",
                    300000, 0, &child),
                0);
        assert_int_equal(strlen(child.output), 300000);
        assert_true(strlen(child.error) <= 1000);
        assert_string_equal(child.error + strlen(child.error) - 4, "eend");
        run_done(&child);
}

static void what_is_too_much_or_too_slow_is_ended(void **state _unused_) {
        RunResult child = {0};

        assert_int_equal(run("exec cat /dev/zero", 100000, 0, &child), -EFBIG);
        assert_int_equal(run("exec sleep 1000", 100, 20 * USEC_PER_MSEC, &child), -ETIMEDOUT);
        assert_int_equal(run("printf 'a\\0b'", 100, 0, &child), -EBADMSG);
        assert_null(child.output);
}

static void a_timeout_holds_without_any_output(void **state _unused_) {
        char *argv[] = {(char[]){"sleep"}, (char[]){"5"}, NULL};
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        RunOptions options = {
                .output_fd = null, .error_fd = null, .timeout_usec = 50 * USEC_PER_MSEC};
        uint64_t begun = now_usec();
        RunResult child = {0};

        assert_int_equal(run("exec >&- 2>&-; exec sleep 5", 100, 50 * USEC_PER_MSEC, &child),
                         -ETIMEDOUT);
        assert_int_equal(run_child(argv, &options, &child), -ETIMEDOUT);
        assert_true(now_usec() - begun < 3 * USEC_PER_SEC);
        (void)close(null);
}

static void a_timeout_holds_with_output_without_end(void **state _unused_) {
        RunResult child = {0};

        assert_int_equal(run("exec cat /dev/zero >&2", 100, 50 * USEC_PER_MSEC, &child),
                         -ETIMEDOUT);
}

static void who_else_holds_the_output_is_not_waited_for(void **state _unused_) {
        uint64_t begun = now_usec();
        RunResult child = {0};
        int pid;

        assert_int_equal(run("sleep 5 & echo $!; exit 3", 100, 0, &child), 0);
        assert_true(now_usec() - begun < 3 * USEC_PER_SEC);
        assert_int_equal(child.status, 3);
        pid = atoi(child.output);
        assert_true(pid > 1);
        (void)kill(pid, SIGKILL);
        run_done(&child);
}

static void a_descriptor_that_could_not_be_had_is_refused(void **state _unused_) {
        char *argv[] = {(char[]){"true"}, NULL};
        const RunOptions refused[] = {{.input_fd = -EBADF},
                                      {.output_fd = -EBADF},
                                      {.error_fd = -EBADF},
                                      {.directory_fd = -EBADF}};
        RunResult child = {0};

        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                assert_int_equal(run_child(argv, &refused[i], &child), -EBADF);
}

static void a_terminal_would_be_the_child_s(void **state _unused_) {
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
                        (char[]){"read -r word; [ \"$word\" = ours ]"}, NULL};
        RunOptions options = {.inherit = true};
        int before = dup(STDIN_FILENO), p[2];
        RunResult child = {0};

        assert_int_equal(pipe(p), 0);
        assert_int_equal(write(p[1], "ours\n", 5), 5);
        assert_int_equal(dup2(p[0], STDIN_FILENO), STDIN_FILENO);
        assert_int_equal(run_child(argv, &options, &child), 0);
        assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
        assert_int_equal(child.status, 0);
        run_done(&child);
        (void)close(before);
        (void)close(p[0]);
        (void)close(p[1]);
}

static void a_program_that_is_not_there_is_told(void **state _unused_) {
        char *argv[] = {(char[]){"lago-no-such-program"}, NULL};
        RunResult child = {0};

        assert_int_equal(run_capture(argv, 100, 0, &child), -ENOENT);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of it */
}

static void the_child_gets_nothing_of_ours(void **state _unused_) {
        RunResult child = {0};
        int leaky = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
        sigset_t blocked, before;

        assert_true(leaky > 2);
        (void)sigemptyset(&blocked);
        (void)sigaddset(&blocked, SIGTERM);
        assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
        /* The shell itself opens the directory; a fourth descriptor beside 0, 1 and 2 is that one. */
        assert_int_equal(
                run("ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status | tr -d '\\t'; cat",
                    1000, 0, &child),
                0);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        assert_string_equal(child.output, "4\nSigBlk:0000000000000000\n");
        run_done(&child);
        (void)close(leaky);
}

static void input_output_and_place_are_as_asked(void **state _unused_) {
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"cat; pwd; echo kept >&2"}, NULL};
        int directory = open("/usr/lib", O_PATH | O_DIRECTORY | O_CLOEXEC);
        FILE *file = tmpfile();
        RunOptions options = {.input = "text\n", .directory_fd = directory, .max_bytes = 1000};
        char line[100];
        RunResult child = {0};

        assert_non_null(file);
        assert_int_equal(run_child(argv, &options, &child), 0);
        assert_string_equal(child.output, "text\n/usr/lib\n");
        assert_string_equal(child.error, "kept");
        run_done(&child);
        assert_true(fputs("from a file\n", file) >= 0 && fflush(file) == 0);
        rewind(file);
        options = (RunOptions){.input_fd = fileno(file), .max_bytes = 1000};
        assert_int_equal(run_child(argv, &options, &child), 0);
        assert_ptr_equal(strstr(child.output, "from a file\n"), child.output);
        run_done(&child);
        /* Behind what is there. */
        options = (RunOptions){.input = "appended\n", .output_fd = fileno(file)};
        assert_int_equal(run_child(argv, &options, &child), 0);
        assert_string_equal(child.output, "");
        run_done(&child);
        rewind(file);
        assert_non_null(fgets(line, sizeof(line), file));
        assert_non_null(fgets(line, sizeof(line), file));
        assert_string_equal(line, "appended\n");
        (void)fclose(file);
        (void)close(directory);
}

static void nobody_runs_unprivileged_with_our_rights(void **state _unused_) {
        char *argv[] = {(char[]){"id"}, (char[]){"-u"}, NULL};
        RunOptions options = {.unprivileged = true, .max_bytes = 100};
        RunResult child = {0};

        /* privileges_init() was not called: there is no user to become. */
        assert_int_equal(run_child(argv, &options, &child), -EPERM);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(output_error_and_status_are_kept),
                cmocka_unit_test(much_output_on_both_sides_blocks_nobody),
                cmocka_unit_test(what_is_too_much_or_too_slow_is_ended),
                cmocka_unit_test(a_timeout_holds_without_any_output),
                cmocka_unit_test(a_timeout_holds_with_output_without_end),
                cmocka_unit_test(who_else_holds_the_output_is_not_waited_for),
                cmocka_unit_test(a_descriptor_that_could_not_be_had_is_refused),
                cmocka_unit_test(a_terminal_would_be_the_child_s),
                cmocka_unit_test(a_program_that_is_not_there_is_told),
                cmocka_unit_test(the_child_gets_nothing_of_ours),
                cmocka_unit_test(input_output_and_place_are_as_asked),
                cmocka_unit_test(nobody_runs_unprivileged_with_our_rights),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
