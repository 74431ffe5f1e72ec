/* SPDX-License-Identifier: MIT */
#include "process/netns.h"
#include "ready/keep.h"
#include "supervisor/excuse.h"
#include "supervisor/leftnet.h"
#include "supervisor/nameserver.h"
#include "supervisor/outlive.h"
#include "supervisor/policy.h"

#include "base/file.h"
#include "base/time.h"
#include "base/util.h"

#include "check.h"

#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static void all_serve(Unit *m) {
        static const char *const names[] = {"db", "migrate", "api", "clock", "pdf"};

        for (size_t i = 0; i < 5; i++)
                m[i] = (Unit){.member = names[i], .active = UNIT_ACTIVE, .serving = true, .optional = i == 4};
}

static void a_stack_that_serves_is_ready(void **state) {
        Unit m[5];
        size_t which;

        (void)state;
        all_serve(m);
        assert_int_equal(keep_judge(m, 5, &which), KEEP_SERVES);
        m[2].serving = false;
        assert_int_equal(keep_judge(m, 5, &which), KEEP_WAIT);
}

static void the_optional_member_gates_nobody(void **state) {
        Unit m[5];
        size_t which;

        (void)state;
        all_serve(m);
        m[4].active = UNIT_FAILED;
        m[4].serving = false;
        assert_int_equal(keep_judge(m, 5, &which), KEEP_SERVES);
}

static void the_first_cause_is_named(void **state) {
        Unit m[5];
        size_t which = 99;

        (void)state;
        all_serve(m);
        m[1].active = m[3].active = UNIT_FAILED;
        m[1].serving = m[3].serving = false;
        assert_int_equal(keep_judge(m, 5, &which), KEEP_FAILED);
        assert_int_equal(which, 1);
}

static void a_restart_to_come_is_no_failure(void **state) {
        Unit m[5];
        size_t which;

        (void)state;
        all_serve(m);
        m[2] = (Unit){.member = "api"};
        assert_int_equal(keep_judge(m, 5, &which), KEEP_WAIT);
        m[2].active = UNIT_FAILED;
        m[2].has_job = true;
        assert_int_equal(keep_judge(m, 5, &which), KEEP_WAIT);
}

static void what_the_operator_stopped_is_left_alone(void **state) {
        Unit m[5];
        size_t which;

        (void)state;
        all_serve(m);
        m[3] = (Unit){.member = "clock", .active = UNIT_INACTIVE};
        assert_int_equal(keep_judge(m, 5, &which), KEEP_SERVES);
        assert_false(keep_should_queue(m, 3));
}

static void a_lost_start_is_queued_unless_its_cause_has_failed(void **state) {
        Unit m[5];
        size_t which;

        (void)state;
        all_serve(m);
        m[3] = (Unit){.member = "clock", .active = UNIT_INACTIVE, .lost = true};
        assert_int_equal(keep_judge(m, 5, &which), KEEP_WAIT);
        assert_true(keep_should_queue(m, 3));
        m[3].has_job = true;
        assert_false(keep_should_queue(m, 3));
        m[3].has_job = false;
        m[1].active = UNIT_FAILED;
        assert_false(keep_should_queue(m, 3));
}

static void rests_grow_to_their_limit(void **state) {
        static const unsigned wait_sec[] = {1, 1, 2, 4, 8, 16, 32, 60, 60};

        (void)state;
        for (unsigned i = 0; i < ELEMENTSOF(wait_sec); i++)
                assert_int_equal(wait_rest(i), wait_sec[i] * USEC_PER_SEC);
        assert_int_equal(wait_rest(UINT32_MAX), 60 * USEC_PER_SEC);
        for (unsigned i = 1; i < 20; i++)
                assert_true(end_rest(i) <= end_rest(i + 1));
        assert_int_equal(end_rest(1000), 80 * USEC_PER_SEC);
}

/* A page that says "killed" sends its reader to look for lost work. */
static void a_stop_that_the_engine_held_up_killed_nobody(void **state) {
        (void)state;
        assert_false(stop_was_kill(1 * USEC_PER_SEC, 45, 0));
        assert_false(stop_was_kill(1 * USEC_PER_SEC, 45, 137));
        assert_false(stop_was_kill(44 * USEC_PER_SEC, 45, -1));
        assert_true(stop_was_kill(46 * USEC_PER_SEC, 45, 137));
        assert_true(stop_was_kill(46 * USEC_PER_SEC, 45, -1));
        assert_false(stop_was_kill(46 * USEC_PER_SEC, 45, 0));
        assert_false(stop_was_kill(46 * USEC_PER_SEC, 45, 1));
        assert_false(stop_was_kill(46 * USEC_PER_SEC, 45, 143));
}

