/* SPDX-License-Identifier: MIT */
#pragma once
/* Whom the kernel ends when memory is short: what runs in the container before who tells of it and starts it again. */

/**
 * oomscore_lower() - from now on the kernel ends any other of this unit before this process. What it was born with, an
 * operator's OOMScoreAdjust= say, is kept for its children. Without the capability for it no process gets below zero.
 * Errors: -errno, and all is as before.
 */
int oomscore_lower(void);

/** oomscore_as_born() - in a child, after fork(): system calls alone. Nothing when it was never lowered. Errors: -errno. */
int oomscore_as_born(void);
