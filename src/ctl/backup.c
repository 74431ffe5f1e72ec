/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"
#include "ctl/pg.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/time.h"
#include "setup/setup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define PARTIAL     ".lago-backup.partial"
#define LOCK        ".lago-backup.lock"
#define LISTING_MAX (16U << 20)
#define DUMP        "lago.dump"

/*
 * In the container of PostgreSQL each command is one program: what a shell leaves behind is process 1's, which is the server,
 * and an orphan of it that ends with 2 or more counts as a crash that cuts off everybody.
 */
static const char readme_format[] =
        "A backup of Lago, made by \"lagoctl backup\".\n"
        "\n" DUMP "     the database, as of one moment (pg_dump -Fc)\n"
        "manifest      the migrations of the release it was made with\n"
        "release       that release, and when\n"
        "fingerprints  of the encryption keys: they tell the right keys from others, and not what the keys are\n"
        "\n"
        "Not in here:\n"
        "- /etc/lago/secrets.env and lago.env. Without the keys what Lago stored encrypted cannot be read again: keep\n"
        "  them in another place than this backup.\n"
        "- the volume lago_storage_data (or the bucket): PDFs, logos, exports\n"
        "- Redis: jobs that were queued at that moment. Lago's clock enqueues most of them again.\n"
        "\n"
        "To bring it back into a bundled database, on a host with the same keys and the release of the file \"release\":\n"
        "\n"
        "    lagoctl stop\n"
        "    systemctl start lago-db\n"
        "    podman exec lago-db dropdb -U %1$s %2$s &&\n"
        "        podman exec lago-db createdb -U %1$s %2$s &&\n"
        "        podman exec -i lago-db pg_restore --exit-on-error -U %1$s -d %2$s < " DUMP "\n"
        "    lagoctl pull && lagoctl verify           # \"Schema verified\"; else do not go on: restore it again\n"
        "    lagoctl stop\n"
        "    cp fingerprints " FINGERPRINTS_FILE "    # then other keys are refused\n"
        "    lagoctl start\n";

typedef struct Backup {
        Release release;
        const char *directory; /* as given */
        char *name;            /* "lago-20261123T001555Z" */
        int directory_fd, partial_fd, lock_fd;
} Backup;

static void backup_done(Backup *b) {
        release_done(&b->release);
        free(b->name);
        close_fd(b->partial_fd);
        lock_drop(b->directory_fd, LOCK, b->lock_fd);
        close_fd(b->directory_fd);
}

/* --- the directory -------------------------------------------------------------------------------------- */

/* Who can write in it can take a backup away, or have us write and remove somewhere else. */
static int refuse_shared(const Backup *b) {
        struct stat st;

        if (fstat(b->directory_fd, &st) < 0)
                return -errno;
        if ((st.st_mode & S_ISVTX) != 0 && (st.st_mode & 022) != 0)
                log_error("Everybody may write in %s; name a directory for backups alone: lagoctl backup %s/lago",
                          b->directory, b->directory);
        else if (st.st_uid != geteuid())
                log_error("%s is not root's; run chown root %s, or name a directory that is", b->directory, b->directory);
        else
                log_error("Others than root may write in %s; run chmod go-w %s, or name another directory", b->directory,
                          b->directory);
        return -EPERM;
}

