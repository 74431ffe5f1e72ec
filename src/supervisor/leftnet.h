/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a killed client of podman leaves of a container's network: it had netavark set up addresses, a name and the forwarding
 * of the published port, and did not live to note it. Removing the container undoes nothing of that, so the published port
 * leads where nobody is. netavark itself takes it back, when told what it had done.
 */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

typedef struct LeftNet {
        char *id;                 /* of the container that is gone */
        char *address, *address6; /* NULL: none */
} LeftNet;

/**
 * leftnet_find() - an entry of @container in @text (a network's file of aardvark-dns: "ID IPv4 IPv6 NAMES…", lists with
 * commas, either address may be empty, not both). Pure. Answer: whether there is one.
 */
bool leftnet_find(const char *text, const char *container, LeftNet *ret);
void leftnet_done(LeftNet *left);

/**
 * leftnet_request() - what netavark reads to take it back: @inspected is "podman network inspect" of @network, @listen the
 * published port or NULL. NULL when @inspected is no list of one network. Pure. The caller frees it.
 */
char *leftnet_request(const LeftNet *left, const char *container, const char *network, const char *inspected,
                      const char *listen_address, unsigned listen_port, unsigned port);

/** leftnet_there() - whether the engine's name server knows a container of our name: a live one, or what is left of a dead one. */
bool leftnet_there(const Supervisor *s);

/** leftnet_clear() - no container has our name: what one of that name left is taken back, as far as it can be; then @done is called. */
void leftnet_clear(Supervisor *s, void (*done)(Supervisor *s));
