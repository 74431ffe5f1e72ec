/* SPDX-License-Identifier: MIT */
/* The image a member runs, by id, and what is in it. */
#include "supervisor/image.h"

#include "base/time.h"
#include "supervisor/admit.h"
#include "supervisor/damage.h"
#include "supervisor/image-files.h"
#include "supervisor/server.h"
#include "supervisor/supervisor.h"

#include <fcntl.h>

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

/* The engine does not sync what it has unpacked: after a power cut there would be empty files, which no pull repairs. */
static void on_synced(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0)
                log_warning("sync(1) failed after the pull of %s; a power cut may damage it.", s->image.lookup.reference);
        ask_image_id(s);
}

static void write_to_disk(Supervisor *s) {
        char **argv = NULL;

        strv_add(&argv, "sync");
        supervisor_job(s, argv, &(JobSpec){.done = on_synced});
}

/* Answer: whether an image of another name is looked for in its place. */
static bool look_for_front_before(Supervisor *s) {
        _cleanup_(freep) char *before = NULL;

        if (s->image.lookup.of == MEMBER_FRONT)
                before = stack_front_before(s->config, s->image.lookup.reference);
        if (!before)
                return false;
        log_message(LOG_NOTICE, MESSAGE_IMAGE, "The registry has no %s, so Lago has tagged that release for the API alone: looking for %s.",
                    s->image.lookup.reference, before);
        resolve(s, MEMBER_FRONT, before);
        return true;
}

static void pull_failed(Supervisor *s, const char *words) {
        _cleanup_(freep) char *line = engine_last_line(words), *reason = engine_reason(words, 70);
        EngineFailure failure = engine_failure(words);

        if (failure == ENGINE_NO_SUCH_IMAGE && look_for_front_before(s))
                return;
        switch (failure) {
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
                supervisor_again(s, "Pull failed: %s", reason);
        }
}

static void on_pulled(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0) {
                pull_failed(s, result->errors);
                return;
        }
        log_message(LOG_INFO, MESSAGE_IMAGE, "Pulled %s.", s->image.lookup.reference);
        if (engine_other_platform(result->errors))
                log_warning("%s is made for another processor; nothing in it runs here without an emulator.",
                            s->image.lookup.reference);
        s->image.pull_wanted = false;
        s->image.lookup.pulled = true;
        write_to_disk(s);
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
                free_and_strdup(&s->image.front_reference, s->image.lookup.reference);
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

/* --- what it is for ------------------------------------------------------------------------------------- */

static void have_image(Supervisor *s) {
        if (!s->info->backend) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        image_files_read(s);
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

/* On nearly every start both images are on this host, and one client reports both. Else each is looked up and pulled by itself. */
static void on_both_images(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        const char *second = strchr(result->output, '\n');
        uint16_t port = 0;

        if (!result->signaled && result->status == 0 && second) {
                free(s->image.id);
                s->image.id = engine_image(result->output, &port);
                free(s->image.front_id);
                s->image.front_id = engine_image(second + 1, &s->image.lookup.front_port);
                free(s->image.front_reference);
                s->image.front_reference = stack_image(s->config, MEMBER_FRONT);
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
