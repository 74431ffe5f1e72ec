/* SPDX-License-Identifier: MIT */
/* The table of a member's life against a small model of engine, database and operator: a great many random lives. */
#include "supervisor/life.h"

#include "base/util.h"

#include "check.h"

#define LIVES  100000
#define EVENTS 60

/* One changed cell, to see that the model notices. */
typedef struct Mutant {
        const char *name;
        LifeState state;
        LifeEvent event;
        LifeAnswer answer;
        LifeState next;
} Mutant;

/* What is true in the world, as opposed to what the machine believes. */
typedef struct World {
        LifeState state;
        bool migrates, external, clock; /* what kind of member it is */
        bool exists, alive;             /* its container */
        bool verified;                  /* the gate opened in this attempt */
        bool done;                      /* the gate said that nothing is left to migrate */
        bool refused;                   /* something can never be done */
        bool held;                      /* the clock's lock is ours */
        bool stop_asked;
        unsigned steps_since_stop;
        const char *broken; /* the rule that was broken */
} World;

static unsigned visited[_LIFE_STATE_MAX][_LIFE_EVENT_MAX];

static LifeAnswer step(const Mutant *mutant, LifeState state, LifeEvent event, LifeState *ret) {
        if (mutant && mutant->state == state && mutant->event == event) {
                *ret = mutant->next;
                return mutant->answer;
        }
        return life_step(state, event, ret);
}

static LifeEvent pick(uint64_t *seed, const LifeEvent *events, size_t n) {
        return events[next_random(seed) % n];
}

/* What a process that is gone already may still be heard of, while its successor is at work. */
static bool is_late(const World *w, unsigned dice, LifeEvent *ret) {
        bool runs = w->state == LIFE_PROBE || w->state == LIFE_SERVE || w->state == LIFE_MIGRATE || w->state == LIFE_DRAIN;

        *ret = dice == 6 ? LIFE_ON_ENDED : LIFE_ON_LOST;
        return (dice == 6 && !runs) || (dice == 5 && w->migrates && runs);
}

/* Where the lock is wanted its loss is a reason to wait, as on_hold_ended() tells it. */
static LifeEvent lose_lock(World *w) {
        if (!life_asks_database(w->state))
                return LIFE_ON_LOST;
        w->held = false;
        return LIFE_ON_LATER;
}

