/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What lago-migrate admits: a copy of the configuration and the image ids, taken before the verdict and put in place after
 * it. The backend starts from that copy, so an automatic restart at night never picks up a half-edited file.
 */

#include "config/config.h"

typedef struct Supervisor Supervisor;

/**
 * admit_begin() - copies /etc/lago beside the admitted directory and loads that copy.
 * Errors are logged, and answered as an exit status.
 */
int admit_begin(Config **ret);
/** admit_finish() - the copy, with the image ids, becomes what api, workers, clock and front start from. Errors: -errno. */
int admit_finish(const Supervisor *s);
/** admit_images() - the ids that were admitted, for a member that starts from them. Errors: -errno. */
int admit_images(Supervisor *s);
