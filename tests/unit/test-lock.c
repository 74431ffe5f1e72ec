/* SPDX-License-Identifier: MIT */
/* Locks: one holder, known by its number, and nobody else can open what is locked. */
#include "config-scratch.h"

#include "base/lock.h"
#include "base/time.h"

#include <fcntl.h>
#include <sys/wait.h>

static char *lock_path(const Scratch *scratch) {
        return xasprintf("%s/lock", scratch->path);
}

/* Another process that holds the lock until its standard input, our pipe, is closed. */
static pid_t hold(const char *path, int *ret_pipe) {
        int ready[2], until[2], fd;
        pid_t pid, holder = 0;
        char byte;

        assert_int_equal(pipe(ready), 0);
        assert_int_equal(pipe(until), 0);
        pid = fork();
        if (pid == 0) {
                (void)close(until[1]);
                if (lock_take(AT_FDCWD, path, 0, &fd, &holder) < 0 || write(ready[1], "", 1) != 1)
                        _exit(1);
                _exit(read(until[0], &byte, 1) == 0 ? 0 : 1);
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void)close(ready[0]);
        (void)close(ready[1]);
        (void)close(until[0]);
        *ret_pipe = until[1];
        return pid;
}

static void one_holds_it_and_the_other_learns_who(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = lock_path(&scratch);
        int until = -1, fd = -1;
        pid_t pid = hold(path, &until), holder = 0;

        assert_int_equal(lock_take(AT_FDCWD, path, 0, &fd, &holder), -EBUSY);
        assert_int_equal(holder, pid);
        (void)close(until);
        assert_int_equal(lock_take(AT_FDCWD, path, 10 * USEC_PER_SEC, &fd, &holder), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(lock_drop(AT_FDCWD, path, fd), -EBADF);
        assert_int_equal(access(path, F_OK), -1);
}

static void a_wait_has_an_end(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = lock_path(&scratch);
        int until = -1, fd = -1;
        pid_t pid = hold(path, &until), holder = 0;
        uint64_t begun = now_usec();

        assert_int_equal(lock_take(AT_FDCWD, path, USEC_PER_SEC / 5, &fd, &holder), -EBUSY);
        assert_true(now_usec() - begun >= USEC_PER_SEC / 5);
        (void)close(until);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void nobody_else_can_open_it(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = lock_path(&scratch), *target = xasprintf("%s/target", scratch.path);
        int fd = -1;
        pid_t holder = 0;
        struct stat st;

        assert_int_equal(lock_take(AT_FDCWD, path, 0, &fd, &holder), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        (void)lock_drop(AT_FDCWD, path, fd);
        /* Made by somebody who may want to hold it. */
        scratch_put(&scratch, "lock", "");
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(lock_take(AT_FDCWD, path, 0, &fd, &holder), -EPERM);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("target", path), 0);
        assert_int_equal(lock_take(AT_FDCWD, path, 0, &fd, &holder), -ELOOP);
        assert_int_equal(access(target, F_OK), -1);
}

/* What was waited for is removed when it is dropped: two that waited must not hold two files of one name. */
static void a_file_that_was_removed_is_no_lock(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = lock_path(&scratch), *alone = xasprintf("%s/alone", scratch.path);
        int n = 4, status;

        for (int i = 0; i < n; i++)
                if (fork() == 0) {
                        for (int k = 0, fd; k < 100; k++) {
                                pid_t holder;

                                if (lock_take(AT_FDCWD, path, 60 * USEC_PER_SEC, &fd, &holder) < 0 || mkdir(alone, 0700) < 0 ||
                                    rmdir(alone) < 0)
                                        _exit(1);
                                (void)lock_drop(AT_FDCWD, path, fd);
                        }
                        _exit(0);
                }
        while (n-- > 0) {
                assert_true(waitpid(-1, &status, 0) > 0);
                assert_int_equal(status, 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_holds_it_and_the_other_learns_who),
                cmocka_unit_test(a_wait_has_an_end),
                cmocka_unit_test(nobody_else_can_open_it),
                cmocka_unit_test(a_file_that_was_removed_is_no_lock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
