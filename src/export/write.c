/* SPDX-License-Identifier: MIT */
/* An export in its folder, and what was left there of the one before. */
#include "export/export.h"

#include "base/file.h"
#include "base/util.h"

#include <fcntl.h>

#define LIST_MAX (64 * 1024)

static int write_one(const ExportFile *file, const char *directory) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, file->name), *folder = NULL;
        int r;

        folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
        r = make_dirs(folder, file->secret ? 0700 : 0755);
        return r < 0 ? r : file_write(path, file->text, file->secret ? 0600 : 0644);
}

static char *list_path(const char *directory, ExportKind kind) {
        return xasprintf("%s/.exported-%s", directory, export_kind_name(kind));
}

/* The names in the list of that kind; none where there is no list. */
static char **read_list(const char *directory, ExportKind kind) {
        _cleanup_(freep) char *path = list_path(directory, kind), *text = NULL;

        return file_read(path, LIST_MAX, &text, NULL) < 0 ? NULL : strv_split(text, "\n");
}

static char **names_of(const Export *export) {
        char **names = NULL;

        for (size_t i = 0; i < export->n; i++)
                strv_add(&names, export->files[i].name);
        return names;
}

/* Two kinds in one folder share the script and some secrets. */
static bool is_wanted(const Export *export, const char *directory, char *const *names, const char *name) {
        bool wanted = strv_contains(names, name);

        for (ExportKind kind = 0; !wanted && kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(strv_freep) char **others = kind == export->kind ? NULL : read_list(directory, kind);

                wanted = strv_contains(others, name);
        }
        return wanted;
}

/* The list may be anybody's where others can write: what it names is removed below the folder alone. */
static int remove_old(const Export *export, const char *directory, char *const *names, char ***ret_removed, char **reterr) {
        _cleanup_(strv_freep) char **old = read_list(directory, export->kind);
        _cleanup_(closep) int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        STRV_FOREACH(name, old) {
                int r;

                if (is_wanted(export, directory, names, *name))
                        continue;
                r = file_unlink_in(root, *name);
                if (r >= 0)
                        strv_add(ret_removed, *name);
                else if (r != -ENOENT) {
                        *reterr = xasprintf("cannot remove %s/%s: %s", directory, *name, strerror(-r));
                        return r;
                }
        }
        return 0;
}

static int write_list(const Export *export, const char *directory, char *const *names, char **reterr) {
        _cleanup_(freep) char *path = list_path(directory, export->kind), *joined = strv_join(names, "\n"), *text = xasprintf("%s\n", joined);
        int r = file_write(path, text, 0644);

        if (r < 0)
                *reterr = xasprintf("cannot write %s: %s", path, strerror(-r));
        return r;
}

int export_write(const Export *export, const char *directory, char ***ret_removed, char **reterr) {
        _cleanup_(strv_freep) char **names = names_of(export);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < export->n; i++) {
                r = write_one(&export->files[i], directory);
                if (r < 0)
                        *reterr = xasprintf("cannot write %s/%s: %s", directory, export->files[i].name, strerror(-r));
        }
        if (r >= 0)
                r = remove_old(export, directory, names, ret_removed, reterr);
        return r < 0 ? r : write_list(export, directory, names, reterr);
}
