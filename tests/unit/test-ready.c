/* SPDX-License-Identifier: MIT */
/* lago-ready and lago-again, as programs, with a systemd that says what the test wants. */
#include "fake-systemd.h"

#include "ready/act.h"
#include "supervisor/life.h"

static void set_unit(Stage *stage, const char *name, const char *active, unsigned job) {
        stage_unit(stage, name)->active = active;
        stage_unit(stage, name)->job = job;
}

/* --- lago-ready ------------------------------------------------------------------------------------------ */

static void a_stack_that_serves_is_ready(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage_begin(&stage, ready_run, /* with_bus= */ true);
        stage_says(&stage, "Lago serves v1.50.0");
        STAGE_UNTIL(&stage, stage.ready);
        assert_true(stage.ready);
        stage_journal_has(&stage, "Lago serves v1.50.0, 0.");
        /* What the API runs is what is served. */
        stage_runfile(&stage, "api", "STATE=serving\nRELEASE=v1.51.0\n");
        stage_says(&stage, "Lago serves v1.51.0");
        (void)kill(stage.pid, SIGTERM);
        assert_int_equal(stage_ends(&stage), 0);
}

static void a_host_for_a_part_says_what_it_is_without(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        scratch_put(&stage.scratch, "lago.conf",
                    "[lago]\nrelease = v1.50.0\n[api]\nenabled = no\n[front]\nenabled = no\n"
                    "[database]\nmode = external\n[redis]\nmode = external\n");
        set_unit(&stage, "lago-api.service", "inactive", 0);
        set_unit(&stage, "lago-front.service", "inactive", 0);
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0 (without the API)");
        STAGE_UNTIL(&stage, stage.ready);
        /* There the worker says what runs. */
        stage_runfile(&stage, "worker", "STATE=serving\nRELEASE=v1.51.0\n");
        stage_says(&stage, "Lago serves v1.51.0 (without the API)");
}

static void it_says_for_whom_it_waits(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago-api.service", "activating", 7);
        set_unit(&stage, "lago-clock.service", "inactive", 8);
        set_unit(&stage, "lago-pdf.service", "activating", 9);
        stage_runfile(&stage, "worker", "STATE=resting\n");
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Waiting for api, worker, clock");
        assert_false(stage.ready);
        set_unit(&stage, "lago-api.service", "active", 0);
        stage_changed(&stage, "lago-api.service");
        stage_says(&stage, "Waiting for worker, clock");
        /* Another host's clock ticks: all is well. */
        set_unit(&stage, "lago-clock.service", "active", 0);
        stage_runfile(&stage, "clock", "STATE=standby\n");
        stage_runfile(&stage, "worker", "STATE=serving\n");
        stage_says(&stage, "Lago serves v1.50.0");
}

static void what_the_bus_says_of_others_asks_for_nothing(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();
        unsigned n_lists;

        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        n_lists = stage.n_lists;
        stage_changed(&stage, "nginx.service");
        stage_job_removed(&stage, "nginx.service", "dependency");
        stage_settles(&stage);
        assert_int_equal(stage.n_lists, n_lists);
}

static void a_dropped_start_is_queued_again(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();
        uint64_t begun;

        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        set_unit(&stage, "lago-clock.service", "inactive", 0);
        begun = now_usec();
        stage_job_removed(&stage, "lago-clock.service", "dependency");
        stage_asked_for(&stage, "StartUnit lago-clock.service fail");
        stage_says(&stage, "Waiting for clock");
        stage_journal_has(&stage, "The start of lago-clock.service was dropped");
        /* At once lost again: no hurry. A machine that is as slow as that shows nothing. */
        stage_job_removed(&stage, "lago-clock.service", "dependency");
        stage_settles(&stage);
        if (now_usec() - begun < USEC_PER_SEC)
                assert_int_equal(strv_length(stage.calls), 1);
}

