/* SPDX-License-Identifier: MIT */
#include "setup/setup.h"

#include "base/keyfile.h"
#include "base/runstate.h"

#include <dirent.h>

bool setup_runs(void) {
        DIR *directory = opendir(RUN_DIRECTORY);
        bool found = false;
        struct dirent *entry;

        while (directory && !found && (entry = readdir(directory))) {
                _cleanup_(freep) char *state = entry->d_name[0] == '.' ? NULL : runstate_read(entry->d_name);
                _cleanup_(freep) char *container = state ? keyfile_get(state, "CONTAINER") : NULL;

                found = container != NULL;
        }
        if (directory)
                closedir(directory);
        return found;
}
