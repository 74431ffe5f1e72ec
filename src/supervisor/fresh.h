/* SPDX-License-Identifier: MIT */
#pragma once
/* The first load of an empty database: prepared, noted as begun, and emptied again when it was cut off. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** fresh_begin() - a step of CHECK: what has to be done before Rails fills it. */
void fresh_begin(Supervisor *s);

/** enter_empty() - a load that was cut off: lago-gate empties the database again; feeds RECHECK. */
void enter_empty(Supervisor *s);

/** fresh_over() - the schema is verified. */
void fresh_over(const Supervisor *s);

/**
 * fresh_was_cut_off() - what the gate refuses may be a load of ours that was cut off: it began in an empty database, and no
 * schema was verified there since. Whether somebody has filled a table meanwhile the gate sees.
 * Answer: 1 it may be, 0. Errors: -errno: whether it was noted cannot be read.
 */
int fresh_was_cut_off(const Supervisor *s);
