/* SPDX-License-Identifier: MIT */
#include "supervisor/fresh.h"

#include "stack/unfinished.h"
#include "supervisor/gate.h"
#include "supervisor/supervisor.h"

/* --- before -------------------------------------------------------------------------------------------- */

static void on_replay_prepared(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        /* The verdict from before is kept then: it says what is to be run. */
        if (answer->succeeded) {
                supervisor_feed(s, LIFE_ON_OK);
                return;
        }
        gate_answer_take(&s->gate.answer, answer);
        supervisor_later(s, "%s", s->gate.answer.sentence);
}

static void prepare_load(Supervisor *s) {
        _cleanup_(freep) char *database = stack_database_identity(s->config);
        int r = unfinished_begun(UNFINISHED_LOAD_FILE, database);

        if (r < 0)
                supervisor_later(s, "Cannot write " UNFINISHED_LOAD_FILE ": %s", strerror(-r));
        else
                supervisor_feed(s, LIFE_ON_OK);
}

void fresh_begin(Supervisor *s) {
        if (s->gate.answer.fresh && streq(s->gate.answer.fresh, "replay"))
                /* Rails 8 loads structure.sql where schema_migrations is absent. Where it is there and empty it runs every file. */
                gate_ask(s, "prepare-replay", /* with_manifest= */ true, on_replay_prepared);
        else if (migrate_loads(&s->gate.answer))
                prepare_load(s);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

void fresh_over(const Supervisor *s) {
        _cleanup_(freep) char *database = stack_database_identity(s->config);

        /* Where it stays, a later load is taken for one that was cut off: lago-gate empties nothing that holds a row. */
        (void)unfinished_over(UNFINISHED_LOAD_FILE, database);
}

/* --- cut off ------------------------------------------------------------------------------------------- */

int fresh_was_cut_off(const Supervisor *s) {
        _cleanup_(freep) char *database = NULL;
        int status = s->gate.answer.status;
        UnfinishedState state;

        if (status != GATE_INVISIBLE && status != GATE_HALF_LOADED && status != GATE_OCCUPIED)
                return 0;
        database = stack_database_identity(s->config);
        state = unfinished_state(UNFINISHED_LOAD_FILE, database);
        return state == UNFINISHED_UNREAD ? -errno : state == UNFINISHED_BEGUN;
}

static void on_emptied(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        if (answer->succeeded) {
                log_notice("The first load of the schema was cut off, and no table holds a row: the database is emptied and "
                           "loaded again.");
                supervisor_feed(s, LIFE_ON_RECHECK);
                return;
        }
        gate_answer_take(&s->gate.answer, answer);
        if (gate_refuses(s->gate.answer.status))
                gate_refused(s);
        else
                supervisor_later(s, "%s", s->gate.answer.sentence);
}

void enter_empty(Supervisor *s) {
        gate_ask(s, "prepare-load", /* with_manifest= */ true, on_emptied);
}
