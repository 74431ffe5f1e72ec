/* SPDX-License-Identifier: MIT */
/*
 * The keeper of the chain. lago.target is started when this unit is ready, so "systemctl start lago.target" returns when
 * Lago serves, and fails when a member failed for good.
 */
#include "ready/ready.h"

#include "base/keyfile.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "process/deadman.h"
#include "ready/keep.h"
#include "stack/stack.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define SYSTEMD    "org.freedesktop.systemd1"
#define MANAGER    "/org/freedesktop/systemd1", SYSTEMD ".Manager"
#define MEMBERS_MAX 32

typedef struct Keeper {
        sd_event *event;
        sd_bus *bus;
        char *release;
        size_t n;
        char *names[MEMBERS_MAX], *units[MEMBERS_MAX], *statuses[MEMBERS_MAX];
        char *active[MEMBERS_MAX], *sub[MEMBERS_MAX];
        KeepMember members[MEMBERS_MAX];
        uint64_t queued_usec[MEMBERS_MAX]; /* when its start was queued again last */
        bool refused; /* the configuration is: only lago-setup is watched, which tells why */
        bool in_flight, dirty, ready_said;
        uint64_t begun_usec;
        char *status;
        char *migrated_for; /* the waiter's words for which lago-migrate was started again */
} Keeper;

static void refresh(Keeper *k);

static void keeper_status(Keeper *k, const char *text) {
        if (k->status && streq(k->status, text))
                return;
        free_and_strdup(&k->status, text);
        (void)sd_notifyf(0, "STATUS=%s", text);
}

static size_t find_unit(const Keeper *k, const char *unit) {
        for (size_t i = 0; i < k->n; i++)
                if (streq(k->units[i], unit))
                        return i;
        return SIZE_MAX;
}

/* --- what is known -------------------------------------------------------------------------------------- */

static void read_runfile(Keeper *k, size_t i) {
        _cleanup_(freep) char *text = runstate_read(k->names[i]), *state = NULL;
        bool once = streq(k->names[i], "migrate") || streq(k->names[i], "setup"), well;

        free(k->statuses[i]);
        k->statuses[i] = text ? keyfile_get(text, "STATUS") : NULL;
        state = text ? keyfile_get(text, "STATE") : NULL;
        well = once || (state && (streq(state, RUN_STATE_SERVING) || streq(state, RUN_STATE_STANDBY)));
        k->members[i].serving = well && streq(k->members[i].active, "active");
}

static void set_unit(Keeper *k, size_t i, const char *active, const char *sub, unsigned job) {
        free_and_strdup(&k->active[i], active);
        free_and_strdup(&k->sub[i], sub);
        k->members[i].active = k->active[i];
        k->members[i].sub = k->sub[i];
        k->members[i].has_job = job > 0;
        if (!streq(active, "inactive"))
                k->members[i].lost = false;
        read_runfile(k, i);
}

/* --- what follows --------------------------------------------------------------------------------------- */

static int on_queued(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void)userdata;
        (void)error;
        if (sd_bus_message_is_method_error(m, NULL))
                log_warning("systemd does not queue a job: %s", sd_bus_message_get_error(m)->message);
        return 0;
}

static void queue_job(Keeper *k, const char *method, const char *unit) {
        /* "fail" would give up when a job is there already, "replace" could turn a stop into a start. */
        (void)sd_bus_call_method_async(k->bus, NULL, SYSTEMD, MANAGER, method, on_queued, k, "ss", unit,
                                       streq(method, "StartUnit") ? "fail" : "replace");
}

static void queue_lost(Keeper *k) {
        uint64_t now = now_usec();

        for (size_t i = 0; i < k->n; i++) {
                /* One that is lost again at once has a cause that we do not know: no hurry then. */
                if (!keep_should_queue(k->members, i) || now < k->queued_usec[i] + USEC_PER_SEC)
                        continue;
                log_message(LOG_WARNING, MESSAGE_START_REQUEUED, "The start of %s was dropped with one of its dependencies; queued again.",
                            k->units[i]);
                k->queued_usec[i] = now;
                k->members[i].has_job = true;
                queue_job(k, "StartUnit", k->units[i]);
        }
}

/*
 * A member waits for migrations, and lago-migrate has long done its work: an older dump was restored. It runs once more,
 * once for that state of the database.
 */
static void migrate_again(Keeper *k) {
        size_t migrate = find_unit(k, "lago-migrate.service");

        if (migrate == SIZE_MAX || !streq(k->members[migrate].active, "active") || k->members[migrate].has_job)
                return;
        for (size_t i = 0; i < k->n; i++) {
                _cleanup_(freep) char *text = runstate_read(k->names[i]), *verdict = NULL, *state = NULL;

                verdict = text ? keyfile_get(text, "VERDICT") : NULL;
                state = text ? keyfile_get(text, "STATE") : NULL;
                if (i == migrate || !verdict || !streq(verdict, "pending") || !streq(state, "resting") ||
                    !k->statuses[i])
                        continue;
                if (k->migrated_for && streq(k->migrated_for, verdict))
                        return;
                free_and_strdup(&k->migrated_for, verdict);
                log_message(LOG_WARNING, MESSAGE_START_REQUEUED, "%s: \"%s\", so lago-migrate.service is started again.",
                            k->units[i], k->statuses[i]);
                queue_job(k, "RestartUnit", "lago-migrate.service");
                return;
        }
        free_and_strdup(&k->migrated_for, NULL);
}

