/* SPDX-License-Identifier: MIT */
#pragma once
/* The Redis of this stack, ours or an external one: whether it answers. */

#include "probe/probe.h"

typedef struct Supervisor Supervisor;

/* Host, port and password of a Redis URL: redis[s]://[user][:password@]host[:port][/db]. */
typedef struct RedisAddress {
        char *host, *user, *password;
        uint16_t port;
        bool tls;
} RedisAddress;

typedef void (*RedisAnswered)(Supervisor *s, const RedisAddress *a, ProbeVerdict verdict, const char *reason);

/**
 * redis_ask() - asks it, as the work of the state; @done is told what it answered. Of a bundled one that does not serve, or
 * a URL that is none, LATER or NEVER is fed instead.
 */
void redis_ask(Supervisor *s, RedisAnswered done);
