/* SPDX-License-Identifier: MIT */
#pragma once
/* What it means that containers do not reach what their host reaches, and what helps. Pure. */

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
} InsideFacts;

/** inside_sentence() - that it is so, and why. inside_advice() - what helps in such a case. The caller frees them. */
char *inside_sentence(const InsideFacts *facts);
char *inside_advice(const InsideFacts *facts);

/**
 * names_sentence() - containers resolve no names: what that says of the port 53 of this host, and what helps.
 *
 * @server     the address that containers ask. @interface  the network's, on this host; "" where it is not known.
 * @reason     of a probe's answer.
 *
 * Answer: the caller frees it.
 */
char *names_sentence(const char *server, const char *interface, const char *reason);

/** forward_sentence() - containers hear nothing of each other, and what helps; @interface as above. The caller frees it. */
char *forward_sentence(const char *interface);
