/* SPDX-License-Identifier: MIT */
/* The image a member runs, by id, and what is in it. */
#include "supervisor/image.h"

#include "base/time.h"
#include "schema/manifest.h"
#include "supervisor/admit.h"
#include "supervisor/damage.h"
#include "supervisor/server.h"
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void resolve(Supervisor *s, MemberKind of, const char *reference);
static void ask_image_id(Supervisor *s);
static void have_image(Supervisor *s);

/* --- pull ----------------------------------------------------------------------------------------------- */

static int on_pull_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *span = span_text(now_usec() - s->entered_usec);

        (void)usec;
        supervisor_status(s, "Pulling %s (%s)", s->image.lookup.reference, span);
        (void)sd_event_source_set_time_relative(source, 10 * USEC_PER_SEC);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* What the engine has unpacked it does not sync; a power cut would leave empty files that no pull repairs. */
static void on_synced(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (result->signaled || result->status != 0)
                log_warning("sync(1) failed after the pull of %s; a power cut may damage it.", s->image.lookup.reference);
        ask_image_id(s);
}

static void write_to_disk(Supervisor *s) {
        char **argv = NULL;

        strv_add(&argv, "sync");
        supervisor_job(s, argv, &(JobSpec){.done = on_synced});
}

static void on_pulled(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *line = NULL, *reason = NULL;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0) {
                log_message(LOG_INFO, MESSAGE_IMAGE, "Pulled %s.", s->image.lookup.reference);
                if (engine_other_platform(result->errors))
                        log_warning("%s is made for another processor; nothing in it runs here without an emulator.",
                                    s->image.lookup.reference);
                s->image.pull_wanted = false;
                s->image.lookup.pulled = true;
                write_to_disk(s);
                return;
        }
        line = engine_last_line(result->errors);
        switch (engine_failure(result->errors)) {
        case ENGINE_NO_SUCH_IMAGE:
        case ENGINE_DENIED:
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE,
                                 "Refused: the registry has no %s; %s", s->image.lookup.reference, stack_image_absent(s->image.lookup.of));
                return;
        case ENGINE_OTHER_MACHINE:
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s is not made for this host's processor; %s",
                                 s->image.lookup.reference, stack_image_absent(s->image.lookup.of));
                return;
        case ENGINE_DISK_FULL:
                supervisor_again(s, "Pull failed: no space left on device");
                return;
        default:
                log_warning("Pull of %s failed: %s", s->image.lookup.reference, line);
                reason = engine_reason(result->errors, 70);
                supervisor_again(s, "Pull failed: %s", reason);
        }
}

static void pull(Supervisor *s) {
        if (!s->config->pull_missing) {
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE,
                                 "Refused: %s is not on this host, and pull = never in lago.conf", s->image.lookup.reference);
                return;
        }
        supervisor_status(s, "Pulling %s", s->image.lookup.reference);
        supervisor_timer(s, 10 * USEC_PER_SEC, on_pull_tick);
        supervisor_job(s, s->engine->pull(s->image.lookup.reference), &(JobSpec){.done = on_pulled});
}

/* --- id ------------------------------------------------------------------------------------------------- */

static bool starts_from_admitted(const Supervisor *s) {
        return s->info->admitted || (s->member.kind == MEMBER_MIGRATE && s->run.source == ADMIT_KEPT);
}

static bool is_admitted_lookup(const Supervisor *s) {
        return starts_from_admitted(s) && s->image.id;
}

/* What was admitted has gone from this host, and the tag names something else by now: nobody has looked at that. */
static void admitted_is_gone(Supervisor *s) {
        supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE,
                         "Refused: the image that was admitted (%.12s) is gone; \"lagoctl apply\" admits %s",
                         s->image.id, s->image.lookup.reference);
}

/* The id of the API's image, or that of the front's: the member migrate admits both. */
static void take_image_id(Supervisor *s, const char *id, uint16_t port) {
        if (s->image.lookup.of == MEMBER_FRONT && s->member.kind == MEMBER_MIGRATE) {
                free_and_strdup(&s->image.front_id, id);
                s->image.lookup.front_port = port;
                have_image(s);
                return;
        }
        free_and_strdup(&s->image.id, id);
        if (s->member.kind == MEMBER_MIGRATE && s->config->front_enabled) {
                _cleanup_(freep) char *front = stack_image(s->config, MEMBER_FRONT);

                resolve(s, MEMBER_FRONT, front);
        } else
                have_image(s);
}

static void on_image_id(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        uint16_t port = 0;
        _cleanup_(freep) char *id = engine_image(result->output, &port);

        s->work.job = NULL;
        if (result->signaled || !result->started) {
                _cleanup_(freep) char *reason = engine_reason(result->errors, 70);

                supervisor_later(s, "Cannot look up %s: %s", s->image.lookup.reference, reason);
        } else if (result->status == 0 && id) {
                if (is_admitted_lookup(s))
                        have_image(s);
                else
                        take_image_id(s, id, port);
        } else if (engine_failure(result->errors) == ENGINE_IMAGE_DAMAGED) {
                _cleanup_(freep) char *reason = engine_reason(result->errors, 70);

                damage_repair(s, is_admitted_lookup(s) ? s->image.id : s->image.lookup.reference, reason);
        } else if (!s->image.lookup.pulled)
                pull(s);
        else if (is_admitted_lookup(s))
                admitted_is_gone(s);
        else
                supervisor_again(s, "%s was pulled, and is not on this host", s->image.lookup.reference);
}

