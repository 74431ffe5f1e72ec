/* SPDX-License-Identifier: MIT */
#include "ready/act.h"

#include "base/runstate.h"
#include "base/util.h"
#include "ready/outside.h"
#include "ready/systemd.h"

#include <unistd.h>

/* Whether the job of one unit was derived from that of another. */
static bool is_derived(uint32_t job, uint32_t other) {
        return other > 0 && other < job;
}

bool act_is_by_name(const Act *a) {
        if (a->first || a->automatic || a->by_keeper || a->migrate == 0)
                return false;
        /* lago.target requires lago-ready, so a restart of that one restarts the target, and all members with it. */
        if (a->target > 0)
                return !is_derived(a->target, a->ready) && !is_derived(a->target, a->setup);
        return !a->setup_is_new && !is_derived(a->migrate, a->setup) && !is_derived(a->migrate, a->api);
}

/* lago-migrate may not have been started yet, and what it did before is not of this act. */
bool act_of_setup(const Act *act, bool started) {
        Act own = *act;

        own.first = !started;
        own.automatic = false;
        return own.target > 0 && act_is_by_name(&own);
}

/* --- asking --------------------------------------------------------------------------------------------- */

/*
 * Of those that follow lago-migrate the API alone: a restart joins a start that still runs, and keeps its number, so that one
 * of them that does not come up (a front that ends at once, say) would pass for what was named. Of "lago-*" the API is first.
 */
static void note_job(Act *act, uint32_t id, const char *unit) {
        if (streq(unit, "lago.target"))
                act->target = id;
        else if (streq(unit, "lago-ready.service"))
                act->ready = id;
        else if (streq(unit, "lago-setup.service"))
                act->setup = id;
        else if (streq(unit, "lago-migrate.service"))
                act->migrate = id;
        else if (streq(unit, "lago-api.service"))
                act->api = id;
}

/* The reply of ListJobs(): a(usssoo), see org.freedesktop.systemd1(5). */
static int read_jobs(sd_bus_message *m, Act *act) {
        int r = sd_bus_message_enter_container(m, 'a', "(usssoo)");

        while (r > 0) {
                const char *unit;
                uint32_t id;

                r = sd_bus_message_read(m, "(usssoo)", &id, &unit, NULL, NULL, NULL, NULL);
                if (r > 0)
                        note_job(act, id, unit);
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

int act_ask(Act *ret) {
        Act act = {
                .first = access(STARTED_FILE, F_OK) < 0,
                .by_keeper = access(KEEPER_FILE, F_OK) == 0,
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
