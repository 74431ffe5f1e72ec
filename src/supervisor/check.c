/* SPDX-License-Identifier: MIT */
/* The verdict on both databases, before anything of Lago runs; and what follows from it. */
#include "supervisor/check.h"

#include "supervisor/fresh.h"
#include "supervisor/gate.h"
#include "supervisor/migrate.h"
#include "supervisor/supervisor.h"

/* Both databases were looked at, as far as that was called for. */
static void decide(Supervisor *s) {
        if (s->state == LIFE_JUDGE)
                migrate_judged(s);
        else if (s->member.kind == MEMBER_MIGRATE && !s->hold.held && migrate_must_be_alone(s))
                supervisor_feed(s, LIFE_ON_LOCK);
        else if (s->member.kind == MEMBER_MIGRATE && fresh_was_cut_off(s))
                supervisor_feed(s, LIFE_ON_EMPTY);
        else if (gate_refuses(s->gate.status))
                gate_refused(s);
        else if (s->member.kind == MEMBER_MIGRATE)
                check_for_migrate(s);
        else if (s->gate.status != 0)
                supervisor_later(s, "%s", s->gate.sentence);
        else if (s->member.kind == MEMBER_CLOCK && !s->hold.held)
                supervisor_feed(s, LIFE_ON_LOCK);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

/* --- ClickHouse ----------------------------------------------------------------------------------------- */

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

        s->work.job = NULL;
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
        gate_answer_done(&first);
        decide(s);
}

static void ask_clickhouse(Supervisor *s) {
        StackGate gate = {.manifest = s->image.manifest, .target = s->image.version, .export = true};
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

        s->work.job = NULL;
        gate_hear(s, result);
        if (stack_has_clickhouse(s->config, s->image.version) &&
            (s->gate.status == 0 || (s->member.kind == MEMBER_MIGRATE && gate_wants_migrating(s->gate.status))))
                ask_clickhouse(s);
        else
                decide(s);
}

/* Of a wait the cause is told on. */
static void tell_check(Supervisor *s) {
        _cleanup_(freep) char *place = s->wait.cause ? NULL : stack_database_place(s->config);

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
