/* SPDX-License-Identifier: MIT */
#include "ready/outside.h"

#include "base/runstate.h"
#include "config/admitted.h"

#include <sys/inotify.h>

#define PRIVATE_BUS "unix:path=/run/systemd/private"

int outside_system_bus(sd_bus **ret) {
        return sd_bus_open_system(ret);
}

int outside_systemd(sd_bus **ret) {
        int r = sd_bus_new(ret);

        if (r >= 0)
                r = sd_bus_set_address(*ret, PRIVATE_BUS);
        return r < 0 ? r : sd_bus_start(*ret);
}

int outside_watch_runfiles(sd_event *event, sd_event_inotify_handler_t handler, void *userdata) {
        int r = runstate_prepare();

        return r < 0 ? r
                     : sd_event_add_inotify(event, NULL, RUN_DIRECTORY, IN_MOVED_TO, handler,
                                            userdata);
}

int outside_config(Config **ret, ConfigErrors *errors) {
        return config_load_files(admitted_boot_directory(), ret, errors);
}
