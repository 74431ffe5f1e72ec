/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A container's output: a pipe, and lago-relay, which carries what comes through it to the journal under the member's name.
 *
 * It is a pipe because images open /dev/stdout by its name, which a socket does not allow. The container's end is open for
 * reading too, so that whoever writes has a reader as long as it lives: no death of ours is a SIGPIPE for a migration. Our
 * reading end stays with us, so that a relay that was killed is replaced. Nothing here knows of a Supervisor.
 */

#include "process/job.h"

typedef struct Relay Relay;

typedef struct RelaySpec {
        sd_event *event;
        Jobs *jobs;
        const char *member; /* "worker@events": its lines carry the identifier "lago-worker@events" */
        const char *ready;  /* see lago-relay(8) and relay/watch.h; NULL: no line says it */
        char *const *ticks; /* borrowed; NULL: no line is one */
        bool missing;
        bool without_probes;
        JobLine note;                  /* of relay/watch.h */
        void (*ended)(void *userdata); /* all that was written is in the journal, and no one can write more */
        void *userdata;
} RelaySpec;

/** relay_new() - the pipe; nobody reads it yet. Errors: -errno. */
int relay_new(const RelaySpec *spec, Relay **ret);

/** relay_fd() - the container's end, for who starts the container; valid until relay_begin(). */
int relay_fd(const Relay *relay);

/**
 * relay_begin() - from now on what comes is carried to the journal, and what has come before. When that cannot be, it is tried
 * again by itself.
 */
void relay_begin(Relay *relay);

/**
 * relay_take_back() - in place of relay_begin(): the container was not started, so what is in the pipe are the engine's words
 * about that. The caller frees them.
 */
char *relay_take_back(Relay *relay);

/** relay_finish() - the container is gone: what is in the pipe now is the last. Answer: whether ended() will be called. */
bool relay_finish(Relay *relay);

/** relay_id() - by which the pipe is found among others in /proc: its inode; 0 without one. */
unsigned long relay_id(const Relay *relay);

/** relay_unread() - bytes that the container wrote and that nobody has looked at yet; 0 without a relay. */
size_t relay_unread(const Relay *relay);

/** relay_free() - a relay that still runs carries the rest, and ends by itself. NULL is fine; answers NULL. */
Relay *relay_free(Relay *relay);

/**
 * relay_argv() - the words of lago-relay, which the caller frees.
 *
 * relay_stream() - a stream of the journal under the member's name, at a priority that the lines cannot choose. Errors: -errno.
 */
char **relay_argv(const char *member, const char *ready, char *const *ticks, bool missing, bool without_probes);
int relay_stream(const char *member);