/* An event that the world can cause now. */
static LifeEvent plausible(World *w, uint64_t *seed) {
        static const LifeEvent await_own[] = {LIFE_ON_OK, LIFE_ON_LATER, LIFE_ON_NEVER},
                               await_external[] = {LIFE_ON_WATCH, LIFE_ON_LATER, LIFE_ON_NEVER},
                               check_migrate[] = {LIFE_ON_OK, LIFE_ON_LATER, LIFE_ON_NEVER, LIFE_ON_DONE, LIFE_ON_EMPTY, LIFE_ON_DIAGNOSE},
                               check_alone[] = {LIFE_ON_LOCK, LIFE_ON_LATER, LIFE_ON_NEVER, LIFE_ON_DONE},
                               check_clock[] = {LIFE_ON_LOCK, LIFE_ON_LOCK, LIFE_ON_LATER, LIFE_ON_NEVER},
                               lock_clock[] = {LIFE_ON_OK, LIFE_ON_STANDBY, LIFE_ON_LATER, LIFE_ON_NEVER},
                               recheck[] = {LIFE_ON_RECHECK, LIFE_ON_RECHECK, LIFE_ON_LATER, LIFE_ON_NEVER},
                               started[] = {LIFE_ON_OK, LIFE_ON_OK, LIFE_ON_LATER, LIFE_ON_NEVER},
                               migrating[] = {LIFE_ON_MIGRATE, LIFE_ON_MIGRATE, LIFE_ON_LATER, LIFE_ON_NEVER};
        unsigned dice = (unsigned)(next_random(seed) % 16);
        LifeEvent late;

        if (is_late(w, dice, &late))
                return late;
        if (dice == 0)
                return LIFE_ON_STOP;
        if (dice == 1 && w->state != LIFE_REST)
                return LIFE_ON_WAKE;
        if (dice < 5 && w->alive)
                return LIFE_ON_ENDED;
        if (dice == 5 && w->held)
                return lose_lock(w);
        switch (w->state) {
        case LIFE_AWAIT:
                return w->external ? pick(seed, await_external, 3) : pick(seed, await_own, 3);
        case LIFE_PREPARE:
                return pick(seed, await_own, 3);
        case LIFE_CHECK:
                if (!w->held && (w->clock || w->migrates))
                        return pick(seed, w->clock ? check_clock : check_alone, 4);
                return w->migrates ? pick(seed, check_migrate, 6) : pick(seed, await_own, 3);
        case LIFE_EMPTY:
        case LIFE_DIAGNOSE:
                return pick(seed, recheck, 4);
        case LIFE_SWEEP:
                return dice == 2 ? LIFE_ON_LATER : LIFE_ON_OK;
        case LIFE_LOCK:
                return pick(seed, w->clock ? lock_clock : recheck, 4);
        case LIFE_STANDBY:
                return dice < 8 ? LIFE_ON_LOST : dice < 10 ? LIFE_ON_LATER
                                         : dice < 12       ? LIFE_ON_OK
                                                           : LIFE_ON_WAKE;
        case LIFE_START:
                return w->migrates ? pick(seed, migrating, 4) : pick(seed, started, 4);
        case LIFE_PROBE:
                /* As enter_probe() does when the lock went while the engine started the container. */
                return w->clock && !w->held ? LIFE_ON_LOST : pick(seed, started, 4);
        case LIFE_SERVE:
                return w->external || dice < 8 ? LIFE_ON_LATER : LIFE_ON_SICK;
        case LIFE_MIGRATE:
        case LIFE_DRAIN:
                return w->alive && dice < 12 ? LIFE_ON_WAKE : LIFE_ON_ENDED;
        case LIFE_JUDGE:
                return dice < 10 ? LIFE_ON_DONE : dice < 12 ? LIFE_ON_LOST
                                                            : LIFE_ON_LATER;
        case LIFE_CLEAN:
                return dice == 2 ? LIFE_ON_NEVER : LIFE_ON_OK;
        case LIFE_REST:
                return dice == 2 ? LIFE_ON_NEVER : LIFE_ON_WAKE;
        default:
                return LIFE_ON_OK;
        }
}

/* What the event means for the world, whatever the machine makes of it. */
static void happen(World *w, LifeEvent event) {
        if (event == LIFE_ON_STOP)
                w->stop_asked = true;
        if (event == LIFE_ON_NEVER)
                w->refused = true;
        if (event == LIFE_ON_LOST)
                w->held = false;
        if (event == LIFE_ON_DONE)
                w->done = true;
        if (w->state == LIFE_CHECK && event == LIFE_ON_LOCK)
                w->verified = w->clock;
        if ((w->state == LIFE_LOCK && (event == LIFE_ON_OK || event == LIFE_ON_RECHECK)) ||
            (w->state == LIFE_STANDBY && event == LIFE_ON_WAKE))
                w->held = true;
        if (event == LIFE_ON_ENDED)
                w->alive = false;
        /* Made, and not started, it is there all the same. */
        if (w->state == LIFE_START && (event == LIFE_ON_LATER || event == LIFE_ON_NEVER))
                w->exists = true;
        if (event == LIFE_ON_OK || event == LIFE_ON_MIGRATE)
                switch (w->state) {
                case LIFE_CHECK:
                        w->verified = true;
                        break;
                case LIFE_START:
                        w->exists = w->alive = true;
                        break;
                case LIFE_CLEAN:
                case LIFE_DOOM:
                case LIFE_STOP:
                        w->exists = w->alive = false;
                        break;
                default:
                        break;
                }
}

static void rule(World *w, bool holds, const char *name) {
        if (!holds && !w->broken)
                w->broken = name;
}

