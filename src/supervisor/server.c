/* SPDX-License-Identifier: MIT */
#include "supervisor/server.h"

#include "base/file.h"
#include "base/time.h"

#include <sys/stat.h>

#define CLIENT_TIMEOUT_USEC (120 * USEC_PER_SEC)
#define GATE_DENIED         21

bool server_refuses_password(Supervisor *s) {
        const EnvPair *pair = env_pair(s->config->env, "POSTGRES_PASSWORD");
        _cleanup_(freep) char *data = xasprintf("/proc/%d/root/data/postgres/PG_VERSION", (int)s->container.init);
        struct stat made, written;

        if (s->gate.status != GATE_DENIED || !strstr(s->gate.sentence, "password") || !pair || !pair->file ||
            s->container.init <= 0 || stat(data, &made) < 0 || stat(pair->file, &written) < 0)
                return false;
        /* An older file is not to blame: somebody changed it in the server, and may change it back. */
        if (written.st_mtim.tv_sec < made.st_mtim.tv_sec)
                return false;
        supervisor_never(s, EXIT_KEYS, MESSAGE_KEYS,
                         "Refused: POSTGRES_PASSWORD in %s is not the one the database was made with", pair->file);
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
        _cleanup_(freep) char *path = xasprintf("%s/PG_VERSION", directory), *text = NULL;
        const char *major = s->server_major;

        s->job = NULL;
        if (result->signaled || result->status != 0 || file_read(path, 64, &text, NULL) < 0 || isempty(major) ||
            streq(strip(text), major)) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        supervisor_never(s, EXIT_SERVER, NULL,
                         "Refused: the data is of PostgreSQL %.8s, the image has %.8s; see database of [images]",
                         strip(text), major);
}

static void on_environment(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->job = NULL;
        free(s->server_major);
        s->server_major = major_of_image(result->output);
        supervisor_job(s, s->engine->volume_path(s->config->database_volume),
                       &(JobSpec){.directory_fd = -EBADF, .timeout_usec = CLIENT_TIMEOUT_USEC, .done = on_volume});
}

void server_check_major(Supervisor *s) {
        supervisor_job(s, s->engine->image_environment(s->image),
                       &(JobSpec){.directory_fd = -EBADF, .timeout_usec = CLIENT_TIMEOUT_USEC, .done = on_environment});
}
