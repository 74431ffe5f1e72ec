/* SPDX-License-Identifier: MIT */
/* Small files: written whole or not at all, and nothing beside them is touched. */
#include "config-scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static char *path_in(const Scratch *scratch, const char *name) {
        return xasprintf("%s/%s", scratch->path, name);
}

static bool is_there(const Scratch *scratch, const char *name) {
        _cleanup_(freep) char *path = path_in(scratch, name);

        return access(path, F_OK) == 0;
}

static char *text_of(const Scratch *scratch, const char *name) {
        _cleanup_(freep) char *path = path_in(scratch, name);
        char *text = NULL;

        assert_int_equal(file_read(path, 65536, &text, NULL), 0);
        return text;
}

static size_t n_entries(const Scratch *scratch) {
        DIR *directory = opendir(scratch->path);
        size_t n = 0;

        assert_non_null(directory);
        while (readdir(directory))
                n++;
        (void)closedir(directory);
        return n - 2; /* "." and ".." */
}

static void a_file_is_written_with_its_mode_and_nothing_beside_it(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = path_in(&scratch, "keys"), *text = NULL;
        size_t before = n_entries(&scratch);
        struct stat st;

        assert_int_equal(file_write(path, "old\n", 0600), 0);
        assert_int_equal(file_write(path, "new\n", 0644), 0);
        text = text_of(&scratch, "keys");
        assert_string_equal(text, "new\n");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_int_equal(n_entries(&scratch), before + 1);
}

/* One name is ours. All others may be somebody's copies, whatever they look like. */
static void what_a_crash_left_gives_way_and_nothing_else(void **state _unused_) {
        static const char *const others[] = {"keys.backup", "keys.aB3xYz", ".keys.aB3xYz", "keys.new", ".keys.new.old"};
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = path_in(&scratch, "keys");

        scratch_put(&scratch, ".keys.new", "hal");
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                scratch_put(&scratch, others[i], "mine");
        assert_int_equal(file_write(path, "whole\n", 0600), 0);
        assert_false(is_there(&scratch, ".keys.new"));
        scratch_put(&scratch, ".keys.new", "hal");
        file_forget_unfinished(path);
        assert_false(is_there(&scratch, ".keys.new"));
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                _cleanup_(freep) char *text = text_of(&scratch, others[i]);

                assert_string_equal(text, "mine");
        }
}

static void a_link_under_our_name_is_not_followed(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = path_in(&scratch, "keys"), *link = path_in(&scratch, ".keys.new"), *text = NULL;

        scratch_put(&scratch, "theirs", "theirs");
        assert_int_equal(symlink("theirs", link), 0);
        assert_int_equal(file_write(path, "whole\n", 0600), 0);
        text = text_of(&scratch, "theirs");
        assert_string_equal(text, "theirs");
        assert_false(is_there(&scratch, ".keys.new"));
}

static void what_cannot_be_written_leaves_the_old(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = path_in(&scratch, "keys"), *below = path_in(&scratch, "keys/x");
        _cleanup_(freep) char *reserved = path_in(&scratch, ".keys.new"), *text = NULL;

        assert_int_equal(file_write(path, "old\n", 0600), 0);
        assert_int_equal(file_write(below, "new\n", 0600), -ENOTDIR);
        assert_int_equal(make_dirs(reserved, 0755), 0);
        assert_int_equal(file_write(path, "new\n", 0600), -EISDIR);
        text = text_of(&scratch, "keys");
        assert_string_equal(text, "old\n");
}

/* "aaaa…", "bbbb…": one letter, and all of it. */
static bool is_whole(const char *text) {
        return strlen(text) == 20000 && text[strspn(text, (char[]){text[0], '\0'})] == '\0';
}

static void write_again_and_again(const char *path, char letter) {
        char text[20001] = "";

        memset(text, letter, sizeof(text) - 1);
        for (int i = 0; i < 50; i++)
                if (file_write(path, text, 0600) < 0)
                        _exit(1);
        _exit(0);
}