/* The machine was in @from, and is where it is now; @went: it has entered that, be it the same. */
static void judge(World *w, LifeState from, LifeEvent event, bool went) {
        LifeState now = w->state;
        bool begins = now == LIFE_START && went;

        if (now == LIFE_AWAIT || now == LIFE_STANDBY)
                w->verified = false;
        rule(w, !begins || w->verified, "no container without a verdict of this attempt");
        rule(w, !begins || !w->refused, "nothing is started after a refusal");
        rule(w, !begins || !w->stop_asked, "nothing is started after a stop");
        rule(w, now != LIFE_SERVE || w->alive || w->external, "only a live container serves");
        rule(w, (now != LIFE_END && now != LIFE_REST && now != LIFE_AWAIT) || !w->exists,
             "no container is left behind");
        rule(w, from != LIFE_START || now != LIFE_END, "a start in flight is waited for");
        rule(w, !w->alive || !w->migrates || now == LIFE_MIGRATE || now == LIFE_DRAIN || now == LIFE_START,
             "a migration is never cut short");
        rule(w, !w->migrates || now != LIFE_END || w->done || w->refused || w->stop_asked,
             "migrate is done when the database says so");
        rule(w, event != LIFE_ON_ENDED || from == now || now == LIFE_CLEAN || now == LIFE_STOP || now == LIFE_JUDGE,
             "an ended container is cleaned up");
        rule(w, now != LIFE_SERVE || !w->clock || w->held || event == LIFE_ON_OK, "a clock without its lock does not tick");
        /* One verdict is for one start. */
        if (begins)
                w->verified = false;
        rule(w, !begins || w->held || !(w->clock || w->migrates), "nobody starts without its lock");
        rule(w, now != LIFE_STANDBY || !w->exists, "a clock in standby has no container");
        rule(w, !w->external || now != LIFE_START, "an external server has no container");
        w->steps_since_stop += w->stop_asked;
        rule(w, w->steps_since_stop < 40 || now == LIFE_END || now == LIFE_MIGRATE || now == LIFE_DRAIN,
             "a stop is obeyed");
        rule(w, !w->stop_asked || now != LIFE_REST || event != LIFE_ON_STOP, "a stop ends a rest");
}

/* Until the process has exited events still come, and mean nothing. */
static void hear_at_the_end(World *w, const Mutant *mutant, uint64_t *seed) {
        static const LifeEvent late[] = {LIFE_ON_ENDED, LIFE_ON_STOP, LIFE_ON_WAKE, LIFE_ON_LOST};
        LifeEvent event = pick(seed, late, ELEMENTSOF(late));
        LifeState next;

        visited[LIFE_END][event]++;
        rule(w, step(mutant, LIFE_END, event, &next) == LIFE_STAY, "the end is the end");
}

/* Answers the rule that was broken, NULL for a good life. */
static const char *live(const Mutant *mutant, uint64_t seed) {
        World w = {.state = LIFE_AWAIT};
        unsigned kind = (unsigned)(next_random(&seed) % 4);

        w.migrates = kind == 1;
        w.external = kind == 2;
        w.clock = kind == 3;
        for (unsigned i = 0; i < EVENTS && !w.broken; i++) {
                /* As supervisor_enter() does: a stop asked is asked again of each new state. */
                LifeEvent event = w.stop_asked && i % 2 == 0 ? LIFE_ON_STOP : plausible(&w, &seed);
                LifeState from = w.state, next = w.state;
                LifeAnswer answer;

                visited[w.state][event]++;
                answer = step(mutant, w.state, event, &next);
                rule(&w, answer != LIFE_IMPOSSIBLE, "every event that can come has a cell");
                happen(&w, event);
                if (answer == LIFE_GO)
                        w.state = next;
                judge(&w, from, event, answer == LIFE_GO);
                if (w.state != LIFE_END)
                        continue;
                hear_at_the_end(&w, mutant, &seed);
                /* systemd starts the unit again, in the same world. */
                w = (World){.state = LIFE_AWAIT, .migrates = w.migrates, .external = w.external, .clock = w.clock, .broken = w.broken};
        }
        return w.broken;
}

