/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-ready concludes from the members' states. Pure. */

#include <stdbool.h>
#include <stddef.h>

/* One member as systemd and its run file tell of it. */
typedef struct KeepMember {
        const char *name;   /* "api" */
        const char *active; /* ActiveState: "active", "activating", "failed", "inactive" … */
        const char *sub;    /* SubState; "auto-restart" is no failure */
        bool has_job;       /* a job is queued or runs */
        bool serving;       /* its run file says so; migrate: it is active */
        bool optional;      /* pdf: gates nobody */
        bool lost;          /* its start was dropped because of a dependency, and was not queued again since */
} KeepMember;

typedef enum KeepAnswer {
        KEEP_WAIT,
        KEEP_SERVES, /* every mandatory member that was not stopped serves */
        KEEP_FAILED, /* @which failed for good; the first in the chain's order */
} KeepAnswer;

/** keep_judge() - @members in the chain's order, upstream first; @ret_which is written for KEEP_FAILED only. */
KeepAnswer keep_judge(const KeepMember *members, size_t n, size_t *ret_which);

/** keep_is_awaited() - whether the start of the stack still waits for this one. */
bool keep_is_awaited(const KeepMember *member);

/** keep_should_queue() - whether the start of members[@i] is to be queued again: lost, and nothing upstream has failed. */
bool keep_should_queue(const KeepMember *members, size_t i);
