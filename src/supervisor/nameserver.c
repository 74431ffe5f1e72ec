/* SPDX-License-Identifier: MIT */
/*
 * A client of podman holds a lock while netavark, its child, tells aardvark-dns of a new container. When it is killed it lets go of
 * the lock while netavark goes on: two may then start a server each. One has the port, the other's number is in the
 * pid file, so from then on new containers are not resolved. What else is left of the network: see leftnet.h.
 */
#include "supervisor/nameserver.h"

#include "base/file.h"
#include "base/log.h"
#include "base/util.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#define DIRECTORY "/run/containers/networks/aardvark-dns"

static bool is_server(const char *pid) {
        _cleanup_(freep) char *path = xasprintf("/proc/%s/cmdline", pid), *words = NULL;
        const char *directory = DIRECTORY;
        size_t n = 0;

        return file_read(path, 65536, &words, &n) >= 0 && strstr(words, "aardvark-dns") &&
               memmem(words, n, directory, strlen(directory));
}

/* Sends @sig to all of them; answers how many there are. */
static unsigned signal_servers(int sig) {
        DIR *directory = opendir("/proc");
        struct dirent *entry;
        unsigned n = 0;

        while (directory && (entry = readdir(directory))) {
                uint64_t pid;

                if (parse_uint(entry->d_name, INT32_MAX, &pid) < 0 || !is_server(entry->d_name))
                        continue;
                n++;
                if (sig > 0)
                        (void)kill((pid_t)pid, sig);
        }
        if (directory)
                closedir(directory);
        return n;
}

void nameserver_end(void) {
        /* SIGKILL, as a stopped process does not take SIGTERM. */
        (void)signal_servers(SIGKILL);
        (void)unlink(DIRECTORY "/aardvark.pid");
}

void nameserver_mend(void) {
        if (signal_servers(0) <= 1)
                return;
        log_warning("The start that was killed has left two name servers of podman; ending both.");
        (void)signal_servers(SIGTERM);
        (void)unlink(DIRECTORY "/aardvark.pid");
}
