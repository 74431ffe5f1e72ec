/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-gate answered about a database. Pure. */

/* What lago-gate said last. */
typedef struct GateAnswer {
        int status; /* its exit status: see lago-gate(8) */
        char **warnings;
        char *verdict, *sentence, *remedy, *first, *first_name, *fresh, *roles, *seeds, *missing, *needed;
} GateAnswer;

/** gate_answer_done() - frees what an answer holds; what is left is no verdict. */
void gate_answer_done(GateAnswer *g);
