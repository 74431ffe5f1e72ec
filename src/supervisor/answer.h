/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-gate answered about a database, and how the answers about two become one. Pure. */

#include "process/job.h"

/* Each text is NULL where lago-gate did not say it; see its manual for what they mean. */
typedef struct GateAnswer {
        int status;     /* its exit status, or GATE_NO_VERDICT for a gate that was killed or gave none */
        bool succeeded; /* it exited with 0, whatever it said: enough of a verb that asks for no verdict */
        char **warnings;
        char *verdict, *sentence, *remedy, *first, *first_name, *fresh, *roles, *seeds, *missing, *needed, *schema_of;
} GateAnswer;

/** gate_answer_read() - of a lago-gate that ended. One without a verdict is made to say so, with its last error. */
GateAnswer gate_answer_read(const JobResult *result);

/**
 * gate_answer_join() - the answers about PostgreSQL and ClickHouse become one, in @first; @second is freed. Called when the
 * first is "verified", or wants migrating.
 */
void gate_answer_join(GateAnswer *first, GateAnswer *second);

/** gate_answer_take() - @to becomes what @from was. */
void gate_answer_take(GateAnswer *to, GateAnswer *from);

/** gate_answer_done() - frees what an answer holds, and makes it GATE_NO_VERDICT. */
void gate_answer_done(GateAnswer *answer);