static void of_several_writers_each_file_is_whole(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = path_in(&scratch, "keys");
        size_t before = n_entries(&scratch);
        int n = 4, status;

        for (int i = 0; i < n; i++)
                if (fork() == 0)
                        write_again_and_again(path, (char)('a' + i));
        while (n > 0) {
                _cleanup_(freep) char *text = NULL;

                if (file_read(path, 65536, &text, NULL) >= 0)
                        assert_true(is_whole(text));
                if (waitpid(-1, &status, WNOHANG) <= 0)
                        continue;
                assert_int_equal(status, 0);
                n--;
        }
        assert_int_equal(n_entries(&scratch), before + 1);
}

/* Swaps "tree/sub" for a link to "theirs" and back, as somebody would who may write in "tree". */
static pid_t swap_for_a_link(const Scratch *scratch) {
        _cleanup_(freep) char *sub = path_in(scratch, "tree/sub"), *away = path_in(scratch, "away"),
                              *theirs = path_in(scratch, "theirs");
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        for (;;) {
                (void)rename(sub, away);
                (void)!symlink(theirs, sub);
                (void)unlink(sub);
                (void)rename(away, sub);
        }
}

static void a_tree_is_removed_and_never_what_a_link_in_it_names(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *tree = path_in(&scratch, "tree"), *sub = path_in(&scratch, "tree/sub"),
                              *theirs = path_in(&scratch, "theirs"), *link = path_in(&scratch, "tree/link");
        pid_t pid;

        assert_int_equal(make_dirs(theirs, 0755), 0);
        scratch_put(&scratch, "theirs/file", "theirs");
        assert_int_equal(make_dirs(sub, 0755), 0);
        assert_int_equal(symlink("../theirs", link), 0);
        assert_int_equal(remove_tree(tree), 0);
        assert_false(is_there(&scratch, "tree"));
        assert_int_equal(remove_tree(tree), 0);
        pid = swap_for_a_link(&scratch);
        for (int i = 0; i < 3000 && is_there(&scratch, "theirs/file"); i++) {
                (void)make_dirs(sub, 0755);
                (void)remove_tree(tree);
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(is_there(&scratch, "theirs/file"));
}

/* /dev/shm is a file system of its own, as /run is: it is entered on the way, and what is mounted below is not. */
static void a_tree_on_another_file_system_is_removed_and_no_mount_in_it(void **state _unused_) {
        char tree[] = "/dev/shm/lago-unit-XXXXXX";
        _cleanup_(freep) char *sub = NULL, *file = NULL;
        int status;
        pid_t pid;

        assert_non_null(mkdtemp(tree));
        sub = xasprintf("%s/sub", tree);
        file = xasprintf("%s/file", sub);
        assert_int_equal(make_dirs(sub, 0755), 0);
        assert_int_equal(file_write(file, "text", 0600), 0);
        pid = fork();
        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount(sub, sub, NULL, MS_BIND, NULL) < 0)
                        _exit(0); /* for root alone */
                _exit(remove_tree(tree) != -EXDEV || access(file, F_OK) < 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(remove_tree(tree), 0);
        assert_int_equal(access(tree, F_OK), -1);
        assert_int_equal(remove_tree("/nonexistent/x"), 0);
}

static void a_directory_is_ours_when_nobody_else_may_write(void **state _unused_) {
        static const mode_t others[] = {0777, 01777, 0775, 02770, 0702};
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(closep) int fd = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                assert_int_equal(fchmod(fd, others[i]), 0);
                assert_false(directory_is_ours(fd));
        }
        assert_int_equal(fchmod(fd, 0755), 0);
        assert_true(directory_is_ours(fd));
        if (geteuid() == 0) {
                assert_int_equal(fchown(fd, 1, 0), 0);
                assert_false(directory_is_ours(fd));
        }
}

/* What @name is opened as below the directory. Answer: its first byte, or a negative errno. */
static int opened_in(const Scratch *scratch, const char *name, bool links) {
        _cleanup_(closep) int root = open(scratch->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closep) int fd = file_open_in(root, name, links);
        char byte = 0;

        return fd < 0 ? fd : read(fd, &byte, 1) == 1 ? byte
                                                     : -ENODATA;
}

