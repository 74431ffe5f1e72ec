/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-gate, and ClickHouse's, as lagoctl runs them. */

#include "process/run.h"

/**
 * ask_gate() - runs @argv as the gate's user with @secret on its standard input, which is wiped; what @options says besides
 * counts. Errors: -errno, told; else *@ret is written, and run_done() frees it.
 */
int ask_gate(char *const argv[], char *secret, RunOptions options, RunResult *ret);
