/* SPDX-License-Identifier: MIT */
#pragma once
/* Podman's name server, which all networks of a host share, where it is broken for everybody. */

/** nameserver_mend() - after a start was killed: ends name servers that run twice; the next start of a container starts one. */
void nameserver_mend(void);

/** nameserver_end() - kills all name servers: podman would go on with one that hangs, and starts a new one only when none runs. */
void nameserver_end(void);
