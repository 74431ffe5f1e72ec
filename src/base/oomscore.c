/* SPDX-License-Identifier: MIT */
#include "base/oomscore.h"

#include "base/util.h"

#include <fcntl.h>
#include <unistd.h>

#define SCORE_FILE "/proc/self/oom_score_adj"

/* Not -1000: where nobody else is left, a process that took too much must be one that can be ended. */
#define LOWERED "-900"

/* The score we were started with, kept as text because nothing may be formatted between fork() and exec(). Empty unless we
   lowered it. */
static char born[sizeof("-1000\n")];

static int score_write(const char *text, size_t size) {
        _cleanup_(closep) int fd = open(SCORE_FILE, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        return write(fd, text, size) == (ssize_t)size ? 0 : -errno;
}

int oomscore_lower(void) {
        char before[sizeof(born)] = "";
        _cleanup_(closep) int fd = open(SCORE_FILE, O_RDONLY | O_CLOEXEC);
        int r;

        if (fd < 0 || read(fd, before, sizeof(before) - 1) <= 0)
                return -errno;
        r = score_write(LOWERED, strlen(LOWERED));
        /* Back to zero is everybody's right. */
        if (r == -EACCES && *before != '-')
                r = score_write("0", 1);
        if (r >= 0)
                memcpy(born, before, sizeof(born));
        return r;
}

int oomscore_as_born(void) {
        return *born ? score_write(born, strlen(born)) : 0;
}
