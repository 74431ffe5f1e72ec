/* SPDX-License-Identifier: MIT */
#pragma once
/* /run/lago/state/MEMBER as its supervisor writes it; base/runstate.h reads. */

#include "base/runstate.h"
#include "stack/stack.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* What the other members read. Strings are borrowed; NULL or 0: not known, or there is none. */
typedef struct RunFile {
        const char *state;   /* life_state_name() */
        uint64_t since_usec; /* in that state, CLOCK_MONOTONIC */
        const char *status;  /* STATUS= */
        const char *release;
        const char *image, *image_id;
        const char *address;   /* in the container network */
        const char *container; /* by name */
        bool view;             /* nothing of the image runs in that: see inside.h */
        unsigned long output;  /* relay_id() */
        const char *verdict, *first;
        bool sick; /* the last probe failed */
} RunFile;

/** runfile_write() - that, and INVOCATION. A first failure is logged; see runfile_is_due(). */
void runfile_write(const char *member, const RunFile *file);

/**
 * runfile_is_due() - it has to be written again: somebody has removed it, or there was no room for the last one, so the other
 * members believe what is not so.
 */
bool runfile_is_due(const char *member);

/**
 * runfile_ended() - the member's last word. A final @exit_status is kept for those who wait. INVOCATION stays as it was.
 *
 * @container  the one that could not be removed; NULL: none is left.
 */
void runfile_ended(const char *member, const char *status, int exit_status, const char *container);

/** runfile_is_of_upstream() - whether a member of @kind stands on the one called @other. */
bool runfile_is_of_upstream(const Config *config, MemberKind kind, const char *other);

/**
 * runfile_failed_upstream() - one that @member stands on and that failed for good, in a sentence with its reason: nobody but
 * a person will start it again. NULL when there is none. The caller frees it.
 */
char *runfile_failed_upstream(const Config *config, const Member *member);

/** runfile_starts() - whether @member is on its way to serve. */
bool runfile_starts(const char *member);

/** runfile_suspects() - whether @member's last life may have left a container; true after a boot, when nothing is known. */
bool runfile_suspects(const char *member);

/** runfile_watch() - has @changed called when one of the members writes its file, and for IN_IGNORED. Errors: -errno. */
int runfile_watch(sd_event *event, sd_event_source **ret, sd_event_inotify_handler_t changed, void *userdata);
