/* SPDX-License-Identifier: MIT */
/* The verdict on both databases, before anything of Lago runs; and what follows from it. */
#include "supervisor/check.h"

#include "stack/unfinished.h"
#include "supervisor/fresh.h"
#include "supervisor/gate.h"
#include "supervisor/migrate.h"
#include "supervisor/new-keys.h"
#include "supervisor/proof.h"
#include "supervisor/supervisor.h"

static void decide_proven(Supervisor *s) {
        int cut_off = fresh_was_cut_off(s);

        if (migrate_needs_lock(s))
                supervisor_feed(s, LIFE_ON_LOCK);
        else if (cut_off < 0)
                supervisor_later(s, "Cannot read " UNFINISHED_LOAD_FILE ": %s", strerror(-cut_off));
        else if (cut_off > 0)
                supervisor_feed(s, LIFE_ON_EMPTY);
        else if (gate_refuses(s->gate.answer.status))
                gate_refused(s);
        else
                check_for_migrate(s);
}

static void decide_for_migrate(Supervisor *s) {
        int status = s->gate.answer.status;

        if (new_keys_refuse(s))
                return;
        if (status == GATE_FRESH || status == GATE_EMPTY)
                proof_of_empty(s);
        if (proof_is_due(s))
                proof_ask(s, decide_proven);
        else
                decide_proven(s);
}

static void decide(Supervisor *s) {
        const GateAnswer *answer = &s->gate.answer;

        if (gate_refuses(answer->status))
                gate_refused(s);
        else if (answer->status != 0)
                supervisor_later(s, "%s", answer->sentence);
        else if (s->member.kind == MEMBER_CLOCK && !s->hold.held)
                supervisor_feed(s, LIFE_ON_LOCK);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

static void on_verdict(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        gate_answer_take(&s->gate.answer, answer);
        if (s->state == LIFE_JUDGE)
                migrate_judged(s);
        else if (s->member.kind == MEMBER_MIGRATE)
                decide_for_migrate(s);
        else
                decide(s);
}

/* While it waits STATUS= goes on showing the cause. */
static void tell_check(Supervisor *s) {
        _cleanup_(freep) char *place = s->wait.cause ? NULL : stack_database_place(s->config);

        if (place)
                supervisor_status(s, "Checking the schema of %s", place);
}

void enter_check(Supervisor *s) {
        if (!s->info->backend) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        tell_check(s);
        if (!gate_ask_both(s, on_verdict))
                gate_waits(s);
}

void enter_judge(Supervisor *s) {
        /* After a failed run more is pending, and the gate may block on what made it fail: it is not asked here. */
        if (s->container.exit_code != 0 || !gate_ask_both(s, on_verdict))
                supervisor_feed(s, LIFE_ON_LATER);
}