static void ends_are_counted_over_ten_minutes(void **state) {
        EndHistory h = {0};

        (void)state;
        for (unsigned i = 1; i <= 8; i++)
                assert_int_equal(end_add(&h, 1000 * USEC_PER_SEC + i * USEC_PER_SEC), i);
        assert_int_equal(end_add(&h, 1010 * USEC_PER_SEC), 8);
        assert_int_equal(end_add(&h, 3000 * USEC_PER_SEC), 1);
}

static void the_same_migration_fails_twice_and_that_is_final(void **state) {
        MigrateHistory h = {0};

        (void)state;
        assert_false(migrate_failed(&h, "20240101000000"));
        assert_false(migrate_failed(&h, "20240201000000"));
        assert_true(migrate_failed(&h, "20240201000000"));
}

static void what_passes_is_not_the_migrations_fault(void **state) {
        static const struct {
                const char *lines, *excuse;
        } cases[] = {
                {"", NULL},
                {"StandardError: PG::UndefinedTable: ERROR:  relation \"x\" does not exist\n", NULL},
                {"PG::DiskFull: ERROR:  could not extend file \"base/16384/1\": No space left on device\n",
                 "no space left on device"},
                {"PG::DiskFull: ERREUR: plus de place\n", "no space left on device"},
                {"RedisClient::CommandError: MISCONF Redis is configured to save RDB snapshots, but it's unable to\n",
                 "Redis cannot write to its disk"},
                {"PG::ConnectionBad: FATAL:  sorry, too many clients already\n", "too many connections"},
                {"PG::ConnectionBad: PQconsumeInput() server closed the connection unexpectedly\n",
                 "the connection to PostgreSQL was lost"},
                {"RedisClient::CannotConnectError: Connection refused\n", "the connection to Redis was lost"},
                {"Errno::ECONNREFUSED: Failed to open TCP connection to ch:8123 (Connection refused - connect(2))\n",
                 "an HTTP server was away"},
                {"Net::OpenTimeout: Failed to open TCP connection to ch:8123 (execution expired)\n",
                 "an HTTP server was away"},
                {"Net::ReadTimeout: Net::ReadTimeout with #<TCPSocket:(closed)>\n",
                 "an HTTP server was away"},
                {"EOFError: end of file reached\n", "an HTTP server was away"},
                {"Code: 60. DB::Exception: Table lago.x does not exist. (UNKNOWN_TABLE)\n", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *pattern = excuse_pattern();
                _cleanup_(freep) char *stamped = xasprintf("[   12.000000] host lago-migrate[7]: %s", cases[i].lines);
                Excuse e = {.why = "of the run before"};
                regex_t regex;

                excuse_find(&e, stamped);
                assert_true(e.known);
                if (cases[i].excuse)
                        assert_string_equal(e.why, cases[i].excuse);
                else
                        assert_null(e.why);
                /* The journal is searched for the same words. */
                assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
                assert_int_equal(regexec(&regex, cases[i].lines, 0, NULL, 0) == 0, cases[i].excuse != NULL);
                regfree(&regex);
        }
}

static void each_excuse_rests_longer_and_a_new_run_forgets_it(void **state _unused_) {
        Excuse e = {0};

        excuse_find(&e, "[    3.000000] host lago-migrate[7]: MISCONF\n");
        assert_string_equal(e.why, "Redis cannot write to its disk");
        assert_int_equal(excuse_rest(&e), 1 * USEC_PER_SEC);
        assert_int_equal(excuse_rest(&e), 2 * USEC_PER_SEC);
        excuse_begin(&e, 77);
        assert_null(e.why);
        assert_false(e.known);
        assert_int_equal(e.since_usec, 77);
        assert_int_equal(excuse_rest(&e), 4 * USEC_PER_SEC);
        excuse_find(&e, NULL);
        assert_true(e.known);
        assert_null(e.why);
}

/* The newest line comes first. Whatever the wall's clock did meanwhile, it is the run's own words that count. */
static void only_what_this_run_wrote_excuses_it(void **state _unused_) {
        static const struct {
                const char *lines, *excuse;
        } cases[] = {
                {"[    9.999999] host lago-migrate[7]: PG::DiskFull\n", NULL},
                {"[   10.000000] host lago-migrate[7]: PG::DiskFull\n", "no space left on device"},
                {"[123456.000001] host lago-migrate[7]: EOFError\n[    9.000000] host lago-migrate[7]: PG::DiskFull\n",
                 "an HTTP server was away"},
                {"[   11.000000] host lago-migrate[7]: two lines\n     MISCONF\n", "Redis cannot write to its disk"},
                {"[    9.000000] host lago-migrate[7]: two lines\n     MISCONF\n", NULL},
                {"PG::DiskFull\n", NULL},
                {"[x.000000] PG::DiskFull\n[   11.0] PG::DiskFull\n[   11.0000000] PG::DiskFull\n", NULL},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Excuse e = {0};

                excuse_begin(&e, 10 * USEC_PER_SEC);
                excuse_find(&e, cases[i].lines);
                if (cases[i].excuse)
                        assert_string_equal(e.why, cases[i].excuse);
                else
                        assert_null(e.why);
        }
}

static void what_a_killed_start_left_is_found_by_its_name(void **state) {
        static const char text[] = "10.89.0.1\n"
                                   "aaa 10.89.0.5  lago-api,api,aaa\n"
                                   "bbb 10.89.0.6,10.89.0.7 fd00::6 lago-worker,bbb 9.9.9.9\n";
        LeftNet left = {0};

        (void)state;
        assert_true(leftnet_find(text, "lago-api", &left));
        assert_string_equal(left.id, "aaa");
        assert_string_equal(left.address, "10.89.0.5");
        assert_null(left.address6);
        leftnet_done(&left);
        assert_true(leftnet_find(text, "lago-worker", &left));
        assert_string_equal(left.address6, "fd00::6");
        leftnet_done(&left);
        assert_false(leftnet_find(text, "lago", &left));
        assert_false(leftnet_find("", "lago-api", &left));
        assert_false(leftnet_find("aaa   lago-api,aaa\n", "lago-api", &left));
}

static void netavark_is_asked_in_its_own_words(void **state) {
        LeftNet left = {.id = (char *)(uintptr_t) "aaa", .address = (char *)(uintptr_t) "10.89.0.5"};
        _cleanup_(freep) char *request = leftnet_request(&left, "lago-api", "lago", "[\n{\"name\": \"lago\"}\n]\n", "127.0.0.1", 3001, 3000);
        _cleanup_(freep) char *bare = leftnet_request(&left, "lago-db", "lago", "[{}]", NULL, 0, 5432);

        (void)state;
        assert_string_equal(request, "{\"container_id\":\"aaa\",\"container_name\":\"lago-api\",\"port_mappings\":[{\"container_port\":3000,"
                                     "\"host_ip\":\"127.0.0.1\",\"host_port\":3001,\"protocol\":\"tcp\",\"range\":1}],"
                                     "\"networks\":{\"lago\":{\"interface_name\":\"eth0\",\"static_ips\":[\"10.89.0.5\"],\"aliases\":[]}},"
                                     "\"network_info\":{\"lago\":{\"name\": \"lago\"}}}");
        assert_non_null(strstr(bare, "\"port_mappings\":[]"));
        assert_null(leftnet_request(&left, "lago-api", "lago", "Error", NULL, 0, 1));
}

static void spans_read_well(void **state) {
        static const struct {
                unsigned sec;
                const char *text;
        } spans[] = {{0, "0 s"}, {59, "59 s"}, {60, "1 min"}, {72, "1 min 12 s"}, {600, "10 min"}, {601, "10 min"}, {3600, "1 h"}, {7500, "2 h 5 min"}};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                _cleanup_(freep) char *text = span_text(spans[i].sec * USEC_PER_SEC);

                assert_string_equal(text, spans[i].text);
        }
}

