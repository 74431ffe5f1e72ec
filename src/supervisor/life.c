/* SPDX-License-Identifier: MIT */
#include "supervisor/life.h"

#include <stddef.h>

typedef struct Cell {
        LifeAnswer answer;
        LifeState next;
} Cell;

#define GO(state) \
        { LIFE_GO, LIFE_##state }
#define STAY \
        { LIFE_STAY, 0 }

/* A container can end, and a stop can be asked, in any state: those cells are never left out. */
/* clang-format off */
static const Cell table[_LIFE_STATE_MAX][_LIFE_EVENT_MAX] = {
        [LIFE_AWAIT] = {
                [LIFE_ON_OK] = GO(PREPARE), [LIFE_ON_LATER] = GO(REST), [LIFE_ON_NEVER] = GO(END),
                [LIFE_ON_WATCH] = GO(SERVE), [LIFE_ON_STOP] = GO(END),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_PREPARE] = {
                [LIFE_ON_OK] = GO(CHECK), [LIFE_ON_LATER] = GO(REST), [LIFE_ON_NEVER] = GO(END),
                [LIFE_ON_STOP] = GO(END), [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_CHECK] = {
                [LIFE_ON_OK] = GO(START), [LIFE_ON_LATER] = GO(REST), [LIFE_ON_NEVER] = GO(END),
                [LIFE_ON_DONE] = GO(SWEEP), [LIFE_ON_LOCK] = GO(LOCK), [LIFE_ON_EMPTY] = GO(EMPTY),
                [LIFE_ON_DIAGNOSE] = GO(DIAGNOSE), [LIFE_ON_STOP] = GO(END),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
        },
        /* A migrator checks once more: the lock may have been held by another migrator, whose work is done now. */
        [LIFE_LOCK] = {
                [LIFE_ON_OK] = GO(START), [LIFE_ON_RECHECK] = GO(CHECK), [LIFE_ON_STANDBY] = GO(STANDBY),
                [LIFE_ON_LATER] = GO(REST), [LIFE_ON_NEVER] = GO(END), [LIFE_ON_STOP] = GO(END),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
        },
        [LIFE_EMPTY] = {
                [LIFE_ON_RECHECK] = GO(CHECK), [LIFE_ON_LATER] = GO(REST), [LIFE_ON_NEVER] = GO(END),
                [LIFE_ON_STOP] = GO(END), [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
        },
        [LIFE_DIAGNOSE] = {
                [LIFE_ON_RECHECK] = GO(CHECK), [LIFE_ON_LATER] = GO(REST), [LIFE_ON_NEVER] = GO(END),
                [LIFE_ON_STOP] = GO(END), [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
        },
        [LIFE_SWEEP] = {
                [LIFE_ON_OK] = GO(END), [LIFE_ON_LATER] = GO(REST), [LIFE_ON_STOP] = GO(END),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        /* The lock is ours now: everything is asked again, as the other clock may have run another release. */
        [LIFE_STANDBY] = {
                [LIFE_ON_WAKE] = GO(AWAIT), [LIFE_ON_LOST] = GO(REST), [LIFE_ON_STOP] = GO(END),
                [LIFE_ON_OK] = STAY, [LIFE_ON_LATER] = STAY, [LIFE_ON_ENDED] = STAY,
        },
        /* A start in flight is let finish: only then is it known whether there is a container, and of what kind. */
        [LIFE_START] = {
                [LIFE_ON_OK] = GO(PROBE), [LIFE_ON_MIGRATE] = GO(MIGRATE), [LIFE_ON_LATER] = GO(CLEAN),
                [LIFE_ON_NEVER] = GO(DOOM), [LIFE_ON_ENDED] = STAY, [LIFE_ON_STOP] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_PROBE] = {
                [LIFE_ON_OK] = GO(SERVE), [LIFE_ON_LATER] = STAY, [LIFE_ON_NEVER] = GO(DOOM),
                [LIFE_ON_ENDED] = GO(CLEAN), [LIFE_ON_STOP] = GO(STOP), [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = GO(CLEAN),
        },
        [LIFE_SERVE] = {
                [LIFE_ON_ENDED] = GO(CLEAN), [LIFE_ON_SICK] = GO(CLEAN), [LIFE_ON_STOP] = GO(STOP),
                [LIFE_ON_LATER] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = GO(CLEAN),
        },
        [LIFE_MIGRATE] = {
                [LIFE_ON_ENDED] = GO(JUDGE), [LIFE_ON_STOP] = GO(DRAIN), [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_DRAIN] = {
                [LIFE_ON_ENDED] = GO(STOP), [LIFE_ON_STOP] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        /* The API waits for this verdict, and not for the removal. Any other verdict is asked for again from AWAIT on. */
        [LIFE_JUDGE] = {
                [LIFE_ON_DONE] = GO(DOOM), [LIFE_ON_LATER] = GO(CLEAN), [LIFE_ON_STOP] = GO(STOP),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = GO(CLEAN),
        },
        [LIFE_CLEAN] = {
                [LIFE_ON_OK] = GO(REST), [LIFE_ON_NEVER] = GO(DOOM),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_STOP] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        /* What is to be removed may wait for others to come up; a stop does not. */
        [LIFE_DOOM] = {
                [LIFE_ON_OK] = GO(END), [LIFE_ON_STOP] = GO(STOP),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_STOP] = {
                [LIFE_ON_OK] = GO(END),
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_STOP] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_REST] = {
                [LIFE_ON_WAKE] = GO(AWAIT), [LIFE_ON_NEVER] = GO(END), [LIFE_ON_STOP] = GO(END),
                [LIFE_ON_ENDED] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
        [LIFE_END] = {
                [LIFE_ON_ENDED] = STAY, [LIFE_ON_STOP] = STAY, [LIFE_ON_WAKE] = STAY,
                [LIFE_ON_LOST] = STAY,
        },
};

static const char *const state_names[_LIFE_STATE_MAX] = {
        [LIFE_AWAIT] = "waiting",       [LIFE_PREPARE] = "preparing", [LIFE_CHECK] = "checking",
        [LIFE_START] = "starting",      [LIFE_PROBE] = "probing",
        [LIFE_SERVE] = "serving",       [LIFE_MIGRATE] = "migrating", [LIFE_DRAIN] = "draining",
        [LIFE_CLEAN] = "cleaning",      [LIFE_DOOM] = "ending",       [LIFE_STOP] = "stopping",
        [LIFE_REST] = "resting",        [LIFE_END] = "ended",         [LIFE_STANDBY] = "standby",
        [LIFE_JUDGE] = "judging",       [LIFE_LOCK] = "locking",
        [LIFE_EMPTY] = "emptying",      [LIFE_DIAGNOSE] = "diagnosing",
        [LIFE_SWEEP] = "sweeping",
};

static const char *const event_names[_LIFE_EVENT_MAX] = {
        [LIFE_ON_OK] = "ok",       [LIFE_ON_LATER] = "later",     [LIFE_ON_NEVER] = "never",
        [LIFE_ON_DONE] = "done",   [LIFE_ON_WATCH] = "watch",     [LIFE_ON_MIGRATE] = "migrate",
        [LIFE_ON_ENDED] = "ended", [LIFE_ON_SICK] = "sick",       [LIFE_ON_STOP] = "stop",
        [LIFE_ON_WAKE] = "wake",   [LIFE_ON_STANDBY] = "standby", [LIFE_ON_LOST] = "lost",
        [LIFE_ON_LOCK] = "lock",   [LIFE_ON_RECHECK] = "recheck",
        [LIFE_ON_EMPTY] = "empty", [LIFE_ON_DIAGNOSE] = "diagnose",
};
/* clang-format on */

LifeAnswer life_step(LifeState state, LifeEvent event, LifeState *ret_next) {
        const Cell *cell = &table[state][event];

        if (cell->answer == LIFE_GO)
                *ret_next = cell->next;
        return cell->answer;
}

bool life_asks_database(LifeState state) {
        return state == LIFE_CHECK || state == LIFE_LOCK || state == LIFE_EMPTY || state == LIFE_DIAGNOSE;
}

bool life_asks_upstream(LifeState state) {
        return state == LIFE_AWAIT || life_asks_database(state);
}

bool life_has_container(LifeState state) {
        return state >= LIFE_START && state <= LIFE_STOP;
}

const char *life_state_name(LifeState state) {
        return state_names[state];
}

const char *life_event_name(LifeEvent event) {
        return event_names[event];
}