/* As the members of an older dump tell of it; the others are up. */
static void pending_since(Stage *stage, const char *first) {
        _cleanup_(freep) char *text = xasprintf(
                "STATE=resting\nSTATUS=Waiting for the schema\nVERDICT=pending\nFIRST=%s\n", first);

        stage_runfile(stage, "api", text);
}

static void each_state_of_the_database_is_migrated_once(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        pending_since(&stage, "20240611074215");
        stage_begin(&stage, ready_run, true);
        stage_asked_for(&stage, "RestartUnit lago-migrate.service replace");
        stage_journal_has(
                &stage,
                "lago-api.service: \"Waiting for the schema\", so lago-migrate.service is started again.");
        /* It comes back, and nothing has changed. */
        stage_runfile(&stage, "api", "STATE=awaiting\n");
        stage_settles(&stage);
        pending_since(&stage, "20240611074215");
        stage_settles(&stage);
        assert_int_equal(strv_length(stage.calls), 1);
        /* Further on, another one is missing. */
        pending_since(&stage, "20260702183709");
        STAGE_UNTIL(&stage, strv_length(stage.calls) == 2);
        assert_int_equal(strv_length(stage.calls), 2);
        /* Once all has been well, it is another time. */
        stage_runfile(&stage, "api", "STATE=serving\nRELEASE=v1.50.0\n");
        stage_says(&stage, "Lago serves v1.50.0");
        pending_since(&stage, "20240611074215");
        STAGE_UNTIL(&stage, strv_length(stage.calls) == 3);
        assert_int_equal(strv_length(stage.calls), 3);
}

/* The two rooms do not include each other. */
static void states_have_the_names_that_are_looked_for(void **state _unused_) {
        assert_string_equal(life_state_name(LIFE_SERVE), RUN_STATE_SERVING);
        assert_string_equal(life_state_name(LIFE_STANDBY), RUN_STATE_STANDBY);
        assert_string_equal(life_state_name(LIFE_REST), RUN_STATE_RESTING);
}

static void before_migrate_is_done_nobody_asks_for_it(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago-migrate.service", "activating", 5);
        pending_since(&stage, "20240611074215");
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Waiting for migrate, api");
        stage_settles(&stage);
        assert_int_equal(strv_length(stage.calls), 0);
}

static void change_and_fail(Stage *stage) {
        stage->on_list = NULL;
        stage->failing_lists = 1;
        set_unit(stage, "lago-front.service", "activating", 0);
        stage_changed(stage, "lago-front.service");
}

static void what_changes_before_an_error_is_not_lost(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        stage.on_list = change_and_fail;
        stage_changed(&stage, "lago-front.service");
        stage_says(&stage, "Waiting for front");
        stage_journal_has(&stage, "systemd does not list the units: out of memory");
}

static void a_job_that_is_not_queued_is_told(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage.refuse_jobs = true;
        set_unit(&stage, "lago-clock.service", "inactive", 0);
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        stage_job_removed(&stage, "lago-clock.service", "dependency");
        stage_asked_for(&stage, "StartUnit lago-clock.service fail");
        stage_journal_has(&stage, "systemd does not queue a job: refused by the test");
}

static void a_member_that_failed_is_told_in_its_own_words(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago-migrate.service", "failed", 0);
        stage_runfile(&stage, "migrate",
                      "STATE=ended\nSTATUS=Refused: no table\nINVOCATION=" STAGE_LIFE_HEX "\n");
        stage_begin(&stage, ready_run, true);
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_string_equal(stage.status, "lago-migrate.service failed: Refused: no table");
        stage_journal_has(&stage, "Look at \"systemctl status lago-migrate.service\"");
}

