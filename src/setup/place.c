/* SPDX-License-Identifier: MIT */
/*
 * An empty place is not a new beginning. A disk that is not mounted, or volumes that somebody pruned, look like a host that
 * never ran Lago: a new database would be made, its sign-up open to the first visitor, and its clock would bill nobody. What
 * this host had is noted, so it is missed before a key, a network or a volume is made.
 */
#include "setup/setup.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/passing.h"
#include "stack/stack.h"
#include "stack/unfinished.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_MAX (64 * 1024)

/* Whether the path can be found; what cannot be looked at now counts as not there, and is missed by nobody here. */
static bool is_there(const char *directory, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);

        return access(path, F_OK) == 0;
}

/* --- what this host had ----------------------------------------------------------------------------------- */

/* The database was made here to its end: a note of one that never was ready would stand beside its fingerprints. */
static int had_database(const Config *config, const PlaceNotes *notes, bool unfinished) {
        _cleanup_(freep) char *text = NULL, *known = NULL, *now = stack_database_identity(config);
        int r = config->database_external ? -ENOENT : file_read(notes->fingerprints, NOTE_MAX, &text, NULL);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        known = keyfile_get(text, "DATABASE");
        return known && streq(known, now) && !unfinished;
}

/* The engine may still know a volume whose directory went with a disk. */
static bool is_gone(const Inventory *inventory, const char *volume) {
        const char *directory = inventory_mountpoint(inventory, volume);

        return !directory || (directory[0] == '/' && access(directory, F_OK) < 0 && errno == ENOENT);
}

/*
 * Whether the bundled Redis has kept its jobs in its volume, and finds none there: they wait somewhere else, or are lost. What
 * holds none because none was ever written has no note. Of a disk that only the engine mounts there is nothing to be seen.
 */
static int misses_jobs(const Config *config, const Inventory *inventory, const PlaceNotes *notes) {
        const char *directory = inventory_mountpoint(inventory, config->redis_volume);
        _cleanup_(freep) char *noted = NULL;
        int r = config->redis_external || !directory || directory[0] != '/' ? -ENOENT
                                                                            : file_read(notes->jobs, NOTE_MAX, &noted, NULL);

        if (r < 0 || !streq(noted, config->redis_volume))
                return r == -ENOENT || r >= 0 ? 0 : r;
        r = redis_has_data(directory);
        return r < 0 ? r : !r;
}

/* The first volume that this host had and that is not there, or is empty where it held the database; NULL: none. */
static char *missed_volume(const Config *config, const Inventory *inventory, const PlaceNotes *notes, int *ret_error) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(strv_freep) char **wanted = setup_volumes(config), **had = NULL;
        UnfinishedState state = unfinished_state(notes->unfinished, config->database_volume);
        bool unfinished = state != UNFINISHED_NO;
        int r = state == UNFINISHED_UNREAD ? -errno : inventory_volume_has_data(inventory, config->database_volume);

        if (r == 0 || (r > 0 && is_gone(inventory, config->database_volume)))
                r = had_database(config, notes, unfinished);
        else if (r > 0)
                r = 0;
        if (r > 0)
                return xstrdup(config->database_volume);
        *ret_error = r;
        r = file_read(notes->volumes, NOTE_MAX, &text, NULL);
        if (r < 0 && r != -ENOENT)
                *ret_error = r;
        had = text ? strv_split(text, "\n") : NULL;
        r = misses_jobs(config, inventory, notes);
        if (r > 0)
                return xstrdup(config->redis_volume);
        if (r < 0)
                *ret_error = r;
        STRV_FOREACH(name, had)
                if (strv_contains(wanted, *name) && is_gone(inventory, *name) &&
                    !(unfinished && streq(*name, config->database_volume)))
                        return xstrdup(*name);
        return NULL;
}

/* What knows that @volume held something. */
static char *notes_of(const Config *config, const char *volume, const PlaceNotes *notes) {
        const char *besides = streq(volume, config->database_volume) ? notes->fingerprints
                              : streq(volume, config->redis_volume)  ? notes->jobs
                                                                     : NULL;

        return besides ? xasprintf("%s %s", notes->volumes, besides) : xstrdup(notes->volumes);
}

static char *objection_missed(const Config *config, const Inventory *inventory, const char *volume, const PlaceNotes *notes) {
        const char *place = is_gone(inventory, volume) ? NULL : inventory_mountpoint(inventory, volume);
        _cleanup_(freep) char *store = place ? NULL : inventory_store(inventory), *known = notes_of(config, volume, notes);
        bool jobs = place && streq(volume, config->redis_volume);

        return xasprintf("the volume %s, which this host had, is %s. If its disk is not mounted (findmnt --target %s), mount "
                         "it; if it was removed, restore a backup; and to begin anew without its %s: rm -f %s",
                         volume, place ? "empty" : "gone", place ? place : store, jobs ? "jobs" : "data", known);
}

