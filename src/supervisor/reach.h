/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the engine gives a network on this host, and what the probe does not see, since it asks a container inside of it: rules
 * that lead there from the published port, and lead out, which a firewall that is loaded anew forgets; and a name server,
 * without which a worker finds neither PostgreSQL nor a payment provider. Both are asked by those that publish a port, and
 * made again by the engine.
 */

#include "config/config.h"
#include "engine/engine.h"
#include "supervisor/policy.h"
#include "supervisor/work.h"

/* The container in question. Pointers are borrowed as long as the question is open. */
typedef struct ReachSpec {
        Work *work;
        const Engine *engine;
        const char *container;
        const char *name; /* that its network resolves as long as the container runs */
        const Listen *listen;
        const char *path; /* of the HTTP request at the published port */
        int netns_fd;     /* of the container */
        uint64_t timeout_usec;
} ReachSpec;

typedef struct Reachability {
        Reach port, names;     /* its published port, and its network's name server */
        uint64_t unnamed_usec; /* when the first question was asked that this name server has missed */
        uint64_t asked_usec;   /* the same of the question in hand */
        bool again;            /* the network is made a second time, as the first has failed */
        ReachSpec spec;        /* of the question in hand */
        void (*over)(void *userdata);
        void *userdata;
} Reachability;

/** reach_ask() - after a good probe. Answer: false when nothing is asked now; else @over is called once, unless the work is dropped. */
bool reach_ask(Reachability *r, const ReachSpec *spec, void (*over)(void *userdata), void *userdata);

/** reach_is_well() - nothing is missed. */
bool reach_is_well(const Reachability *r);

/** reach_doubt() - "not reached at 127.0.0.1:3000", for STATUS=; NULL when nothing speaks against it. The caller frees it. */
char *reach_doubt(const Reachability *r, const Listen *listen);

/**
 * reach_name_target() - asks the name server of a container's network for @name. @server takes its address, and is borrowed.
 * Errors: -errno; -ENOENT where that network has none.
 */
int reach_name_target(int netns_fd, const char *name, uint64_t timeout_usec, char server[static 46], ProbeTarget *ret);

/** reach_forward_sentence() - see forward_sentence(); the caller frees it. */
char *reach_forward_sentence(int netns_fd);

/**
 * reach_names_sentence() - the container of @netns_fd gets no name from its name server, for the @reason of a probe: what that
 * says of this host, and what helps; see names_sentence(). The caller frees it.
 */
char *reach_names_sentence(int netns_fd, const char *reason);
