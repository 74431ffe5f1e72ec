/* SPDX-License-Identifier: MIT */
#pragma once
/* A bridge of this host, as engines make one for each network. */

/**
 * bridge_keep_address() - the bridge @name keeps the hardware address that it has.
 *
 * Else it has the lowest of those of its ports, and another one whenever that port goes or a lower one comes: whoever knows
 * the old one reaches neither the name server on it nor anything behind it, until the kernel doubts what it knows, which
 * takes up to a minute. Netavark gives its bridges an address of their own from 1.9 on, and udev does where it follows
 * MACAddressPolicy=persistent of systemd.link(5), which it does not in a container, or on RHEL 9.
 *
 * Answer: 1 when that was to be done, 0 when it was so, or @name is no bridge. Errors: -errno.
 */
int bridge_keep_address(const char *name);
