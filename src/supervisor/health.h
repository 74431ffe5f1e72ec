/* SPDX-License-Identifier: MIT */
#pragma once
/* Whether a member that serves still answers: what its probes came to, and what to do about it. Pure. */

#include "supervisor/reach.h"

typedef struct Health {
        unsigned bad;         /* probes in a row that failed */
        char *sickness;       /* why the last of them did */
        unsigned since_login; /* db: good probes since a login was tried */
        char *watched;        /* an external server: "Redis at HOST:6379" */
        Reachability reach;
} Health;

/* What follows a probe that failed. */
typedef enum HealthAct {
        HEALTH_REST,         /* until the next probe */
        HEALTH_RESTART,      /* the container is stopped with its grace and started again */
        HEALTH_ASK_UPSTREAM, /* the same, but only if PostgreSQL and Redis answer: else the member is not to blame */
} HealthAct;

/** health_begin() - a container has just become ready. */
void health_begin(Health *h);

/** health_good() - a probe was answered. Answer: how many had failed before it. */
unsigned health_good(Health *h);

/** health_bad() - one was not, for @reason. Answer: whether it is the first in a row. */
bool health_bad(Health *h, const char *reason);

/**
 * health_act() - what to do after a failed probe.
 *
 * @restart_after  failures in a row; 0: never.
 * @ours           it is a container of ours, and no external server.
 * @stands_on      it needs PostgreSQL and Redis to be well.
 */
HealthAct health_act(const Health *h, unsigned restart_after, bool ours, bool stands_on);

/** health_wants_login() - after a good probe of a server: whether a login is due, which is more to ask than a connection. */
bool health_wants_login(Health *h);

/** health_sentence() - "Not healthy for 30 s: no answer", and @more. @sick_usec: for how long. The caller frees it. */
char *health_sentence(const Health *h, uint64_t sick_usec, const char *more);

/** health_slack() - by how much the next probe may be late, so that the host sleeps longer. */
uint64_t health_slack(const Health *h, uint64_t interval_usec);

void health_done(Health *h);
