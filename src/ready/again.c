/* SPDX-License-Identifier: MIT */
/*
 * lago-again.service, which lago-ready.service names in OnFailure= in the place of Restart=: systemd restarts a unit by a
 * job that it passes on to whatever requires the unit, so the end of the keeper would restart lago.target and with it
 * every member, the database included. A plain start is passed on to nobody.
 */
#include "ready/ready.h"

#include "base/file.h"
#include "base/log.h"
#include "base/runstate.h"
#include "ready/outside.h"
#include "ready/systemd.h"

#include <unistd.h>

#define BREATH_SEC 1

/* Whether the end of the main process, as systemd tells it in the environment, is one that passes. */
static bool passes(void) {
        const char *code = getenv("MONITOR_EXIT_CODE"), *status = getenv("MONITOR_EXIT_STATUS");
        uint64_t number;

        if (!code || !status)
                return false;
        if (!streq(code, "exited") || parse_uint(status, UINT8_MAX, &number) < 0)
                return true;
        return number != 0 && !exit_is_final((int)number);
}

/* With the keeper killed before it was ready, systemd dropped the start of the target: that one is started again. */
static const char *what_to_start(sd_bus *bus) {
        return systemd_is(bus, "lago.target", "active") ? "lago-ready.service" : "lago.target";
}

int again_run(void) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        const char *unit;
        int r;

        if (!passes())
                return 0;
        (void)sleep(BREATH_SEC);
        /* Not the system bus, which may be what the keeper died of. */
        r = outside_systemd(&bus);
        if (r >= 0) {
                unit = what_to_start(bus);
                /* Where lago-migrate is started with it, no operator has asked for that. */
                if (streq(unit, "lago.target") && !systemd_is(bus, "lago-migrate.service", "active"))
                        (void)file_write(KEEPER_FILE, "", 0600);
                log_warning("The keeper of the chain was ended (%s %s); starting %s again.",
                            getenv("MONITOR_EXIT_CODE"), getenv("MONITOR_EXIT_STATUS"), unit);
                r = systemd_start(bus, unit, &error);
        }
        if (r < 0)
                log_error(
                        "Cannot start the keeper of the chain again: %s. Run \"systemctl start lago.target\".",
                        error.message ? error.message : strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_flush_close_unref(bus);
        return 0;
}
