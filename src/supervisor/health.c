/* SPDX-License-Identifier: MIT */
#include "supervisor/health.h"

#include "base/time.h"
#include "base/util.h"

void health_begin(Health *h) {
        h->bad = h->since_login = 0;
        h->reach = (Reachability){0};
}

unsigned health_good(Health *h) {
        unsigned bad = h->bad;

        h->bad = 0;
        return bad;
}

bool health_bad(Health *h, const char *reason) {
        free_and_strdup(&h->sickness, reason);
        return h->bad++ == 0;
}

HealthAct health_act(const Health *h, unsigned restart_after, bool ours, bool stands_on) {
        if (!ours || restart_after == 0 || h->bad < restart_after)
                return HEALTH_REST;
        return stands_on ? HEALTH_ASK_UPSTREAM : HEALTH_RESTART;
}

/* Every third time while all is well; while it is not, every time. */
bool health_wants_login(Health *h) {
        if (h->bad == 0 && ++h->since_login < 3)
                return false;
        h->since_login = 0;
        return true;
}

char *health_sentence(const Health *h, uint64_t sick_usec, const char *more) {
        _cleanup_(freep) char *span = span_text(sick_usec);

        return xasprintf("Not healthy for %s: %s%s", span, h->sickness, more);
}

/* While it is healthy a fifth of the interval, with whatever wakes the host anyway; while it is not, probes are punctual. */
uint64_t health_slack(const Health *h, uint64_t interval_usec) {
        return h->bad == 0 && reach_is_well(&h->reach) ? interval_usec / 5 : interval_usec / 100;
}

void health_done(Health *h) {
        free(h->sickness);
        free(h->watched);
        *h = (Health){0};
}
