/* SPDX-License-Identifier: MIT */
#include "supervisor/admit.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "supervisor/supervisor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_DIRECTORY ADMITTED_NEW_DIRECTORY
#define OLD_DIRECTORY ADMITTED_DIRECTORY ".old"
#define FILE_MAX      (1024 * 1024)

static int copy_file(const char *from, const char *to) {
        _cleanup_(freep) char *text = NULL;
        int r = file_read(from, FILE_MAX, &text, NULL);

        return r < 0 ? r : file_write(to, text, 0600);
}

/* Files directly in @name, which may be absent. */
static int copy_directory(const char *name) {
        _cleanup_(freep) char *from = xasprintf(CONFIG_DIRECTORY "/%s", name);
        _cleanup_(freep) char *to = xasprintf(NEW_DIRECTORY "/%s", name);
        DIR *directory = opendir(from);
        struct dirent *entry;
        int r;

        if (!directory)
                return errno == ENOENT ? 0 : -errno;
        r = make_dirs(to, 0700);
        while (r >= 0 && (entry = readdir(directory))) {
                _cleanup_(freep) char *a = xasprintf("%s/%s", from, entry->d_name);
                _cleanup_(freep) char *b = xasprintf("%s/%s", to, entry->d_name);
                struct stat st;

                if (stat(a, &st) >= 0 && S_ISREG(st.st_mode))
                        r = copy_file(a, b);
        }
        closedir(directory);
        return r;
}

static int copy_all(void) {
        static const char *const files[] = {"lago.conf", "lago.env", "secrets.env"};
        static const char *const directories[] = {"lago.conf.d", "env.d"};
        int r = remove_tree(NEW_DIRECTORY);

        if (r >= 0)
                r = make_dirs(NEW_DIRECTORY, 0700);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(files); i++) {
                _cleanup_(freep) char *from = xasprintf(CONFIG_DIRECTORY "/%s", files[i]);
                _cleanup_(freep) char *to = xasprintf(NEW_DIRECTORY "/%s", files[i]);

                r = copy_file(from, to);
                if (r == -ENOENT)
                        r = 0;
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++)
                r = copy_directory(directories[i]);
        return r;
}

int admit_begin(Config **ret) {
        int r = copy_all();

        if (r < 0) {
                log_error("Cannot copy " CONFIG_DIRECTORY " to " NEW_DIRECTORY ": %s.", strerror(-r));
                return EXIT_OSERR;
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
        _cleanup_(freep) char *text = NULL;
        int r;

        keyfile_add(&text, "API_IMAGE_ID", s->image_id);
        keyfile_add(&text, "FRONT_IMAGE_ID", s->front_id);
        keyfile_add(&text, "VERSION", s->version);
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

int admit_images(Supervisor *s) {
        _cleanup_(freep) char *text = NULL;
        int r = file_read(ADMITTED_DIRECTORY "/images", FILE_MAX, &text, NULL);

        if (r < 0)
                return r;
        free(s->image_id);
        s->image_id = keyfile_get(text, s->member.kind == MEMBER_FRONT ? "FRONT_IMAGE_ID" : "API_IMAGE_ID");
        free(s->version);
        s->version = keyfile_get(text, "VERSION");
        return s->image_id ? 0 : -ENODATA;
}
