/* SPDX-License-Identifier: MIT */
/* One child: what it is born with, and why it came to no program. */
#include "base/file.h"
#include "base/oomscore.h"
#include "base/time.h"
#include "base/util.h"
#include "check.h"
#include "process/child.h"
#include "process/deadman.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* To its end. Answer: its exit status, or the errno for which there was no program, as a negative. */
static int run(const char *script, ChildSpec spec) {
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)script, NULL};
        int failure_fd = -EBADF, failure, status = 0;
        pid_t pid;

        if (!spec.argv)
                spec.argv = argv;
        pid = child_start(&spec, &failure_fd);
        assert_true(pid > 0);
        failure = child_failure(failure_fd);
        (void)close(failure_fd);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (failure == 0)
                return WEXITSTATUS(status);
        assert_int_equal(WEXITSTATUS(status), 127);
        return -failure;
}

static void a_status_of_127_is_the_program_s_own(void **state _unused_) {
        assert_int_equal(run("exit 127", (ChildSpec){0}), 127);
        assert_int_equal(run(":", (ChildSpec){0}), 0);
}

static void why_there_is_no_program_is_told(void **state _unused_) {
        char *missing[] = {(char[]){"/nonexistent/program"}, NULL},
             *directory[] = {(char[]){"/"}, NULL};
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

        assert_int_equal(run(NULL, (ChildSpec){.argv = missing}), -ENOENT);
        assert_int_equal(run(NULL, (ChildSpec){.argv = directory}), -EACCES);
        assert_int_equal(run(":", (ChildSpec){.directory_fd = file}), -ENOTDIR);
        assert_int_equal(run(":", (ChildSpec){.output_fd = 1000000}), -EBADF);
        /* privileges_init() was not called: there is no user to become. */
        assert_int_equal(run(":", (ChildSpec){.unprivileged = true}), -EPERM);
        (void)close(file);
}

