/* SPDX-License-Identifier: MIT */
/* Runs of the migrations: what they run, how far they are, and what their end says. */
#include "supervisor/migrate-run.h"

#include "base/time.h"
#include "base/util.h"
#include "stack/stack.h"

#include "check.h"

#define SEC  USEC_PER_SEC
#define NAME "20260709135717 add_x"

static char load[] = "load", replay[] = "replay", missing[] = "missing", present[] = "present", yes[] = "yes",
            version[] = "20260709135717";

/* --- what is run ---------------------------------------------------------------------------------------- */

static void words_are(GateAnswer answer, const char *expected, bool seeds) {
        MigrateRun run = {.seeds = !seeds};
        _cleanup_(strv_freep) char **words = migrate_words(&run, &answer);
        _cleanup_(freep) char *text = strv_join(words, " ");

        assert_string_equal(text, expected);
        assert_int_equal(run.seeds, seeds);
}

static void both_tasks_run_at_once_only_where_no_migration_does(void **state _unused_) {
        words_are((GateAnswer){.status = GATE_PENDING, .seeds = yes}, "bundle exec rails db:migrate", false);
        words_are((GateAnswer){.status = GATE_FRESH, .fresh = replay, .seeds = yes}, "bundle exec rails db:migrate", false);
        words_are((GateAnswer){.status = GATE_FRESH, .fresh = load, .seeds = yes},
                  "bundle exec rails db:migrate roles:seed_predefined", true);
        words_are((GateAnswer){.status = GATE_FRESH, .fresh = load}, "bundle exec rails db:migrate", false);
        words_are((GateAnswer){.status = GATE_VERIFIED, .seeds = yes}, "bundle exec rails roles:seed_predefined", true);
}

static void roles_wanted(GateAnswer answer, bool seeds, MigrateEnd end, bool expected) {
        MigrateRun run = {.seeds = seeds};

        assert_int_equal(migrate_wants_roles(&run, &answer, &end), expected);
}

static void roles_are_wanted_until_their_task_says_that_all_is_well(void **state _unused_) {
        GateAnswer lacks = {.status = GATE_VERIFIED, .roles = missing, .seeds = yes};

        roles_wanted(lacks, false, (MigrateEnd){0}, true);
        roles_wanted((GateAnswer){.roles = present, .seeds = yes}, false, (MigrateEnd){0}, false);
        roles_wanted((GateAnswer){.roles = missing}, false, (MigrateEnd){0}, false);
        roles_wanted((GateAnswer){.seeds = yes}, false, (MigrateEnd){0}, false);
        roles_wanted(lacks, true, (MigrateEnd){.known = true}, false);
        roles_wanted(lacks, true, (MigrateEnd){0}, true);
        roles_wanted(lacks, true, (MigrateEnd){.known = true, .exit_code = 1}, true);
        roles_wanted(lacks, true, (MigrateEnd){.known = true, .exit_code = 0, .signal = 9}, true);
        roles_wanted(lacks, false, (MigrateEnd){.known = true}, true);
}

static void alone(int status, bool wants_roles, bool expected) {
        GateAnswer answer = {.status = status};

        assert_int_equal(migrate_must_be_alone(&answer, wants_roles), expected);
}

static void what_another_host_may_be_at_is_asked_again_with_the_lock(void **state _unused_) {
        alone(GATE_VERIFIED, false, false);
        alone(GATE_VERIFIED, true, true);
        alone(GATE_PENDING, false, true);
        alone(GATE_FRESH, false, true);
        alone(GATE_EMPTY, false, true);
        alone(13, false, true); /* busy */
        alone(GATE_UNREACHABLE, false, false);
        alone(GATE_DENIED, false, false);
        alone(GATE_AHEAD, false, true);
        alone(GATE_HALF_LOADED, false, true);
        alone(GATE_WRONG_MAJOR, false, false);
        alone(GATE_NO_VERDICT, false, false);
}

/* --- what its end says ---------------------------------------------------------------------------------- */

static void blamed(MigrateEnd end, bool expected) {
        assert_int_equal(migrate_is_to_blame(&end), expected);
}

static void a_run_that_was_killed_is_not_to_blame(void **state _unused_) {
        blamed((MigrateEnd){0}, false);
        blamed((MigrateEnd){.known = true, .exit_code = 1}, true);
        blamed((MigrateEnd){.known = true, .exit_code = 128}, true);
        blamed((MigrateEnd){.known = true, .exit_code = 137}, false);
        blamed((MigrateEnd){.known = true, .exit_code = 137, .signal = 9}, false);
        blamed((MigrateEnd){.known = true, .exit_code = 0, .signal = 15}, false);
        blamed((MigrateEnd){.exit_code = 1}, false);
}

static void twice_at_the_same_place_is_final(void **state _unused_) {
        MigrateRun run = {0};

        assert_int_equal(migrate_judge(&run, "1"), MIGRATE_AGAIN);
        assert_int_equal(migrate_judge(&run, "2"), MIGRATE_AGAIN);
        run.excuse.why = "no space left on device";
        assert_int_equal(migrate_judge(&run, "2"), MIGRATE_EXCUSED);
        run.excuse.why = NULL;
        assert_int_equal(migrate_judge(&run, "2"), MIGRATE_FINAL);
}

static void the_place_is_a_version_or_the_task(void **state _unused_) {
        assert_int_equal(migrate_culprit(&(GateAnswer){.first = version}, /* begun= */ false), CULPRIT_RAILS);
        assert_int_equal(migrate_culprit(&(GateAnswer){0}, /* begun= */ false), CULPRIT_SEEDS);
        assert_string_equal(migrate_place(&(GateAnswer){.first = version}, CULPRIT_MIGRATION), version);
        assert_string_equal(migrate_place(&(GateAnswer){0}, CULPRIT_SEEDS), "roles:seed_predefined");
}

