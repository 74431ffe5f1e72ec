/* SPDX-License-Identifier: MIT */
#pragma once
/* The life of a member as a table: states, events, and what follows. Pure: no clock, no system call. */

#include <stdbool.h>

typedef enum LifeState {
        LIFE_AWAIT,    /* asking whether what it stands on answers */
        LIFE_PREPARE,  /* its image is here, or is being pulled; its manifest is known */
        LIFE_CHECK,    /* lago-gate compares the image with the database */
        LIFE_LOCK,     /* the clock and the migrator want to be the only one on this database */
        LIFE_EMPTY,    /* a first load of the schema was cut off: lago-gate empties the database again */
        LIFE_DIAGNOSE, /* a run of the migrations failed: the journal is asked why */
        LIFE_SWEEP,    /* all is done: a container that an earlier life has left is removed */
        LIFE_STANDBY,  /* the clock of another host runs on this database; ready to take over */
        LIFE_START,    /* the engine makes the container and starts it */
        LIFE_PROBE,    /* it runs, and does not answer yet */
        LIFE_SERVE,    /* READY=1 was said; or an external server is watched */
        LIFE_MIGRATE,  /* migrations run; nothing of ours may end them */
        LIFE_DRAIN,    /* the same, and a stop was asked: it waits for them */
        LIFE_JUDGE,    /* they ended; lago-gate says whether that was all, before their container is removed */
        LIFE_CLEAN,    /* stopped with its grace and removed, to be started again */
        LIFE_DOOM,     /* stopped and removed, to end by itself: all is done, or can never be */
        LIFE_STOP,     /* stopped and removed, as asked */
        LIFE_REST,     /* until the next attempt */
        LIFE_END,      /* the process may exit */
        _LIFE_STATE_MAX,
} LifeState;

typedef enum LifeEvent {
        LIFE_ON_OK,       /* the state's work is done */
        LIFE_ON_LATER,    /* it cannot be done yet */
        LIFE_ON_NEVER,    /* it can never be done */
        LIFE_ON_DONE,     /* CHECK, JUDGE: the schema is verified and nothing is left to do (migrate) */
        LIFE_ON_WATCH,    /* AWAIT: an external server answers; there is no container */
        LIFE_ON_MIGRATE,  /* START: the container that was started migrates */
        LIFE_ON_ENDED,    /* the container ended by itself */
        LIFE_ON_SICK,     /* it runs, but failed its probe too often */
        LIFE_ON_LOCK,     /* CHECK: the verdict allows it to whoever holds the lock */
        LIFE_ON_EMPTY,    /* CHECK: the database holds a load that was cut off */
        LIFE_ON_DIAGNOSE, /* CHECK: the last run failed, and the journal may say why */
        LIFE_ON_RECHECK,  /* the verdict may be another one now */
        LIFE_ON_STANDBY,  /* LOCK: another host's clock holds the lock */
        LIFE_ON_LOST,     /* the lock was lost, so another clock may start any moment */
        LIFE_ON_STOP,     /* a stop was asked */
        LIFE_ON_WAKE,     /* the rest is over, or the world changed */
        _LIFE_EVENT_MAX,
} LifeEvent;

typedef enum LifeAnswer {
        LIFE_IMPOSSIBLE, /* our own mistake; the zero, so that a forgotten cell is found */
        LIFE_STAY,       /* the event means nothing now, or is kept for later */
        LIFE_GO,         /* on to the state in @ret_next */
} LifeAnswer;

/** life_step() - what @event does in @state; *ret_next is written for LIFE_GO only. */
LifeAnswer life_step(LifeState state, LifeEvent event, LifeState *ret_next);

/** life_asks_upstream() - whether the state asks what the member stands on: one of those that failed for good ends this one, too. */
bool life_asks_upstream(LifeState state);

/** life_asks_database() - whether it is on the way to a verdict. */
bool life_asks_database(LifeState state);

/** life_has_container() - whether a container of the member may exist in this state. */
bool life_has_container(LifeState state);

const char *life_state_name(LifeState state);
const char *life_event_name(LifeEvent event);