/* 0 verified, 10 pending, 11 fresh, 12 empty, 13 busy, 2x not now, 3x never, 70 no verdict at all */
static void two_databases_are_verified_together_or_not_at_all(void **state) {
        static const int statuses[] = {0, 10, 11, 12, 13, 20, 21, 22, 30, 36, 39, 64, 65, 70};

        (void)state;
        for (size_t i = 0; i < 4; i++)
                for (size_t j = 0; j < ELEMENTSOF(statuses); j++) {
                        int first = statuses[i], second = statuses[j];
                        GateChoice choice = gate_choice(first, second);
                        int status = choice == GATE_CHOICE_FIRST            ? first
                                     : choice == GATE_CHOICE_SECOND_PENDING ? 10
                                                                            : second;

                        assert_int_equal(status == 0, first == 0 && second == 0);
                        /* What keeps one from being migrated keeps both. */
                        if (second > 12)
                                assert_int_equal(status, second);
                        /* A first start is one only where the first database says so. */
                        if (status == 11 || status == 12)
                                assert_int_equal(status, first);
                        if (gate_wants_migrating(second))
                                assert_true(gate_wants_migrating(status));
                }
}

static void where_it_is_published_is_asked_now_and_then(void **state) {
        Reach reach = {0};
        unsigned n_asked = 0;

        (void)state;
        for (unsigned turn = 0; turn < 61; turn++)
                if (reach_due(&reach)) {
                        n_asked++;
                        assert_int_equal(reach_heard(&reach, true), REACH_NOTHING);
                }
        assert_int_equal(n_asked, 11);
}

