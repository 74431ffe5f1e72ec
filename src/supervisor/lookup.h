/* SPDX-License-Identifier: MIT */
#pragma once
/* One image: whether it is on this host, and by which id; pulled where it is not. Nothing here knows of a Supervisor. */

#include "engine/engine.h"
#include "supervisor/work.h"

typedef enum LookupEnd {
        LOOKUP_UNASKED,   /* the engine could not be asked; the reason is its words */
        LOOKUP_UNPULLED,  /* the pull failed, and may succeed later; the reason is its words */
        LOOKUP_HERE,      /* .id and .port are known */
        LOOKUP_DAMAGED,   /* it is not whole on this host's disk; the reason is the engine's words */
        LOOKUP_FORBIDDEN, /* it is not here, and nothing may be pulled */
        LOOKUP_ABSENT,    /* the registry has none of that name */
        LOOKUP_DENIED,    /* the registry lets us see none of that name */
        LOOKUP_FOREIGN,   /* there is none for this host's processor */
        LOOKUP_LOST,      /* it was pulled, and what was looked for is not here all the same */
} LookupEnd;

/* What the look-ups of a member have in common. */
typedef struct LookupSpec {
        Work *work; /* of the state in hand, with which a look-up ends */
        const Engine *engine;
        bool may_pull;
        void (*says)(void *userdata, const char *sentence); /* for STATUS=: "Pulling NAME (20 s)" */
        void (*done)(void *userdata, LookupEnd end, const char *reason);
        void *userdata;
} LookupSpec;

/* All zero: nothing was looked for yet. */
typedef struct Lookup {
        LookupSpec spec;
        char *name;     /* "docker.io/getlago/api:v1.50.0" */
        char *wanted;   /* the id that it has to have, whatever bears the name by now; NULL: any */
        char *id;       /* by which it was found, last; NULL: it was not */
        uint16_t port;  /* that its image exposes; 0: none, or several */
        bool pulled;    /* by this look-up, already */
        uint64_t begun; /* usec; of the pull */
} Lookup;

/**
 * lookup_begin() - is the image called @name here? done() is called once, unless the work is dropped before.
 *
 * @wanted  an id that was found before: the look-up is for that image and no other, and @name says what to pull. Or NULL.
 */
void lookup_begin(Lookup *l, const LookupSpec *spec, const char *name, const char *wanted);

/** lookup_pull() - the same of an image that is known to be absent. */
void lookup_pull(Lookup *l, const LookupSpec *spec, const char *name, const char *wanted);

/** lookup_found() - somebody else has found it, by @id; both may be NULL. */
void lookup_found(Lookup *l, const char *name, const char *id, uint16_t port);
