/* SPDX-License-Identifier: MIT */
/*
 *   DIR/lago-gate            a link to .lago-gate-HASH/launcher, which is put in place last
 *   DIR/.lago-gate-HASH/     launcher, loader, program, and its libraries by their own names
 *
 * The hash is that of everything inside: the same again is nothing to do, and a program that is started while another version
 * is installed finds the files of one version.
 */
#include "install/install.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/time.h"
#include "base/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_DIGITS 16
#define FILE_MAX    (64U << 20)
#define LOCK_USEC   (60 * USEC_PER_SEC) /* a copy takes less than one */

#if defined(__x86_64__) || defined(__aarch64__)
#define LAUNCHER_IS_MADE true
#else
#define LAUNCHER_IS_MADE false
#endif

/* Not linked, but carried: it is a program of its own. */
__asm__(".pushsection .rodata\n"
        "launcher_begin: .incbin \"" LAUNCHER "\"\n"
        "launcher_end:\n"
        ".popsection\n");
extern const char launcher_begin[] __attribute__((visibility("hidden")));
extern const char launcher_end[] __attribute__((visibility("hidden")));

/* Where each file comes from, and its name in the copy; two vectors of one length. */
typedef struct Files {
        char **sources, **names;
} Files;

static void files_done(Files *files) {
        strv_free(files->sources);
        strv_free(files->names);
}

static int complain(const char *what, const char *path, int r) {
        fprintf(stderr, "lago-gate: cannot %s %s: %s\n", what, path, strerror(-r));
        return r;
}

/* --- what this process consists of -------------------------------------------------------------------------- */

