/* SPDX-License-Identifier: MIT */
#pragma once
/* What "lagoctl apply" is made of: the judgement of /etc/lago while Lago serves, and what has to stop for it. */

#include "ctl/ctl.h"

/* What is to be applied, judged. Strings and configurations are its own. */
typedef struct Wanted {
        Release release;  /* of /etc/lago; its image is on this host */
        Config *admitted; /* what runs; NULL: nothing was admitted yet */
        char **edited;    /* files, as of admitted_edited() */
        bool other_image; /* another one under the same name */
        char *schema;     /* what lago-gate says of the database; NULL: it could not be asked yet */
} Wanted;

/**
 * apply_judge() - looks at all that a start would refuse: configuration, keys, ports, images (pulled), schema.
 * Answer: an exit status, 0 with *@ret for wanted_done(); else it was told, and nothing was changed.
 */
int apply_judge(Wanted *ret);
void wanted_done(Wanted *wanted);

/* How much has to stop; each contains the ones before it. */
typedef enum Extent {
        EXTENT_NOTHING,
        EXTENT_BACKEND, /* API, workers, clock, front */
        EXTENT_ALL,     /* PostgreSQL, Redis and the page renderer, too */
} Extent;

/** apply_extent() - what stops for the change from @admitted to @wanted, of which @edited are the files. Pure. */
Extent apply_extent(const Config *admitted, const Config *wanted, char *const *edited, bool other_image);
