/* SPDX-License-Identifier: MIT */
/*
 * Called by lago-migrate once the schema is verified. When that one was refused, systemd dropped the starts of those that
 * follow it, and lago-ready told the cause and ended. "systemctl restart lago-migrate" with a release that fits would then start nobody
 * else, as systemd restarts only what is active. So whatever lago.target wants is started once more, but for the members
 * that the operator had stopped before, and lago-ready with them. What they run was admitted by lago-migrate just now.
 */
#include "ready/ready.h"

#include "base/keyfile.h"
#include "base/log.h"
#include "base/runstate.h"
#include "ready/outside.h"
#include "ready/systemd.h"

#define TARGET "lago.target"
#define READY  "lago-ready.service"

/* With the target stopped, or with a start of it under way, the members are somebody else's to start. */
static bool was_left(sd_bus *bus) {
        return systemd_is(bus, TARGET, "active") && systemd_is(bus, READY, "failed");
}

/* A keeper that did not end by its own judgement left nobody. */
static bool members_were_left(const char *run_file) {
        _cleanup_(freep) char *state = run_file ? keyfile_get(run_file, "STATE") : NULL;

        return state && streq(state, RUN_STATE_ENDED);
}

/* The members to start: wanted, down, and not stopped by the operator. */
static char **left_members(sd_bus *bus) {
        _cleanup_(freep) char *run_file = runstate_read("ready");
        _cleanup_(strv_freep) char **wanted = NULL, **stopped = NULL;
        char **left = NULL;

        if (!members_were_left(run_file))
                return NULL;
        stopped = keyfile_all(run_file, "STOPPED");
        wanted = systemd_wants(bus, TARGET);
        STRV_FOREACH(unit, wanted)
                if (startswith(*unit, "lago-") && !strv_contains(stopped, *unit) &&
                    (systemd_is(bus, *unit, "inactive") || systemd_is(bus, *unit, "failed")))
                        strv_add(&left, *unit);
        return left;
}

static void start(sd_bus *bus, const char *unit) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = systemd_start(bus, unit, &error);

        if (r < 0)
                log_error("Cannot start %s again: %s. Run \"systemctl start lago.target\".", unit,
                          error.message ? error.message : strerror(-r));
        sd_bus_error_free(&error);
}

int resume_run(void) {
        _cleanup_(strv_freep) char **units = NULL;
        _cleanup_(freep) char *list = NULL;
        sd_bus *bus = NULL;
        int r = outside_systemd(&bus);

        if (r < 0)
                log_error("Cannot ask systemd whether the start of Lago is to go on: %s.",
                          strerror(-r));
        if (r >= 0 && was_left(bus)) {
                units = left_members(bus);
                /* Last, so that it finds their starts queued. */
                strv_add(&units, READY);
                list = strv_join(units, ", ");
                log_notice("What a failure had left is started again: %s.", list);
                STRV_FOREACH(unit, units)
                        start(bus, *unit);
        }
        sd_bus_flush_close_unref(bus);
        return 0;
}
