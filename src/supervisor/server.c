/* SPDX-License-Identifier: MIT */
#include "supervisor/server.h"

#include "base/file.h"
#include "stack/unfinished.h"
#include "supervisor/leftover.h"
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The container's processes write there, and have no links of use to us. Errors: file_open_in()'s. */
static int open_below(const char *directory, const char *name) {
        _cleanup_(closep) int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

        return root < 0 ? -errno : file_open_in(root, name, /* links= */ false);
}

bool server_refuses_password(Supervisor *s) {
        const EnvPair *pair = env_pair(s->config->env, "POSTGRES_PASSWORD");
        _cleanup_(freep) char *root = xasprintf("/proc/%d/root", (int)s->container.init);
        _cleanup_(closep) int data = -EBADF;
        struct stat made, written;

        if (s->gate.answer.status != GATE_DENIED || !strstr(s->gate.answer.sentence, "password") || !pair || !pair->file ||
            s->container.init <= 0 || stat(pair->file, &written) < 0)
                return false;
        data = open_below(root, "data/postgres/PG_VERSION");
        if (data < 0 || fstat(data, &made) < 0)
                return false;
        /* The file is older than the data: the password was changed in the server, and may be changed back there. */
        if (written.st_mtim.tv_sec < made.st_mtim.tv_sec)
                return false;
        supervisor_never(s, EXIT_KEYS, MESSAGE_KEYS,
                         "Refused: POSTGRES_PASSWORD in %s is not the one the database was made with", pair->file);
        return true;
}

/* --- room on the disk ----------------------------------------------------------------------------------- */

/* A server that ended before it answered is not started into the same full disk: one piece of its log is 16 MiB. */
#define ROOM_TO_START   (UINT64_C(16) << 20)
#define ROOM_TO_BE_MADE (UINT64_C(64) << 20)

static bool lacks_room(Supervisor *s, const char *directory, uint64_t wanted) {
        struct statvfs st;
        uint64_t left;

        if (statvfs(directory, &st) < 0)
                return false;
        left = (uint64_t)st.f_bavail * st.f_frsize;
        if (left >= wanted)
                return false;
        supervisor_later(s, "Waiting for PostgreSQL: no space left on device (%u MB for the volume %s)",
                         (unsigned)(left >> 20), s->config->database_volume);
        return true;
}

/* --- the major version ---------------------------------------------------------------------------------- */

/* "PG_MAJOR=15" of the image's environment; "" when it does not say. */
static char *major_of_image(const char *environment) {
        _cleanup_(strv_freep) char **lines = strv_split(environment, "\n");

        STRV_FOREACH(line, lines) {
                const char *value = startswith(*line, "PG_MAJOR=");

                if (value)
                        return xstrdup(value);
        }
        return xstrdup("");
}

static void on_volume(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *directory = xstrndup(result->output, strcspn(result->output, "\n"));
        _cleanup_(closep) int fd = -EBADF;
        _cleanup_(freep) char *text = NULL;
        const char *major = s->image.server_major;

        if (!result->signaled && result->status == 0)
                fd = open_below(directory, "PG_VERSION");
        if (fd < 0 || fd_read_all(fd, 64, &text, NULL) < 0 || isempty(major) || streq(strip(text), major)) {
                if (!lacks_room(s, directory, ROOM_TO_START))
                        supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        supervisor_never(s, EXIT_SERVER, NULL,
                         "Refused: the data is of PostgreSQL %.8s, the image has %.8s; see database of [images]",
                         strip(text), major);
}

static void on_environment(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        free(s->image.server_major);
        s->image.server_major = major_of_image(result->output);
        supervisor_client(s, s->engine->volume_path(s->config->database_volume), on_volume);
}

/* --- a data directory whose making was cut off: see stack/unfinished.h ----------------------------------- */

static void on_unfinished_volume(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *directory = xstrndup(result->output, strcspn(result->output, "\n"));
        _cleanup_(freep) char *doubt = NULL, *error = NULL;

        if (result->signaled || result->status != 0 || directory[0] != '/') {
                supervisor_later(s, "Cannot find the volume %s; see the journal", s->config->database_volume);
                return;
        }
        if (!unfinished_is_bare(directory, &doubt))
                log_warning("The database in the volume %s was never ready, but it is not empty (%s), so it is left as it is.",
                            s->config->database_volume, doubt);
        else {
                if (!directory_is_empty(directory))
                        log_notice("The making of the database in the volume %s was cut off before it was ever ready, and "
                                   "no table is in it: it is made again from the beginning.",
                                   s->config->database_volume);
                if (!unfinished_empty(directory, &error)) {
                        supervisor_later(s, "Cannot empty the volume %s: %.60s", s->config->database_volume, error);
                        return;
                }
                if (s->container.ended_unanswered && lacks_room(s, directory, ROOM_TO_BE_MADE))
                        return;
        }
        supervisor_feed(s, LIFE_ON_OK);
}

static void find_unfinished_volume(Supervisor *s) {
        supervisor_client(s, s->engine->volume_path(s->config->database_volume), on_unfinished_volume);
}

static void on_unfinished_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0)
                supervisor_later(s, "A left-over container %s cannot be removed", s->container_name);
        else
                find_unfinished_volume(s);
}

/* Nothing is taken from under a server that still runs. */
static void on_unfinished_owner(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        switch (leftover_owner(s, result)) {
        case LEFTOVER_UNKNOWN:
                supervisor_later(s, "Cannot look for a left-over container %s", s->container_name);
                return;
        case LEFTOVER_NONE:
                find_unfinished_volume(s);
                return;
        case LEFTOVER_OURS:
                supervisor_client(s, s->engine->remove(s->container_name), on_unfinished_removed);
                return;
        case LEFTOVER_STRANGER:
                /* It is somebody else's: CREATE refuses it. */
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
}

void server_prepare(Supervisor *s) {
        int r;

        switch (unfinished_state(UNFINISHED_FILE, s->config->database_volume)) {
        case UNFINISHED_BEGUN:
                supervisor_client(s, s->engine->owner(s->container_name), on_unfinished_owner);
                return;
        case UNFINISHED_NEW:
                r = unfinished_begun(UNFINISHED_FILE, s->config->database_volume);
                if (r < 0)
                        supervisor_later(s, "Cannot write " UNFINISHED_FILE ": %s", strerror(-r));
                else
                        supervisor_feed(s, LIFE_ON_OK);
                return;
        case UNFINISHED_UNREAD:
                supervisor_later(s, "Cannot read " UNFINISHED_FILE ": %s", strerror(errno));
                return;
        case UNFINISHED_NO:
                break;
        }
        if (s->container.ended_unanswered)
                supervisor_client(s, s->engine->image_environment(s->image.reference), on_environment);
        else
                supervisor_feed(s, LIFE_ON_OK);
}
