/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "base/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int fd_read_all(int fd, size_t max_bytes, char **ret, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0, room = 0;

        for (;;) {
                ssize_t n;

                if (room - size < 2) {
                        room = room > 0 ? room * 2 : 4096;
                        text = xrealloc(text, room);
                }
                n = read(fd, text + size, room - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
                if (size > max_bytes)
                        return -EFBIG;
        }
        text[size] = '\0';
        if (ret_size)
                *ret_size = size;
        *ret = TAKE_PTR(text);
        return 0;
}

int file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_size) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        return fd_read_all(fd, max_bytes, ret, ret_size);
}

/* What it is is looked at before it is opened, and then the same is opened, whatever has its name by now. */
int file_open_in(int root, const char *path, bool links) {
        struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_IN_ROOT | (links ? RESOLVE_NO_MAGICLINKS : RESOLVE_NO_SYMLINKS),
        };
        _cleanup_(closep) int place = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
        char name[32];
        struct stat st;
        int fd;

        if (place < 0 || fstat(place, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

int file_unlink_in(int root, const char *path) {
        struct open_how how = {
                .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
        };
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        _cleanup_(freep) char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
        _cleanup_(closep) int parent = (int)syscall(SYS_openat2, root, folder, &how, sizeof(how));

        return parent < 0 || unlinkat(parent, name, 0) < 0 ? -errno : 0;
}

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                size -= (size_t)n;
        }
        return 0;
}

static int sync_parent(const char *path) {
        _cleanup_(freep) char *copy = xstrdup(path);
        _cleanup_(closep) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_and_sync(int fd, const char *text, mode_t mode) {
        int r = write_all(fd, text, strlen(text));

        if (r < 0)
                return r;
        return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* "DIRECTORY/.NAME.new": the one name beside @path that is ours. */
static char *reserved_name(const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        return xasprintf("%.*s.%s.new", (int)(name - path), path, name);
}

/* Without a name where the file system can; else (NFS) under the reserved one, what was left there by a crash removed. */
static int open_temporary(const char *path, const char *temporary, bool *ret_named) {
        _cleanup_(freep) char *copy = xstrdup(path);
        int fd = open(dirname(copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

        *ret_named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR);
        if (*ret_named) {
                (void)unlink(temporary);
                fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        }
        return fd < 0 ? -errno : fd;
}

/*
 * The reserved name may be another writer's for a moment, or be taken from us; what it names is whole in any case.
 * Answer: 0 when @path has it, or had; 1 when another writer removed ours, which can be linked only once. Errors: -errno.
 */
static int publish(int fd, const char *temporary, const char *path) {
        char file[64];
        struct stat st;

        (void)snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
        while (linkat(AT_FDCWD, file, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) < 0)
                if (errno != EEXIST || (unlink(temporary) < 0 && errno != ENOENT))
                        return -errno;
        if (rename(temporary, path) == 0)
                return 0;
        if (errno != ENOENT || fstat(fd, &st) < 0)
                return -errno;
        return st.st_nlink > 0 ? 0 : 1;
}

static int write_once(const char *path, const char *temporary, const char *text, mode_t mode) {
        bool named = false;
        _cleanup_(closep) int fd = open_temporary(path, temporary, &named);
        int r;

        if (fd < 0)
                return fd;
        r = write_and_sync(fd, text, mode);
        if (r >= 0 && named)
                r = rename(temporary, path) < 0 ? -errno : 0;
        else if (r >= 0)
                r = publish(fd, temporary, path);
        if (r < 0)
                (void)unlink(temporary);
        return r;
}

int file_write(const char *path, const char *text, mode_t mode) {
        _cleanup_(freep) char *temporary = reserved_name(path);
        int r;

        do
                r = write_once(path, temporary, text, mode);
        while (r > 0);
        return r < 0 ? r : sync_parent(path);
}

void file_forget_unfinished(const char *path) {
        _cleanup_(freep) char *temporary = reserved_name(path);

        (void)unlink(temporary);
}

int make_dirs(const char *path, mode_t mode) {
        _cleanup_(freep) char *copy = xstrdup(path);

        for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int directory_has_entries(const char *path) {
        DIR *directory = opendir(path);
        int r = 0;

        if (!directory)
                return -errno;
        for (struct dirent *entry; r == 0 && (errno = 0, entry = readdir(directory));)
                r = !streq(entry->d_name, ".") && !streq(entry->d_name, "..") && !streq(entry->d_name, "lost+found");
        if (r == 0)
                r = -errno;
        (void)closedir(directory);
        return r;
}

bool directory_is_empty(const char *path) {
        return directory_has_entries(path) == 0;
}

/* Below @parent and nowhere else: no link is followed, and no other file system entered. */
static int open_below(int parent, const char *name) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, parent, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int)fd;
}

static int remove_entries(int parent, const char *name) {
        _cleanup_(closep) int fd = open_below(parent, name);
        DIR *directory;
        int r = 0;

        if (fd < 0)
                return fd;
        directory = fdopendir(fd);
        if (!directory)
                return -errno;
        (void)TAKE_FD(fd);
        for (struct dirent *entry; r >= 0 && (errno = 0, entry = readdir(directory));)
                if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        r = remove_tree_at(dirfd(directory), entry->d_name);
        if (r >= 0)
                r = -errno;
        (void)closedir(directory);
        return r;
}

int remove_tree_at(int directory_fd, const char *name) {
        int r;

        if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return -errno;
        r = remove_entries(directory_fd, name);
        if (r < 0)
                return r;
        return unlinkat(directory_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* On the way to it other file systems may be entered. */
int remove_tree(const char *path) {
        _cleanup_(freep) char *above = xstrdup(path), *name = xstrdup(path);
        _cleanup_(closep) int fd = open(dirname(above), O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        return remove_tree_at(fd, basename(name));
}

bool directory_is_ours(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0;
}
