/* SPDX-License-Identifier: MIT */
#include "process/program.h"

#include "base/util.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

ProgramPlace program_place(pid_t pid) {
        _cleanup_(freep) char *link = xasprintf("/proc/%d/exe", (int)pid), *path = NULL;
        struct stat program, named;
        char target[PATH_MAX];
        ssize_t n = readlink(link, target, sizeof(target) - 1);

        if (n < 0 || stat(link, &program) < 0)
                return PROGRAM_UNKNOWN;
        target[n] = '\0';
        path = xasprintf("/proc/%d/root%s", (int)pid, target);
        if (stat(path, &named) < 0)
                return errno == ENOENT || errno == ENOTDIR ? PROGRAM_FOREIGN : PROGRAM_UNKNOWN;
        return named.st_dev == program.st_dev && named.st_ino == program.st_ino ? PROGRAM_OWN : PROGRAM_FOREIGN;
}
