/* SPDX-License-Identifier: MIT */
/* The numbers are those of systemd 252, written down in a guest for each of these commands. */
#include "ready/act.h"

#include "base/util.h"

#include "check.h"

static void what_is_asked_for_by_name_admits(void **state _unused_) {
        const Act acts[] = {
                /* restart lago-migrate */
                {.migrate = 297, .follower = 352},
                /* restart lago.target */
                {.target = 420, .ready = 491, .migrate = 486, .follower = 483, .setup_is_new = true},
                /* stop, and then start lago.target */
                {.target = 2571, .ready = 2572, .migrate = 2624, .follower = 2623, .setup_is_new = true},
        };

        for (size_t i = 0; i < ELEMENTSOF(acts); i++)
                assert_true(act_is_by_name(&acts[i]));
}

/* An API that did not come up has the number of its first start still, and so has everybody while the first start waits. */
static void a_start_from_before_hides_no_name(void **state _unused_) {
        Act again = {.migrate = 954, .noted = 898};
        const Act first = {.target = 10, .ready = 12, .migrate = 60, .noted = 20};
        const Act keeper = {.target = 609, .ready = 558, .migrate = 700, .noted = 625};
        Act both = again, setup = keeper;

        act_take_job(&again, 898, "lago-api.service");
        act_take_job(&again, 897, "lago-worker@events.service");
        assert_true(act_is_by_name(&again));
        assert_true(act_is_by_name(&first));
        assert_true(act_is_by_name(&keeper));
        /* The API and lago-migrate in one command; lago-setup by its name, or lago-ready again. */
        both.noted = 800;
        act_take_job(&both, 898, "lago-api.service");
        setup.setup_is_new = true;
        assert_false(act_is_by_name(&both));
        assert_false(act_is_by_name(&setup));
}

static void what_comes_of_another_unit_admits_nothing(void **state _unused_) {
        const Act acts[] = {
                /* restart lago-ready */
                {.target = 609, .ready = 558, .migrate = 625, .follower = 622, .setup_is_new = true},
                /* restart lago-setup */
                {.migrate = 756, .follower = 755, .setup_is_new = true},
                {.migrate = 757, .follower = 758, .setup = 756},
                /* restart 'lago-*' */
                {.target = 1161, .ready = 1110, .migrate = 1053, .follower = 827, .setup_is_new = true},
                /* try-restart 'lago-*' */
                {.target = 1803, .ready = 1752, .migrate = 1695, .follower = 1469, .setup_is_new = true},
                /* restart of all services that run, as needrestart does */
                {.target = 2442, .ready = 2391, .migrate = 2455, .follower = 2109, .setup_is_new = true},
                /* start lago-api, which requires lago-migrate */
                {.migrate = 31, .follower = 30},
                {0},
        };

        for (size_t i = 0; i < ELEMENTSOF(acts); i++)
                assert_false(act_is_by_name(&acts[i]));
}

/* "start lago-worker lago-clock" is two acts: the first wants lago-migrate, the second the API. */
static void the_jobs_that_count_are_those_of_its_followers(void **state _unused_) {
        Act act = {.noted = 20};

        act_take_job(&act, 19, "lago-front.service");
        act_take_job(&act, 31, "lago-migrate.service");
        act_take_job(&act, 62, "lago-api.service");
        assert_int_equal(act.follower, 62);
        assert_true(act_is_by_name(&act));
        act_take_job(&act, 30, "lago-worker@events.service");
        act_take_job(&act, 61, "lago-clock.service");
        act_take_job(&act, 90, "lago-db.service");
        assert_int_equal(act.follower, 30);
        assert_int_equal(act.highest, 62);
        assert_false(act_is_by_name(&act));
}

static void neither_does_a_boot_a_crash_or_the_keeper(void **state _unused_) {
        const Act act = {.migrate = 297, .follower = 352};
        Act boot = act, crash = act, keeper = act;

        boot.first = crash.automatic = keeper.by_keeper = true;
        assert_true(act_is_by_name(&act));
        assert_false(act_is_by_name(&boot));
        assert_false(act_is_by_name(&crash));
        assert_false(act_is_by_name(&keeper));
}

/* A boot waits for a database, with lago.target's first job; somebody corrects lago.env and restarts it. */
static void lago_setup_hears_the_target_alone(void **state _unused_) {
        const Act target = {.target = 169, .ready = 170, .setup = 175, .migrate = 223, .follower = 221, .first = true};
        const Act setup = {.setup = 756, .migrate = 757, .follower = 758};

        assert_true(act_of_setup(&target, true));
        assert_false(act_of_setup(&target, false));
        assert_false(act_of_setup(&setup, true));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_asked_for_by_name_admits),
                cmocka_unit_test(a_start_from_before_hides_no_name),
                cmocka_unit_test(what_comes_of_another_unit_admits_nothing),
                cmocka_unit_test(the_jobs_that_count_are_those_of_its_followers),
                cmocka_unit_test(lago_setup_hears_the_target_alone),
                cmocka_unit_test(neither_does_a_boot_a_crash_or_the_keeper),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
