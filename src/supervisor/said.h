/* SPDX-License-Identifier: MIT */
#pragma once
/* What a container has said so far. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table or column that a line of the container says is not there. */
typedef struct Missing {
        char *thing;        /* "relation "invoices"", fit for a terminal */
        unsigned count;     /* at least so often */
        uint64_t seen_usec; /* when that was noted last */
} Missing;

typedef struct Said {
        bool ready; /* a line said that it is ready */
        bool spoke; /* it wrote a line */
        bool all;   /* it can write no more */
        char **last_lines;
        Missing missing[16];
        size_t n_missing;
} Said;