static void every_random_life_keeps_the_rules(void **state) {
        (void)state;
        for (uint64_t seed = 1; seed <= LIVES; seed++) {
                const char *broken = live(NULL, seed * UINT64_C(0x9e3779b97f4a7c15));

                if (broken)
                        fail_msg("life %llu: broken: %s", (unsigned long long)seed, broken);
        }
}

static void every_cell_of_the_table_is_visited(void **state) {
        (void)state;
        for (LifeState s = 0; s < _LIFE_STATE_MAX; s++)
                for (LifeEvent e = 0; e < _LIFE_EVENT_MAX; e++) {
                        LifeState next;

                        if (life_step(s, e, &next) != LIFE_IMPOSSIBLE && visited[s][e] == 0)
                                fail_msg("%s on %s was never visited", life_state_name(s), life_event_name(e));
                }
}

static bool is_caught(const Mutant *mutant) {
        for (uint64_t seed = 1; seed <= LIVES; seed++)
                if (live(mutant, seed * UINT64_C(0x9e3779b97f4a7c15)))
                        return true;
        return false;
}

/* Whether a life with it can differ for the worse: without a container a member may always end. */
static bool is_another(const Mutant *mutant) {
        LifeState next = mutant->state;
        LifeAnswer answer = life_step(mutant->state, mutant->event, &next);

        if (answer == LIFE_IMPOSSIBLE)
                return false;
        if (mutant->answer == LIFE_IMPOSSIBLE)
                return true;
        return next != mutant->next && (mutant->next != LIFE_END || life_has_container(mutant->state));
}

