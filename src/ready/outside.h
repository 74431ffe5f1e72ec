/* SPDX-License-Identifier: MIT */
#pragma once
/* Where lago-ready finds what it looks at. A file of its own, so that a test can be linked with others. */

#include "config/config.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

/** outside_system_bus() - the system bus, where systemd's signals are. */
int outside_system_bus(sd_bus **ret);

/** outside_systemd() - systemd's own socket, which is there without the system bus. */
int outside_systemd(sd_bus **ret);

/** outside_watch_runfiles() - @handler is called whenever a run file was replaced. */
int outside_watch_runfiles(sd_event *event, sd_event_inotify_handler_t handler, void *userdata);

/** outside_config() - config_load_files() of this host. */
int outside_config(Config **ret, ConfigErrors *errors);