/* --- what stands in the place ------------------------------------------------------------------------------- */

#define DEPTH_MAX 2 /* "15/main", "18/docker" */

/* A volume that leads to a folder; see inventory_parse(). */
#define BIND "podman volume create --opt type=none --opt o=bind --opt device=%s"

/* A directory below @directory that is PostgreSQL's, or NULL. */
static char *data_below(const char *directory, unsigned depth) {
        DIR *stream = opendir(directory);
        char *found = NULL;

        if (!stream)
                return NULL;
        for (struct dirent *entry; !found && (entry = readdir(stream));) {
                _cleanup_(freep) char *path = xasprintf("%s/%s", directory, entry->d_name);
                struct stat st;

                if (entry->d_name[0] == '.' || lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                        continue;
                found = is_there(path, "PG_VERSION") ? xstrdup(path)
                        : depth > 1                  ? data_below(path, depth - 1)
                                                     : NULL;
        }
        (void)closedir(stream);
        return found;
}

/* PostgreSQL makes a database in an empty directory alone, and one that is there must have its files at the top. */
static char *objection_content(const Config *config, const Inventory *inventory) {
        const char *directory = inventory_mountpoint(inventory, config->database_volume);
        _cleanup_(freep) char *below = NULL;

        if (config->database_external || isempty(directory) || is_there(directory, "PG_VERSION"))
                return NULL;
        below = data_below(directory, DEPTH_MAX);
        if (below)
                return xasprintf("the files of PostgreSQL are one folder deeper than the volume %s, in %s; run: " BIND
                                 " %s_folder, and write volume = %s_folder below [database] in lago.conf",
                                 config->database_volume, below, below, config->database_volume, config->database_volume);
        if (!is_there(directory, "lost+found"))
                return NULL;
        return xasprintf("the volume %s is itself the top of a disk (it holds lost+found), where PostgreSQL makes no database; "
                         "run: mkdir %s/lago && " BIND "/lago %s_folder, and write volume = %s_folder below [database] in "
                         "lago.conf",
                         config->database_volume, directory, directory, config->database_volume, config->database_volume);
}

/* --- both ------------------------------------------------------------------------------------------------------ */

char *place_objection(const Config *config, const Inventory *inventory, const PlaceNotes *notes, int *ret_error) {
        _cleanup_(freep) char *volume = NULL;

        *ret_error = 0;
        volume = missed_volume(config, inventory, notes, ret_error);
        return volume ? objection_missed(config, inventory, volume, notes) : objection_content(config, inventory);
}

static const PlaceNotes notes_here = {
        .volumes = VOLUMES_FILE, .fingerprints = FINGERPRINTS_FILE, .unfinished = UNFINISHED_FILE, .jobs = STACK_JOBS_NOTE};

StepResult setup_place(const Config *config, const Inventory *inventory) {
        int error;
        _cleanup_(freep) char *objection = place_objection(config, inventory, &notes_here, &error);

        if (!objection && error < 0)
                return setup_later(NULL, "Cannot see what this host had: %s", strerror(-error));
        /* A new one is made, in which nothing is until Redis serves again. */
        if (!objection && !config->redis_external && is_gone(inventory, config->redis_volume))
                (void)unlink(notes_here.jobs);
        if (!objection)
                return STEP_DONE;
        log_message(LOG_ERR, MESSAGE_CONFIG_REFUSED, "Refused: %s", objection);
        setup_refused("%.*s", (int)strcspn(objection, ".;"), objection);
        return STEP_CONFIG;
}

StepResult setup_note_volumes(const Config *config) {
        _cleanup_(strv_freep) char **wanted = setup_volumes(config), **had = NULL;
        _cleanup_(freep) char *text = NULL, *joined = NULL, *all = NULL;
        int r = file_read(VOLUMES_FILE, NOTE_MAX, &text, NULL);

        if (r < 0 && r != -ENOENT)
                return setup_later(NULL, "Cannot read " VOLUMES_FILE ": %s", strerror(-r));
        had = text ? strv_split(text, "\n") : NULL;
        STRV_FOREACH(name, wanted)
                if (!strv_contains(had, *name))
                        strv_add(&had, *name);
        joined = strv_join(had, "\n");
        all = xasprintf("%s\n", joined);
        if (!had || (text && streq(text, all)))
                return STEP_DONE;
        r = make_dirs(STATE_DIRECTORY, 0755);
        if (r >= 0)
                r = file_write(VOLUMES_FILE, all, 0644);
        return r < 0 ? setup_later(NULL, "Cannot write " VOLUMES_FILE ": %s", strerror(-r)) : STEP_DONE;
}
