/* SPDX-License-Identifier: MIT */
#pragma once
/* What it means that containers do not reach what their host reaches, and what helps. Pure. */

#include "supervisor/wall.h"

#include <stdint.h>

struct Supervisor;

/* The question in hand. */
typedef struct Inside {
        void (*reached)(struct Supervisor *s);
        void (*missed)(struct Supervisor *s, const char *sentence, const char *advice);
        uint64_t asked_usec; /* a member that does not get ready; 0: not yet */
        char *told;          /* what is missing to it; NULL: nothing is */
} Inside;

/* What was asked, and from where. Strings are borrowed. */
typedef struct InsideFacts {
        const char *place;   /* "PostgreSQL at db.example.org:5432" */
        const char *reason;  /* why it was not reached, a part of a sentence */
        const char *network; /* the containers' */
        const char *subnet;  /* "10.89.0.0/24"; "" where it is not known */
        unsigned port;       /* of the server; 0: not known */
        Wall wall;           /* of this host */
} InsideFacts;

/** inside_sentence() - that it is so, and why. inside_advice() - what helps in such a case. The caller frees them. */
char *inside_sentence(const InsideFacts *facts);
char *inside_advice(const InsideFacts *facts);

/* What stands between containers. Strings are borrowed. */
typedef struct NamesFacts {
        const char *server;   /* the address that they ask for names */
        const char *reason;   /* of a probe's answer: why it was in vain */
        char *const *bridges; /* the interfaces of their networks on this host; empty where none is known */
        Wall wall;            /* of this host */
} NamesFacts;

/** names_sentence() - containers resolve no names: what that says of the port 53 of this host, and what helps. The caller frees it. */
char *names_sentence(const NamesFacts *facts);

/** forward_sentence() - containers hear nothing of each other, and what helps; needs neither server nor reason. As above. */
char *forward_sentence(const NamesFacts *facts);
