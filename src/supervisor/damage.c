/* SPDX-License-Identifier: MIT */
#include "supervisor/damage.h"

#include "supervisor/supervisor.h"

#include <sys/utsname.h>

static void on_damaged_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *reason = engine_reason(result->errors, 60);

        if (result->signaled || result->status != 0) {
                supervisor_later(s, "%s is damaged, and cannot be removed: %s", s->image.reference, reason);
                return;
        }
        s->image.pull_wanted = true;
        s->wait.rest_usec = 0;
        supervisor_feed(s, LIFE_ON_LATER);
}

static void on_idle_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        (void)result;
        supervisor_client(s, s->engine->image_remove(s->image.damaged), on_damaged_removed);
}

/* Those of other images are about to be started, or their members want to know how they ended. */
static char **made_of(const char *image, const char *idle) {
        _cleanup_(strv_freep) char **lines = strv_split(idle, "\n");
        char **names = NULL;

        STRV_FOREACH(line, lines) {
                _cleanup_(strv_freep) char **words = strv_split(*line, " ");

                if (strv_contains(words, image))
                        strv_add(&names, words[0]);
        }
        return names;
}

/* Not "podman container prune", which Podman 5.4 refuses where one of them is damaged. */
static void on_idle(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(strv_freep) char **names = made_of(s->image.damaged, result->output);
        char **argv;

        if (strv_length(names) == 0) {
                on_idle_removed(s, result);
                return;
        }
        argv = s->engine->remove(names[0]);
        strv_extend(&argv, names + 1);
        supervisor_client(s, argv, on_idle_removed);
}

/* An image is never data. What is made from it and does not run keeps it from being removed, and is made anew. */
void damage_repair(Supervisor *s, const char *image, const char *reason) {
        if (s->image.repaired) {
                supervisor_later(s, "%s is damaged, although it was pulled again: %.60s", s->image.reference, reason);
                return;
        }
        s->image.repaired = true;
        free_and_strdup(&s->image.damaged, image);
        log_message(LOG_WARNING, MESSAGE_IMAGE, "%s is not whole on the disk, as after a power cut (%s): removed, and pulled again.",
                    image, reason);
        supervisor_status(s, "Removing %s, which is damaged", s->image.reference);
        supervisor_client(s, s->engine->idle(), on_idle);
}

static void on_machine(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *made_for = xstrdup(result->output);
        struct utsname here;

        if (!result->signaled && result->status == 0 && uname(&here) == 0 && streq(strip(made_for), engine_machine(here.machine)))
                damage_repair(s, s->image.id, s->image.unrunnable);
        else
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s is not made for this host's processor: %s", s->image.reference,
                                 s->image.unrunnable);
}

void damage_or_other_machine(Supervisor *s, const char *reason) {
        free_and_strdup(&s->image.unrunnable, reason);
        supervisor_client(s, s->engine->image_machine(s->image.id), on_machine);
}
