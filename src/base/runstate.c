/* SPDX-License-Identifier: MIT */
#include "base/runstate.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/util.h"

#define RUN_FILE_MAX 16384

int runstate_prepare(void) {
        return make_dirs(RUN_DIRECTORY, 0755);
}

int runstate_write(const char *member, const char *text) {
        _cleanup_(freep) char *path = xasprintf(RUN_DIRECTORY "/%s", member);
        int r = runstate_prepare();

        return r < 0 ? r : file_write(path, text, 0644);
}

char *runstate_read(const char *member) {
        _cleanup_(freep) char *path = xasprintf(RUN_DIRECTORY "/%s", member);
        char *text = NULL;

        return file_read(path, RUN_FILE_MAX, &text, NULL) >= 0 ? text : NULL;
}

char *runstate_address(const char *member) {
        _cleanup_(freep) char *text = runstate_read(member), *state = NULL;

        state = text ? keyfile_get(text, "STATE") : NULL;
        return state && streq(state, RUN_STATE_SERVING) ? keyfile_get(text, "ADDRESS") : NULL;
}