static void what_could_not_be_had_starts_nothing(void **state _unused_) {
        char *argv[] = {(char[]){"true"}, NULL};
        const ChildSpec refused[] = {{.argv = argv, .input_fd = -EBADF},
                                     {.argv = argv, .output_fd = -EBADF},
                                     {.argv = argv, .error_fd = -EBADF},
                                     {.argv = argv, .directory_fd = -EBADF}};
        struct rlimit before, none;
        int failure = -1;

        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                assert_int_equal(child_start(&refused[i], &failure), -EBADF);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_int_equal(child_start(&(ChildSpec){.argv = argv}, &failure), -EMFILE);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(failure, -1);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void it_has_three_descriptors(void **state _unused_) {
        int low = open("/dev/null", O_RDONLY),
            high = fcntl(low, F_DUPFD, 200); /* on purpose without O_CLOEXEC */

        assert_true(low > 2 && high >= 200);
        /* The fourth is the directory that ls reads. */
        assert_int_equal(run("exit $(ls /proc/self/fd | wc -l)", (ChildSpec){0}), 4);
        (void)close(low);
        (void)close(high);
}

static void its_standard_input_is_no_terminal_of_ours(void **state _unused_) {
        assert_int_equal(run("[ /dev/stdin -ef /dev/null ]", (ChildSpec){0}), 0);
}

static void signals_are_as_born(void **state _unused_) {
        struct sigaction ignore = {.sa_handler = SIG_IGN}, pipe_before, hup_before;
        sigset_t blocked, before;

        (void)sigfillset(&blocked);
        assert_int_equal(sigaction(SIGPIPE, &ignore, &pipe_before), 0);
        assert_int_equal(sigaction(SIGHUP, &ignore, &hup_before), 0);
        assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
        assert_int_equal(run("exec grep -q 'SigIgn:.*[08]0000000$' /proc/self/status", (ChildSpec){0}), 0);
        assert_int_equal(run("exec grep -q 'SigBlk:.*[08]0000000$' /proc/self/status", (ChildSpec){0}), 0);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        assert_int_equal(sigaction(SIGPIPE, &pipe_before, NULL), 0);
        assert_int_equal(sigaction(SIGHUP, &hup_before, NULL), 0);
}

static void it_does_not_speak_for_our_unit(void **state _unused_) {
        assert_int_equal(setenv("NOTIFY_SOCKET", "/run/notify", 1), 0);
        assert_int_equal(setenv("WATCHDOG_USEC", "1", 1), 0);
        assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
        assert_int_equal(
                run("[ -z \"$NOTIFY_SOCKET$WATCHDOG_USEC$WATCHDOG_PID\" ]", (ChildSpec){0}), 0);
        assert_string_equal(getenv("NOTIFY_SOCKET"), "/run/notify");
        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
        assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
        assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
}

static void output_and_errors_can_change_places(void **state _unused_) {
        FILE *one = tmpfile(), *two = tmpfile();
        int out = dup(STDOUT_FILENO), error = dup(STDERR_FILENO), r;
        char text[2][10] = {"", ""};

        assert_non_null(one);
        assert_non_null(two);
        (void)fflush(NULL);
        assert_int_equal(dup2(fileno(one), STDOUT_FILENO), STDOUT_FILENO);
        assert_int_equal(dup2(fileno(two), STDERR_FILENO), STDERR_FILENO);
        r = run("echo out; echo error >&2",
                (ChildSpec){.output_fd = STDERR_FILENO, .error_fd = STDOUT_FILENO});
        assert_int_equal(dup2(out, STDOUT_FILENO), STDOUT_FILENO);
        assert_int_equal(dup2(error, STDERR_FILENO), STDERR_FILENO);
        assert_int_equal(r, 0);
        assert_true(pread(fileno(one), text[0], 9, 0) > 0);
        assert_true(pread(fileno(two), text[1], 9, 0) > 0);
        assert_string_equal(text[0], "error\n");
        assert_string_equal(text[1], "out\n");
        (void)fclose(one);
        (void)fclose(two);
        (void)close(out);
        (void)close(error);
}

/* Raising it is everybody's right and so is the way back; to go below zero takes a capability. */
static void memory_is_taken_from_it_before_us(void **state _unused_) {
        _cleanup_(freep) char *own = NULL;
        FILE *score = fopen("/proc/self/oom_score_adj", "w");

        assert_non_null(score);
        assert_true(fputs("300", score) >= 0);
        assert_int_equal(fclose(score), 0);
        assert_int_equal(run("[ $(cat /proc/self/oom_score_adj) = 300 ]", (ChildSpec){0}), 0);
        assert_int_equal(oomscore_lower(), 0);
        assert_true(file_read("/proc/self/oom_score_adj", 16, &own, NULL) >= 0);
        assert_true(streq(own, "-900\n") || streq(own, "0\n"));
        assert_int_equal(run("[ $(cat /proc/self/oom_score_adj) = 300 ]", (ChildSpec){0}), 0);
}

/* --- deadman -------------------------------------------------------------------------------------------- */

/* A process whose unit has a watchdog of @usec. Answer: the signal that ended it, or 0. */
static int end_of(void (*work)(void), const char *usec) {
        pid_t pid = fork();
        int status = 0;

        if (pid == 0) {
                _cleanup_(freep) char *own = xasprintf("%d", (int)getpid());

                (void)setenv("WATCHDOG_USEC", usec, 1);
                (void)setenv("WATCHDOG_PID", own, 1);
                work();
                _exit(0);
        }
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void arm_and_be_stopped(void) {
        deadman_arm();
        (void)raise(SIGSTOP);
}

static void arm_in_time(void) {
        for (int i = 0; i < 4; i++) {
                deadman_arm();
                (void)usleep(200000);
        }
}

static void who_does_not_turn_in_time_is_killed(void **state _unused_) {
        assert_int_equal(end_of(arm_and_be_stopped, "40000"), SIGKILL);
        assert_int_equal(end_of(arm_in_time, "200000"), 0);
}

static void without_a_watchdog_a_turn_is_a_minute(void **state _unused_) {
        assert_int_equal(deadman_turn_usec(), 60 * USEC_PER_SEC);
        deadman_arm();
        deadman_arm();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_status_of_127_is_the_program_s_own),
                cmocka_unit_test(why_there_is_no_program_is_told),
                cmocka_unit_test(what_could_not_be_had_starts_nothing),
                cmocka_unit_test(it_has_three_descriptors),
                cmocka_unit_test(its_standard_input_is_no_terminal_of_ours),
                cmocka_unit_test(signals_are_as_born),
                cmocka_unit_test(it_does_not_speak_for_our_unit),
                cmocka_unit_test(output_and_errors_can_change_places),
                cmocka_unit_test(memory_is_taken_from_it_before_us),
                cmocka_unit_test(who_does_not_turn_in_time_is_killed),
                cmocka_unit_test(without_a_watchdog_a_turn_is_a_minute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
