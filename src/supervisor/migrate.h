/* SPDX-License-Identifier: MIT */
#pragma once
/* The member migrate: what the verdict asks for, the run followed, and what its end means. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** enter_migrate() - the run has begun: it is followed until it ends. */
void enter_migrate(Supervisor *s);
/** enter_drain() - the same after a stop was asked. */
void enter_drain(Supervisor *s);

/** check_for_migrate() - what the gate's answer means to the member migrate. */
void check_for_migrate(Supervisor *s);
/**
 * migrate_command() - what to run in the API's image. Not Lago's own migrate.sh: it makes the database first, which a role
 * of a managed server may not. Both tasks in one boot of Rails where no migration runs, so that none can have loaded the
 * roles' model before their table was as it is at last.
 */
char **migrate_command(Supervisor *s);

/**
 * migrate_must_be_alone() - whether that answer may be another host's migration half-way, or is about to begin one: it
 * is asked for again with the lock held.
 */
bool migrate_must_be_alone(const Supervisor *s);
/** migrate_judged() - JUDGE: the gate has answered; DONE when that was all, else LATER. */
void migrate_judged(Supervisor *s);
/** migrate_ended() - the container that migrates ended; called before the machine hears of it. */
void migrate_ended(Supervisor *s);
