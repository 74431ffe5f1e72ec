/* SPDX-License-Identifier: MIT */
/*
 * A client of podman holds a lock while netavark, its child, tells aardvark-dns of a new container. Killed, it lets go of
 * the lock while netavark goes on: two may then start a server each. One has the port, the other's number is in the
 * pid file, so from then on nobody hears of new containers. And the container's name keeps an address where nobody is,
 * as podman never came to note that it had given it one.
 */
#include "supervisor/nameserver.h"

#include "base/file.h"
#include "base/log.h"
#include "base/util.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#define DIRECTORY "/run/containers/networks/aardvark-dns"
#define FILE_MAX  (1024 * 1024)

/* Lines of containers are "ID ADDRESS… NAMES". True when one was taken out. */
static bool take_out(const char *network, const char *container_id) {
        _cleanup_(freep) char *path = xasprintf(DIRECTORY "/%s", network), *text = NULL, *kept = NULL;
        _cleanup_(strv_freep) char **lines = NULL, **others = NULL;

        if (isempty(container_id) || file_read(path, FILE_MAX, &text, NULL) < 0)
                return false;
        lines = strv_split(text, "\n");
        STRV_FOREACH(line, lines)
                if (!startswith(*line, container_id))
                        strv_add(&others, *line);
        if (strv_length(others) == strv_length(lines) || strv_length(others) == 0)
                return false;
        strv_add(&others, ""); /* for the last line's break */
        kept = strv_join(others, "\n");
        return file_write(path, kept, 0644) >= 0;
}

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

void nameserver_mend(const char *network, const char *container_id) {
        bool changed = take_out(network, container_id);

        if (signal_servers(0) > 1) {
                log_warning("The start that was killed has left two name servers of podman; ending both.");
                (void)signal_servers(SIGTERM);
                (void)unlink(DIRECTORY "/aardvark.pid");
        } else if (changed)
                /* It reads its files again. */
                (void)signal_servers(SIGHUP);
}