static void the_words_of_a_life_before_are_no_reason(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new(), silent = stage_new();

        set_unit(&stage, "lago-migrate.service", "failed", 0);
        stage_unit(&stage, "lago-migrate.service")->life = "another life....";
        stage_unit(&stage, "lago-migrate.service")->status_text = "Refused: configuration";
        stage_begin(&stage, ready_run, true);
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_string_equal(stage.status, "lago-migrate.service failed: Refused: configuration");

        set_unit(&silent, "lago-migrate.service", "failed", 0);
        stage_unit(&silent, "lago-migrate.service")->life = "another life....";
        stage_begin(&silent, ready_run, true);
        assert_int_equal(stage_ends(&silent), EXIT_MEMBER);
        assert_string_equal(silent.status, "lago-migrate.service failed: see its journal");
}

/* What a unit told systemd is its own words, and a line in it would be a message of ours. */
static void a_reason_is_one_line(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago-setup.service", "failed", 0);
        stage_unit(&stage, "lago-setup.service")->status_text = "No user\nREADY=1\033[2J";
        stage_begin(&stage, ready_run, true);
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_false(stage.ready);
        assert_string_equal(stage.status, "lago-setup.service failed: No user?READY=1?[2J");
}

/* systemd may not say whose life it is; then what is written is the best there is. */
static void without_an_invocation_the_run_file_is_believed(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago-migrate.service", "failed", 0);
        stage_unit(&stage, "lago-migrate.service")->life = NULL;
        stage_runfile(&stage, "migrate",
                      "STATE=ended\nSTATUS=Refused: no table\nINVOCATION=" STAGE_LIFE_HEX "\n");
        stage_begin(&stage, ready_run, true);
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_string_equal(stage.status, "lago-migrate.service failed: Refused: no table");
}

/* What an older version wrote does not say which life it is of. */
static void a_run_file_without_an_invocation_is_believed(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago-api.service", "failed", 0);
        stage_runfile(&stage, "api", "STATE=ended\nSTATUS=Refused: no table\n");
        stage_begin(&stage, ready_run, true);
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_string_equal(stage.status, "lago-api.service failed: Refused: no table");
}

static void without_a_run_file_it_is_what_systemd_was_told(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new(), silent = stage_new();

        set_unit(&stage, "lago-setup.service", "failed", 0);
        stage_unit(&stage, "lago-setup.service")->status_text = "No user lago-gate";
        stage_begin(&stage, ready_run, true);
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_string_equal(stage.status, "lago-setup.service failed: No user lago-gate");

        set_unit(&silent, "lago-setup.service", "failed", 0);
        stage_begin(&silent, ready_run, true);
        assert_int_equal(stage_ends(&silent), EXIT_MEMBER);
        assert_string_equal(silent.status, "lago-setup.service failed: see its journal");
}

static void a_configuration_that_is_refused_is_told_after_setup(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        scratch_put(&stage.scratch, "lago.conf", "[lago]\nrelaese = v1.50.0\n");
        set_unit(&stage, "lago-setup.service", "activating", 3);
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Waiting for setup");
        set_unit(&stage, "lago-setup.service", "active", 0);
        stage_job_removed(&stage, "lago-setup.service", "done");
        assert_int_equal(stage_ends(&stage), EXIT_CONFIG);
        assert_string_equal(stage.status, "Refused: configuration; see \"lagoctl check\"");
        stage_journal_has(&stage, "The configuration is refused");
}

static void a_configuration_that_cannot_be_read_is_not_refused(void **state _unused_) {
        _cleanup_(stage_done) Stage damaged = stage_new(), busy = stage_new();

        scratch_put_damaged(&damaged.scratch, "lago.conf");
        stage_begin(&damaged, ready_run, true);
        assert_int_equal(stage_ends(&damaged), EXIT_TEMPFAIL);
        stage_journal_has(&damaged, "lago.conf: cannot be read: Input/output error");

        busy.no_descriptors = true;
        stage_begin(&busy, ready_run, true);
        assert_int_equal(stage_ends(&busy), EXIT_OSERR);
        assert_non_null(strstr(busy.status, "cannot be read: Too many open files"));
}

