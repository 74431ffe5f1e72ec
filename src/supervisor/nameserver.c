/* SPDX-License-Identifier: MIT */
/*
 * A client of podman holds a lock while netavark, its child, tells aardvark-dns of a new container. When it is killed it lets go of
 * the lock while netavark goes on: two may then start a server each. One has the port, the other's number is in the
 * pid file, so from then on new containers are not resolved. What else is left of the network: see leftnet.h.
 */
#include "supervisor/nameserver.h"

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "base/util.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY "/run/containers/networks/aardvark-dns"

static bool shares_namespace(const char *pid, const char *kind) {
        _cleanup_(freep) char *path = xasprintf("/proc/%s/ns/%s", pid, kind), *ours = xasprintf("/proc/self/ns/%s", kind);
        struct stat a, b;

        return stat(path, &a) == 0 && stat(ours, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* After an upgrade of podman the kernel says that the file is deleted. */
static bool runs_program(const char *pid, const char *name) {
        _cleanup_(freep) char *path = xasprintf("/proc/%s/exe", pid);
        char target[PATH_MAX];
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        const char *base, *rest;

        if (n <= 0)
                return false;
        target[n] = '\0';
        base = strrchr(target, '/');
        rest = base ? startswith(base + 1, name) : NULL;
        return rest && (*rest == '\0' || streq(rest, " (deleted)"));
}

/*
 * Root's, of this host and not of a container in it, and the program itself: any user can make up a command line. That one
 * only tells those of root apart, by the directory that they serve.
 */
static bool is_server(const char *pid) {
        _cleanup_(freep) char *place = xasprintf("/proc/%s", pid), *path = xasprintf("/proc/%s/cmdline", pid), *words = NULL;
        const char *directory = DIRECTORY;
        struct stat st;
        size_t n = 0;

        return runs_program(pid, "aardvark-dns") && stat(place, &st) == 0 && st.st_uid == 0 && shares_namespace(pid, "pid") &&
               shares_namespace(pid, "net") && file_read(path, 65536, &words, &n) >= 0 &&
               memmem(words, n, directory, strlen(directory));
}

/* How long it runs, in usec; 0 when it has just ended. Its begin is field 22, in clock ticks after boot; see proc(5). */
static uint64_t age_usec(const char *pid) {
        _cleanup_(freep) char *path = xasprintf("/proc/%s/stat", pid), *line = NULL;
        uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), began, now;
        struct timespec ts;
        const char *field;

        if (file_read(path, 4096, &line, NULL) < 0)
                return 0;
        /* Field 2 is the program's name in parentheses, which may hold blanks and parentheses itself. */
        field = strrchr(line, ')');
        for (int i = 2; i < 22 && field; i++)
                field = strchr(field + 1, ' ');
        if (!field)
                return 0;
        (void)clock_gettime(CLOCK_BOOTTIME, &ts);
        began = strtoull(field, NULL, 10) * USEC_PER_SEC / hz;
        now = (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
        return now > began ? now - began : 0;
}

/*
 * Sends @sig to all of them that are at least @at_least_usec old; answers how many there are, and how many are younger. The descriptor
 * comes first: what is looked at is who is signalled.
 */
static unsigned signal_servers(int sig, uint64_t at_least_usec, unsigned *ret_younger) {
        DIR *directory = opendir("/proc");
        struct dirent *entry;
        unsigned n = 0;

        *ret_younger = 0;
        while (directory && (entry = readdir(directory))) {
                _cleanup_(closep) int fd = -EBADF;
                uint64_t pid;

                if (parse_uint(entry->d_name, INT32_MAX, &pid) < 0 || !runs_program(entry->d_name, "aardvark-dns"))
                        continue;
                fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
                if (fd < 0 || !is_server(entry->d_name))
                        continue;
                n++;
                if (age_usec(entry->d_name) < at_least_usec)
                        (*ret_younger)++;
                else if (sig > 0)
                        (void)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
        }
        if (directory)
                closedir(directory);
        return n;
}

bool nameserver_end(uint64_t since_usec) {
        unsigned younger;

        /* SIGKILL, as a stopped process does not take SIGTERM. */
        (void)signal_servers(SIGKILL, now_usec() - since_usec, &younger);
        if (younger > 0)
                return true;
        (void)unlink(DIRECTORY "/aardvark.pid");
        return false;
}

void nameserver_mend(void) {
        unsigned younger;

        if (signal_servers(0, 0, &younger) <= 1)
                return;
        log_warning("The start that was killed has left two name servers of podman; ending both.");
        (void)signal_servers(SIGTERM, 0, &younger);
        (void)unlink(DIRECTORY "/aardvark.pid");
}
