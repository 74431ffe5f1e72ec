/* SPDX-License-Identifier: MIT */
#pragma once
/* Whether a port of this host is free. */

#include <stdbool.h>
#include <stdint.h>

/** port_is_taken() - another program listens on the numeric @address; false where that cannot be found out. */
bool port_is_taken(const char *address, uint16_t port);
