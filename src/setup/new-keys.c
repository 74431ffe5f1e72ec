/* SPDX-License-Identifier: MIT */
/*
 * Keys for an external database are made without a look into it: lago-setup speaks to no network. That they are new is noted
 * before they are made, and lago-migrate, which sees the database some seconds later, takes them only for an empty one.
 */
#include "setup/setup.h"

#include "base/file.h"
#include "base/log.h"
#include "stack/stack.h"
#include "stack/unfinished.h"

#define FINGERPRINTS_MAX 4096

StepResult new_keys_note(const char *note, const Config *config) {
        _cleanup_(freep) char *database = stack_database_identity(config);
        int r = make_dirs(STATE_DIRECTORY, 0755);

        if (r >= 0)
                r = unfinished_note(note, database);
        return r < 0 ? setup_later(MESSAGE_KEYS, "Cannot write %s: %s", note, strerror(-r)) : STEP_DONE;
}

int new_keys_judge(const char *note, const char *fingerprints, const Config *config) {
        _cleanup_(freep) char *database = stack_database_identity(config), *text = NULL;
        _cleanup_(strv_freep) char **changed = NULL;
        UnfinishedState state = unfinished_state(note, database);
        int r;

        if (state == UNFINISHED_UNREAD)
                return -errno;
        if (state == UNFINISHED_NO)
                return 0;
        r = file_read(fingerprints, FINGERPRINTS_MAX, &text, NULL);
        changed = r < 0 ? NULL : fingerprints_changed(config, text);
        if (r == -ENOENT || changed)
                /* Others were put in their place, by somebody who has them. */
                new_keys_forget(note, config);
        return 1;
}

void new_keys_forget(const char *note, const Config *config) {
        _cleanup_(freep) char *database = stack_database_identity(config);

        /* Where it stays, lago-migrate refuses a database that is not empty, and names the note. */
        (void)unfinished_over(note, database);
}
