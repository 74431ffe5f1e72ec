/* SPDX-License-Identifier: MIT */
/* lago-gate as a child: the verdict on the database, before anything of Lago runs. */
#include "supervisor/supervisor.h"

#include "base/keyfile.h"
#include "base/time.h"
#include "supervisor/fresh.h"
#include "supervisor/runfile.h"

#define GATE_TIMEOUT_USEC (60 * USEC_PER_SEC)

/* The name "db" exists in the container network only, so the address is given beside it. */
char **gate_argv(Supervisor *s, const char *verb, bool with_manifest) {
        _cleanup_(freep) char *address = NULL;
        StackGate gate = {
                .manifest = with_manifest ? s->manifest : NULL,
                .target = s->version,
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

/* Both databases were looked at, as far as that was called for. */
static void decide(Supervisor *s) {
        if (s->state == LIFE_JUDGE)
                migrate_judged(s);
        else if (s->member.kind == MEMBER_MIGRATE && !s->held && migrate_must_be_alone(s))
                supervisor_feed(s, LIFE_ON_LOCK);
        else if (s->member.kind == MEMBER_MIGRATE && fresh_was_cut_off(s))
                supervisor_feed(s, LIFE_ON_EMPTY);
        else if (gate_refuses(s->gate.status))
                gate_refused(s);
        else if (s->member.kind == MEMBER_MIGRATE)
                check_for_migrate(s);
        else if (s->gate.status != 0)
                supervisor_later(s, "%s", s->gate.sentence);
        else if (s->member.kind == MEMBER_CLOCK && !s->held)
                supervisor_feed(s, LIFE_ON_LOCK);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

/* --- ClickHouse ----------------------------------------------------------------------------------------- */

static void answer_done(GateAnswer *g) {
        char *fields[] = {g->verdict, g->sentence, g->remedy, g->first, g->first_name,
                          g->fresh,   g->roles,    g->seeds,  g->missing, g->needed};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                free(fields[i]);
        strv_free(g->warnings);
        *g = (GateAnswer){.status = GATE_NO_VERDICT};
}

/* The sentence of the two that are verified: "Schema verified: v1.50.0, 1046 of 1046; ClickHouse 25 of 25". */
static void join_verified(GateAnswer *first, const GateAnswer *second) {
        char *sentence = xasprintf("%s; ClickHouse %s of %s", first->sentence, second->needed ? second->needed : "?",
                                   second->needed ? second->needed : "?");

        free(first->sentence);
        first->sentence = sentence;
        strv_extend(&first->warnings, second->warnings);
}

/* How to migrate is the first one's to say; "rails db:migrate" does both, and fails where it is. */
static void join_pending(GateAnswer *first, GateAnswer *second) {
        GateAnswer other = *second;

        if (!second_runs_first(first->status, first->first, second->first))
                return;
        second->first = first->first;
        second->first_name = first->first_name;
        first->first = other.first;
        first->first_name = other.first_name;
}

static void on_clickhouse(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        GateAnswer first = s->gate, second;

        s->job = NULL;
        s->gate = (GateAnswer){.status = GATE_NO_VERDICT};
        gate_hear(s, result);
        second = s->gate;
        switch (gate_choice(first.status, second.status)) {
        case GATE_CHOICE_FIRST:
                if (first.status == 0)
                        join_verified(&first, &second);
                else
                        join_pending(&first, &second);
                s->gate = first;
                first = second;
                break;
        case GATE_CHOICE_SECOND_PENDING:
                s->gate.status = GATE_PENDING;
                break;
        case GATE_CHOICE_SECOND:
                break;
        }
        answer_done(&first);
        decide(s);
}

static void ask_clickhouse(Supervisor *s) {
        StackGate gate = {.manifest = s->manifest, .target = s->version, .export = true};
        _cleanup_(freep) char *settings = stack_clickhouse_settings(s->config);

        supervisor_job(s, stack_clickhouse_command(s->config, &gate),
                       &(JobSpec){.input = settings,
                                  .unprivileged = true,
                                  .timeout_usec = GATE_TIMEOUT_USEC,
                                  .done = on_clickhouse});
        explicit_bzero(settings, strlen(settings));
}

static void on_verdict(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->job = NULL;
        gate_hear(s, result);
        if (stack_has_clickhouse(s->config, s->version) &&
            (s->gate.status == 0 || (s->member.kind == MEMBER_MIGRATE && gate_wants_migrating(s->gate.status))))
                ask_clickhouse(s);
        else
                decide(s);
}

/* Of a wait the cause is told on. */
static void tell_check(Supervisor *s) {
        _cleanup_(freep) char *place = s->cause ? NULL : stack_database_place(s->config);

        if (place)
                supervisor_status(s, "Checking the schema of %s", place);
}

void enter_check(Supervisor *s) {
        char **argv;

        if (!s->info->backend) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        tell_check(s);
        argv = gate_argv(s, "check", /* with_manifest= */ true);
        if (argv)
                gate_job(s, argv, on_verdict);
        else
                gate_waits(s);
}

void enter_judge(Supervisor *s) {
        /* A run that failed was not all, and what it failed of may hold up an answer. */
        char **argv = s->container.exit_code == 0 ? gate_argv(s, "check", /* with_manifest= */ true) : NULL;

        if (argv)
                gate_job(s, argv, on_verdict);
        else
                supervisor_feed(s, LIFE_ON_LATER);
}