static void tell_waiting(Keeper *k) {
        _cleanup_(strv_freep) char **awaited = NULL;
        _cleanup_(freep) char *list = NULL, *text = NULL;

        for (size_t i = 0; i < k->n; i++)
                if (keep_is_awaited(&k->members[i]))
                        strv_add(&awaited, k->names[i]);
        list = strv_join(awaited, ", ");
        text = xasprintf("Waiting for %s", list);
        keeper_status(k, text);
}

/* What the API runs, not what lago.conf says by now: this process lives through upgrades and half-edited files. */
static void read_release(Keeper *k) {
        _cleanup_(freep) char *state = runstate_read("api");
        char *release = state ? keyfile_get(state, "RELEASE") : NULL;

        if (release) {
                free(k->release);
                k->release = release;
        }
}

static void tell_serves(Keeper *k) {
        _cleanup_(freep) char *text = NULL;

        read_release(k);
        text = xasprintf("Lago serves %s", k->release);
        keeper_status(k, text);
        if (k->ready_said)
                return;
        k->ready_said = true;
        log_message(LOG_NOTICE, MESSAGE_STACK_SERVES, "Lago serves %s, %.1f s after its start.", k->release,
                    (double)(now_usec() - k->begun_usec) / (double)USEC_PER_SEC);
        (void)sd_notify(0, "READY=1");
}

/* What a unit without a run file told systemd: lago-setup, or a supervisor that ended before it had one. */
static char *status_text(Keeper *k, const char *unit) {
        _cleanup_(freep) char *path = NULL;
        char *text = NULL;

        if (sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) < 0 ||
            sd_bus_get_property_string(k->bus, SYSTEMD, path, SYSTEMD ".Service", "StatusText", NULL, &text) < 0)
                return NULL;
        if (isempty(text))
                free_and_strdup(&text, NULL);
        return text;
}

static void tell_failed(Keeper *k, size_t which) {
        _cleanup_(freep) char *told = k->statuses[which] ? NULL : status_text(k, k->units[which]);
        const char *reason = k->statuses[which] ? k->statuses[which] : told ? told : "see its journal";
        _cleanup_(freep) char *text = xasprintf("%s failed: %s", k->units[which], reason);

        keeper_status(k, text);
        log_error("%s. Look at \"systemctl status %s\"; when it is mended, \"systemctl start lago.target\".", text,
                  k->units[which]);
        (void)sd_event_exit(k->event, EXIT_MEMBER);
}

/* lago-setup has no complaint: it ran before the file was spoiled. */
static void tell_refused(Keeper *k) {
        keeper_status(k, "Refused: configuration; see \"lagoctl check\"");
        log_error("The configuration is refused: \"lagoctl check\" tells every error with its line.");
        (void)sd_event_exit(k->event, EXIT_CONFIG);
}

static void judge(Keeper *k) {
        size_t which = 0;

        queue_lost(k);
        migrate_again(k);
        switch (keep_judge(k->members, k->n, &which)) {
        case KEEP_WAIT:
                tell_waiting(k);
                return;
        case KEEP_SERVES:
                if (k->refused)
                        tell_refused(k);
                else
                        tell_serves(k);
                return;
        case KEEP_FAILED:
                tell_failed(k, which);
                return;
        }
}

/* --- asking systemd ------------------------------------------------------------------------------------- */

/* The reply of ListUnitsByNames(): a(ssssssouso), see org.freedesktop.systemd1(5). */
static int read_units(Keeper *k, sd_bus_message *m) {
        int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");

        while (r > 0) {
                const char *unit, *active, *sub;
                uint32_t job;
                size_t i;

                r = sd_bus_message_read(m, "(ssssssouso)", &unit, NULL, NULL, &active, &sub, NULL, NULL, &job, NULL, NULL);
                if (r <= 0)
                        break;
                i = find_unit(k, unit);
                if (i != SIZE_MAX)
                        set_unit(k, i, active, sub, job);
        }
        return r;
}

static int on_units(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Keeper *k = userdata;

        (void)error;
        k->in_flight = false;
        if (sd_bus_message_is_method_error(m, NULL)) {
                log_warning("systemd does not list the units: %s", sd_bus_message_get_error(m)->message);
                return 0;
        }
        if (read_units(k, m) >= 0)
                judge(k);
        if (k->dirty)
                refresh(k);
        return 0;
}