static void link_to(const Scratch *scratch, const char *target, const char *name) {
        _cleanup_(freep) char *path = path_in(scratch, name);

        assert_int_equal(symlink(target, path), 0);
}

static void of_what_strangers_write_a_file_alone_is_opened(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *pipe = path_in(&scratch, "pipe"), *device = path_in(&scratch, "device");

        scratch_put(&scratch, "file", "a");
        link_to(&scratch, "file", "beside");
        link_to(&scratch, "/file", "from-root");
        link_to(&scratch, "/etc/passwd", "out");
        link_to(&scratch, "../../../../../etc/passwd", "up");
        link_to(&scratch, "/proc/self/fd/0", "magic");
        assert_int_equal(mkfifo(pipe, 0600), 0);
        /* It would wait for who writes. */
        (void)alarm(10);
        assert_int_equal(opened_in(&scratch, "file", false), 'a');
        assert_int_equal(opened_in(&scratch, "file", true), 'a');
        assert_int_equal(opened_in(&scratch, "beside", false), -ELOOP);
        assert_int_equal(opened_in(&scratch, "beside", true), 'a');
        assert_int_equal(opened_in(&scratch, "from-root", true), 'a');
        assert_int_equal(opened_in(&scratch, "out", true), -ENOENT);
        assert_int_equal(opened_in(&scratch, "up", true), -ENOENT);
        assert_int_equal(opened_in(&scratch, "../file", true), 'a');
        assert_int_equal(opened_in(&scratch, "magic", true), -ENOENT);
        assert_int_equal(opened_in(&scratch, "pipe", true), -EINVAL);
        assert_int_equal(opened_in(&scratch, ".", true), -EINVAL);
        /* /dev/full; where it cannot be made, nobody can have made one. */
        if (mknod(device, S_IFCHR | 0666, makedev(1, 7)) == 0)
                assert_int_equal(opened_in(&scratch, "device", true), -EINVAL);
        (void)alarm(0);
}

static void a_file_is_removed_below_its_folder_alone(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *inside = path_in(&scratch, "inside"), *outside = path_in(&scratch, "kept"), *gone = path_in(&scratch, "inside/gone");
        _cleanup_(closep) int root = -EBADF;

        assert_int_equal(mkdir(inside, 0700), 0);
        scratch_put(&scratch, "kept", "a");
        scratch_put(&scratch, "inside/gone", "b");
        link_to(&scratch, "..", "inside/up");
        root = open(inside, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(file_unlink_in(root, "../kept"), -EXDEV);
        assert_int_equal(file_unlink_in(root, "up/kept"), -ELOOP);
        assert_int_equal(file_unlink_in(root, outside), -EXDEV);
        assert_int_equal(file_unlink_in(root, "nowhere/kept"), -ENOENT);
        assert_int_equal(file_unlink_in(root, "."), -EISDIR);
        assert_int_equal(access(outside, F_OK), 0);
        assert_int_equal(file_unlink_in(root, "gone"), 0);
        assert_int_equal(access(gone, F_OK), -1);
        /* The link itself, and not what it names. */
        assert_int_equal(file_unlink_in(root, "up"), 0);
        assert_int_equal(access(outside, F_OK), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_file_is_written_with_its_mode_and_nothing_beside_it),
                cmocka_unit_test(what_a_crash_left_gives_way_and_nothing_else),
                cmocka_unit_test(a_link_under_our_name_is_not_followed),
                cmocka_unit_test(what_cannot_be_written_leaves_the_old),
                cmocka_unit_test(of_several_writers_each_file_is_whole),
                cmocka_unit_test(a_tree_is_removed_and_never_what_a_link_in_it_names),
                cmocka_unit_test(a_tree_on_another_file_system_is_removed_and_no_mount_in_it),
                cmocka_unit_test(of_what_strangers_write_a_file_alone_is_opened),
                cmocka_unit_test(a_file_is_removed_below_its_folder_alone),
                cmocka_unit_test(a_directory_is_ours_when_nobody_else_may_write),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
