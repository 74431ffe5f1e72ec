/* SPDX-License-Identifier: MIT */
#pragma once
/* Exit statuses of the programs, as documented in the manual pages; systemd restarts on 70 to 75 only. */

#include <stdbool.h>

enum {
        EXIT_USAGE = 64,
        EXIT_SOFTWARE = 70,
        EXIT_OSERR = 71,
        EXIT_TEMPFAIL = 75,
        EXIT_CONFIG = 78,
        EXIT_MEMBER = 79,   /* what this one stands on failed for good; lago-ready: a member did */
        EXIT_SCHEMA = 80,   /* the schema was refused */
        EXIT_IMAGE = 81,    /* the image was refused */
        EXIT_KEYS = 82,     /* the keys were refused */
        EXIT_MIGRATE = 83,  /* the same migration, or the start of Rails before it, failed twice */
        EXIT_SERVER = 84,   /* the database server was refused */
        EXIT_STRANGER = 85, /* a name, port, volume or network belongs to somebody else */
};

/** exit_is_final() - whether a service that ended so is not started again: RestartPreventExitStatus= of the units. */
static inline bool exit_is_final(int status) {
        return status == EXIT_USAGE || (status >= EXIT_CONFIG && status <= EXIT_STRANGER);
}