/* --- how far it is -------------------------------------------------------------------------------------- */

static void status_is(const MigrateProgress *p, bool stop_asked, uint64_t now, const char *expected) {
        _cleanup_(freep) char *text = migrate_progress_status(p, "v1.50.0", stop_asked, now);

        assert_string_equal(text, expected);
}

#define QUIET " - - - - - - - - - -"

static void a_run_says_what_it_is_at(void **state _unused_) {
        _cleanup_(migrate_progress_done) MigrateProgress p = {0};

        migrate_progress_begin(&p, MIGRATE_KIND_FILES, 100 * SEC);
        status_is(&p, false, 103 * SEC, "Migrating, 3 s");
        assert_true(migrate_progress_hear(&p, "0 29 - -" QUIET, 104 * SEC));
        status_is(&p, false, 105 * SEC, "Starting Rails to migrate to v1.50.0 (29 pending), 5 s");
        assert_true(migrate_progress_hear(&p, "11 29 " NAME QUIET, 110 * SEC));
        status_is(&p, false, 112 * SEC, "Migrating 12 of 29: " NAME ", 2 s");
        status_is(&p, true, 112 * SEC, "Stop asked during 20260709135717; waiting for it (2 s)");
        assert_false(migrate_progress_hear(&p, "nonsense", 113 * SEC));
        /* The same one again is in hand since it was reported first. */
        assert_true(migrate_progress_hear(&p, "11 29 " NAME QUIET, 114 * SEC));
        status_is(&p, false, 115 * SEC, "Migrating 12 of 29: " NAME ", 5 s");
        migrate_progress_begin(&p, MIGRATE_KIND_SEEDS, 200 * SEC);
        status_is(&p, false, 201 * SEC, "Seeding the predefined roles, 1 s");
        status_is(&p, true, 201 * SEC, "Stop asked, waiting for it. Seeding the predefined roles, 1 s");
        migrate_progress_begin(&p, MIGRATE_KIND_LOAD, 300 * SEC);
        status_is(&p, false, 301 * SEC, "Migrating, 1 s");
        assert_true(migrate_progress_hear(&p, "0 29 - -" QUIET, 302 * SEC));
        status_is(&p, false, 303 * SEC, "Loading the schema of v1.50.0 into an empty database, 3 s");
}

static void blocked_is(MigrateProgress *p, const char *line, const char *expected) {
        _cleanup_(freep) char *text = NULL;

        assert_true(migrate_progress_hear(p, line, SEC));
        text = migrate_progress_blocked(p);
        if (expected)
                assert_string_equal(text, expected);
        else
                assert_null(text);
}

static void who_is_in_the_way_is_told_once_for_each(void **state _unused_) {
        _cleanup_(migrate_progress_done) MigrateProgress p = {0};

        blocked_is(&p, "11 29 " NAME QUIET, NULL);
        blocked_is(&p, "11 29 " NAME " 812 4 active rails - - - - - -",
                   "Migration " NAME " waits for a lock that backend 812 holds (active, rails).");
        blocked_is(&p, "11 29 " NAME " 812 9 active rails - - - - - -", NULL);
        blocked_is(&p, "11 29 " NAME " 813 1 idle sidekiq - - - - - -",
                   "Migration " NAME " waits for a lock that backend 813 holds (idle, sidekiq).");
        migrate_progress_begin(&p, MIGRATE_KIND_FILES, SEC);
        assert_null(migrate_progress_blocked(&p));
        blocked_is(&p, "11 29 " NAME " 813 1 idle sidekiq - - - - - -",
                   "Migration " NAME " waits for a lock that backend 813 holds (idle, sidekiq).");
}

static void silence_is(MigrateProgress *p, uint64_t now, const char *expected) {
        _cleanup_(freep) char *text = migrate_progress_silence(p, now);

        if (expected)
                assert_string_equal(text, expected);
        else
                assert_null(text);
}

static void each_silence_is_told_once(void **state _unused_) {
        _cleanup_(migrate_progress_done) MigrateProgress p = {0};

        migrate_progress_begin(&p, MIGRATE_KIND_FILES, 100 * SEC);
        silence_is(&p, 699 * SEC, NULL);
        silence_is(&p, 700 * SEC, "The run has shown no progress for 10 min. It goes on until it ends by itself.");
        silence_is(&p, 900 * SEC, NULL);
        assert_true(migrate_progress_hear(&p, "11 29 " NAME QUIET, 1000 * SEC));
        silence_is(&p, 1001 * SEC, NULL);
        assert_true(migrate_progress_hear(&p, "11 29 " NAME QUIET, 1500 * SEC));
        silence_is(&p, 1600 * SEC,
                   "Migration " NAME " has shown no progress for 10 min. It goes on until it ends by itself.");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_tasks_run_at_once_only_where_no_migration_does),
                cmocka_unit_test(roles_are_wanted_until_their_task_says_that_all_is_well),
                cmocka_unit_test(what_another_host_may_be_at_is_asked_again_with_the_lock),
                cmocka_unit_test(a_run_that_was_killed_is_not_to_blame),
                cmocka_unit_test(twice_at_the_same_place_is_final),
                cmocka_unit_test(the_place_is_a_version_or_the_task),
                cmocka_unit_test(a_run_says_what_it_is_at),
                cmocka_unit_test(who_is_in_the_way_is_told_once_for_each),
                cmocka_unit_test(each_silence_is_told_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