static void without_the_bus_it_is_started_again(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new(), none = stage_new();

        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        sd_bus_close(stage.bus);
        assert_int_equal(stage_ends(&stage), EXIT_TEMPFAIL);
        stage_journal_has(&stage, "The system bus is gone.");

        stage_begin(&none, ready_run, /* with_bus= */ false);
        assert_int_equal(stage_ends(&none), EXIT_TEMPFAIL);
        stage_journal_has(&none, "Cannot listen to systemd on the system bus: Connection refused.");
}

static void it_looks_without_being_told(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        assert_int_equal(setenv("WATCHDOG_USEC", "2000000", 1), 0);
        stage_begin(&stage, ready_run, true);
        assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
        stage_says(&stage, "Lago serves v1.50.0");
        set_unit(&stage, "lago-front.service", "activating", 0);
        stage_says(&stage, "Waiting for front");
}

/* --- lago-again ------------------------------------------------------------------------------------------ */

static void ended_by(Stage *stage, const char *code, const char *status) {
        assert_int_equal(setenv("MONITOR_EXIT_CODE", code, 1), 0);
        assert_int_equal(setenv("MONITOR_EXIT_STATUS", status, 1), 0);
        stage_begin(stage, again_run, true);
        assert_int_equal(unsetenv("MONITOR_EXIT_CODE"), 0);
        assert_int_equal(unsetenv("MONITOR_EXIT_STATUS"), 0);
        assert_int_equal(stage_ends(stage), 0);
}

static void a_keeper_that_was_killed_is_started_again(void **state _unused_) {
        _cleanup_(stage_done) Stage up = stage_new(), down = stage_new();

        ended_by(&up, "killed", "KILL");
        assert_int_equal(strv_length(up.calls), 1);
        assert_string_equal(up.calls[0], "StartUnit lago-ready.service fail");
        stage_journal_has(
                &up,
                "The keeper of the chain was ended (killed KILL); starting lago-ready.service again.");

        set_unit(&down, "lago.target", "inactive", 0);
        ended_by(&down, "exited", "75");
        assert_int_equal(strv_length(down.calls), 1);
        assert_string_equal(down.calls[0], "StartUnit lago.target fail");
}

static void a_keeper_that_ended_for_good_is_not(void **state _unused_) {
        static const char *const finals[] = {"0", "64", "78", "79"};

        for (size_t i = 0; i < ELEMENTSOF(finals); i++) {
                _cleanup_(stage_done) Stage stage = stage_new();

                ended_by(&stage, "exited", finals[i]);
                assert_int_equal(strv_length(stage.calls), 0);
        }
}

static void a_keeper_that_cannot_be_started_again_is_told(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage.refuse_jobs = true;
        ended_by(&stage, "killed", "KILL");
        stage_journal_has(&stage,
                          "Cannot start the keeper of the chain again: refused by the test.");
}

/* --- what a failure had left, when lago-migrate is done --------------------------------------------------- */

/* As after a refusal: the target is up, the followers are down. */
static Stage stage_refused(const char *ready_file) {
        Stage stage = stage_new();

        set_unit(&stage, "lago-ready.service", "failed", 0);
        set_unit(&stage, "lago-api.service", "inactive", 0);
        set_unit(&stage, "lago-worker.service", "failed", 0);
        set_unit(&stage, "lago-clock.service", "inactive", 0);
        if (ready_file)
                stage_runfile(&stage, "ready", ready_file);
        return stage;
}

static void resumed(Stage *stage, const char *calls) {
        _cleanup_(freep) char *text = NULL;

        stage_begin(stage, resume_run, true);
        assert_int_equal(stage_ends(stage), 0);
        text = strv_join(stage->calls, ", ");
        assert_string_equal(text, calls);
}

static void what_a_refusal_left_is_started_when_migrate_is_done(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_refused("STATE=ended\nSTATUS=x\n");

        resumed(&stage, "StartUnit lago-api.service fail, StartUnit lago-worker.service fail, "
                        "StartUnit lago-clock.service fail, StartUnit lago-ready.service fail");
        stage_journal_has(
                &stage,
                "What a failure had left is started again: lago-api.service, lago-worker.service, "
                "lago-clock.service, lago-ready.service.");
}

