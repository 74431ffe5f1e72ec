/* SPDX-License-Identifier: MIT */
#include "stack/unfinished.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/util.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_MAX 4096

/* PostgreSQL numbers what users make from here on, and names the files of tables by these numbers. */
#define FIRST_OF_USERS 16384

/* --- the note ------------------------------------------------------------------------------------------- */

static int write_note(const char *path, const char *what, const char *begun) {
        _cleanup_(freep) char *text = NULL;

        keyfile_add(&text, "WHAT", what);
        keyfile_add(&text, "BEGUN", begun);
        return file_write(path, text, 0600);
}

int unfinished_note(const char *path, const char *what) {
        return write_note(path, what, NULL);
}

int unfinished_begun(const char *path, const char *what) {
        return write_note(path, what, "yes");
}

UnfinishedState unfinished_state(const char *path, const char *what) {
        _cleanup_(freep) char *text = NULL, *noted = NULL, *begun = NULL;
        int r = file_read(path, NOTE_MAX, &text, NULL);

        if (r == -ENOENT)
                return UNFINISHED_NO;
        if (r < 0) {
                errno = -r;
                return UNFINISHED_UNREAD;
        }
        noted = keyfile_get(text, "WHAT");
        begun = keyfile_get(text, "BEGUN");
        if (!noted || !streq(noted, what))
                return UNFINISHED_NO;
        return begun ? UNFINISHED_BEGUN : UNFINISHED_NEW;
}

int unfinished_over(const char *path, const char *what) {
        UnfinishedState state = unfinished_state(path, what);
        _cleanup_(freep) char *directory = NULL;
        _cleanup_(closep) int fd = -EBADF;

        if (state == UNFINISHED_NO)
                return 0;
        if (state == UNFINISHED_UNREAD || (unlink(path) < 0 && errno != ENOENT))
                return -errno;
        directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* --- what the directory holds --------------------------------------------------------------------------- */

/* Calls @each for every entry of the directory until it answers false; false also when it cannot be read to its end. */
static bool for_each_entry(const char *path,
                           bool (*each)(const char *path, const char *name, char **doubt),
                           char **doubt) {
        DIR *directory = opendir(path);
        struct dirent *entry;
        bool good = directory != NULL;

        if (!directory)
                *doubt = xasprintf("%s: %s", path, strerror(errno));
        while (good && (errno = 0, entry = readdir(directory))) {
                if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        good = each(path, entry->d_name, doubt);
        }
        if (good && errno != 0) {
                *doubt = xasprintf("%s: %s", path, strerror(errno));
                good = false;
        }
        if (directory)
                (void)closedir(directory);
        return good;
}

static bool nothing_at_all(const char *path, const char *name, char **doubt) {
        *doubt = xasprintf("%s/%s", path, name);
        return false;
}

/* "1259", "1259_vm", "1259_fsm", "pg_filenode.map": of PostgreSQL itself; "16390" and "t3_16401": of a user. */
static bool of_the_system(const char *path, const char *name, char **doubt) {
        unsigned long number = isdigit((unsigned char)name[0]) ? strtoul(name, NULL, 10) : 0;

        if (startswith(name, "pg_") || streq(name, "PG_VERSION") ||
            (number > 0 && number < FIRST_OF_USERS))
                return true;
        *doubt = xasprintf("%s/%s", path, name);
        return false;
}

static bool is_plain_directory(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool bare_database(const char *path, const char *name, char **doubt) {
        _cleanup_(freep) char *directory = xasprintf("%s/%s", path, name);

        if (!isdigit((unsigned char)name[0]) || !is_plain_directory(directory)) {
                *doubt = xstrdup(directory);
                return false;
        }
        return for_each_entry(directory, of_the_system, doubt);
}

static bool bare_entry(const char *path, const char *name, char **doubt) {
        static const char *const files[] = {
                "PG_VERSION",
                "postgresql.conf",
                "postgresql.auto.conf",
                "pg_hba.conf",
                "pg_ident.conf",
                "postmaster.pid",
                "postmaster.opts",
                "current_logfiles",
                "postgresql.conf.tmp",
                "postgresql.auto.conf.tmp",
        };
        _cleanup_(freep) char *inner = xasprintf("%s/%s", path, name);
        struct stat st;

        if (lstat(inner, &st) < 0 || S_ISLNK(st.st_mode)) {
                *doubt = xstrdup(inner);
                return false;
        }
        if (S_ISREG(st.st_mode))
                for (size_t i = 0; i < ELEMENTSOF(files); i++)
                        if (streq(files[i], name))
                                return true;
        if (S_ISDIR(st.st_mode) && streq(name, "base"))
                return for_each_entry(inner, bare_database, doubt);
        if (S_ISDIR(st.st_mode) && streq(name, "pg_tblspc"))
                return for_each_entry(inner, nothing_at_all, doubt);
        if (S_ISDIR(st.st_mode) && (streq(name, "global") || startswith(name, "pg_")))
                return true;
        *doubt = xstrdup(inner);
        return false;
}

bool unfinished_is_bare(const char *directory, char **ret_doubt) {
        *ret_doubt = NULL;
        return for_each_entry(directory, bare_entry, ret_doubt);
}

static bool remove_entry(const char *path, const char *name, char **error) {
        _cleanup_(freep) char *inner = xasprintf("%s/%s", path, name);
        int r = remove_tree(inner);

        if (r < 0)
                *error = xasprintf("%s: %s", inner, strerror(-r));
        return r >= 0;
}

bool unfinished_empty(const char *directory, char **ret_error) {
        *ret_error = NULL;
        return for_each_entry(directory, remove_entry, ret_error);
}
