/* SPDX-License-Identifier: MIT */
#pragma once
/* Podman's name server, where a client that was killed half-way leaves it broken for everybody. */

/** nameserver_mend() - after a start was killed: ends name servers that run twice; the next start of a container starts one. */
void nameserver_mend(void);