static void what_the_operator_had_stopped_stays_so(void **state _unused_) {
        _cleanup_(stage_done) Stage stage =
                stage_refused("STATE=ended\nSTOPPED=lago-worker.service\n"
                              "STOPPED=lago-clock.service\n");

        resumed(&stage, "StartUnit lago-api.service fail, StartUnit lago-ready.service fail");
}

static void a_target_that_is_down_is_left_down(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_refused("STATE=ended\n");

        set_unit(&stage, "lago.target", "inactive", 0);
        resumed(&stage, "");
}

static void a_stack_that_is_kept_needs_no_start(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_refused("STATE=keeping\n");

        set_unit(&stage, "lago-ready.service", "activating", 0);
        resumed(&stage, "");
}

static void a_keeper_that_judged_nothing_left_nobody(void **state _unused_) {
        _cleanup_(stage_done) Stage killed = stage_refused("STATE=keeping\n"),
                                    unknown = stage_refused(NULL);

        resumed(&killed, "StartUnit lago-ready.service fail");
        resumed(&unknown, "StartUnit lago-ready.service fail");
}

static void what_cannot_be_started_is_told(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_refused(NULL), none = stage_refused(NULL);

        stage.refuse_jobs = true;
        resumed(&stage, "StartUnit lago-ready.service fail");
        stage_journal_has(&stage, "Cannot start lago-ready.service again: refused by the test.");

        stage_begin(&none, resume_run, /* with_bus= */ false);
        assert_int_equal(stage_ends(&none), 0);
        stage_journal_has(
                &none,
                "Cannot ask systemd whether the start of Lago is to go on: Connection refused.");
}

/* What lago-ready leaves for it. */
static void a_failure_leaves_whom_the_operator_had_stopped(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();
        _cleanup_(freep) char *path = stage_path(&stage, "run/ready"), *kept = NULL, *left = NULL;

        set_unit(&stage, "lago-clock.service", "inactive", 0);
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        assert_true(file_read(path, 4096, &kept, NULL) >= 0);
        assert_string_equal(kept, "STATE=keeping\n");
        set_unit(&stage, "lago-api.service", "inactive", 0);
        stage_job_removed(&stage, "lago-api.service", "dependency");
        set_unit(&stage, "lago-migrate.service", "failed", 0);
        stage_job_removed(&stage, "lago-migrate.service", "failed");
        assert_int_equal(stage_ends(&stage), EXIT_MEMBER);
        assert_true(file_read(path, 4096, &left, NULL) >= 0);
        assert_string_equal(
                left, "STATE=ended\n"
                      "STATUS=lago-migrate.service failed: Schema verified: v1.50.0, 1046 of 1046\n"
                      "STOPPED=lago-clock.service\n");
}

static void a_full_disk_is_told_and_nothing_else(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage.full_disk = true;
        stage_begin(&stage, ready_run, true);
        stage_says(&stage, "Lago serves v1.50.0");
        stage_journal_has(&stage, "Cannot write /run/lago/state/ready: No space left on device.");
}

/* --- the act that is going on ---------------------------------------------------------------------------- */

static int tell_act(void) {
        Act act = {0};

        if (act_ask(&act) < 0)
                return 1;
        fprintf(stderr, "target %u ready %u setup %u migrate %u follower %u highest %u, %s, setup is %s\n", act.target, act.ready,
                act.setup, act.migrate, act.follower, act.highest, act.automatic ? "automatic" : "asked for",
                act.setup_is_new ? "new" : "old");
        return 0;
}

static int note_a_unit_without_a_job(void) {
        return act_note_unit("lago-db.service") < 0 ? 1 : 0;
}

static int note_a_unit_that_is_not_there(void) {
        return act_note_unit("other.service") < 0 ? 1 : 0;
}

static int ends_with(int (*run)(void), bool with_bus) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage_begin(&stage, run, with_bus);
        return stage_ends(&stage);
}

