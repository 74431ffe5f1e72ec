/* SPDX-License-Identifier: MIT */
#pragma once
/* Podman's name server, where a client that was killed half-way leaves it broken for everybody. */

/**
 * nameserver_mend() - after a start was killed and its container is removed: takes the name of @container_id out of
 * @network, and ends name servers that were started twice, so that the next start of a container starts one.
 */
void nameserver_mend(const char *network, const char *container_id);
