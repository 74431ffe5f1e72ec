/* SPDX-License-Identifier: MIT */
/* The limits that a gate sets itself; each in a child, as none can be taken back. */
#include "base/box.h"
#include "base/util.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What @step answers in a process of its own, within the box. */
static int boxed(int (*step)(void)) {
        int status = 0;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                box_limit();
                box_filter();
                _exit(step());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

#ifndef SANITIZED

static int error_of(int r) {
        return r < 0 ? errno : 0;
}

static int run_a_program(void) {
        return error_of(execl("/bin/true", "true", NULL));
}

static int make_a_namespace(void) {
        return error_of(unshare(CLONE_NEWUSER));
}

static int rename_a_file(void) {
        return error_of(rename("/nonexistent", "/nonexistent/x"));
}

static int remove_a_file(void) {
        return error_of(unlink("/nonexistent"));
}

static int open_a_mode(void) {
        return error_of(chmod("/nonexistent", 0777));
}

static int press_a_key(void) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        return error_of(ioctl(null, TIOCSTI, "x"));
}

/* To the kernel these are the same: it takes an int. */
static int press_a_key_with_more_bits(void) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        return error_of((int)syscall(SYS_ioctl, null, TIOCSTI | UINT64_C(1) << 32, "x"));
}

static int ask_for_a_width(void) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        return error_of(ioctl(null, TIOCGWINSZ, &(struct winsize){0}));
}

static void no_key_is_pressed_at_a_terminal(void **state _unused_) {
        assert_int_equal(boxed(press_a_key), EPERM);
        assert_int_equal(boxed(press_a_key_with_more_bits), EPERM);
        assert_int_equal(boxed(ask_for_a_width), ENOTTY);
}

static void what_only_reads_and_talks_has_no_use_for_is_refused(void **state _unused_) {
        assert_int_equal(boxed(run_a_program), EPERM);
        assert_int_equal(boxed(make_a_namespace), EPERM);
        assert_int_equal(boxed(rename_a_file), EPERM);
        assert_int_equal(boxed(remove_a_file), EPERM);
        assert_int_equal(boxed(open_a_mode), EPERM);
}

static int take_memory(void) {
        void *volatile memory = malloc(300U << 20); /* else a compiler knows that nobody wants it */

        return memory ? 0 : errno;
}

static void memory_has_an_end(void **state _unused_) {
        assert_int_equal(boxed(take_memory), ENOMEM);
}

#endif

static void *nothing(void *userdata) {
        return userdata;
}

static int work(void) {
        pthread_t thread;
        int status = 1;
        pid_t pid;

        if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
                return 1;
        pid = fork();
        if (pid == 0)
                _exit(open("/dev/null", O_RDONLY | O_CLOEXEC) < 0);
        return pid < 0 || waitpid(pid, &status, 0) != pid ? 2 : status;
}

static void what_it_needs_is_left(void **state _unused_) {
        assert_int_equal(boxed(work), 0);
}

static int close_all_but_what_is_named(void) {
        char *const argv[] = {(char[]){"gate"}, (char[]){"--url-file=/dev/fd/20"}, (char[]){"/proc/self/fd/22"}, NULL};

        for (int fd = 19; fd < 24; fd++)
                if (dup2(STDIN_FILENO, fd) != fd)
                        return 1;
        box_close_inherited(argv);
        for (int fd = 3; fd < 64; fd++)
                if ((fcntl(fd, F_GETFD) >= 0) != (fd == 20 || fd == 22))
                        return fd;
        return fcntl(STDERR_FILENO, F_GETFD) < 0;
}

static void descriptors_are_closed_but_for_those_that_are_named(void **state _unused_) {
        assert_int_equal(boxed(close_all_but_what_is_named), 0);
}

static void variables_are_forgotten_but_for_one(void **state _unused_) {
        static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSERVICEFILE", "PG", "APGX"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_int_equal(setenv(names[i], "x", 1), 0);
        box_forget("PG", "PGSERVICEFILE");
        assert_null(getenv("PGHOST"));
        assert_null(getenv("PGHOSTADDR"));
        assert_null(getenv("PG"));
        assert_non_null(getenv("PGSERVICEFILE"));
        assert_non_null(getenv("APGX"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
#ifndef SANITIZED
                cmocka_unit_test(what_only_reads_and_talks_has_no_use_for_is_refused),
                cmocka_unit_test(no_key_is_pressed_at_a_terminal),
                cmocka_unit_test(memory_has_an_end),
#endif
                cmocka_unit_test(what_it_needs_is_left),
                cmocka_unit_test(descriptors_are_closed_but_for_those_that_are_named),
                cmocka_unit_test(variables_are_forgotten_but_for_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
