/* SPDX-License-Identifier: MIT */
/*
 * The keeper of the chain. lago.target is started when this unit is ready, so "systemctl start lago.target" returns when
 * Lago serves, and fails when a member failed for good.
 */
#include "ready/ready.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "process/deadman.h"
#include "ready/keep.h"
#include "ready/outside.h"
#include "ready/tell.h"
#include "stack/stack.h"

#include <assert.h>
#include <signal.h>

#define UNITS_MAX 192 /* ten pools with their processes, and the other members */

typedef struct Keeper {
        sd_event *event;
        Systemd systemd;
        Unit units[UNITS_MAX];
        size_t n;
        Teller teller;
        bool refused;        /* the configuration is: only lago-setup is watched, which tells why */
        char **migrated_for; /* the first missing migrations for which lago-migrate was started again */
} Keeper;

/* --- what follows --------------------------------------------------------------------------------------- */

/* lago-migrate admits /etc/lago only when an operator asked for its start; this file tells it that we did. */
static void of_keeper(const Unit *unit) {
        int r = streq(unit->name, "lago-migrate.service") ? file_write(KEEPER_FILE, "", 0600) : 0;

        if (r < 0)
                log_warning("Cannot write " KEEPER_FILE ": %s.", strerror(-r));
}

static void queue_lost(Keeper *k) {
        uint64_t now = now_usec();

        for (size_t i = 0; i < k->n; i++) {
                Unit *unit = &k->units[i];

                /* One that is lost again at once has a cause that we do not know: no hurry then. */
                if (!keep_should_queue(k->units, i) || now < unit->queued_usec + USEC_PER_SEC)
                        continue;
                log_message(
                        LOG_WARNING, MESSAGE_START_REQUEUED,
                        "The start of %s was dropped with one of its dependencies; queued again.",
                        unit->name);
                unit->queued_usec = now;
                unit->has_job = true;
                of_keeper(unit);
                systemd_queue(&k->systemd, "StartUnit", unit->name);
        }
}

/* The first migration that @unit waits for, NULL when it waits for none. The caller frees it. */
static char *missing_of(const Unit *unit) {
        _cleanup_(freep) char *verdict = unit_told(unit, "VERDICT"),
                              *state = unit_told(unit, "STATE");
        char *first;

        if (!verdict || !streq(verdict, "pending") || !state || !streq(state, RUN_STATE_RESTING))
                return NULL;
        first = unit_told(unit, "FIRST");
        return first ? first : TAKE_PTR(verdict);
}

/*
 * A member waits for migrations, and lago-migrate has long done its work: an older dump was restored. It runs once more,
 * once for that state of the database, which the first missing migration stands for.
 */
static void migrate_again(Keeper *k) {
        const Unit *migrate = unit_find(k->units, k->n, "lago-migrate.service");

        if (!migrate || migrate->active != UNIT_ACTIVE || migrate->has_job)
                return;
        for (size_t i = 0; i < k->n; i++) {
                const Unit *unit = &k->units[i];
                _cleanup_(freep) char *first = unit == migrate ? NULL : missing_of(unit),
                                      *status = NULL;

                if (!first || strv_contains(k->migrated_for, first))
                        continue;
                strv_add(&k->migrated_for, first);
                status = unit_told(unit, "STATUS");
                log_message(LOG_WARNING, MESSAGE_START_REQUEUED,
                            "%s: \"%s\", so %s is started again.", unit->name,
                            status ? status : first, migrate->name);
                of_keeper(migrate);
                systemd_queue(&k->systemd, "RestartUnit", migrate->name);
                return;
        }
}

static void write_state(const char *text) {
        int r = runstate_write("ready", text);

        if (r < 0)
                log_warning("Cannot write " RUN_DIRECTORY "/ready: %s.", strerror(-r));
}

/* For resume.c, which starts what this failure left: whom the operator had stopped before is not of it. */
static void leave(const Keeper *k) {
        _cleanup_(freep) char *text = NULL;

        keyfile_add(&text, "STATE", RUN_STATE_ENDED);
        keyfile_add(&text, "STATUS", k->teller.status);
        for (size_t i = 0; i < k->n; i++)
                if (keep_is_stopped(&k->units[i]))
                        keyfile_add(&text, "STOPPED", k->units[i].name);
        write_state(text);
}

static void end(Keeper *k, int status) {
        (void)sd_event_exit(k->event, status);
}

/*
 * The release that runs. lago.conf may name another one by now, since this process lives through upgrades and half-edited
 * files. NULL when no run file names it; the caller frees it.
 */
static char *release_of(Keeper *k) {
        static const char *const tellers[] = {"lago-api.service", "lago-worker.service", "lago-clock.service"};
        char *release = NULL;

        for (size_t i = 0; !release && i < ELEMENTSOF(tellers); i++) {
                const Unit *unit = unit_find(k->units, k->n, tellers[i]);

                release = unit ? unit_told(unit, "RELEASE") : NULL;
        }
        return release;
}

