/* SPDX-License-Identifier: MIT */
#pragma once
/* The user that lago-gate runs as: it parses what a database server sends, so it may do nothing else. */

#define GATE_USER "lago-gate"

/** privileges_init() - looks the user up once, while it is safe to. Errors: -ENOENT when there is none, -errno. */
int privileges_init(void);

/** privileges_drop() - the calling process becomes that user for good, with no capability to be had. For a forked child. Errors: -errno. */
int privileges_drop(void);
