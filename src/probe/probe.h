/* SPDX-License-Identifier: MIT */
#pragma once
/* One question to a listening socket, asked without blocking, and what its answer means. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

typedef enum ProbeVerdict {
        PROBE_LATER, /* not yet; asking again may help. The zero, so that no answer is never a good one */
        PROBE_GOOD,
        PROBE_NEVER,  /* it answered, and will always answer so: a configuration error */
        PROBE_UNABLE, /* it answered that it cannot work, for a cause outside of it: a restart would help nobody */
} ProbeVerdict;

typedef enum ProbeQuestion {
        ASK_HTTP,     /* GET path: status 200, and the release in the body when one is expected */
        ASK_REDIS,    /* AUTH when there is a password, PING, and what else the target says */
        ASK_NAME,     /* the address of the host "path", over UDP, of a name server */
        ASK_POSTGRES, /* SSLRequest: the server answers one byte as soon as it accepts connections; no login */
} ProbeQuestion;

/* Which network namespace is asked in. The same address and port are somebody else's in another one. */
typedef enum ProbePlace {
        PROBE_NOWHERE,      /* nobody has said; refused */
        PROBE_ON_HOST,      /* our own */
        PROBE_IN_NAMESPACE, /* that of netns_fd; one that could not be had is no place to ask */
} ProbePlace;

typedef struct ProbeTarget {
        ProbeQuestion question;
        ProbePlace place;
        int netns_fd;        /* PROBE_IN_NAMESPACE; borrowed */
        const char *address; /* numeric */
        uint16_t port;
        const char *path;            /* ASK_HTTP, ASK_NAME */
        const char *version;         /* ASK_HTTP: must appear in the body; NULL: any */
        const char *user, *password; /* ASK_REDIS; NULL: none */
        unsigned database;           /* ASK_REDIS: must be there; 0 is in every one */
        bool writes;                 /* ASK_REDIS: whether it would take a write, too; nothing is written */
        bool grouped;                /* ASK_REDIS: sentinels say which of a group does, so this one may be a replica */
        uint64_t timeout_usec;
} ProbeTarget;

typedef struct Probe Probe;

/** ProbeDone - @reason is a part of a sentence ("connection refused"), valid during the call. The probe is freed by it. */
typedef void (*ProbeDone)(void *userdata, ProbeVerdict verdict, const char *reason);

/**
 * probe_start() - asks; @done is called once from the loop @event, never from within probe_start().
 * Errors: -errno when no socket could be made, the namespace could not be entered, or the kernel refused the
 *         connection at once (-ECONNREFUSED, on this host); -ENXIO when there is no place to ask;
 *         probe_errno_words() has the words for @reason.
 */
int probe_start(sd_event *event, const ProbeTarget *target, ProbeDone done, void *userdata, Probe **ret);

/* The reason of a good answer begins with it when keys, and jobs are such, may be thrown away; the policy follows. */
#define PROBE_EVICTS "evicts keys: "

/* The reason when nothing came in time. */
#define PROBE_NO_ANSWER "no answer"

/** probe_errno_words() - "connection refused" for ECONNREFUSED; what strerror() says where there is nothing shorter. */
const char *probe_errno_words(int error);

/** probe_free() - forgets the question; @done is not called. NULL is fine. */
Probe *probe_free(Probe *probe);

/* The pure part: what the bytes received so far mean. */

typedef struct ProbeReading {
        bool complete; /* else more bytes are needed */
        ProbeVerdict verdict;
        char reason[96];
} ProbeReading;

/** probe_read() - @eof tells that no more bytes will come. */
ProbeReading probe_read(const ProbeTarget *target, const char *bytes, size_t n, bool eof);

/** probe_request() - the bytes to send; *ret_n of them, the caller frees them. */
char *probe_request(const ProbeTarget *target, size_t *ret_n);
