/* SPDX-License-Identifier: MIT */
#include "supervisor/lookup.h"

#include "base/log.h"
#include "base/time.h"
#include "base/util.h"

#define CLIENT_USEC (120 * USEC_PER_SEC)
#define TICK_USEC   (10 * USEC_PER_SEC)

static void ask(Lookup *l);

static void done(Lookup *l, LookupEnd end, const char *reason) {
        l->spec.done(l->spec.userdata, end, reason);
}

/* --- pull ----------------------------------------------------------------------------------------------- */

static void say_pulling(Lookup *l, uint64_t usec) {
        _cleanup_(freep) char *span = span_text(usec);
        _cleanup_(freep) char *sentence = usec > 0 ? xasprintf("Pulling %s (%s)", l->name, span) : xasprintf("Pulling %s", l->name);

        l->spec.says(l->spec.userdata, sentence);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Lookup *l = userdata;

        (void)usec;
        say_pulling(l, now_usec() - l->begun);
        (void)sd_event_source_set_time_relative(source, TICK_USEC);
        (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static void on_synced(void *userdata, const JobResult *result) {
        Lookup *l = userdata;

        if (result->signaled || result->status != 0)
                log_warning("sync(1) failed after the pull of %s; a power cut may damage it.", l->name);
        ask(l);
}

/* The engine does not sync what it has unpacked: after a power cut there would be empty files, which no pull repairs. */
static void write_to_disk(Lookup *l) {
        char **argv = NULL;

        strv_add(&argv, "sync");
        work_job(l->spec.work, argv, &(JobSpec){.done = on_synced, .userdata = l});
}

static LookupEnd end_of(EngineFailure failure) {
        switch (failure) {
        case ENGINE_NO_SUCH_IMAGE:
                return LOOKUP_ABSENT;
        case ENGINE_DENIED:
                return LOOKUP_DENIED;
        case ENGINE_OTHER_MACHINE:
                return LOOKUP_FOREIGN;
        default:
                return LOOKUP_UNPULLED;
        }
}

static void pull_failed(Lookup *l, const char *words) {
        EngineFailure failure = engine_failure(words);
        _cleanup_(freep) char *line = engine_last_line(words), *reason = NULL;

        reason = failure == ENGINE_DISK_FULL ? xstrdup("no space left on device") : engine_reason(words, 70);
        if (end_of(failure) == LOOKUP_UNPULLED && failure != ENGINE_DISK_FULL)
                log_warning("Pull of %s failed: %s", l->name, line);
        done(l, end_of(failure), reason);
}

static void on_pulled(void *userdata, const JobResult *result) {
        Lookup *l = userdata;

        if (result->signaled || result->status != 0) {
                pull_failed(l, result->errors);
                return;
        }
        log_message(LOG_INFO, MESSAGE_IMAGE, "Pulled %s.", l->name);
        if (engine_other_platform(result->errors))
                log_warning("%s is made for another processor; nothing in it runs here without an emulator.", l->name);
        l->pulled = true;
        write_to_disk(l);
}

static void pull(Lookup *l) {
        if (!l->spec.may_pull) {
                done(l, LOOKUP_FORBIDDEN, NULL);
                return;
        }
        l->begun = now_usec();
        say_pulling(l, 0);
        work_timer(l->spec.work, TICK_USEC, TICK_USEC / 10, on_tick, l);
        work_job(l->spec.work, l->spec.engine->pull(l->name), &(JobSpec){.done = on_pulled, .userdata = l});
}

/* --- id ------------------------------------------------------------------------------------------------- */

static void on_id(void *userdata, const JobResult *result) {
        Lookup *l = userdata;
        _cleanup_(freep) char *reason = engine_reason(result->errors, 70);

        if (!result->signaled && result->started && result->status == 0) {
                free(l->id);
                l->id = engine_image(result->output, &l->port);
        }
        if (result->signaled || !result->started)
                done(l, LOOKUP_UNASKED, reason);
        else if (l->id)
                done(l, LOOKUP_HERE, NULL);
        else if (engine_failure(result->errors) == ENGINE_IMAGE_DAMAGED)
                done(l, LOOKUP_DAMAGED, reason);
        else if (!l->pulled)
                pull(l);
        else
                done(l, LOOKUP_LOST, NULL);
}

static void ask(Lookup *l) {
        const char *const images[] = {l->wanted ? l->wanted : l->name, NULL};

        work_job(l->spec.work, l->spec.engine->images(images),
                 &(JobSpec){.timeout_usec = CLIENT_USEC, .done = on_id, .userdata = l});
}

static void prepare(Lookup *l, const LookupSpec *spec, const char *name, const char *wanted) {
        lookup_found(l, name, NULL, 0);
        l->spec = *spec;
        l->pulled = false;
        free_and_strdup(&l->wanted, wanted);
}

void lookup_begin(Lookup *l, const LookupSpec *spec, const char *name, const char *wanted) {
        prepare(l, spec, name, wanted);
        ask(l);
}

void lookup_pull(Lookup *l, const LookupSpec *spec, const char *name, const char *wanted) {
        prepare(l, spec, name, wanted);
        pull(l);
}

void lookup_found(Lookup *l, const char *name, const char *id, uint16_t port) {
        free_and_strdup(&l->name, name);
        free_and_strdup(&l->id, id);
        l->port = port;
}
