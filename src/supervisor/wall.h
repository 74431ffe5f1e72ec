/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which program manages this host's firewall: a rule has to be in that one's words, since it forgets any other at its next
 * reload.
 */

#include <stdbool.h>

typedef enum Wall {
        WALL_OTHER, /* rules by hand, or none */
        WALL_UFW,
        WALL_FIREWALLD,
} Wall;

/** wall_of() - which is at work. @firewalld: it runs; @ufw_conf: the text of ufw.conf, NULL where there is no ufw. Pure. */
Wall wall_of(bool firewalld, const char *ufw_conf);

/** wall_here() - the same of this host, as it is now. */
Wall wall_here(void);

/** wall_name() - as an operator calls it; NULL for WALL_OTHER. */
const char *wall_name(Wall wall);

/**
 * wall_lets_out() - the command by which containers may send to each other and to the world. @bridges: the interfaces of their
 * networks on this host. Pure; NULL for WALL_OTHER. The caller frees it.
 */
char *wall_lets_out(Wall wall, char *const *bridges);

/** wall_lets_ask() - the same, and they may ask their name server: who drops the one drops the other, unless he is told. */
char *wall_lets_ask(Wall wall, char *const *bridges);

/** wall_lets_in() - the command by which @subnet reaches the TCP port @port of this host. As above. */
char *wall_lets_in(Wall wall, const char *subnet, unsigned port);
