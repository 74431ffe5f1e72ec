/* SPDX-License-Identifier: MIT */
/* What an image of Lago's brings along: read from the cache, or found by a look at its files, once for each image. */
#include "supervisor/image-files.h"

#include "base/time.h"
#include "schema/manifest.h"
#include "supervisor/damage.h"
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *manifest_path(const Supervisor *s, const char *suffix) {
        return xasprintf(CACHE_DIRECTORY "/manifest-%s%s", s->image.id, suffix);
}

/* A name of this member's own: two that begin with an empty cache look into the same image. */
static char *manifest_new_path(const Supervisor *s) {
        _cleanup_(freep) char *suffix = xasprintf(".%s.new", s->name);

        return manifest_path(s, suffix);
}

static bool line_is_last(const char *line) {
        return streq(line, "end\n");
}

/* The value behind "@word " when the line starts so, its line break cut off. */
static char *rest_of(char *line, const char *word) {
        const char *rest = startswith(line, word);

        line[strcspn(line, "\n")] = '\0';
        return rest && *rest == ' ' ? line + (rest - line) + 1 : NULL;
}

/* Whether @line, which is the @n-th, says that there are so many above it. */
static bool line_counts(char *line, uint64_t n) {
        const char *value = rest_of(line, "lines");
        uint64_t lines = 0;

        return value && parse_uint(value, UINT32_MAX, &lines) >= 0 && lines == n;
}

/* Where getline() found no memory, ferror() says nothing of it: what does not end at the file's end ended with an error. */

/* Errors: -errno; -EBADMSG for a file that is not whole, or of an older lago-gate. */
static int read_version(Supervisor *s) {
        _cleanup_(freep) char *line = NULL;
        bool ours = false, counted = false, whole = false;
        FILE *f = fopen(s->image.manifest, "re");
        size_t size = 0;
        int r;

        if (!f)
                return -errno;
        for (uint64_t n = 0; getline(&line, &size, f) >= 0; n++) {
                const char *release;

                whole = ours && counted && line_is_last(line);
                ours = ours || (n == 0 && streq(line, MANIFEST_HEADER "\n"));
                counted = line_counts(line, n);
                release = rest_of(line, "release");
                if (release)
                        free_and_strdup(&s->image.version, release);
        }
        r = !feof(f) ? -errno : whole ? 0
                                      : -EBADMSG;
        fclose(f);
        return r;
}

/* *@ret stays NULL when the image has no such script. Errors: -errno. */
static int read_script(const Supervisor *s, const char *script, char **ret) {
        _cleanup_(freep) char *word = xasprintf("script %s", script), *line = NULL;
        FILE *f = fopen(s->image.manifest, "re");
        size_t size = 0;
        int r;

        if (!f)
                return -errno;
        while (!*ret && getline(&line, &size, f) >= 0) {
                const char *command = rest_of(line, word);

                if (command)
                        *ret = xstrdup(command);
        }
        r = *ret || feof(f) ? 0 : -errno;
        fclose(f);
        return r;
}

int image_script(const Supervisor *s, char **ret_script, char **ret_command) {
        _cleanup_(strv_freep) char **scripts = stack_scripts(&s->member);
        _cleanup_(freep) char *command = NULL;

        STRV_FOREACH(script, scripts) {
                int r = read_script(s, *script, &command);

                if (r < 0)
                        return r;
                if (command) {
                        *ret_script = xstrdup(*script);
                        *ret_command = TAKE_PTR(command);
                        return 0;
                }
        }
        return 0;
}

static void cannot_read(Supervisor *s, int r) {
        supervisor_later(s, "Cannot read the manifest of %s: %s", s->image.reference, strerror(-r));
}

/* A member whose script the image lacks can never run: a pool of a later release, most often. */
static void check_script(Supervisor *s) {
        _cleanup_(strv_freep) char **scripts = stack_scripts(&s->member);
        _cleanup_(freep) char *script = NULL, *command = NULL, *pool = member_pool(&s->member);
        int r = image_script(s, &script, &command);

        if (r < 0)
                cannot_read(s, r);
        else if (script || !scripts)
                supervisor_feed(s, LIFE_ON_OK);
        else
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s has no %s; take \"%s\" out of pools in lago.conf",
                                 s->image.version ? s->image.version : s->image.reference, scripts[0],
                                 *pool ? pool : s->name);
}