static void rules_that_are_gone_are_made_again_ever_more_rarely(void **state) {
        Reach reach = {0};
        unsigned reloads[8] = {0}, tells[8] = {0}, n = 0, n_tells = 0;

        (void)state;
        assert_true(reach_due(&reach));
        assert_int_equal(reach_heard(&reach, true), REACH_NOTHING);
        for (unsigned miss = 1; miss <= 70; miss++) {
                /* The sixth turn first, then each. */
                while (!reach_due(&reach))
                        assert_int_equal(miss, 1);
                switch (reach_heard(&reach, false)) {
                case REACH_RELOAD:
                        reloads[n++] = miss;
                        break;
                case REACH_TELL:
                        tells[n_tells++] = miss;
                        break;
                default:
                        break;
                }
        }
        assert_int_equal(n, 6);
        /* What did not help once is told, with what may: else nobody would hear of a firewall that was switched on. */
        assert_int_equal(n_tells, 6);
        for (unsigned i = 0; i < n; i++) {
                assert_int_equal(reloads[i], 2U << i);
                assert_int_equal(tells[i], (2U << i) + 1);
        }
        assert_true(reach_due(&reach));
        assert_int_equal(reach_heard(&reach, true), REACH_BACK);
        assert_int_equal(reach_heard(&reach, true), REACH_NOTHING);
        /* One that is missed once is nothing. */
        assert_int_equal(reach_heard(&reach, false), REACH_NOTHING);
        assert_int_equal(reach_heard(&reach, true), REACH_NOTHING);
}

static void what_was_never_reached_is_mended_once_told_and_left_alone(void **state) {
        Reach reach = {0};

        (void)state;
        for (unsigned miss = 1; miss <= 70; miss++)
                assert_int_equal(reach_heard(&reach, false), miss == 2   ? REACH_RELOAD
                                                             : miss == 3 ? REACH_TELL
                                                                         : REACH_NOTHING);
        assert_int_equal(reach_heard(&reach, true), REACH_BACK);
}

static void the_migration_that_runs_first_is_the_one_to_blame(void **state) {
        static const struct {
                int status;
                const char *first, *second;
                bool second_first;
        } cases[] = {
                {10, "20260702183709", "20260710115832", false},
                {10, "20260710115833", "20260710115832", true},
                {10, "20260710115832", "20260710115832", false},
                {10, "99", "100", false},
                {10, "100", "99", true},
                {10, "20260702183709", NULL, false},
                {10, NULL, "20260710115832", false},
                /* structure.sql is loaded before anything of the second database. */
                {11, "20260702183709", "20231024084411", false},
                {12, "20260702183709", "20231024084411", false},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(second_runs_first(cases[i].status, cases[i].first, cases[i].second), cases[i].second_first);
}

static void who_is_connected_is_counted_by_port_and_state(void **state) {
        static const char four[] =
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                "   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
                "   1: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1\n"
                "   2: 0100007F:C350 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000     0        0 3 1\n"
                "  13: 0100007F:0BB8 0100007F:C351 06 00000000:00000000 00:00000000 00000000     0        0 4 1\n";
        static const char six[] =
                "  sl  local_address                         remote_address                        st\n"
                "   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 0\n"
                "   1: 0000000000000000FFFF0000020A590A:0BB8 0000000000000000FFFF0000030A590A:9C40 01 0\n";

        (void)state;
        assert_int_equal(netns_established(four, 3000), 1);
        assert_int_equal(netns_established(six, 3000), 1);
        assert_int_equal(netns_established(four, 80), 0);
        assert_int_equal(netns_established("", 3000), 0);
}

static void a_worker_that_is_about_to_stop_is_seen_among_the_jobs(void **state) {
        (void)state;
        assert_true(outlive_clients_stop("181 lago-pdf.service    stop running\n182 lago-worker.service stop waiting\n"));
        assert_true(outlive_clients_stop("7 lago-worker@events.service restart waiting\n"));
        assert_true(outlive_clients_stop("7 lago-api.service stop running\n"));
        assert_false(outlive_clients_stop("181 lago-pdf.service stop running\n182 lago-db.service stop waiting\n"));
        assert_false(outlive_clients_stop("9 lago-worker.service start waiting\n"));
        assert_false(outlive_clients_stop(""));
}

/* --- the name server ------------------------------------------------------------------------------------ */

static pid_t start_as(uid_t user, const char *program) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                if (user != 0 && setuid(user) < 0)
                        _exit(1);
                execl(program, "/usr/lib/podman/aardvark-dns", "-c", "sleep 30; :", "/run/containers/networks/aardvark-dns",
                      (char *)NULL);
                _exit(1);
        }
        return pid;
}

