/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-generator adds to the static units, decided from lago.conf. Pure. */

#include "config/config.h"

#include <stddef.h>

/* One file or symbolic link below the generator's directory. */
typedef struct PlanEntry {
        char *path;   /* relative: "lago.target.wants/lago-worker@events.service" */
        char *text;   /* of a file, or NULL */
        char *target; /* of a link, or NULL */
} PlanEntry;

typedef struct Plan {
        PlanEntry *list;
        size_t n;
} Plan;

/**
 * generator_plan() - every file and link for this configuration.
 *
 * @config  as config_load_files() gives it: the environment is not looked at.
 *
 * Shape:   one drop-in per unit, whose SourcePath= lets systemctl warn when lago.conf was edited and not reloaded, and
 *          which switches the member off, or limits its lines in the journal, where lago.conf says so; one link for each worker pool. The same
 *          configuration gives the same entries in the same order.
 */
Plan *generator_plan(const Config *config);

Plan *plan_free(Plan *plan);
void plan_freep(Plan **plan);
