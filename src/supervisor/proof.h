/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * That the encryption keys are this database's own: because nothing was stored in it when they came, or because they open
 * what is stored. It is asked once for each pair of the two, by whoever migrates; until then it is not proven, and said so.
 */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** proof_is_due() - a database with something in it was judged, and nobody has tried these keys on it. */
bool proof_is_due(const Supervisor *s);

/** proof_ask() - tries the keys on what is stored. Keys that open nothing are refused for good; else @go_on is called. */
void proof_ask(Supervisor *s, void (*go_on)(Supervisor *s));

/** proof_of_empty() - the database is empty: whatever it will hold will be written with these keys, so they are proven. */
void proof_of_empty(const Supervisor *s);
