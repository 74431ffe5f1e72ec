/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Asked from where Lago asks: this host's own view of a server outside says little of a container's, whose names, routes and
 * address are others. Before migrations run, their container is there with its network and none of the image in it:
 * PostgreSQL, Redis and ClickHouse are asked from there first, those that are outside. A stack with its own two and without the
 * third is not made to wait for that.
 */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** inside_is_outside() - Lago needs a server that is not of this host's network of containers. */
bool inside_is_outside(const Supervisor *s);

/** inside_is_wanted() - the container in hand is about to migrate what is outside of this host's network of containers. */
bool inside_is_wanted(const Supervisor *s);

/** InsideMissed - the container does not reach one of them: a @sentence with the reason, and @advice. The callee logs both. */
typedef void (*InsideMissed)(Supervisor *s, const char *sentence, const char *advice);

/** inside_ask() - asks the external PostgreSQL and Redis from inside the container: @reached or @missed is called, once. */
void inside_ask(Supervisor *s, void (*reached)(Supervisor *s), InsideMissed missed);
