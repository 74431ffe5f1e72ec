/* SPDX-License-Identifier: MIT */
#include "supervisor/fresh.h"

#include "stack/unfinished.h"
#include "supervisor/gate.h"
#include "supervisor/supervisor.h"

bool fresh_is_loaded(const Supervisor *s) {
        return s->gate.status == GATE_FRESH && s->gate.fresh && streq(s->gate.fresh, "load");
}

/* --- before -------------------------------------------------------------------------------------------- */

static void on_replay_prepared(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0)
                supervisor_feed(s, LIFE_ON_OK);
        else {
                gate_hear(s, result);
                supervisor_later(s, "%s", s->gate.sentence);
        }
}

/* Rails 8 loads structure.sql into a database without schema_migrations; an empty one makes it run every file. */
static void prepare_replay(Supervisor *s) {
        char **argv = gate_argv(s, "prepare-replay", /* with_manifest= */ true);

        if (argv)
                gate_job(s, argv, on_replay_prepared);
        else
                gate_waits(s);
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
        if (s->gate.fresh && streq(s->gate.fresh, "replay"))
                prepare_replay(s);
        else if (fresh_is_loaded(s))
                prepare_load(s);
        else
                supervisor_feed(s, LIFE_ON_OK);
}

void fresh_over(const Supervisor *s) {
        _cleanup_(freep) char *database = stack_database_identity(s->config);

        unfinished_over(UNFINISHED_LOAD_FILE, database);
}

/* --- cut off ------------------------------------------------------------------------------------------- */

bool fresh_was_cut_off(const Supervisor *s) {
        _cleanup_(freep) char *database = NULL;

        if (s->gate.status != GATE_INVISIBLE && s->gate.status != GATE_HALF_LOADED && s->gate.status != GATE_OCCUPIED)
                return false;
        database = stack_database_identity(s->config);
        return unfinished_state(UNFINISHED_LOAD_FILE, database) == UNFINISHED_BEGUN;
}

static void on_empty_again(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0) {
                log_notice("The first load of the schema was cut off, and no table holds a row: the database is emptied and "
                           "loaded again.");
                supervisor_feed(s, LIFE_ON_RECHECK);
                return;
        }
        gate_hear(s, result);
        if (gate_refuses(s->gate.status))
                gate_refused(s);
        else
                supervisor_later(s, "%s", s->gate.sentence);
}

void enter_empty(Supervisor *s) {
        char **argv = gate_argv(s, "prepare-load", /* with_manifest= */ true);

        if (argv)
                gate_job(s, argv, on_empty_again);
        else
                gate_waits(s);
}
