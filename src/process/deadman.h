/* SPDX-License-Identifier: MIT */
#pragma once
/* Who guards a process that systemd's watchdog does not guard yet: the kernel. */

#include <stdint.h>

/** deadman_arm() - unless it is called again in time, the kernel kills this process, be it stuck or stopped. */
void deadman_arm(void);

/** deadman_turn_usec() - how often an idle loop has to turn, so that it is called in time. */
uint64_t deadman_turn_usec(void);

/**
 * loop_status() - the exit status for @r, the answer of sd_event_loop(). When the loop itself failed that is logged, and the
 * status is one after which systemd starts us again.
 */
int loop_status(int r);
