/* SPDX-License-Identifier: MIT */
#pragma once
/* Jobs of systemd, queued and followed to their end while the chain is shown. */

#include <stdbool.h>

typedef struct JobsRequest {
        const char *method; /* "StartUnit", "StopUnit", "RestartUnit" */
        char *const *units;
        bool stopping;       /* done when they are down; else when they are up */
        bool quiet;          /* nothing but what went wrong */
        const char *goes_on; /* what to say when the operator leaves with Ctrl-C */
} JobsRequest;

/** jobs_follow() - answers an exit status; what went wrong was told, with the first unit that failed. */
int jobs_follow(const JobsRequest *request);

/** jobs_follow_one() - the same for one unit that is to be up in the end. */
int jobs_follow_one(const char *method, const char *unit, bool quiet, const char *goes_on);

/** jobs_mark() - leaves the empty file @path, for lago-migrate to find when it is started. Answer: an exit status, told. */
int jobs_mark(const char *path);

/** jobs_stack_units() - lago.target and every unit of the stack that is loaded and not down. NULL, and it was told. */
char **jobs_stack_units(void);
