/* SPDX-License-Identifier: MIT */
#include "supervisor/gate.h"

#include "base/runstate.h"
#include "supervisor/supervisor.h"

/* The name "db" exists in the container network only, so the address is given beside it. */
bool gate_call(const Supervisor *s, const char *verb, bool with_manifest, GateCall *ret) {
        _cleanup_(freep) char *address = NULL;
        StackGate gate = {
                .manifest = with_manifest ? s->image.manifest : NULL,
                .target = s->image.version,
                .lock = !streq(verb, "hold") ? NULL : s->member.kind == MEMBER_CLOCK ? "clock"
                                                                                     : "migrate",
                .export = !streq(verb, "watch"),
        };

        if (!s->config->database_external) {
                address = s->member.kind == MEMBER_DB ? xstrdup(s->container.address) : runstate_address("db");
                if (isempty(address))
                        return false;
                gate.address = address;
        }
        *ret = (GateCall){
                .argv = stack_gate_command(s->config, verb, &gate),
                .input = stack_database_url(s->config),
        };
        return true;
}

GateCall gate_clickhouse_call(const Supervisor *s) {
        StackGate gate = {.manifest = s->image.manifest, .target = s->image.version, .export = true};

        if (!s->image.manifest || !stack_has_clickhouse(s->config, s->image.version))
                return (GateCall){0};
        return (GateCall){
                .argv = stack_clickhouse_command(s->config, &gate),
                .input = stack_clickhouse_settings(s->config),
        };
}

void gate_waits(Supervisor *s) {
        supervisor_later(s, "Waiting for PostgreSQL: it does not serve yet; see lago-db.service");
}

void gate_ask(Supervisor *s, const char *verb, bool with_manifest, GateDone done) {
        GateCall call;

        if (gate_call(s, verb, with_manifest, &call))
                gate_client_ask(&s->gate, call, done, s);
        else
                gate_waits(s);
}

bool gate_ask_both(Supervisor *s, GateDone done) {
        GateCall call;

        if (!gate_call(s, "check", /* with_manifest= */ true, &call))
                return false;
        gate_client_ask_both(&s->gate, call, gate_clickhouse_call(s), s->member.kind == MEMBER_MIGRATE, done, s);
        return true;
}

static int refusal_status(const GateAnswer *answer) {
        return answer->status >= GATE_WRONG_MAJOR && answer->status != GATE_UNFINISHED ? EXIT_SERVER : EXIT_SCHEMA;
}

void gate_refused(Supervisor *s) {
        const GateAnswer *answer = &s->gate.answer;
        _cleanup_(freep) char *field = xasprintf("LAGO_VERDICT=%s", answer->verdict ? answer->verdict : "none");

        log_field(field);
        if (!isempty(answer->remedy))
                log_message(LOG_ERR, MESSAGE_SCHEMA_REFUSED, "%s", answer->remedy);
        supervisor_never(s, refusal_status(answer), MESSAGE_SCHEMA_REFUSED, "%s", answer->sentence);
}
