/* SPDX-License-Identifier: MIT */
#include "base/box.h"

#include "base/util.h"

#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Of the largest image that is read, and of an answer ten times as long as any: a quarter. */
#define MEMORY_MAX (256U << 20)
#define FILE_MAX   (64U << 20)
#define CPU_SEC    60

extern char **environ;

/* Soft and hard, unless it is lower already. */
static void limit(__rlimit_resource_t resource, rlim_t max) {
        struct rlimit now;

        if (getrlimit(resource, &now) < 0)
                return;
        now.rlim_max = now.rlim_max < max ? now.rlim_max : max;
        now.rlim_cur = now.rlim_cur < now.rlim_max ? now.rlim_cur : now.rlim_max;
        (void)setrlimit(resource, &now);
}

void box_limit(void) {
        limit(RLIMIT_CORE, 0);
        /* A write that is too long fails, as on a full disk. */
        (void)signal(SIGXFSZ, SIG_IGN);
        limit(RLIMIT_FSIZE, FILE_MAX);
#ifndef SANITIZED /* a sanitizer reserves far more memory than it uses */
        limit(RLIMIT_DATA, MEMORY_MAX);
#endif
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        box_more_time();
}

void box_more_time(void) {
        struct timespec used = {0};
        struct rlimit now;

        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0 || getrlimit(RLIMIT_CPU, &now) < 0)
                return;
        now.rlim_cur = (rlim_t)used.tv_sec + CPU_SEC;
        now.rlim_cur = now.rlim_cur < now.rlim_max ? now.rlim_cur : now.rlim_max;
        (void)setrlimit(RLIMIT_CPU, &now);
}

/* The lowest descriptor of at least @from that an argument names; UINT_MAX: none does. */
static unsigned next_named(char *const argv[], unsigned from) {
        static const char *const places[] = {"/dev/fd/", "/proc/self/fd/"};
        unsigned lowest = UINT_MAX;

        STRV_FOREACH(argument, argv)
                for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                        const char *at = strstr(*argument, places[i]);
                        unsigned long fd = at ? strtoul(at + strlen(places[i]), NULL, 10) : UINT_MAX;

                        if (fd >= from && fd < lowest)
                                lowest = (unsigned)fd;
                }
        return lowest;
}

void box_close_inherited(char *const argv[]) {
        for (unsigned from = STDERR_FILENO + 1;;) {
                unsigned named = next_named(argv, from);

                if (named > from)
                        (void)close_range(from, named == UINT_MAX ? UINT_MAX : named - 1, 0);
                if (named == UINT_MAX)
                        return;
                from = named + 1;
        }
}

void box_hide(void) {
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void box_forget(const char *prefix, const char *keep) {
        for (char **variable = environ; variable && *variable;) {
                _cleanup_(freep) char *name = xstrndup(*variable, strcspn(*variable, "="));

                /* What follows moves up into its place. */
                if (startswith(name, prefix) && !streq(name, keep) && unsetenv(name) == 0)
                        continue;
                variable++;
        }
}
