/* SPDX-License-Identifier: MIT */
#pragma once
/* One unit of the chain, as systemd and its run file tell of it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum UnitActive {
        UNIT_CHANGING, /* activating, deactivating, reloading; a restart to come is no failure */
        UNIT_INACTIVE,
        UNIT_ACTIVE,
        UNIT_FAILED,
} UnitActive;

typedef struct Unit {
        const char *member; /* "api" */
        const char *name;   /* "lago-api.service" */
        char *run_file;     /* its lines as they were when systemd was asked last; NULL: it has none */
        UnitActive active;
        bool has_job;         /* a job is queued or runs */
        bool serving;         /* its run file says so; migrate: it is active */
        bool optional;        /* pdf: gates nobody */
        bool lost;            /* its start was dropped because of a dependency, and was not queued again since */
        uint64_t queued_usec; /* when its start was queued again last */
} Unit;

/** unit_heard() - what systemd says of it, ActiveState and whether it has a job; the run file is read anew. */
void unit_heard(Unit *unit, const char *active, bool has_job);

/** unit_told() - the value of @key in its run file, NULL when it says none. The caller frees it. */
char *unit_told(const Unit *unit, const char *key);

/** unit_find() - the one of @units called @name, NULL when there is none. */
Unit *unit_find(Unit *units, size_t n, const char *name);