/* One question for all members; events that come meanwhile lead to one more. */
static void refresh(Keeper *k) {
        sd_bus_message *m = NULL;
        char *units[MEMBERS_MAX + 1] = {0};

        k->dirty = k->in_flight;
        if (k->in_flight)
                return;
        memcpy(units, k->units, k->n * sizeof(char *));
        if (sd_bus_message_new_method_call(k->bus, &m, SYSTEMD, MANAGER, "ListUnitsByNames") >= 0 &&
            sd_bus_message_append_strv(m, units) >= 0)
                k->in_flight = sd_bus_call_async(k->bus, NULL, m, on_units, k, 0) >= 0;
        sd_bus_message_unref(m);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Keeper *k = userdata;
        const char *unit, *result;
        size_t i;

        (void)error;
        if (sd_bus_message_read(m, "uoss", NULL, NULL, &unit, &result) < 0)
                return 0;
        i = find_unit(k, unit);
        if (i == SIZE_MAX)
                return 0;
        k->members[i].lost = streq(result, "dependency");
        refresh(k);
        return 0;
}

static int on_unit_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void)error;
        if (strstr(sd_bus_message_get_path(m), "/lago_2d"))
                refresh(userdata);
        return 0;
}

static int on_run_changed(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        (void)source;
        (void)event;
        refresh(userdata);
        return 0;
}

static int on_turn(sd_event_source *source, void *userdata) {
        (void)source;
        (void)userdata;
        deadman_arm();
        return 0;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)sd_event_source_set_time(source, usec + deadman_turn_usec());
        refresh(userdata);
        return 0;
}

/* Without the bus nothing is kept: systemd starts us again, and we look afresh. */
static int on_bus_lost(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Keeper *k = userdata;

        (void)m;
        (void)error;
        log_error("The system bus is gone.");
        return sd_event_exit(k->event, EXIT_TEMPFAIL);
}

/* --- setting up ----------------------------------------------------------------------------------------- */

/* Takes @name and @unit. Until systemd has said what is true, a job is assumed. */
static void add_unit(Keeper *k, char *name, char *unit, bool optional) {
        size_t i = k->n;

        assert(i < MEMBERS_MAX);
        k->n++;
        k->names[i] = name;
        k->units[i] = unit;
        k->members[i].name = name;
        k->members[i].optional = optional;
        set_unit(k, i, "inactive", "dead", 1);
}

/*
 * A configuration that cannot be read is lago-setup's to tell: this unit ends after that one has, so that whoever looks
 * for the first cause finds it.
 */
static void load(Keeper *k) {
        size_t n;
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        Member *list;
        int r = config_load_files(CONFIG_DIRECTORY, &config, &errors);

        config_errors_done(&errors);
        /* Not a member, but the first cause of a chain that does not come up. */
        add_unit(k, xstrdup("setup"), xstrdup("lago-setup.service"), /* optional= */ false);
        k->refused = r < 0;
        if (k->refused)
                return;
        k->release = xstrdup(config->release);
        list = stack_members(config, &n);
        for (size_t i = 0; i < n; i++)
                add_unit(k, member_name(&list[i]), member_unit(&list[i]), list[i].kind == MEMBER_PDF);
        free(list);
}

static int subscribe(Keeper *k) {
        int r = sd_bus_match_signal(k->bus, NULL, SYSTEMD, MANAGER, "JobRemoved", on_job_removed, k);

        if (r >= 0)
                r = sd_bus_match_signal(k->bus, NULL, SYSTEMD, NULL, "org.freedesktop.DBus.Properties",
                                        "PropertiesChanged", on_unit_changed, k);
        if (r >= 0)
                r = sd_bus_match_signal(k->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_bus_lost, k);
        if (r >= 0)
                r = sd_bus_call_method_async(k->bus, NULL, SYSTEMD, MANAGER, "Subscribe", NULL, NULL, "");
        return r;
}

static int set_up(Keeper *k) {
        sd_event_source *source = NULL;
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
                r = sd_bus_open_system(&k->bus);
        if (r >= 0)
                r = sd_bus_attach_event(k->bus, k->event, 0);
        if (r >= 0)
                r = subscribe(k);
        if (r >= 0)
                r = sd_event_add_inotify(k->event, NULL, RUN_DIRECTORY, IN_MOVED_TO, on_run_changed, k);
        if (r >= 0)
                r = sd_event_add_post(k->event, NULL, on_turn, k);
        if (r >= 0)
                r = sd_event_add_time(k->event, &source, CLOCK_MONOTONIC, k->begun_usec + deadman_turn_usec(),
                                      USEC_PER_SEC, on_heartbeat, k);
        if (r >= 0)
                r = sd_event_source_set_enabled(source, SD_EVENT_ON);
        return r;
}

int ready_run(void) {
        static Keeper k;
        int r;

        k.begun_usec = now_usec();
        (void)runstate_prepare();
        load(&k);
        r = set_up(&k);
        if (r < 0) {
                log_error("Cannot listen to systemd on the system bus: %s.", strerror(-r));
                return EXIT_TEMPFAIL;
        }
        refresh(&k);
        r = sd_event_loop(k.event);
        return r < 0 ? EXIT_SOFTWARE : r;
}