/* on_news() of systemd. */
static void judge(void *userdata) {
        Keeper *k = userdata;
        size_t which = 0;

        queue_lost(k);
        migrate_again(k);
        switch (keep_judge(k->units, k->n, &which)) {
        case KEEP_WAIT:
                tell_waiting(&k->teller, k->units, k->n);
                return;
        case KEEP_SERVES:
                /* What was missing is there; it may be lost another time. */
                k->migrated_for = strv_free(k->migrated_for);
                if (!k->refused) {
                        tell_serves(&k->teller, release_of(k));
                        return;
                }
                tell_refused(&k->teller);
                end(k, EXIT_CONFIG);
                return;
        case KEEP_FAILED:
                tell_failed(&k->teller, k->systemd.bus, &k->units[which]);
                leave(k);
                end(k, EXIT_MEMBER);
                return;
        }
}

/* --- the loop ------------------------------------------------------------------------------------------- */

static int on_run_changed(sd_event_source *source, const struct inotify_event *event,
                          void *userdata) {
        Keeper *k = userdata;

        (void)source;
        (void)event;
        systemd_ask(&k->systemd);
        return 0;
}

static int on_turn(sd_event_source *source, void *userdata) {
        (void)source;
        (void)userdata;
        deadman_arm();
        return 0;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata) {
        Keeper *k = userdata;

        (void)sd_event_source_set_time(source, usec + deadman_turn_usec());
        systemd_ask(&k->systemd);
        return 0;
}

static int beat(Keeper *k) {
        sd_event_source *source = NULL;
        int r = sd_event_add_post(k->event, NULL, on_turn, k);

        if (r >= 0)
                r = sd_event_add_time(k->event, &source, CLOCK_MONOTONIC,
                                      k->teller.begun_usec + deadman_turn_usec(), USEC_PER_SEC,
                                      on_heartbeat, k);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ON);
}

static int set_up(Keeper *k) {
        sigset_t mask;
        int r;

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigaddset(&mask, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        r = sd_event_new(&k->event);
        if (r >= 0)
                r = sd_event_add_signal(k->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_set_watchdog(k->event, 1);
        if (r >= 0)
                r = systemd_listen(&k->systemd, k->event);
        if (r >= 0)
                r = outside_watch_runfiles(k->event, on_run_changed, k);
        return r < 0 ? r : beat(k);
}

/* --- the units ------------------------------------------------------------------------------------------ */

/* Takes @member and @name. Until systemd has said what is true, a job is assumed. */
static void add_unit(Keeper *k, char *member, char *name, bool optional) {
        assert(k->n < UNITS_MAX);
        k->units[k->n] = (Unit){.member = member, .name = name, .optional = optional};
        unit_heard(&k->units[k->n++], "inactive", /* has_job= */ true);
}

/* So that nobody looks for an API on a host of workers. */
static const char *absent_words(const Config *config) {
        if (!config->api_enabled)
                return config->worker_enabled ? " (without the API)" : " (without the API and the workers)";
        return config->worker_enabled ? "" : " (without the workers)";
}

static void add_members(Keeper *k, const Config *config) {
        size_t n;
        Member *list = stack_members(config, &n);

        for (size_t i = 0; i < n; i++)
                add_unit(k, member_name(&list[i]), member_unit(&list[i]),
                         list[i].kind == MEMBER_PDF);
        free(list);
}

/*
 * A configuration that is refused is lago-setup's to tell: this unit ends after that one has, so that whoever looks for
 * the first cause finds it. One that could not be read for now is no refusal: an exit status that passes is the answer,
 * and 0 otherwise.
 */
static int load(Keeper *k) {
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        int r = outside_config(&config, &errors);
        const ConfigError *unread = config_errors_unread(&errors);
        int status = unread ? config_errors_status(&errors) : 0;

        if (unread)
                tell_unread(&k->teller, unread);
        config_errors_done(&errors);
        if (status != 0)
                return status;
        /* Not a member, but the first cause of a chain that does not come up. */
        add_unit(k, xstrdup("setup"), xstrdup("lago-setup.service"), /* optional= */ false);
        k->refused = r < 0;
        if (k->refused)
                return 0;
        k->teller.release = xstrdup(config->release);
        k->teller.absent = absent_words(config);
        add_members(k, config);
        return 0;
}

int ready_run(void) {
        static Keeper k;
        int status, r;

        k.teller.begun_usec = now_usec();
        status = load(&k);
        if (status != 0)
                return status;
        k.systemd = (Systemd){.units = k.units, .n = k.n, .on_news = judge, .userdata = &k};
        write_state("STATE=" RUN_STATE_KEEPING "\n");
        r = set_up(&k);
        if (r < 0) {
                log_error("Cannot listen to systemd on the system bus: %s.", strerror(-r));
                return EXIT_TEMPFAIL;
        }
        systemd_ask(&k.systemd);
        return loop_status(sd_event_loop(k.event));
}
