/* SPDX-License-Identifier: MIT */
#include "config/admitted.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/util.h"
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FILE_MAX (1024 * 1024)

const char *const admitted_files[] = {"lago.conf", "lago.env", "secrets.env", NULL};
const char *const admitted_directories[] = {"lago.conf.d", "env.d", NULL};

AdmittedState admitted_state(const char *path) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_(freep) char *images = xasprintf("%s/" ADMITTED_IMAGES, path), *text = NULL, *id = NULL;

        if (fd < 0)
                return errno == ENOENT ? ADMITTED_NONE : ADMITTED_BAD;
        if (!directory_is_ours(fd) || file_read(images, FILE_MAX, &text, NULL) < 0)
                return ADMITTED_BAD;
        id = keyfile_get(text, "API_IMAGE_ID");
        return id ? ADMITTED_WHOLE : ADMITTED_BAD;
}

const char *admitted_boot_directory(void) {
        bool boots = access(STARTED_FILE, F_OK) < 0 && access(APPLY_FILE, F_OK) < 0;

        return boots && admitted_state(ADMITTED_KEPT_DIRECTORY) == ADMITTED_WHOLE ? ADMITTED_KEPT_DIRECTORY
                                                                                  : CONFIG_DIRECTORY;
}

/* One that is not there is as good as another that is not there. */
static bool is_same(const char *a, const char *b) {
        _cleanup_(freep) char *left = NULL, *right = NULL;
        size_t n_left = 0, n_right = 0;
        int r = file_read(a, FILE_MAX, &left, &n_left), q = file_read(b, FILE_MAX, &right, &n_right);
        bool same = r == q && (r < 0 || (n_left == n_right && memcmp(left, right, n_left) == 0));

        if (left)
                explicit_bzero(left, n_left);
        if (right)
                explicit_bzero(right, n_right);
        return same;
}

static void compare(char ***list, const char *etc, const char *admitted, const char *name) {
        _cleanup_(freep) char *a = xasprintf("%s/%s", etc, name), *b = xasprintf("%s/%s", admitted, name);

        if (!is_same(a, b) && !strv_contains(*list, name))
                strv_add(list, name);
}

/* Of the files that stand in the directory @name of @where. */
static void compare_directory(char ***list, const char *etc, const char *admitted, const char *name, const char *where) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", where, name);
        DIR *directory = opendir(path);
        struct dirent *entry;

        while (directory && (entry = readdir(directory))) {
                _cleanup_(freep) char *file = xasprintf("%s/%s", name, entry->d_name);

                if (entry->d_name[0] != '.')
                        compare(list, etc, admitted, file);
        }
        if (directory)
                (void)closedir(directory);
}

char **admitted_edited(const char *etc, const char *admitted) {
        char **list = NULL;

        for (const char *const *file = admitted_files; *file; file++)
                compare(&list, etc, admitted, *file);
        for (const char *const *directory = admitted_directories; *directory; directory++) {
                compare_directory(&list, etc, admitted, *directory, etc);
                compare_directory(&list, etc, admitted, *directory, admitted);
        }
        return list;
}
