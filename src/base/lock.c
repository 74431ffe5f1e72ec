/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

#include "base/time.h"
#include "base/util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MSEC 100

/* What others can open they can lock, and keep. */
static int open_own(int directory_fd, const char *name, struct stat *st) {
        _cleanup_(closep) int fd =
                openat(directory_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

        if (fd < 0 || fstat(fd, st) < 0)
                return -errno;
        if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() || (st->st_mode & 077) != 0)
                return -EPERM;
        return TAKE_FD(fd);
}

/* Who had the lock before us may have removed the file. */
static bool is_named(int directory_fd, const char *name, const struct stat *st) {
        struct stat now;

        return fstatat(directory_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == st->st_dev &&
               now.st_ino == st->st_ino;
}

/* Answer: a descriptor, -EBUSY with the holder, or -EAGAIN when the file has just been removed. */
static int try_once(int directory_fd, const char *name, pid_t *ret_holder) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat st;
        _cleanup_(closep) int fd = open_own(directory_fd, name, &st);

        if (fd < 0)
                return fd;
        if (fcntl(fd, F_SETLK, &lock) < 0) {
                if (errno != EACCES && errno != EAGAIN)
                        return -errno;
                *ret_holder = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0 ? lock.l_pid : 0;
                return -EBUSY;
        }
        return is_named(directory_fd, name, &st) ? TAKE_FD(fd) : -EAGAIN;
}

int lock_take(int directory_fd, const char *name, uint64_t wait_usec, int *ret_fd, pid_t *ret_holder) {
        uint64_t deadline = now_usec() + wait_usec;
        int fd;

        for (;;) {
                fd = try_once(directory_fd, name, ret_holder);
                if (fd == -EBUSY && now_usec() < deadline)
                        (void)nanosleep(&(struct timespec){.tv_nsec = AGAIN_MSEC * 1000000L}, NULL);
                else if (fd != -EAGAIN)
                        break;
        }
        if (fd < 0)
                return fd;
        *ret_fd = fd;
        return 0;
}

int lock_drop(int directory_fd, const char *name, int fd) {
        if (fd >= 0)
                (void)unlinkat(directory_fd, name, 0);
        return close_fd(fd);
}
