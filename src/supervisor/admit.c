/* SPDX-License-Identifier: MIT */
#include "supervisor/admit.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/passing.h"
#include "supervisor/supervisor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_DIRECTORY ADMITTED_NEW_DIRECTORY
#define OLD_DIRECTORY ADMITTED_DIRECTORY ".old"
#define FILE_MAX      (1024 * 1024)

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
        static const char *const files[] = {"lago.conf", "lago.env", "secrets.env"};
        static const char *const directories[] = {"lago.conf.d", "env.d"};
        int r = remove_tree(NEW_DIRECTORY);

        if (r >= 0)
                r = make_dirs(NEW_DIRECTORY, 0700);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(files); i++)
                r = copy_file(files[i]);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++)
                r = copy_directory(directories[i]);
        return r;
}

int admit_begin(Config **ret) {
        int r = copy_all();

        if (r < 0) {
                log_error("Cannot copy " CONFIG_DIRECTORY " to " NEW_DIRECTORY ": %s.", strerror(-r));
                /* The copy failed, not the configuration: nothing is refused, and systemd starts the unit again. */
                return errno_status(r) ? errno_status(r) : EXIT_TEMPFAIL;
        }
        /* First as the operator wrote it, so that messages name the operator's files. */
        r = config_load_or_tell(CONFIG_DIRECTORY, ret);
        if (r == 0) {
                *ret = config_free(*ret);
                r = config_load_or_tell(NEW_DIRECTORY, ret);
        }
        return r;
}

int admit_finish(const Supervisor *s) {
        _cleanup_(freep) char *text = NULL, *front_port = xasprintf("%u", s->image.lookup.front_port);
        int r;

        keyfile_add(&text, "API_IMAGE_ID", s->image.id);
        keyfile_add(&text, "FRONT_IMAGE_ID", s->image.front_id);
        keyfile_add(&text, "FRONT_PORT", front_port);
        keyfile_add(&text, "VERSION", s->image.version);
        r = file_write(NEW_DIRECTORY "/images", text, 0600);
        if (r >= 0)
                r = remove_tree(OLD_DIRECTORY);
        if (r < 0)
                return r;
        /* Nobody reads it meanwhile: its readers are ordered behind this unit. */
        if (rename(ADMITTED_DIRECTORY, OLD_DIRECTORY) < 0 && errno != ENOENT)
                return -errno;
        if (rename(NEW_DIRECTORY, ADMITTED_DIRECTORY) < 0)
                return -errno;
        return remove_tree(OLD_DIRECTORY);
}

/* Where the front listens, as its image says. */
static uint16_t front_port(const char *images) {
        _cleanup_(freep) char *text = keyfile_get(images, "FRONT_PORT");
        uint64_t port = 0;

        return text && parse_uint(text, UINT16_MAX, &port) >= 0 ? (uint16_t)port : 0;
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
        return s->image.id ? 0 : -ENODATA;
}
