/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What lago-migrate admits: a copy of the configuration and the image ids, taken before the verdict and put in place after
 * it. The backend starts from that copy, so neither an automatic restart at night nor a reboot picks up a half-edited file.
 */

#include "config/config.h"
#include "supervisor/migrate-run.h"

typedef struct Supervisor Supervisor;

/**
 * admit_hear() - once for each start of lago-migrate: whether it comes of an operator's act, which then holds until it is
 * done or the host is booted anew. lago.target(7) has the table.
 */
void admit_hear(void);
/** admit_source() - from which configuration this start goes on, after admit_hear() and any "lagoctl apply" since. */
AdmitSource admit_source(void);

/** admit_begin() - loads that configuration; /etc/lago is first copied beside the admitted one. Errors are logged; answers an exit status. */
int admit_begin(AdmitSource source, Config **ret);
/** admit_migrates() - notes that the database is about to be migrated for this copy, so that a start after a power cut goes on with it. */
void admit_migrates(const Supervisor *s);
/** admit_finish() - the copy, with the image ids, becomes what api, workers, clock and front start from. Errors: -errno. */
int admit_finish(const Supervisor *s);
/** admit_images() - the ids that were admitted, for a member that starts from them. Errors: -errno. */
int admit_images(Supervisor *s);
