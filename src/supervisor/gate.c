/* SPDX-License-Identifier: MIT */
#include "supervisor/gate.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "supervisor/supervisor.h"

/* The name "db" exists in the container network only, so the address is given beside it. */
char **gate_argv(Supervisor *s, const char *verb, bool with_manifest) {
        _cleanup_(freep) char *address = NULL;
        StackGate gate = {
                .manifest = with_manifest ? s->image.manifest : NULL,
                .target = s->image.version,
                .lock = !streq(verb, "hold") ? NULL : s->member.kind == MEMBER_CLOCK ? "clock" : "migrate",
                .export = !streq(verb, "watch"),
        };

        if (!s->config->database_external) {
                address = s->member.kind == MEMBER_DB ? xstrdup(s->container.address) : runstate_address("db");
                if (isempty(address))
                        return NULL;
                gate.address = address;
        }
        return stack_gate_command(s->config, verb, &gate);
}

void gate_waits(Supervisor *s) {
        supervisor_later(s, "Waiting for PostgreSQL: it does not serve yet; see lago-db.service");
}

void gate_job(Supervisor *s, char **argv, JobDone done) {
        _cleanup_(freep) char *url = stack_database_url(s->config);

        supervisor_job(s, argv,
                       &(JobSpec){.input = url ? url : "",
                                  .unprivileged = true,
                                  .timeout_usec = GATE_TIMEOUT_USEC,
                                  .done = done});
        if (url)
                explicit_bzero(url, strlen(url));
}

static void take(char **field, const char *text, const char *key) {
        free(*field);
        *field = keyfile_get(text, key);
}

void gate_hear(Supervisor *s, const JobResult *result) {
        GateAnswer *g = &s->gate;

        g->status = result->signaled || !result->started ? GATE_NO_VERDICT : result->status;
        strv_free(g->warnings);
        g->warnings = keyfile_all(result->output, "WARNING");
        take(&g->verdict, result->output, "VERDICT");
        take(&g->sentence, result->output, "SENTENCE");
        take(&g->remedy, result->output, "REMEDY");
        take(&g->first, result->output, "FIRST");
        take(&g->first_name, result->output, "FIRST_NAME");
        take(&g->fresh, result->output, "FRESH");
        take(&g->roles, result->output, "ROLES");
        take(&g->seeds, result->output, "SEEDS");
        take(&g->missing, result->output, "MISSING");
        take(&g->needed, result->output, "NEEDED");
        if (!g->sentence) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                /* A gate that died has no verdict, and no verdict opens nothing. */
                if (g->status < _GATE_REFUSED_END)
                        g->status = GATE_NO_VERDICT;
                g->sentence = xasprintf("lago-gate gave no verdict (%s %d): %.60s",
                                        result->signaled ? "signal" : "exit", result->status, line);
        }
}

static int refusal_status(const GateAnswer *g) {
        return g->status >= GATE_WRONG_MAJOR ? EXIT_SERVER : EXIT_SCHEMA;
}

void gate_refused(Supervisor *s) {
        GateAnswer *g = &s->gate;
        _cleanup_(freep) char *field = xasprintf("LAGO_VERDICT=%s", g->verdict ? g->verdict : "none");

        log_field(field);
        if (!isempty(g->remedy))
                log_message(LOG_ERR, MESSAGE_SCHEMA_REFUSED, "%s", g->remedy);
        supervisor_never(s, refusal_status(g), MESSAGE_SCHEMA_REFUSED, "%s", g->sentence);
}

void gate_answer_done(GateAnswer *g) {
        char *fields[] = {g->verdict, g->sentence, g->remedy, g->first, g->first_name,
                          g->fresh,   g->roles,    g->seeds,  g->missing, g->needed};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                free(fields[i]);
        strv_free(g->warnings);
        *g = (GateAnswer){.status = GATE_NO_VERDICT};
}
