/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-gate as a child: one question about one database or about both, as the work of a state. */

#include "supervisor/answer.h"
#include "supervisor/work.h"

/** GateDone - what was answered; gate_answer_take() keeps it, else it is freed behind the call. */
typedef void (*GateDone)(void *userdata, GateAnswer *answer);

/* How lago-gate is called. Both are the client's from then on, and freed by it; @input may hold a password. */
typedef struct GateCall {
        char **argv;
        char *input;   /* NULL: nothing */
        pid_t view_of; /* asked from there, see process/view.h; 0: from this host */
} GateCall;

void gate_call_done(GateCall *call);

typedef struct GateClient {
        Work *work;
        GateAnswer answer; /* the last one that somebody kept */

        /* The question in hand. */
        GateAnswer first;    /* PostgreSQL's, while ClickHouse is asked */
        GateCall second;     /* to be asked after it */
        bool second_pending; /* also when the first wants migrating */
        GateDone done;
        void *userdata;
} GateClient;

/** gate_client_ask() - asks; @done is called once unless the work is dropped before. */
void gate_client_ask(GateClient *g, GateCall call, GateDone done, void *userdata);

/**
 * gate_client_ask_both() - asks PostgreSQL; when that is verified, ClickHouse too, and the answers are joined.
 *
 * @pending  also when migrations are pending in the first: for the one who runs them.
 */
void gate_client_ask_both(GateClient *g, GateCall postgres, GateCall clickhouse, bool pending, GateDone done,
                          void *userdata);