static bool is_shell(pid_t pid) {
        _cleanup_(freep) char *path = xasprintf("/proc/%d/cmdline", (int)pid), *text = NULL;

        return file_read(path, 4096, &text, NULL) >= 0 && startswith(text, "/usr/lib/podman/aardvark-dns");
}

static void only_what_is_a_name_server_of_root_is_ended(void **state) {
        char directory[] = "/tmp/lago-unit-XXXXXX";
        _cleanup_(freep) char *program = NULL, *copy = NULL;
        pid_t pids[3];
        int status;

        (void)state;
        /* In namespaces of its own, so that podman on the host that runs this is not concerned. */
        if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
                skip();
        assert_non_null(mkdtemp(directory));
        program = xasprintf("%s/aardvark-dns", directory);
        copy = xasprintf("cp /bin/sh %s && chmod 755 %s %s", program, directory, program);
        assert_int_equal(system(copy), 0);
        pids[0] = start_as(65534, "/bin/sh");
        pids[1] = start_as(65534, program);
        pids[2] = start_as(0, program);
        for (size_t i = 0; i < 3; i++)
                for (int n = 0; n < 500 && !is_shell(pids[i]); n++)
                        (void)usleep(10000);
        assert_false(nameserver_end(now_usec()));
        assert_int_equal(waitpid(pids[2], &status, 0), pids[2]);
        assert_true(WIFSIGNALED(status));
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(waitpid(pids[i], &status, WNOHANG), 0);
                (void)kill(pids[i], SIGKILL);
                (void)waitpid(pids[i], &status, 0);
        }
        (void)unlink(program);
        (void)rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_worker_that_is_about_to_stop_is_seen_among_the_jobs),
                cmocka_unit_test(who_is_connected_is_counted_by_port_and_state),
                cmocka_unit_test(a_stack_that_serves_is_ready),
                cmocka_unit_test(the_optional_member_gates_nobody),
                cmocka_unit_test(the_first_cause_is_named),
                cmocka_unit_test(a_restart_to_come_is_no_failure),
                cmocka_unit_test(what_the_operator_stopped_is_left_alone),
                cmocka_unit_test(a_lost_start_is_queued_unless_its_cause_has_failed),
                cmocka_unit_test(rests_grow_to_their_limit),
                cmocka_unit_test(a_stop_that_the_engine_held_up_killed_nobody),
                cmocka_unit_test(ends_are_counted_over_ten_minutes),
                cmocka_unit_test(the_same_migration_fails_twice_and_that_is_final),
                cmocka_unit_test(what_passes_is_not_the_migrations_fault),
                cmocka_unit_test(each_excuse_rests_longer_and_a_new_run_forgets_it),
                cmocka_unit_test(only_what_this_run_wrote_excuses_it),
                cmocka_unit_test(what_a_killed_start_left_is_found_by_its_name),
                cmocka_unit_test(netavark_is_asked_in_its_own_words),
                cmocka_unit_test(spans_read_well),
                cmocka_unit_test(two_databases_are_verified_together_or_not_at_all),
                cmocka_unit_test(where_it_is_published_is_asked_now_and_then),
                cmocka_unit_test(rules_that_are_gone_are_made_again_ever_more_rarely),
                cmocka_unit_test(what_was_never_reached_is_mended_once_told_and_left_alone),
                cmocka_unit_test(only_what_is_a_name_server_of_root_is_ended),
                cmocka_unit_test(the_migration_that_runs_first_is_the_one_to_blame),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
