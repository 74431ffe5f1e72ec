/* SPDX-License-Identifier: MIT */
#include "relay/hold.h"

#include "base/util.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

ptrdiff_t hold_find(const char *bytes, size_t n, const char *word) {
        size_t length = strlen(word);

        for (const char *at = bytes; (at = memmem(at, n - (size_t)(at - bytes), word, length)); at++)
                if ((size_t)(at - bytes) + length < n && at[length] == '\n')
                        return at - bytes;
        return -1;
}

/* A copy of what is in the pipe. Errors: -errno; -EPIPE when no one can write any more, -EFBIG for more than is looked at. */
static ssize_t peek(int output, const int scratch[2], char **ret) {
        size_t have = 0;
        int there = 0;
        ssize_t n;

        (void)ioctl(output, FIONREAD, &there);
        n = tee(output, scratch[1], HOLD_MAX_BYTES, SPLICE_F_NONBLOCK);
        if (n <= 0)
                return n == 0 ? -EPIPE : errno == EAGAIN ? 0 : -errno;
        *ret = xrealloc(*ret, (size_t)n + 1);
        while (have < (size_t)n) {
                ssize_t got = read(scratch[0], *ret + have, (size_t)n - have);

                if (got < 0 && errno != EINTR)
                        return -errno;
                have += got > 0 ? (size_t)got : 0;
        }
        return n < there ? -EFBIG : n;
}

/* The pipe is never empty while it is waited for more, so that only what comes anew may wake us: each write, once. */
static int watch_writes(int output) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET};
        int fd = epoll_create1(EPOLL_CLOEXEC);

        if (fd < 0)
                return -errno;
        return epoll_ctl(fd, EPOLL_CTL_ADD, output, &event) < 0 ? close_fd(fd) : fd;
}

static void wait_for_write(int watch) {
        struct epoll_event event;
        sigset_t all_open;

        (void)sigemptyset(&all_open);
        (void)epoll_pwait(watch, &event, 1, -1, &all_open);
}

int hold_until(int output, const int scratch[2], const char *word, int (*ending)(void), size_t *ret_before) {
        _cleanup_(closep) int watch = watch_writes(output);
        _cleanup_(freep) char *bytes = NULL;

        if (watch < 0)
                return watch;
        for (;;) {
                bool ends = ending();
                ssize_t n = peek(output, scratch, &bytes);
                ptrdiff_t at = n > 0 ? hold_find(bytes, (size_t)n, word) : -1;

                if (at >= 0) {
                        *ret_before = (size_t)at;
                        return 1;
                }
                if (n == -EPIPE || n == -EFBIG)
                        return 2;
                if (n < 0)
                        return (int)n;
                if (ends)
                        return 0;
                wait_for_write(watch);
        }
}
