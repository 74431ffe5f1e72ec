/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-ready tells: STATUS= and READY=1 to systemd, sentences to the journal. */

#include "config/config.h"
#include "ready/systemd.h"

/* All of it empty at first, but for the time of the start. */
typedef struct Teller {
        char *status;
        char *release;      /* what runs; before that, what lago.conf says */
        const char *absent; /* " (without the API)": what is left to other hosts; "" */
        bool ready_said;
        uint64_t begun_usec;
} Teller;

/** tell_waiting() - for which of @units. */
void tell_waiting(Teller *t, const Unit *units, size_t n);

/** tell_serves() - all is well; the first time it is also READY=1 and a line in the journal. Takes @release, which may be NULL. */
void tell_serves(Teller *t, char *release);

/** tell_failed() - that @unit failed for good, and in its own words why. */
void tell_failed(Teller *t, sd_bus *bus, const Unit *unit);

/** tell_unread() - that the configuration could not be read for now: @error is the first thing of it. */
void tell_unread(Teller *t, const ConfigError *error);

/** tell_refused() - lago-setup has no complaint: it ran before the configuration was spoiled. */
void tell_refused(Teller *t);
