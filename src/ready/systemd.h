/* SPDX-License-Identifier: MIT */
#pragma once
/* What is asked of systemd over the bus, and what is heard from it. */

#include "ready/unit.h"

#include <systemd/sd-bus.h>

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_MANAGER SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager"

/* Whoever makes one gives units and on_news(); the units stay the owner's. */
typedef struct Systemd {
        sd_bus *bus;
        sd_event *event;
        Unit *units;
        size_t n;
        void (*on_news)(void *userdata); /* the units are as systemd says now */
        void *userdata;
        bool in_flight, dirty;
} Systemd;

/** systemd_listen() - hears of every change of a unit and every end of a job. Errors: -errno. */
int systemd_listen(Systemd *s, sd_event *event);

/** systemd_ask() - one question for all units; what calls for one more meanwhile leads to one more. */
void systemd_ask(Systemd *s);

/** systemd_queue() - @method "StartUnit" or "RestartUnit", for @unit; its failure is told. */
void systemd_queue(Systemd *s, const char *method, const char *unit);

/** systemd_start() - has a start of @unit queued, unless a stop was asked meanwhile. Errors: -errno, told in @error. */
int systemd_start(sd_bus *bus, const char *unit, sd_bus_error *error);

/** systemd_wants() - the units that @unit wants, as a string vector; NULL when they cannot be asked. */
char **systemd_wants(sd_bus *bus, const char *unit);

/** systemd_invocation() - which life of @unit this is, as $INVOCATION_ID; NULL: not known. The caller frees it. */
char *systemd_invocation(sd_bus *bus, const char *unit);

/** systemd_is() - whether the ActiveState of @unit is @state; no when it cannot be asked. */
bool systemd_is(sd_bus *bus, const char *unit, const char *state);

/** systemd_status_text() - the STATUS= that @unit told systemd last, NULL for none. The caller frees it. */
char *systemd_status_text(sd_bus *bus, const char *unit);
