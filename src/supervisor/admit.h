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
/** admit_source() - what that, and "lagoctl apply" since, come to. */
AdmitSource admit_source(void);

/** admit_begin() - loads it; of /etc/lago a copy, taken beside the admitted directory. Errors are told and answered as exit status. */
int admit_begin(AdmitSource source, Config **ret);
/** admit_migrates() - the database is about to be changed for it: from now on there is no way back. */
void admit_migrates(const Supervisor *s);
/** admit_finish() - the copy, with the image ids, becomes what api, workers, clock and front start from. Errors: -errno. */
int admit_finish(const Supervisor *s);
/** admit_images() - the ids that were admitted, for a member that starts from them. Errors: -errno. */
int admit_images(Supervisor *s);
