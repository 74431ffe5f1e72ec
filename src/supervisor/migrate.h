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
/** migrate_command() - what the container in hand is to run; see migrate_words(). */
char **migrate_command(Supervisor *s);
/** migrate_needs_lock() - the lock is not held, and the answer counts only with it; see migrate_must_be_alone(). */
bool migrate_needs_lock(const Supervisor *s);
/** migrate_judged() - JUDGE: the gate has answered; DONE when that was all, else LATER. */
void migrate_judged(Supervisor *s);
/** migrate_ended() - the container that migrates ended; called before ENDED is fed. */
void migrate_ended(Supervisor *s);