static const char *interpreter_of(const struct dl_phdr_info *object) {
        for (size_t i = 0; i < object->dlpi_phnum; i++)
                if (object->dlpi_phdr[i].p_type == PT_INTERP)
                        return (const char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        return NULL;
}

static void take(Files *files, const char *source, const char *name) {
        strv_add(&files->sources, source);
        strv_add(&files->names, name);
}

static int take_object(struct dl_phdr_info *object, size_t size _unused_, void *userdata) {
        const char *interpreter = interpreter_of(object), *name = strrchr(object->dlpi_name, '/');
        Files *files = userdata;

        if (isempty(object->dlpi_name) && !files->names) {
                take(files, "/proc/self/exe", "program");
                take(files, interpreter ? interpreter : "", "loader");
        } else if (name && !streq(object->dlpi_name, files->sources[1])) {
                take(files, object->dlpi_name, name + 1);
        }
        /* An object without a file is the kernel's vDSO. */
        return 0;
}

/* Run from a copy, we are the copy's loader; the program that it loaded lies beside it. */
static void take_copy(Files *files) {
        char here[4096];
        ssize_t n = readlink("/proc/self/exe", here, sizeof(here));
        const char *slash = n > 0 && n < (ssize_t)sizeof(here) ? memrchr(here, '/', (size_t)n) : NULL;
        _cleanup_(freep) char *program = NULL, *loader = NULL;

        if (!slash || here + n - slash != (ssize_t)sizeof("/loader") - 1 || memcmp(slash, "/loader", (size_t)(here + n - slash)) != 0)
                return;
        program = xasprintf("%.*s/program", (int)(slash - here), here);
        loader = xasprintf("%.*s/loader", (int)(slash - here), here);
        if (access(program, R_OK) < 0)
                return;
        take(files, program, "program");
        take(files, loader, "loader");
}

/* --- its hash ----------------------------------------------------------------------------------------------- */

static void hash_bytes(uint64_t *hash, const char *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                *hash = (*hash ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
}

static int hash_files(const Files *files, uint64_t *ret) {
        *ret = 0xcbf29ce484222325ULL;
        hash_bytes(ret, launcher_begin, (size_t)(launcher_end - launcher_begin));
        for (size_t i = 0; files->names[i]; i++) {
                _cleanup_(freep) char *content = NULL;
                size_t size;
                int r = file_read(files->sources[i], FILE_MAX, &content, &size);

                if (r < 0)
                        return complain("read", files->sources[i], r);
                hash_bytes(ret, files->names[i], strlen(files->names[i]) + 1);
                hash_bytes(ret, content, size);
        }
        return 0;
}

/* --- the copy ----------------------------------------------------------------------------------------------- */

static int create_at(int directory, const char *name) {
        int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);

        /* Whoever installs, and with whatever umask: another user runs it. */
        if (fd >= 0 && fchmod(fd, 0755) < 0) {
                int r = -errno;

                (void)close(fd);
                return r;
        }
        return fd < 0 ? -errno : fd;
}

static int write_launcher(int directory) {
        _cleanup_(closep) int fd = create_at(directory, "launcher");
        size_t size = (size_t)(launcher_end - launcher_begin);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = write(fd, launcher_begin, size);
        if (n != (ssize_t)size)
                return n < 0 ? -errno : -ENOSPC;
        return fsync(fd) < 0 ? -errno : 0;
}

static int copy_file(const char *source, int directory, const char *name) {
        _cleanup_(closep) int from = open(source, O_RDONLY | O_CLOEXEC), to = -EBADF;
        ssize_t n;

        if (from < 0)
                return -errno;
        to = create_at(directory, name);
        if (to < 0)
                return to;
        while ((n = sendfile(to, from, NULL, FILE_MAX)) > 0)
                ;
        return n < 0 || fsync(to) < 0 ? -errno : 0;
}

static int fill(const Files *files, int directory) {
        int r = write_launcher(directory);

        for (size_t i = 0; r >= 0 && files->names[i]; i++)
                r = copy_file(files->sources[i], directory, files->names[i]);
        return r;
}

/* The copy is written under another name first, so that one with the right name is always complete. */
static int make_copy(const Files *files, int top, const char *unfinished, const char *name) {
        _cleanup_(closep) int directory = -EBADF;
        int r = remove_tree_at(top, unfinished);

        if (r < 0)
                return r;
        if (mkdirat(top, unfinished, 0755) < 0)
                return -errno;
        directory = openat(top, unfinished, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory < 0 || fchmod(directory, 0755) < 0)
                return -errno;
        r = fill(files, directory);
        if (r >= 0 && (fsync(directory) < 0 || renameat(top, unfinished, top, name) < 0))
                r = -errno;
        if (r < 0)
                (void)remove_tree_at(top, unfinished);
        return r;
}

static bool has_copy(int top, const char *copy) {
        return faccessat(top, copy, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool points_to(int top, const char *link, const char *target) {
        char now[256];
        ssize_t n = readlinkat(top, link, now, sizeof(now));

        return n == (ssize_t)strlen(target) && memcmp(now, target, strlen(target)) == 0;
}

/* A link is changed in one step by one that takes its name. */
static int point_to(int top, const char *link, const char *target) {
        _cleanup_(freep) char *fresh = xasprintf(".%s.link", link);

        if (points_to(top, link, target))
                return 0;
        (void)unlinkat(top, fresh, 0);
        if (symlinkat(target, top, fresh) < 0 || renameat(top, fresh, top, link) < 0 || fsync(top) < 0)
                return -errno;
        return 0;
}

/* @entry is a copy of the program @name, another one than @current. */
static bool is_old(const char *entry, const char *name, const char *current) {
        const char *hash = *entry == '.' ? startswith(entry + 1, name) : NULL;

        return hash && *hash == '-' && strlen(hash + 1) == HASH_DIGITS && strspn(hash + 1, "0123456789abcdef") == HASH_DIGITS &&
               !streq(entry, current);
}

static void remove_old(int top, const char *name, const char *current) {
        int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

        for (struct dirent *entry; entries && (entry = readdir(entries));)
                if (is_old(entry->d_name, name, current))
                        (void)remove_tree_at(top, entry->d_name);
        if (entries)
                (void)closedir(entries);
        else
                (void)close_fd(fd);
}

static int put_in_place(const Files *files, const char *name, const char *copy, const char *target, int top) {
        _cleanup_(freep) char *unfinished = xasprintf(".%s.new", name);
        int r = has_copy(top, copy) ? 0 : make_copy(files, top, unfinished, copy);

        if (r >= 0)
                r = point_to(top, name, target);
        if (r >= 0)
                remove_old(top, name, copy);
        return r;
}

/*
 * Containers may share the directory: one of them installs at a time. Everybody who may read the directory could lock it, so
 * the lock is on a file that nobody else can open. Answer: as put_in_place(), -EBUSY.
 */
static int install_alone(const Files *files, const char *name, const char *copy, const char *target, int top) {
        _cleanup_(freep) char *lock_name = xasprintf(".%s.lock", name);
        pid_t holder;
        int lock = -EBADF, r = lock_take(top, lock_name, LOCK_USEC, &lock, &holder);

        if (r < 0)
                return r;
        r = put_in_place(files, name, copy, target, top);
        (void)lock_drop(top, lock_name, lock);
        return r;
}

static int install_files(const Files *files, const char *name, const char *directory, int top) {
        _cleanup_(freep) char *copy = NULL, *target = NULL;
        uint64_t hash;
        int r = hash_files(files, &hash);

        if (r < 0)
                return r;
        copy = xasprintf(".%s-%016llx", name, (unsigned long long)hash);
        target = xasprintf("%s/launcher", copy);
        /* Whoever installed it may be another user, whose lock we could not take. */
        if (has_copy(top, copy) && points_to(top, name, target))
                return 0;
        r = install_alone(files, name, copy, target, top);
        return r < 0 ? complain("install into", directory, r) : 0;
}

int install_run(const char *name, const char *directory) {
        _cleanup_(files_done) Files files = {};
        _cleanup_(closep) int top = -EBADF;
        int r;

        if (!LAUNCHER_IS_MADE) {
                fprintf(stderr, "lago-gate: \"install\" is made for x86-64 and ARM64 alone\n");
                return EXIT_OSERR;
        }
        r = make_dirs(directory, 0755);
        take_copy(&files);
        (void)dl_iterate_phdr(take_object, &files);
        if (r >= 0)
                top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r < 0 || top < 0) {
                (void)complain("use", directory, r < 0 ? r : -errno);
                return EXIT_OSERR;
        }
        return install_files(&files, name, directory, top) < 0 ? EXIT_OSERR : 0;
}