static int open_directory(Backup *b) {
        int r = make_dirs(b->directory, 0700);

        if (r >= 0) {
                b->directory_fd = open(b->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                r = b->directory_fd < 0 ? -errno : 0;
        }
        if (r < 0)
                log_error("Cannot use %s: %s", b->directory, strerror(-r));
        else if (!directory_is_ours(b->directory_fd))
                r = refuse_shared(b);
        return r;
}

/* Another host may write into the same directory, so the lock is in it. */
static int keep_others_out(Backup *b) {
        pid_t holder = 0;
        int r = lock_take(b->directory_fd, LOCK, /* wait_usec= */ 0, &b->lock_fd, &holder);

        if (r == -EBUSY && holder > 0)
                log_error("Another backup is being made in %s; \"ps -fp %d\" shows it", b->directory, (int)holder);
        else if (r == -EBUSY)
                log_error("Another backup is being made in %s", b->directory);
        else if (r == -EPERM)
                log_error("%s/" LOCK " is not root's alone; run rm %s/" LOCK, b->directory, b->directory);
        else if (r < 0)
                log_error("Cannot lock %s/" LOCK ": %s", b->directory, strerror(-r));
        return r;
}

/* One name for all that are being made: what stands there is what an interrupted one left, as we hold the lock. */
static int make_partial(Backup *b) {
        int r = remove_tree_at(b->directory_fd, PARTIAL);

        if (r >= 0 && mkdirat(b->directory_fd, PARTIAL, 0700) < 0)
                r = -errno;
        if (r >= 0) {
                b->partial_fd = openat(b->directory_fd, PARTIAL, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = b->partial_fd < 0 ? -errno : 0;
        }
        if (r < 0)
                log_error("Cannot make %s/" PARTIAL ": %s", b->directory, strerror(-r));
        return r;
}

static int prepare(Backup *b) {
        char stamp[32];
        time_t now = time(NULL);
        struct tm tm;
        int r = open_directory(b);

        if (r >= 0)
                r = keep_others_out(b);
        if (r < 0)
                return r;
        (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
        b->name = xasprintf("lago-%s", stamp);
        return make_partial(b);
}

static int write_text(const Backup *b, const char *name, const char *text) {
        _cleanup_(freep) char *path = xasprintf("/proc/self/fd/%d/%s", b->partial_fd, name);
        int r = file_write(path, text, 0600);

        if (r < 0)
                log_error("Cannot write %s/" PARTIAL "/%s: %s", b->directory, name, strerror(-r));
        return r;
}

/* --- the dump ------------------------------------------------------------------------------------------- */

static char **words(const char *a, const char *c, const char *d) {
        char **argv = NULL;
        const char *const all[] = {a, c, d};

        for (size_t i = 0; i < ELEMENTSOF(all) && all[i]; i++)
                strv_add(&argv, all[i]);
        return argv;
}

/* pg_dump may write into a pipe, and then does not see that the disk behind it is full. */
static bool disk_is_full(const Backup *b) {
        struct statvfs st;

        return fstatvfs(b->partial_fd, &st) == 0 && st.f_bavail < 16;
}

static int tell_dump_failed(const Backup *b, const RunResult *child) {
        if (disk_is_full(b))
                log_error("The disk with %s is full", b->directory);
        else if (strstr(child->error, "server version mismatch"))
                log_error(
                        "pg_dump is older than the server; set database = below [images] in lago.conf to an image of the "
                        "server's major version: %s",
                        child->error);
        else
                log_error("pg_dump failed: %s", child->error);
        return -EIO;
}

static int dump(const Backup *b, int fd) {
        _cleanup_(strv_freep) char **command = words("pg_dump", "--format=custom", "--no-password");
        RunOptions options = {.output_fd = fd};
        RunResult child = {0};
        int r = pg_run(b->release.config, command, &options, &child);

        if (r > 0)
                r = tell_dump_failed(b, &child);
        run_done(&child);
        if (r >= 0 && fsync(fd) < 0) {
                r = -errno;
                log_error("Cannot write the dump: %s", strerror(errno));
        }
        return r;
}

static int restore(const Backup *b, int fd, const char *how, RunResult *ret) {
        _cleanup_(strv_freep) char **command = words("pg_restore", how, NULL);
        RunOptions options = {.input_fd = fd, .max_bytes = LISTING_MAX};
        int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno
                                           : pg_run(b->release.config, command, &options, ret);

        if (r > 0) {
                if (disk_is_full(b))
                        log_error("The disk with %s is full", b->directory);
                else
                        log_error("The dump is not whole: pg_restore says: %s", ret->error);
                r = -EIO;
        }
        return r;
}

/* Its list of contents, and then all of it: the list stands at the top, and a dump that was cut off has it too. */
static int verify(const Backup *b, int fd) {
        RunResult child = {0};
        int r = restore(b, fd, "--list", &child);

        if (r >= 0 && !strstr(child.output, " TABLE DATA ")) {
                log_error("The dump holds no tables: is this the database of Lago?");
                r = -ENODATA;
        }
        run_done(&child);
        if (r >= 0)
                r = restore(b, fd, "--file=/dev/null", &child);
        run_done(&child);
        return r;
}

static int write_dump(const Backup *b, off_t *ret_size) {
        _cleanup_(closep) int fd = openat(b->partial_fd, DUMP, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        struct stat st;
        int r;

        if (fd < 0) {
                r = -errno;
                log_error("Cannot write %s/" PARTIAL "/" DUMP ": %s", b->directory, strerror(errno));
                return r;
        }
        r = dump(b, fd);
        if (r >= 0)
                r = verify(b, fd);
        if (r >= 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r >= 0)
                *ret_size = st.st_size;
        return r < 0 ? r : 0;
}

/* --- what goes with it ---------------------------------------------------------------------------------- */

static int write_release(const Backup *b) {
        _cleanup_(freep) char *text = NULL;

        keyfile_add(&text, "RELEASE", b->release.version);
        keyfile_add(&text, "IMAGE", b->release.image);
        keyfile_add(&text, "IMAGE_ID", b->release.image_id);
        keyfile_add(&text, "MADE", startswith(b->name, "lago-"));
        keyfile_add(&text, "BY", "lago-supervisor " LAGO_VERSION);
        return write_text(b, "release", text);
}

static int write_manifest(const Backup *b) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        int r;

        if (release_manifest(&b->release, &path) != 0)
                return -ENOENT;
        r = file_read(path, LISTING_MAX, &text, NULL);
        return r < 0 ? r : write_text(b, "manifest", text);
}

static int write_readme(const Backup *b) {
        _cleanup_(freep) char *user = shell_word(pg_user(b->release.config)),
                              *database = shell_word(pg_database(b->release.config));
        _cleanup_(freep) char *text = xasprintf(readme_format, user, database);

        return write_text(b, "README", text);
}

/* In the form of lago-setup's own file, which compares them at each start. */
static int write_fingerprints(const Backup *b) {
        unsigned char bytes[16];
        char salt[2 * sizeof(bytes) + 1];
        _cleanup_(freep) char *text = NULL;

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
                log_error("The kernel gives no random bytes: %s", strerror(errno));
                return -EIO;
        }
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void)snprintf(salt + 2 * i, 3, "%02x", bytes[i]);
        text = fingerprints_make(b->release.config, salt);
        return write_text(b, "fingerprints", text);
}

static int write_all(const Backup *b, off_t *ret_size) {
        int r = write_manifest(b);

        if (r >= 0)
                r = write_release(b);
        if (r >= 0)
                r = write_fingerprints(b);
        if (r >= 0)
                r = write_readme(b);
        if (r >= 0)
                r = write_dump(b, ret_size);
        return r;
}

/* From here on it is there, even after a power cut. */
static int publish(const Backup *b) {
        int r = 0;

        if (fsync(b->partial_fd) < 0 || renameat(b->directory_fd, PARTIAL, b->directory_fd, b->name) < 0 ||
            fsync(b->directory_fd) < 0) {
                r = -errno;
                log_error("Cannot finish %s/%s: %s", b->directory, b->name, strerror(errno));
        }
        return r;
}

static int make(Backup *b) {
        uint64_t begun = now_usec();
        _cleanup_(freep) char *span = NULL;
        off_t size = 0;
        int r = prepare(b);

        if (r < 0)
                return r;
        r = write_all(b, &size);
        if (r >= 0)
                r = publish(b);
        if (r < 0) {
                (void)remove_tree_at(b->directory_fd, PARTIAL);
                return r;
        }
        span = span_text(now_usec() - begun);
        fprintf(stderr, "lagoctl: %.1f MB in %s, read back whole\n", (double)size / 1e6, span);
        printf("%s/%s\n", b->directory, b->name);
        return 0;
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(backup_done) Backup b = {.directory_fd = -EBADF, .partial_fd = -EBADF, .lock_fd = -EBADF};
        int status;

        if (arguments_parse(verb, argc, argv, NULL, 0, &b.directory, 1, 1) < 0)
                return EXIT_USAGE;
        status = release_load(NULL, &b.release);
        if (status != 0)
                return status;
        /* Ctrl-C ends pg_dump, and we clean up behind it. */
        (void)signal(SIGINT, SIG_IGN);
        (void)signal(SIGHUP, SIG_IGN);
        return make(&b) < 0 ? EXIT_TEMPFAIL : EXIT_SUCCESS;
}

const Verb verb_backup = {
        .name = "backup",
        .arguments = "DIR",
        .summary = "Dump the database into a new directory below DIR",
        .help = "Lago goes on meanwhile. The dump is read back whole before DIR/lago-TIME appears, whose name is printed; it\n"
                "holds a README with what is not in it (the keys, the storage volume, Redis) and how to bring it back.\n"
                "Nothing of a backup that failed is left. DIR, which is made when it is not there, must be one in which root alone\n"
                "may write. An external server is dumped from a container of the image that database = below [images] names,\n"
                "whose major must not be older than the server's.\n"
                "Exit status: 0 made, 75 not.\n",
        .as_root = true,
        .run = run,
};
