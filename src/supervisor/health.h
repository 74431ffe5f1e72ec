/* SPDX-License-Identifier: MIT */
#pragma once
/* Whether a member that serves still answers, and is reached where it is published. */

#include "supervisor/policy.h"
#include "supervisor/redis.h"

typedef struct Health {
        unsigned bad;       /* probes in a row */
        char *sickness;     /* why the last one was bad */
        Reach reach, names; /* asked for at its published port; by its network's name server */
        void (*reach_over)(Supervisor *s);
        RedisAnswered redis_answered;
        char *watched; /* an external server: "Redis at HOST:6379" */
} Health;