/* The container whose files are looked at; it is never started. */
static char *files_container(const Supervisor *s) {
        return xasprintf("%s-files", s->container_name);
}

/* Whoever finds a manifest looks at no container, so it gets its name when the container is gone. */
static void on_files_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *temporary = manifest_new_path(s);

        (void)result;
        /* Where lago-gate failed there is none. */
        if (rename(temporary, s->image.manifest) < 0 && errno != ENOENT)
                log_warning("Cannot rename %s: %s", temporary, strerror(errno));
        if (read_version(s) >= 0)
                check_script(s);
        else
                supervisor_later(s, "Cannot read the manifest of %s; see the journal", s->image.reference);
}

static void on_useless_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        (void)result;
        supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s holds no migrations of Lago; see [images] in lago.conf",
                         s->image.reference);
}

static void on_manifest(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *temporary = manifest_new_path(s), *name = files_container(s);
        bool useless = !result->signaled && result->status == 65;

        if (result->signaled || result->status != 0) {
                log_error("lago-gate cannot read the migrations of %s: %s", s->image.reference, result->errors);
                (void)unlink(temporary);
        }
        supervisor_client(s, s->engine->remove(name), useless ? on_useless_removed : on_files_removed);
}

static void on_mounted(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *path = xstrndup(result->output, strcspn(result->output, "\n"));
        _cleanup_(freep) char *temporary = manifest_new_path(s), *line = engine_last_line(result->errors);
        _cleanup_(closep) int root = -EBADF, out = -EBADF;
        char **argv = NULL;

        if (result->signaled || result->status != 0) {
                if (engine_failure(result->errors) == ENGINE_IMAGE_DAMAGED)
                        damage_repair(s, s->image.id, line);
                else
                        supervisor_later(s, "Cannot look into %s: %.60s", s->image.reference, line);
                return;
        }
        root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        /* lago-gate reads it as a user of its own; there is no secret in it. */
        if (root < 0 || out < 0 || fchmod(out, 0644) < 0) {
                supervisor_later(s, "Cannot write %s: %s", temporary, strerror(errno));
                return;
        }
        strv_add(&argv, "lago-gate");
        strv_add(&argv, "manifest");
        strv_add(&argv, "--root=.");
        supervisor_job(s, argv,
                       &(JobSpec){.directory_fd = root, .output_fd = out, .unprivileged = true, .timeout_usec = SUPERVISOR_CLIENT_USEC, .done = on_manifest});
}

static void on_files_created(void *userdata, const JobResult *result);

static void create_files(Supervisor *s) {
        _cleanup_(freep) char *name = files_container(s);

        supervisor_client(s, s->engine->create_for_files(s->image.id, name, s->name), on_files_created);
}

static void on_old_files_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (!result->signaled && result->status == 0)
                create_files(s);
        else
                supervisor_later(s, "A left-over container %s-files cannot be removed", s->container_name);
}

static void on_files_created(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *name = files_container(s), *line = engine_last_line(result->errors);

        if (!result->signaled && result->status == 0)
                supervisor_client(s, s->engine->mount(name), on_mounted);
        else if (engine_failure(result->errors) == ENGINE_NAME_TAKEN)
                /* Of a supervisor that died at this very place. */
                supervisor_client(s, s->engine->remove(name), on_old_files_removed);
        else if (engine_failure(result->errors) == ENGINE_IMAGE_ABSENT) {
                s->image.pull_wanted = true;
                supervisor_later(s, "%s is not on this host", s->image.reference);
        } else if (engine_failure(result->errors) == ENGINE_IMAGE_DAMAGED)
                damage_repair(s, s->image.id, line);
        else
                supervisor_later(s, "Cannot look into %s: %.60s", s->image.reference, line);
}

void image_files_read(Supervisor *s) {
        int r;

        free(s->image.manifest);
        s->image.manifest = manifest_path(s, "");
        r = read_version(s);
        if (r >= 0)
                check_script(s);
        else if (r != -ENOENT && r != -EBADMSG)
                cannot_read(s, r);
        else {
                /* A damaged one, or of an older lago-gate: nobody else is to find it. */
                (void)unlink(s->image.manifest);
                supervisor_status(s, "Reading the migrations of %s", s->image.reference);
                create_files(s);
        }
}
