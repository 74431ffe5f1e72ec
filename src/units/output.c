/* SPDX-License-Identifier: MIT */
#include "units/output.h"

#include "base/util.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_beside(const PlanEntry *entry, const PlanEntry *other) {
        size_t n = strcspn(entry->path, "/");

        return strncmp(entry->path, other->path, n + 1) == 0;
}

/* Every entry lies exactly one folder deep. Without memory of its own: out of it, the process would end with half written. */
static int make_parent(int directory, const char *path) {
        char parent[NAME_MAX + 1];
        size_t n = strcspn(path, "/");

        if (n >= sizeof(parent))
                return -ENAMETOOLONG;
        memcpy(parent, path, n);
        parent[n] = '\0';
        return mkdirat(directory, parent, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* A file of a few hundred bytes in a tmpfs: a short write is a full one that failed. */
static int write_text(int directory, const char *path, const char *text) {
        _cleanup_(closep) int fd =
                openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        size_t size = strlen(text);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = write(fd, text, size);
        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -ENOSPC;
}

/* Most units are told the same: a second name for what was written costs a third of writing it again. */
static int write_again(int directory, const PlanEntry *entry, const PlanEntry *written) {
        if (linkat(directory, written->path, directory, entry->path, 0) == 0)
                return 0;
        return errno == EEXIST ? -EEXIST : write_text(directory, entry->path, entry->text);
}

/* @last: the entry before it, or NULL; it is written. */
static int write_entry(int directory, const PlanEntry *entry, const PlanEntry *last) {
        int r = last && is_beside(entry, last) ? 0 : make_parent(directory, entry->path);

        if (r < 0)
                return r;
        if (entry->text && last && last->text && streq(entry->text, last->text))
                return write_again(directory, entry, last);
        if (entry->text)
                return write_text(directory, entry->path, entry->text);
        return symlinkat(entry->target, directory, entry->path) < 0 ? -errno : 0;
}

int output_write(const char *directory, const Plan *plan, const char **reterr) {
        _cleanup_(closep) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        *reterr = ".";
        if (fd < 0)
                return -errno;
        for (size_t i = 0; i < plan->n; i++) {
                int r = write_entry(fd, &plan->list[i], i > 0 ? &plan->list[i - 1] : NULL);

                if (r == 0)
                        continue;
                *reterr = plan->list[i].path;
                /* The entry that failed may be there in part; one that was there before us is not ours to remove. */
                for (size_t k = 0; k < i + (r != -EEXIST); k++)
                        (void)unlinkat(fd, plan->list[k].path, 0);
                return r;
        }
        return 0;
}
