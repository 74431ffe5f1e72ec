/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/file.h"
#include "base/passing.h"
#include "base/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STRUCTURE_MAX (64U << 20)
#define SCRIPT_MAX    (64U << 10)
#define DEPTH_MAX     4 /* of directories below db/migrate: Rails looks into them too */

/* The image is a stranger's: whatever its links say, nothing outside @root is opened. */
static int open_in(int root, const char *path) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int)fd;
}

static int read_in(int root, const char *path, size_t max_bytes, char **ret) {
        _cleanup_(closep) int fd = file_open_in(root, path, /* links= */ true);

        return fd < 0 ? fd : fd_read_all(fd, max_bytes, ret, NULL);
}

static void closedirp(DIR **directory) {
        if (*directory)
                (void)closedir(*directory);
}

static int open_directory(int root, const char *path, DIR **ret) {
        _cleanup_(closep) int fd = open_in(root, path);
        DIR *directory;

        if (fd < 0)
                return fd;
        directory = fdopendir(fd);
        if (!directory)
                return -errno;
        (void)TAKE_FD(fd);
        *ret = directory;
        return 0;
}

/* manifest_add_file() or manifest_add_clickhouse() */
typedef bool (*AddFunc)(Manifest *manifest, const char *base);

static int add_migrations(Manifest *manifest, AddFunc add, int root, const char *path, unsigned depth) {
        _cleanup_(closedirp) DIR *directory = NULL;
        int r = open_directory(root, path, &directory);

        if (r < 0)
                return r;
        errno = 0;
        for (struct dirent *entry; (entry = readdir(directory)); errno = 0) {
                _cleanup_(freep) char *below = NULL;

                if (entry->d_name[0] == '.')
                        continue;
                if (add(manifest, entry->d_name) || depth == 0 || entry->d_type != DT_DIR)
                        continue;
                below = xasprintf("%s/%s", path, entry->d_name);
                r = add_migrations(manifest, add, root, below, depth - 1);
                if (r < 0)
                        return r;
        }
        return -errno;
}

static int add_scripts(Manifest *manifest, int root, const char *prefix) {
        _cleanup_(freep) char *path = xasprintf("%sscripts", prefix);
        _cleanup_(closedirp) DIR *directory = NULL;
        int r = open_directory(root, path, &directory);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        errno = 0;
        for (struct dirent *entry; (entry = readdir(directory)); errno = 0) {
                _cleanup_(freep) char *file = NULL, *inner = NULL, *text = NULL;
                size_t n = strlen(entry->d_name);
                bool migrate = streq(entry->d_name, "migrate.sh");

                if (!migrate && (!startswith(entry->d_name, "start") || n < 8 || !streq(entry->d_name + n - 3, ".sh")))
                        continue;
                inner = xasprintf("scripts/%s", entry->d_name);
                file = xasprintf("%s%s", prefix, inner);
                r = read_in(root, file, SCRIPT_MAX, &text);
                if (errno_is_passing(r))
                        return r;
                if (r < 0)
                        continue;
                if (migrate)
                        manifest_add_migrate(manifest, text);
                else
                        manifest_add_script(manifest, inner, text);
        }
        return -errno;
}

static int say(char **reterr, int r, const char *root, const char *path) {
        *reterr = xasprintf("cannot read %s%s%s: %s", root, *path ? "/" : "", path, strerror(-r));
        return r;
}

static int read_application(Manifest *manifest, int root, const char *name, const char *prefix, char **reterr) {
        _cleanup_(freep) char *migrations = xasprintf("%sdb/migrate", prefix);
        _cleanup_(freep) char *clickhouse = xasprintf("%sdb/clickhouse_migrate", prefix);
        _cleanup_(freep) char *structure = xasprintf("%sdb/structure.sql", prefix);
        _cleanup_(freep) char *release = xasprintf("%sLAGO_VERSION", prefix), *text = NULL, *version = NULL;
        int r = add_migrations(manifest, manifest_add_file, root, migrations, DEPTH_MAX);

        if (r < 0)
                return say(reterr, r, name, migrations);
        r = add_migrations(manifest, manifest_add_clickhouse, root, clickhouse, DEPTH_MAX);
        if (r < 0 && r != -ENOENT)
                return say(reterr, r, name, clickhouse);
        r = read_in(root, structure, STRUCTURE_MAX, &text);
        if (r < 0 && r != -ENOENT)
                return say(reterr, r, name, structure);
        if (r >= 0)
                manifest_add_structure(manifest, text);
        r = read_in(root, release, SCRIPT_MAX, &version);
        if (r < 0 && r != -ENOENT)
                return say(reterr, r, name, release);
        if (r >= 0)
                manifest_set_release(manifest, version);
        r = add_scripts(manifest, root, prefix);
        return r < 0 ? say(reterr, r, name, "scripts") : manifest_finish(manifest, reterr);
}

int image_read(const char *root, const char *prefix, Manifest **ret, char **reterr) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(closep) int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return say(reterr, -errno, root, "");
        r = read_application(manifest, fd, root, prefix, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(manifest);
        return 0;
}

int image_read_migrations(const char *directory, Manifest **ret, char **reterr) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(closep) int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        r = fd < 0 ? -errno : add_migrations(manifest, manifest_add_file, fd, ".", DEPTH_MAX);
        if (r < 0)
                return say(reterr, r, directory, "");
        r = manifest_finish(manifest, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(manifest);
        return 0;
}
