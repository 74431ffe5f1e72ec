/* SPDX-License-Identifier: MIT */
/* The image a member runs, by id, and what is in it. */
#include "supervisor/image.h"

#include "supervisor/admit.h"
#include "supervisor/damage.h"
#include "supervisor/image-files.h"
#include "supervisor/server.h"
#include "supervisor/supervisor.h"

static void have_image(Supervisor *s);
static void on_front(void *userdata, LookupEnd end, const char *reason);

/* --- looking for it ------------------------------------------------------------------------------------- */

static void on_says(void *userdata, const char *sentence) {
        supervisor_status(userdata, "%s", sentence);
}

static LookupSpec lookup_spec(Supervisor *s, void (*done)(void *userdata, LookupEnd end, const char *reason)) {
        return (LookupSpec){
                .work = &s->work,
                .engine = s->engine,
                .may_pull = s->config->pull_missing,
                .says = on_says,
                .done = done,
                .userdata = s,
        };
}

static bool starts_from_admitted(const Supervisor *s) {
        return s->info->admitted || (s->member.kind == MEMBER_MIGRATE && s->run.source == ADMIT_KEPT);
}

/* Pulled, or to be pulled, it is not here: the tag of what was admitted names something else by now, at which nobody has looked. */
static void is_lost(Supervisor *s, const Lookup *l) {
        if (l->wanted)
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE,
                                 "Refused: the image that was admitted (%.12s) is gone; \"lagoctl apply\" admits %s", l->wanted,
                                 l->name);
        else
                supervisor_again(s, "%s was pulled, and is not on this host", l->name);
}

/* What every other end than LOOKUP_HERE comes to. @of: whose image it is. */
static void not_here(Supervisor *s, const Lookup *l, MemberKind of, LookupEnd end, const char *reason) {
        switch (end) {
        case LOOKUP_UNASKED:
                supervisor_later(s, "Cannot look up %s: %s", l->name, reason);
                return;
        case LOOKUP_UNPULLED:
                supervisor_again(s, "Pull failed: %s", reason);
                return;
        case LOOKUP_DAMAGED:
                damage_repair(s, l->wanted ? l->wanted : l->name, reason);
                return;
        case LOOKUP_FORBIDDEN:
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE,
                                 "Refused: %s is not on this host, and pull = never in lago.conf", l->name);
                return;
        case LOOKUP_ABSENT:
        case LOOKUP_DENIED:
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: the registry has no %s; %s", l->name,
                                 stack_image_absent(of));
                return;
        case LOOKUP_FOREIGN:
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s is not made for this host's processor; %s", l->name,
                                 stack_image_absent(of));
                return;
        case LOOKUP_LOST:
                is_lost(s, l);
                return;
        case LOOKUP_HERE:
                return;
        }
}

/* --- the front's, which the member migrate admits, too -------------------------------------------------- */

static void look_for_front(Supervisor *s, const char *name) {
        LookupSpec spec = lookup_spec(s, on_front);

        lookup_begin(&s->image.front, &spec, name, NULL);
}

/* Answer: whether an image of another name is looked for in its place. */
static bool look_for_front_before(Supervisor *s) {
        const char *name = s->image.front.name;
        _cleanup_(freep) char *before = stack_front_before(s->config, name);

        if (!before)
                return false;
        log_message(LOG_NOTICE, MESSAGE_IMAGE, "The registry has no %s, so Lago has tagged that release for the API alone: looking for %s.",
                    name, before);
        look_for_front(s, before);
        return true;
}

static void on_front(void *userdata, LookupEnd end, const char *reason) {
        Supervisor *s = userdata;

        if (end == LOOKUP_HERE)
                have_image(s);
        else if (end != LOOKUP_ABSENT || !look_for_front_before(s))
                not_here(s, &s->image.front, MEMBER_FRONT, end, reason);
}

/* --- the member's own ----------------------------------------------------------------------------------- */

static void on_own(void *userdata, LookupEnd end, const char *reason) {
        Supervisor *s = userdata;
        const Lookup *l = &s->image.own;

        if (l->pulled)
                s->image.pull_wanted = false;
        if (end != LOOKUP_HERE) {
                not_here(s, l, s->member.kind, end, reason);
                return;
        }
        if (!l->wanted)
                free_and_strdup(&s->image.id, l->id);
        if (!l->wanted && s->member.kind == MEMBER_MIGRATE && s->config->front_enabled) {
                _cleanup_(freep) char *front = stack_image(s->config, MEMBER_FRONT);

                look_for_front(s, front);
        } else
                have_image(s);
}

/* @wanted: the id that was admitted, by which alone it is known then. */
static void pull_own(Supervisor *s, const char *wanted) {
        LookupSpec spec = lookup_spec(s, on_own);

        lookup_pull(&s->image.own, &spec, s->image.reference, wanted);
}

static void look_for_own(Supervisor *s) {
        LookupSpec spec = lookup_spec(s, on_own);

        lookup_begin(&s->image.own, &spec, s->image.reference, NULL);
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
        else
                pull_own(s, s->image.id);
}

/* The engine finds it by name; should it be absent, the container cannot be made, and it is pulled. */
static void prepare_by_name(Supervisor *s) {
        free_and_strdup(&s->image.id, s->image.reference);
        if (s->image.pull_wanted) {
                free_and_strdup(&s->image.id, NULL);
                pull_own(s, NULL);
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
                _cleanup_(freep) char *front = stack_image(s->config, MEMBER_FRONT), *id = engine_image(second + 1, &port);

                lookup_found(&s->image.front, front, id, port);
                free(s->image.id);
                s->image.id = engine_image(result->output, &port);
        }
        if (s->image.id && s->image.front.id)
                have_image(s);
        else
                look_for_own(s);
}

/* Whatever happened before, both images are looked up again: an id from before a pull may be another image's. */
static void prepare_migrate(Supervisor *s) {
        if (s->container.ended && s->image.id && !s->image.pull_wanted) {
                /* What has just run is what the verdict is about; and the API waits for it. */
                have_image(s);
                return;
        }
        free_and_strdup(&s->image.id, NULL);
        lookup_found(&s->image.front, NULL, NULL, 0);
        s->image.pull_wanted = false;
        if (s->config->front_enabled) {
                _cleanup_(freep) char *front = stack_image(s->config, MEMBER_FRONT);

                supervisor_client(s, s->engine->images((const char *const[]){s->image.reference, front, NULL}), on_both_images);
        } else
                look_for_own(s);
}

void enter_prepare(Supervisor *s) {
        if (starts_from_admitted(s))
                prepare_admitted(s);
        else if (s->member.kind == MEMBER_MIGRATE)
                prepare_migrate(s);
        else
                prepare_by_name(s);
}
