/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-gate is asked for this member, and how the machine goes on after an answer that ends it or keeps it waiting. */

#include "supervisor/gate-client.h"

typedef struct Supervisor Supervisor;

/**
 * gate_call() - "lago-gate @verb …" for the PostgreSQL of this stack, with the URL to be written to it. The caller frees
 * both with gate_call_done(). Answer: false while the bundled one does not serve.
 */
bool gate_call(const Supervisor *s, const char *verb, bool with_manifest, GateCall *ret);

/** gate_clickhouse_call() - the same for ClickHouse; without an argv where Lago does not use it. */
GateCall gate_clickhouse_call(const Supervisor *s);

/** gate_waits() - feeds the LATER for that. */
void gate_waits(Supervisor *s);

/** gate_ask() - asks so, as the work of the state, or feeds that LATER. */
void gate_ask(Supervisor *s, const char *verb, bool with_manifest, GateDone done);

/**
 * gate_ask_both() - asks "check" of PostgreSQL, and of ClickHouse where Lago uses it.
 * Answer: false, and nothing is asked, while the bundled PostgreSQL does not serve.
 */
bool gate_ask_both(Supervisor *s, GateDone done);

/** gate_refused() - the answer that was kept refuses for good: logs its remedy, and feeds NEVER with its sentence. */
void gate_refused(Supervisor *s);
