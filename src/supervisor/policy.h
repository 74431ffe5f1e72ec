/* SPDX-License-Identifier: MIT */
#pragma once
/* How long to rest, and when to give up. Pure; all times in usec, CLOCK_MONOTONIC. */

#include <stdbool.h>
#include <stdint.h>

/** wait_rest() - the rest after the @attempts-th try for the same cause: 1, 2, 4 … 60 s. */
uint64_t wait_rest(unsigned attempts);

/* Ends of a container in the last ten minutes. */
typedef struct EndHistory {
        uint64_t times[8]; /* a ring */
        unsigned n;        /* ends so far, ever */
} EndHistory;

/** end_add() - remembers an end at @now; answers how many fell into the ten minutes before, this one included (at most 8). */
unsigned end_add(EndHistory *history, uint64_t now);

/** end_rest() - the rest before the next start, after @ends in ten minutes: 0.2, 2, 10, 20, 40, 80 s. */
uint64_t end_rest(unsigned ends);

/**
 * stop_was_kill() - whether a stop that @took so long ended by SIGKILL, because the container did not end within its grace.
 * @exit_code: of the container, -1 when it is not known. An engine that waits for a lock takes long, too, and kills nobody.
 */
bool stop_was_kill(uint64_t took, unsigned grace_sec, int exit_code);

/** probe_rest() - between two probes of a container that is not ready, @running since its start: 20 ms … 1 s. */
uint64_t probe_rest(uint64_t running);

/* Runs of the migrations that did not end in a verified schema. */
typedef struct MigrateHistory {
        char first[32]; /* first pending version after the last such run, or the task */
        unsigned same;  /* such runs that ended there */
} MigrateHistory;

/**
 * migrate_failed() - a run ended, and @first is still the first pending version.
 * Answer: true when it is the second run in a row that got no further, so that a third would not either.
 */
bool migrate_failed(MigrateHistory *history, const char *first);

/* Whether a container that is healthy is reached where it is published, as far as this host can tell. */
typedef struct Reach {
        unsigned turns;  /* healthy probes before it is asked again */
        unsigned missed; /* questions in a row that were not answered there */
        bool ever;       /* it answered once */
} Reach;

typedef enum ReachAct {
        REACH_NOTHING, /* to be done or to be said */
        REACH_RELOAD,  /* the rules that lead there are gone, and are to be made again */
        REACH_TELL,    /* they are not what is wrong */
        REACH_BACK,    /* it is reached again */
} ReachAct;

/** reach_due() - after a probe found it healthy: whether to ask there, too. Every sixth time, and always while it is missed. */
bool reach_due(Reach *reach);

/**
 * reach_heard() - @answered there, or not. A single miss is ignored; the rules are made again after the second and then at
 * ever longer intervals, as that drops the connections for a moment, and when one of these did not help, that is told. Where
 * it never answered before, both are done once.
 */
ReachAct reach_heard(Reach *reach, bool answered);

/** log_is_torn() - Redis' last words before it ended say that its log cannot be read to its end. */
bool log_is_torn(const char *lines);

/* Whose answer counts when two databases were asked. */
typedef enum GateChoice {
        GATE_CHOICE_FIRST,          /* PostgreSQL's */
        GATE_CHOICE_SECOND,         /* ClickHouse's */
        GATE_CHOICE_SECOND_PENDING, /* ClickHouse's, as "pending": it is empty, but PostgreSQL has data, so this is no first start */
} GateChoice;

/** gate_refuses() - by the same: time does not help. A gate that was killed has given no verdict, and refuses nothing. */
bool gate_refuses(int status);

/** gate_wants_migrating() - by the gate's exit status: migrations are missing, and could be run. */
bool gate_wants_migrating(int status);

/**
 * second_runs_first() - of the two first pending versions the second database's is the one to be run, and to fail, first.
 *
 * @status  of the first database. Rails sorts the migrations of both into one row, but loads or begins an empty PostgreSQL
 *          before it.
 * @first, @second  NULL: none pending, or not known.
 */
bool second_runs_first(int status, const char *first, const char *second);

/**
 * gate_choice() - the two exit statuses, of which the first is 0 or wants migrating.
 * "Verified" comes out only when both are; what cannot be now, or ever, keeps the other from being migrated.
 */
GateChoice gate_choice(int first, int second);
