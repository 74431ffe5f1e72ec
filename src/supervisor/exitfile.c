/* SPDX-License-Identifier: MIT */
#include "supervisor/exitfile.h"

#include "base/file.h"
#include "base/util.h"
#include "engine/engine.h"

#include <sys/inotify.h>

#define STATUS_BYTES       16
#define COMMAND_LINE_BYTES (64 * 1024)

void exitfile_done(ExitFile *f) {
        sd_event_source_disable_unref(f->source);
        free(f->path);
        *f = (ExitFile){0};
}

/* Half a number is none, and an empty file is one that is being written. */
static void read_status(ExitFile *f) {
        _cleanup_(freep) char *text = NULL;
        uint64_t status = 0;
        ExitFile told = *f;

        if (file_read(f->path, STATUS_BYTES, &text, NULL) < 0 || parse_uint(strip(text), 255, &status) < 0)
                return;
        exitfile_done(f);
        told.told(told.userdata, (int)status);
}

static int on_written(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        ExitFile *f = userdata;

        (void)source;
        if (event->len > 0 && streq(event->name, strrchr(f->path, '/') + 1))
                read_status(f);
        return 0;
}

static char *path_of(pid_t monitor) {
        _cleanup_(freep) char *file = xasprintf("/proc/%d/cmdline", (int)monitor), *words = NULL;
        size_t size = 0;

        return monitor > 0 && file_read(file, COMMAND_LINE_BYTES, &words, &size) >= 0 ? engine_exit_file(words, size) : NULL;
}

int exitfile_watch(ExitFile *f, sd_event *event, pid_t monitor, void (*told)(void *userdata, int exit_status), void *userdata) {
        _cleanup_(freep) char *directory = NULL;
        int r;

        exitfile_done(f);
        f->path = path_of(monitor);
        if (!f->path)
                return -ENOENT;
        f->told = told;
        f->userdata = userdata;
        directory = xstrndup(f->path, (size_t)(strrchr(f->path, '/') - f->path));
        r = sd_event_add_inotify(event, &f->source, directory, IN_MOVED_TO | IN_CLOSE_WRITE, on_written, f);
        if (r < 0) {
                exitfile_done(f);
                return r;
        }
        read_status(f);
        return 0;
}
