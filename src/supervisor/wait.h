/* SPDX-License-Identifier: MIT */
#pragma once
/* What keeps a member from going on: the cause, how often it was met, and how long to rest for it. */

#include "supervisor/life.h"

#include <stdint.h>

typedef struct Wait {
        char *cause;        /* why we wait; NULL: we do not */
        char *status;       /* STATUS= as it was told last */
        uint64_t since;     /* usec; when the cause was met first */
        LifeState state;    /* in which it was met */
        unsigned attempts;  /* for this cause */
        uint64_t rest_usec; /* how long the next rest is */
} Wait;