static void the_act_is_read_from_the_jobs_of_systemd(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        set_unit(&stage, "lago.target", "activating", 2571);
        set_unit(&stage, "lago-ready.service", "inactive", 2572);
        set_unit(&stage, "lago-setup.service", "activating", 2576);
        set_unit(&stage, "lago-migrate.service", "inactive", 2624);
        set_unit(&stage, "lago-api.service", "inactive", 2625);
        set_unit(&stage, "lago-worker.service", "inactive", 2623);
        stage.setup_began = 7;
        stage.migrate_ended = 5;
        stage.restarts = 1;
        stage_begin(&stage, tell_act, true);
        assert_int_equal(stage_ends(&stage), 0);
        stage_journal_has(&stage, "target 2571 ready 2572 setup 2576 migrate 2624 follower 2623 highest 2625, automatic, setup is new");
}

static void what_systemd_does_not_tell_is_an_error(void **state _unused_) {
        _cleanup_(stage_done) Stage stage = stage_new();

        stage.refuse_jobs = true;
        stage_begin(&stage, tell_act, true);
        assert_int_equal(stage_ends(&stage), 1);
        assert_int_equal(ends_with(tell_act, false), 1);
        assert_int_equal(ends_with(note_a_unit_without_a_job, true), 0);
        assert_int_equal(ends_with(note_a_unit_without_a_job, false), 1);
        assert_int_equal(ends_with(note_a_unit_that_is_not_there, true), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_stack_that_serves_is_ready),
                cmocka_unit_test(a_host_for_a_part_says_what_it_is_without),
                cmocka_unit_test(it_says_for_whom_it_waits),
                cmocka_unit_test(what_the_bus_says_of_others_asks_for_nothing),
                cmocka_unit_test(a_dropped_start_is_queued_again),
                cmocka_unit_test(a_job_that_is_not_queued_is_told),
                cmocka_unit_test(a_member_that_failed_is_told_in_its_own_words),
                cmocka_unit_test(each_state_of_the_database_is_migrated_once),
                cmocka_unit_test(states_have_the_names_that_are_looked_for),
                cmocka_unit_test(before_migrate_is_done_nobody_asks_for_it),
                cmocka_unit_test(what_changes_before_an_error_is_not_lost),
                cmocka_unit_test(the_words_of_a_life_before_are_no_reason),
                cmocka_unit_test(without_an_invocation_the_run_file_is_believed),
                cmocka_unit_test(a_configuration_that_cannot_be_read_is_not_refused),
                cmocka_unit_test(a_run_file_without_an_invocation_is_believed),
                cmocka_unit_test(a_reason_is_one_line),
                cmocka_unit_test(without_a_run_file_it_is_what_systemd_was_told),
                cmocka_unit_test(a_configuration_that_is_refused_is_told_after_setup),
                cmocka_unit_test(without_the_bus_it_is_started_again),
                cmocka_unit_test(it_looks_without_being_told),
                cmocka_unit_test(a_keeper_that_was_killed_is_started_again),
                cmocka_unit_test(a_keeper_that_ended_for_good_is_not),
                cmocka_unit_test(a_keeper_that_cannot_be_started_again_is_told),
                cmocka_unit_test(what_a_refusal_left_is_started_when_migrate_is_done),
                cmocka_unit_test(what_the_operator_had_stopped_stays_so),
                cmocka_unit_test(a_target_that_is_down_is_left_down),
                cmocka_unit_test(a_stack_that_is_kept_needs_no_start),
                cmocka_unit_test(a_keeper_that_judged_nothing_left_nobody),
                cmocka_unit_test(what_cannot_be_started_is_told),
                cmocka_unit_test(a_failure_leaves_whom_the_operator_had_stopped),
                cmocka_unit_test(a_full_disk_is_told_and_nothing_else),
                cmocka_unit_test(the_act_is_read_from_the_jobs_of_systemd),
                cmocka_unit_test(what_systemd_does_not_tell_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
