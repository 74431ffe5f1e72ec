/* SPDX-License-Identifier: MIT */
#include "supervisor/gate-client.h"

#include "base/time.h"
#include "base/util.h"
#include "supervisor/policy.h"

#define TIMEOUT_USEC (60 * USEC_PER_SEC)

static void free_secret(char *text) {
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

void gate_call_done(GateCall *call) {
        strv_free(call->argv);
        free_secret(call->input);
        *call = (GateCall){0};
}

static void run(GateClient *g, GateCall call, JobDone heard) {
        work_job(g->work, call.argv,
                 &(JobSpec){.input = call.input ? call.input : "",
                            .unprivileged = true,
                            .view_of = call.view_of,
                            .timeout_usec = TIMEOUT_USEC,
                            .done = heard,
                            .userdata = g});
        free_secret(call.input);
}

static void tell(GateClient *g, GateAnswer *answer) {
        g->done(g->userdata, answer);
        gate_answer_done(answer);
}

static void on_second(void *userdata, const JobResult *result) {
        GateClient *g = userdata;
        GateAnswer first = {0}, second = gate_answer_read(result);

        gate_answer_take(&first, &g->first);
        gate_answer_join(&first, &second);
        tell(g, &first);
}

static bool second_is_due(const GateClient *g, int first_status) {
        return g->second.argv && (first_status == 0 || (g->second_pending && gate_wants_migrating(first_status)));
}

static void on_first(void *userdata, const JobResult *result) {
        GateClient *g = userdata;
        GateAnswer answer = gate_answer_read(result);
        GateCall second = g->second;

        if (!second_is_due(g, answer.status)) {
                gate_call_done(&g->second);
                tell(g, &answer);
                return;
        }
        gate_answer_take(&g->first, &answer);
        g->second = (GateCall){0};
        run(g, second, on_second);
}

void gate_client_ask_both(GateClient *g, GateCall postgres, GateCall clickhouse, bool pending, GateDone done,
                          void *userdata) {
        /* What a question left that was given up. */
        gate_call_done(&g->second);
        g->second = clickhouse;
        g->second_pending = pending;
        g->done = done;
        g->userdata = userdata;
        run(g, postgres, on_first);
}

void gate_client_ask(GateClient *g, GateCall call, GateDone done, void *userdata) {
        gate_client_ask_both(g, call, (GateCall){0}, /* pending= */ false, done, userdata);
}
