/* SPDX-License-Identifier: MIT */
#include "supervisor/admit.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/passing.h"
#include "base/runstate.h"
#include "config/admitted.h"
#include "ready/act.h"
#include "supervisor/supervisor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_DIRECTORY ADMITTED_NEW_DIRECTORY
#define OLD_DIRECTORY ADMITTED_KEPT_DIRECTORY ".old"
/* In it: the database is being migrated for this copy, so it is what goes on after a power cut. */
#define BEGUN    "/begun"
#define FILE_MAX (1024 * 1024)

/* One that is not there, or went meanwhile, is not copied. */
static int copy_file(const char *name) {
        _cleanup_(freep) char *from = xasprintf(CONFIG_DIRECTORY "/%s", name), *text = NULL;
        _cleanup_(freep) char *to = xasprintf(NEW_DIRECTORY "/%s", name);
        struct stat st;
        int r;

        if (stat(from, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        r = file_read(from, FILE_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return file_write(to, text, 0600);
}

/* The files directly in it; it may be absent. */
static int copy_directory(const char *name) {
        _cleanup_(freep) char *from = xasprintf(CONFIG_DIRECTORY "/%s", name);
        _cleanup_(freep) char *to = xasprintf(NEW_DIRECTORY "/%s", name);
        DIR *directory = opendir(from);
        struct dirent *entry;
        int r;

        if (!directory)
                return errno == ENOENT ? 0 : -errno;
        r = make_dirs(to, 0700);
        while (r >= 0 && (errno = 0, entry = readdir(directory))) {
                _cleanup_(freep) char *file = xasprintf("%s/%s", name, entry->d_name);

                r = copy_file(file);
        }
        if (r >= 0 && errno != 0)
                r = -errno;
        closedir(directory);
        return r;
}

static int copy_all(void) {
        int r = remove_tree(NEW_DIRECTORY);

        if (r >= 0)
                r = make_dirs(NEW_DIRECTORY, 0700);
        for (const char *const *file = admitted_files; r >= 0 && *file; file++)
                r = copy_file(*file);
        for (const char *const *directory = admitted_directories; r >= 0 && *directory; directory++)
                r = copy_directory(*directory);
        return r;
}

/* --- what is admitted ----------------------------------------------------------------------------------- */

/* The power was cut between two renames. */
static void take_back_old(void) {
        if (access(ADMITTED_KEPT_DIRECTORY, F_OK) < 0 && errno == ENOENT)
                (void)rename(OLD_DIRECTORY, ADMITTED_KEPT_DIRECTORY);
        /* Of an admission that was finished: only a copy beside it may say that it is not. */
        (void)unlink(ADMITTED_KEPT_DIRECTORY BEGUN);
}

static bool is_unfinished(void) {
        return access(NEW_DIRECTORY BEGUN, F_OK) == 0 && admitted_state(NEW_DIRECTORY) == ADMITTED_WHOLE;
}

/* For as long as the host runs, or until it is done. */
static void want(void) {
        int r = file_write(APPLY_FILE, "", 0600);

        if (r < 0)
                log_warning("Cannot write " APPLY_FILE ": %s.", strerror(-r));
}

void admit_hear(void) {
        Act act = {0};
        int r = act_ask(&act);

        take_back_old();
        if (admitted_state(ADMITTED_KEPT_DIRECTORY) == ADMITTED_NONE && !is_unfinished())
                want();
        else if (r < 0)
                log_warning("Cannot ask systemd who starts this: %s. So nothing new is admitted; "
                            "\"lagoctl apply\" does.",
                            strerror(-r));
        else if (act_is_by_name(&act))
                want();
        if (r >= 0)
                r = act_note(&act);
        (void)unlink(KEEPER_FILE);
        (void)file_write(STARTED_FILE, "", 0600);
}

AdmitSource admit_source(void) {
        if (access(APPLY_FILE, F_OK) == 0)
                return ADMIT_CONFIGURED;
        return is_unfinished() ? ADMIT_UNFINISHED : ADMIT_KEPT;
}

/* Its readers have always found it there. */
static int link_kept(void) {
        static const char temporary[] = ADMITTED_DIRECTORY ".link";
        char target[sizeof(ADMITTED_KEPT_DIRECTORY)] = "";

        if (readlink(ADMITTED_DIRECTORY, target, sizeof(target) - 1) > 0 && streq(target, ADMITTED_KEPT_DIRECTORY))
                return 0;
        (void)unlink(temporary);
        if (symlink(ADMITTED_KEPT_DIRECTORY, temporary) < 0)
                return -errno;
        if (rename(temporary, ADMITTED_DIRECTORY) == 0)
                return 0;
        /* A directory, of an older version of ours: no link takes its place by itself. */
        if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST)
                return -errno;
        if (remove_tree(ADMITTED_DIRECTORY) < 0 || rename(temporary, ADMITTED_DIRECTORY) < 0)
                return -errno;
        return 0;
}

/* As the operator wrote it first, so that messages name the operator's files; then the copy. */
static int begin_configured(Config **ret) {
        int r = copy_all();

        if (r < 0) {
                log_error("Cannot copy " CONFIG_DIRECTORY " to " NEW_DIRECTORY ": %s.", strerror(-r));
                /* The copy failed, not the configuration: nothing is refused, and systemd starts the unit again. */
                return errno_status(r) ? errno_status(r) : EXIT_TEMPFAIL;
        }
        r = config_load_or_tell(CONFIG_DIRECTORY, ret);
        if (r == 0) {
                *ret = config_free(*ret);
                r = config_load_or_tell(NEW_DIRECTORY, ret);
        }
        return r;
}

/* Copies that nobody goes on with: of an admission that was refused, or cut off before the database was touched or behind its
 * last rename. They hold keys, so they do not lie about. */
static void remove_left_copies(void) {
        static const char *const copies[] = {NEW_DIRECTORY, OLD_DIRECTORY};

        for (size_t i = 0; i < ELEMENTSOF(copies); i++) {
                int r = remove_tree(copies[i]);

                if (r < 0)
                        log_warning("Cannot remove %s, which holds keys: %s; \"rm -r %s\" removes it.", copies[i], strerror(-r), copies[i]);
        }
}

static int begin_kept(Config **ret) {
        int r;

        if (admitted_state(ADMITTED_KEPT_DIRECTORY) != ADMITTED_WHOLE) {
                log_error(ADMITTED_KEPT_DIRECTORY " is not root's alone, or not whole, so what was admitted is not known; "
                                                  "\"lagoctl apply\" admits " CONFIG_DIRECTORY " anew.");
                return EXIT_CONFIG;
        }
        remove_left_copies();
        r = link_kept();
        if (r < 0) {
                log_error("Cannot make the link " ADMITTED_DIRECTORY ": %s.", strerror(-r));
                return EXIT_TEMPFAIL;
        }
        return config_load_or_tell(ADMITTED_DIRECTORY, ret);
}

int admit_begin(AdmitSource source, Config **ret) {
        switch (source) {
        case ADMIT_CONFIGURED:
                return begin_configured(ret);
        case ADMIT_UNFINISHED:
                log_notice("An admission was cut off while it migrated; going on with its copy of " CONFIG_DIRECTORY ".");
                return config_load_or_tell(NEW_DIRECTORY, ret);
        default:
                return begin_kept(ret);
        }
}

static int write_images(const Supervisor *s) {
        _cleanup_(freep) char *text = NULL, *front_port = xasprintf("%u", s->image.front.port);

        keyfile_add(&text, "API_IMAGE_ID", s->image.id);
        keyfile_add(&text, "FRONT_IMAGE_ID", s->image.front.id);
        keyfile_add(&text, "FRONT_IMAGE", s->image.front.name);
        keyfile_add(&text, "FRONT_PORT", front_port);
        keyfile_add(&text, "VERSION", s->image.version);
        return file_write(NEW_DIRECTORY "/" ADMITTED_IMAGES, text, 0600);
}

void admit_migrates(const Supervisor *s) {
        int r = s->run.source == ADMIT_KEPT ? 0 : write_images(s);

        if (r >= 0 && s->run.source != ADMIT_KEPT)
                r = file_write(NEW_DIRECTORY BEGUN, "", 0600);
        if (r < 0)
                log_warning("Cannot write " NEW_DIRECTORY ": %s. After a power cut \"lagoctl apply\" goes on with it.",
                            strerror(-r));
}

static int sync_directory(const char *path) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* At every moment one of them is there, whole: at a power cut, too. */
static int replace(void) {
        int r = remove_tree(OLD_DIRECTORY);

        if (r < 0)
                return r;
        if (renameat2(AT_FDCWD, NEW_DIRECTORY, AT_FDCWD, ADMITTED_KEPT_DIRECTORY, RENAME_EXCHANGE) < 0) {
                /* None was there, or the file system cannot do that: see take_back_old(). */
                if (rename(ADMITTED_KEPT_DIRECTORY, OLD_DIRECTORY) < 0 && errno != ENOENT)
                        return -errno;
                if (rename(NEW_DIRECTORY, ADMITTED_KEPT_DIRECTORY) < 0)
                        return -errno;
        }
        r = sync_directory(STATE_DIRECTORY);
        if (r >= 0)
                r = link_kept();
        (void)unlink(ADMITTED_KEPT_DIRECTORY BEGUN);
        (void)remove_tree(OLD_DIRECTORY);
        return r < 0 ? r : remove_tree(NEW_DIRECTORY);
}

/* What the operator has written since, and nobody has asked to apply. */
static void tell_edited(void) {
        _cleanup_(strv_freep) char **edited = admitted_edited(CONFIG_DIRECTORY, ADMITTED_KEPT_DIRECTORY);
        _cleanup_(freep) char *list = edited ? strv_join(edited, ", ") : NULL;

        if (list)
                log_warning("Edited in " CONFIG_DIRECTORY " and not applied: %s. Lago goes on with what was admitted; "
                            "\"lagoctl apply\" applies it.",
                            list);
}

int admit_finish(const Supervisor *s) {
        int r;

        if (s->run.source == ADMIT_KEPT) {
                tell_edited();
                return 0;
        }
        r = write_images(s);
        if (r >= 0)
                r = replace();
        if (r >= 0)
                (void)unlink(APPLY_FILE);
        return r;
}

/* Where the front listens, as its image says. */
static uint16_t front_port(const char *images) {
        _cleanup_(freep) char *text = keyfile_get(images, "FRONT_PORT");
        uint64_t port = 0;

        return text && parse_uint(text, UINT16_MAX, &port) >= 0 ? (uint16_t)port : 0;
}

/* Of a release that was tagged for the API alone it is another one's; an older version of ours did not write it. */
static void take_front_reference(Supervisor *s, const char *images) {
        _cleanup_(freep) char *reference = keyfile_get(images, "FRONT_IMAGE");

        if (s->member.kind == MEMBER_FRONT && reference)
                free_and_strdup(&s->image.reference, reference);
}

int admit_images(Supervisor *s) {
        _cleanup_(freep) char *text = NULL;
        int r = file_read(ADMITTED_DIRECTORY "/images", FILE_MAX, &text, NULL);

        if (r < 0)
                return r;
        free(s->image.id);
        s->image.id = keyfile_get(text, s->member.kind == MEMBER_FRONT ? "FRONT_IMAGE_ID" : "API_IMAGE_ID");
        free(s->image.version);
        s->image.version = keyfile_get(text, "VERSION");
        s->image.port = stack_port(s->member.kind, front_port(text));
        take_front_reference(s, text);
        return s->image.id ? 0 : -ENODATA;
}
