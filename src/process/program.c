/* SPDX-License-Identifier: MIT */
#include "process/program.h"

#include "base/util.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

bool program_is_of_its_root(pid_t pid) {
        _cleanup_(freep) char *link = xasprintf("/proc/%d/exe", (int)pid), *path = NULL;
        struct stat program, named;
        char target[PATH_MAX];
        ssize_t n = readlink(link, target, sizeof(target) - 1);

        if (n < 0 || stat(link, &program) < 0)
                return false;
        target[n] = '\0';
        path = xasprintf("/proc/%d/root%s", (int)pid, target);
        return stat(path, &named) == 0 && named.st_dev == program.st_dev && named.st_ino == program.st_ino;
}
