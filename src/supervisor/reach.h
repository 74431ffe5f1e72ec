/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the engine gives a network on this host, and what the probe does not see, since it asks a container inside of it: rules
 * that lead there from the published port, and lead out, which a firewall that is loaded anew forgets; and a name server,
 * without which a worker finds neither PostgreSQL nor a payment provider. Both are asked by those that publish a port, and
 * made again by the engine.
 */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** reach_ask() - after a good probe. Answer: false when nothing is asked now; else @over is called in its time. */
bool reach_ask(Supervisor *s, void (*over)(Supervisor *s));

/** reach_doubt() - "not reached at 127.0.0.1:3000", for STATUS; NULL when nothing speaks against it. The caller frees it. */
char *reach_doubt(const Supervisor *s);