/* An admitted image is known by its id alone, whatever its name was pulled to. */
static void ask_image_id(Supervisor *s) {
        const char *const images[] = {is_admitted_lookup(s) ? s->image.id : s->image.lookup.reference, NULL};

        supervisor_client(s, s->engine->images(images), on_image_id);
}

static void look_up(Supervisor *s, MemberKind of, const char *reference) {
        free_and_strdup(&s->image.lookup.reference, reference);
        s->image.lookup.of = of;
        s->image.lookup.pulled = false;
}

static void resolve(Supervisor *s, MemberKind of, const char *reference) {
        look_up(s, of, reference);
        ask_image_id(s);
}

/* --- manifest ------------------------------------------------------------------------------------------- */

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
        r = !feof(f) ? -errno : whole ? 0 : -EBADMSG;
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
        _cleanup_(freep) char *script = NULL, *command = NULL;
        int r = image_script(s, &script, &command);

        if (r < 0)
                cannot_read(s, r);
        else if (script || !scripts)
                supervisor_feed(s, LIFE_ON_OK);
        else
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s has no %s; take \"%s\" out of pools in lago.conf",
                                 s->image.version ? s->image.version : s->image.reference, scripts[0],
                                 s->member.pool[0] ? s->member.pool : s->name);
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
        s->work.job = NULL;
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
        s->work.job = NULL;
        supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s holds no migrations of Lago; see [images] in lago.conf",
                         s->image.reference);
}

static void on_manifest(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *temporary = manifest_new_path(s), *name = files_container(s);
        bool useless = !result->signaled && result->status == 65;

        s->work.job = NULL;
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

        s->work.job = NULL;
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
                       &(JobSpec){.directory_fd = root, .output_fd = out, .unprivileged = true,
                                  .timeout_usec = SUPERVISOR_CLIENT_USEC, .done = on_manifest});
}

static void on_files_created(void *userdata, const JobResult *result);

static void create_files(Supervisor *s) {
        _cleanup_(freep) char *name = files_container(s);

        supervisor_client(s, s->engine->create_for_files(s->image.id, name, s->name), on_files_created);
}

static void on_old_files_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0)
                create_files(s);
        else
                supervisor_later(s, "A left-over container %s-files cannot be removed", s->container_name);
}

static void on_files_created(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *name = files_container(s), *line = engine_last_line(result->errors);

        s->work.job = NULL;
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

static void have_image(Supervisor *s) {
        int r;

        if (!s->info->backend) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
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

static void prepare_admitted(Supervisor *s) {
        int r = admit_images(s);

        if (r < 0)
                supervisor_later(s, "Waiting for lago-migrate.service to admit a release: %s", strerror(-r));
        else if (!s->image.pull_wanted)
                have_image(s);
        else {
                look_up(s, s->member.kind, s->image.reference);
                pull(s);
        }
}

/* The engine finds it by name; should it be absent, the container cannot be made, and it is pulled. */
static void prepare_by_name(Supervisor *s) {
        free_and_strdup(&s->image.id, s->image.reference);
        if (s->image.pull_wanted) {
                free_and_strdup(&s->image.id, NULL);
                look_up(s, s->member.kind, s->image.reference);
                pull(s);
        } else if (s->member.kind == MEMBER_DB)
                server_prepare(s);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

/* Both are here, as on nearly every start: one client has told of them. Else each is looked up, and pulled, by itself. */
static void on_both_images(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        const char *second = strchr(result->output, '\n');
        uint16_t port = 0;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0 && second) {
                free(s->image.id);
                s->image.id = engine_image(result->output, &port);
                free(s->image.front_id);
                s->image.front_id = engine_image(second + 1, &s->image.lookup.front_port);
        }
        if (s->image.id && s->image.front_id)
                have_image(s);
        else
                resolve(s, MEMBER_API, s->image.reference);
}

/* Whatever happened before, both images are looked up again: an id from before a pull may be another image's. */
static void prepare_migrate(Supervisor *s) {
        if (s->container.ended && s->image.id && !s->image.pull_wanted) {
                /* What has just run is what the verdict is about; and the API waits for it. */
                have_image(s);
                return;
        }
        free_and_strdup(&s->image.id, NULL);
        free_and_strdup(&s->image.front_id, NULL);
        s->image.pull_wanted = false;
        if (s->config->front_enabled) {
                _cleanup_(freep) char *front = stack_image(s->config, MEMBER_FRONT);

                supervisor_client(s, s->engine->images((const char *const[]){s->image.reference, front, NULL}), on_both_images);
        } else
                resolve(s, MEMBER_API, s->image.reference);
}

void enter_prepare(Supervisor *s) {
        if (starts_from_admitted(s))
                prepare_admitted(s);
        else if (s->member.kind == MEMBER_MIGRATE)
                prepare_migrate(s);
        else
                prepare_by_name(s);
}
