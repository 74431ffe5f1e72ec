/* SPDX-License-Identifier: MIT */
#pragma once
/* Podman's name server, which all networks of a host share, where it is broken for everybody. */

#include <stdbool.h>
#include <stdint.h>

/** nameserver_mend() - after a start was killed: ends name servers that run twice; the next start of a container starts one. */
void nameserver_mend(void);

/**
 * nameserver_end() - kills the name servers that ran at @since_usec (CLOCK_MONOTONIC), when they were first found not to answer:
 * podman would go on with one that hangs, and starts a new one only when none runs.
 *
 * Answer: whether one that began later is there. Another member's question has had it started, and it is left alone.
 */
bool nameserver_end(uint64_t since_usec);
