/* SPDX-License-Identifier: MIT */
#include "ready/act.h"

#include "base/file.h"
#include "base/runstate.h"
#include "base/util.h"
#include "ready/outside.h"
#include "ready/systemd.h"

#include <inttypes.h>
#include <unistd.h>

#define NOTED_MAX 64

/* Whether the job of one unit was derived from that of another. */
static bool is_derived(uint32_t job, uint32_t other) {
        return other > 0 && other < job;
}

/*
 * A restart joins a start that still runs, and keeps its number: that of an API which does not come up, say, when the setting
 * that it cannot start with was corrected. It says nothing of who is named now.
 */
static uint32_t unless_noted(const Act *a, uint32_t job) {
        return job > a->noted ? job : 0;
}

static bool requires_migrate(const char *unit) {
        static const char *const names[] = {"lago-api.service", "lago-clock.service", "lago-front.service", "lago-worker.service"};
        bool known = startswith(unit, "lago-worker@") != NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                known |= streq(unit, names[i]);
        return known;
}

static void take_follower(Act *act, uint32_t id) {
        if (unless_noted(act, id) > 0 && (act->follower == 0 || id < act->follower))
                act->follower = id;
}

void act_take_job(Act *act, uint32_t id, const char *unit) {
        if (streq(unit, "lago.target"))
                act->target = id;
        else if (streq(unit, "lago-ready.service"))
                act->ready = id;
        else if (streq(unit, "lago-setup.service"))
                act->setup = id;
        else if (streq(unit, "lago-migrate.service"))
                act->migrate = id;
        else if (requires_migrate(unit))
                take_follower(act, id);
        else
                return;
        act->highest = id > act->highest ? id : act->highest;
}

bool act_is_by_name(const Act *a) {
        bool without_setup = a->setup == 0 && !a->setup_is_new;

        if (a->first || a->automatic || a->by_keeper || a->migrate == 0)
                return false;
        /*
         * lago.target requires lago-ready, so a restart of that one restarts the target, and all members with it. Each of
         * these restarts lago-setup: without it the target's is a start from before, which still waits.
         */
        if (a->target > 0 && !(without_setup && unless_noted(a, a->target) == 0))
                return !is_derived(a->target, a->ready) && !is_derived(a->target, a->setup);
        return !a->setup_is_new && !is_derived(a->migrate, a->setup) && !is_derived(a->migrate, a->follower);
}

/* lago-migrate may not have been started yet, and what it did before is not of this act. */
bool act_of_setup(const Act *act, bool started) {
        Act own = *act;

        own.first = !started;
        own.automatic = false;
        return own.target > 0 && act_is_by_name(&own);
}

/* --- asking --------------------------------------------------------------------------------------------- */

/* The reply of ListJobs(): a(usssoo), see org.freedesktop.systemd1(5). */
static int read_jobs(sd_bus_message *m, Act *act) {
        int r = sd_bus_message_enter_container(m, 'a', "(usssoo)");

        while (r > 0) {
                const char *unit;
                uint32_t id;

                r = sd_bus_message_read(m, "(usssoo)", &id, &unit, NULL, NULL, NULL, NULL);
                if (r > 0)
                        act_take_job(act, id, unit);
        }
        return r;
}

static int ask_jobs(sd_bus *bus, Act *act) {
        sd_bus_message *m = NULL;
        int r = sd_bus_call_method(bus, SYSTEMD_MANAGER, "ListJobs", NULL, &m, NULL);

        if (r >= 0)
                r = read_jobs(m, act);
        sd_bus_message_unref(m);
        return r;
}

/* A number of @unit: the property @name of @interface. */
static int ask_number(sd_bus *bus, const char *unit, const char *interface, const char *name, char type, void *ret) {
        char *path = NULL;
        int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

        if (r >= 0)
                r = sd_bus_get_property_trivial(bus, SYSTEMD, path, interface, name, NULL, type, ret);
        free(path);
        return r;
}

/* The number of the job of @unit; 0: it has none. */
static int ask_job(sd_bus *bus, const char *unit, uint32_t *ret) {
        sd_bus_message *m = NULL;
        char *path = NULL;
        int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

        if (r >= 0)
                r = sd_bus_get_property(bus, SYSTEMD, path, SYSTEMD ".Unit", "Job", NULL, &m, "(uo)");
        if (r >= 0)
                r = sd_bus_message_read(m, "(uo)", ret, NULL);
        sd_bus_message_unref(m);
        free(path);
        return r;
}

static int ask(sd_bus *bus, Act *act) {
        uint64_t setup_began = 0, migrate_ended = 0;
        uint32_t restarts = 0;
        int r = ask_jobs(bus, act);

        if (r >= 0)
                r = ask_number(bus, "lago-migrate.service", SYSTEMD ".Service", "NRestarts", 'u', &restarts);
        if (r >= 0)
                r = ask_number(bus, "lago-setup.service", SYSTEMD ".Unit", "InactiveExitTimestampMonotonic", 't',
                               &setup_began);
        if (r >= 0)
                r = ask_number(bus, "lago-migrate.service", SYSTEMD ".Unit", "InactiveEnterTimestampMonotonic", 't',
                               &migrate_ended);
        act->automatic = restarts > 0;
        act->setup_is_new = setup_began >= migrate_ended;
        return r;
}

/* --- what was there before ------------------------------------------------------------------------------ */

static uint32_t noted(void) {
        _cleanup_(freep) char *text = NULL;
        uint64_t number = 0;
        size_t n;

        if (file_read(NOTED_FILE, NOTED_MAX, &text, &n) >= 0)
                (void)parse_uint(text, UINT32_MAX, &number);
        return (uint32_t)number;
}

static int note(uint32_t job) {
        _cleanup_(freep) char *text = xasprintf("%" PRIu32, job);

        return job > noted() ? file_write(NOTED_FILE, text, 0600) : 0;
}

int act_note(const Act *act) {
        return note(act->highest);
}

int act_note_unit(const char *unit) {
        sd_bus *bus = NULL;
        uint32_t job = 0;
        int r = outside_systemd(&bus);

        if (r >= 0)
                r = ask_job(bus, unit, &job);
        sd_bus_flush_close_unref(bus);
        return r < 0 ? r : note(job);
}

int act_ask(Act *ret) {
        Act act = {
                .first = access(STARTED_FILE, F_OK) < 0,
                .by_keeper = access(KEEPER_FILE, F_OK) == 0,
                .noted = noted(),
        };
        sd_bus *bus = NULL;
        int r = outside_systemd(&bus);

        if (r >= 0)
                r = ask(bus, &act);
        sd_bus_flush_close_unref(bus);
        if (r >= 0)
                *ret = act;
        return r;
}
