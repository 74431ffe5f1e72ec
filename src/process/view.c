/* SPDX-License-Identifier: MIT */
#include "process/view.h"

#include "base/file.h"
#include "base/util.h"
#include "process/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (4U << 20)

/* Covered for a moment by a place for the copies, in this process's sight alone. */
#define PLACE "/run"

static const char *const names[] = {"hosts", "resolv.conf", "nsswitch.conf"};

/* A link in the container leads to another of its files, and never to one of this host. */
static int read_inside(int root, const char *name, char **ret) {
        _cleanup_(freep) char *path = xasprintf("etc/%s", name);
        _cleanup_(closep) int fd = file_open_in(root, path, /* links= */ true);

        if (fd == -ENOENT) {
                *ret = xstrdup("");
                return 0;
        }
        return fd < 0 ? fd : fd_read_all(fd, FILE_MAX, ret, NULL);
}

static int cover(const char *name, const char *text) {
        _cleanup_(freep) char *copy = xasprintf(PLACE "/%s", name), *path = xasprintf("/etc/%s", name);
        _cleanup_(closep) int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        size_t n = strlen(text);

        if (fd < 0 || write(fd, text, n) != (ssize_t)n || fchmod(fd, 0644) < 0)
                return errno > 0 ? -errno : -EIO;
        /* What this host does not have, its programs do without. */
        return mount(copy, path, NULL, MS_BIND, NULL) < 0 && errno != ENOENT ? -errno : 0;
}

static int cover_all(char *const texts[static ELEMENTSOF(names)]) {
        int r = 0;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", PLACE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") < 0)
                return -errno;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(names); i++)
                r = cover(names[i], texts[i]);
        if (umount2(PLACE, MNT_DETACH) < 0 && r >= 0)
                r = -errno;
        return r;
}

int view_enter(pid_t pid) {
        _cleanup_(freep) char *root = xasprintf("/proc/%d/root", (int)pid);
        _cleanup_(closep) int netns = netns_open(pid), root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        char *texts[ELEMENTSOF(names)] = {0};
        int r = netns < 0 ? netns : root_fd < 0 ? -errno
                                                : 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(names); i++)
                r = read_inside(root_fd, names[i], &texts[i]);
        if (r >= 0)
                r = cover_all(texts);
        if (r >= 0 && setns(netns, CLONE_NEWNET) < 0)
                r = -errno;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                free(texts[i]);
        return r;
}