static void every_mutant_is_caught(void **state) {
        static const Mutant mutants[] = {
                {"a refused check starts", LIFE_CHECK, LIFE_ON_NEVER, LIFE_GO, LIFE_START},
                {"a late check starts", LIFE_CHECK, LIFE_ON_LATER, LIFE_GO, LIFE_START},
                {"a clock starts without its lock", LIFE_CHECK, LIFE_ON_LOCK, LIFE_GO, LIFE_START},
                {"a clock starts beside another one", LIFE_LOCK, LIFE_ON_STANDBY, LIFE_GO, LIFE_START},
                {"a migrator believes the verdict of before", LIFE_LOCK, LIFE_ON_RECHECK, LIFE_GO, LIFE_START},
                {"what was emptied is migrated unseen", LIFE_EMPTY, LIFE_ON_RECHECK, LIFE_GO, LIFE_START},
                {"a failed run goes on unseen", LIFE_DIAGNOSE, LIFE_ON_RECHECK, LIFE_GO, LIFE_START},
                {"a verified schema is migrated", LIFE_CHECK, LIFE_ON_DONE, LIFE_GO, LIFE_START},
                {"what is done begins again", LIFE_SWEEP, LIFE_ON_OK, LIFE_GO, LIFE_START},
                {"a lock that is not to be had is done without", LIFE_LOCK, LIFE_ON_LATER, LIFE_GO, LIFE_START},
                {"the check is skipped", LIFE_PREPARE, LIFE_ON_OK, LIFE_GO, LIFE_START},
                {"a rest leads to a start", LIFE_REST, LIFE_ON_WAKE, LIFE_GO, LIFE_START},
                {"a stop kills the migration", LIFE_MIGRATE, LIFE_ON_STOP, LIFE_GO, LIFE_STOP},
                {"a second stop kills it", LIFE_DRAIN, LIFE_ON_STOP, LIFE_GO, LIFE_STOP},
                {"a crash while serving is not seen", LIFE_SERVE, LIFE_ON_ENDED, LIFE_STAY, 0},
                {"a crash while probing counts as ready", LIFE_PROBE, LIFE_ON_ENDED, LIFE_GO, LIFE_SERVE},
                {"a stop leaves the container", LIFE_SERVE, LIFE_ON_STOP, LIFE_GO, LIFE_END},
                {"a refusal leaves the container", LIFE_PROBE, LIFE_ON_NEVER, LIFE_GO, LIFE_END},
                {"a sick container is started twice", LIFE_SERVE, LIFE_ON_SICK, LIFE_GO, LIFE_REST},
                {"a stop during a rest is lost", LIFE_REST, LIFE_ON_STOP, LIFE_STAY, 0},
                {"a stop ends a removal", LIFE_DOOM, LIFE_ON_STOP, LIFE_GO, LIFE_END},
                {"a doomed member rests", LIFE_DOOM, LIFE_ON_OK, LIFE_GO, LIFE_REST},
                {"an external server is run", LIFE_AWAIT, LIFE_ON_WATCH, LIFE_GO, LIFE_START},
                {"a lost lock is overlooked", LIFE_SERVE, LIFE_ON_LOST, LIFE_STAY, 0},
                {"a standby starts without asking again", LIFE_STANDBY, LIFE_ON_WAKE, LIFE_GO, LIFE_START},
                {"a refusal while cleaning leaves the container", LIFE_CLEAN, LIFE_ON_NEVER, LIFE_GO, LIFE_END},
                {"a refusal while cleaning is forgotten", LIFE_CLEAN, LIFE_ON_NEVER, LIFE_STAY, 0},
                {"the end is left again", LIFE_END, LIFE_ON_WAKE, LIFE_GO, LIFE_AWAIT},
                {"an end told late starts another attempt", LIFE_START, LIFE_ON_ENDED, LIFE_GO, LIFE_AWAIT},
                {"a lock told lost late ends a migration", LIFE_MIGRATE, LIFE_ON_LOST, LIFE_GO, LIFE_CLEAN},
                {"a run that ended well is believed", LIFE_MIGRATE, LIFE_ON_ENDED, LIFE_GO, LIFE_DOOM},
                {"a run that was not all ends it", LIFE_JUDGE, LIFE_ON_LATER, LIFE_GO, LIFE_DOOM},
                {"a run that was all leaves its container", LIFE_JUDGE, LIFE_ON_DONE, LIFE_GO, LIFE_END},
                {"a forgotten cell", LIFE_START, LIFE_ON_STOP, LIFE_IMPOSSIBLE, 0},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(mutants); i++)
                if (!is_caught(&mutants[i]))
                        fail_msg("not caught: %s", mutants[i].name);
}

/* Forgotten, or made to start a container, or to end with one. */
static void a_mutant_of_each_cell_is_caught(void **state) {
        static const struct {
                const char *does;
                LifeAnswer answer;
                LifeState next;
        } changes[] = {
                {"is forgotten", LIFE_IMPOSSIBLE, 0},
                {"starts a container", LIFE_GO, LIFE_START},
                {"ends", LIFE_GO, LIFE_END},
        };

        (void)state;
        for (LifeState s = 0; s < _LIFE_STATE_MAX; s++)
                for (LifeEvent e = 0; e < _LIFE_EVENT_MAX; e++)
                        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                                Mutant mutant = {NULL, s, e, changes[i].answer, changes[i].next};

                                if (is_another(&mutant) && !is_caught(&mutant))
                                        fail_msg("not caught: %s on %s %s", life_state_name(s), life_event_name(e), changes[i].does);
                        }
}

static void states_and_events_have_names(void **state) {
        (void)state;
        for (LifeState s = 0; s < _LIFE_STATE_MAX; s++)
                assert_non_null(life_state_name(s));
        for (LifeEvent e = 0; e < _LIFE_EVENT_MAX; e++)
                assert_non_null(life_event_name(e));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_random_life_keeps_the_rules),
                cmocka_unit_test(every_cell_of_the_table_is_visited),
                cmocka_unit_test(every_mutant_is_caught),
                cmocka_unit_test(a_mutant_of_each_cell_is_caught),
                cmocka_unit_test(states_and_events_have_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
