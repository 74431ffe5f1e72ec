/* SPDX-License-Identifier: MIT */
/* Children beside the loop: real ones, real pipes and signals, and a real loop. */
#include "base/file.h"
#include "base/privileges.h"
#include "base/time.h"
#include "base/util.h"
#include "check.h"
#include "process/job.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_USEC (20 * USEC_PER_SEC)

/* A loop, and what it heard of one job and of strangers. */
typedef struct House {
        sd_event *event;
        Jobs *jobs;
        unsigned n_done;
        bool started, signaled, late;
        int status;
        char *output, *errors, **lines;
        unsigned n_strangers;
        int stranger_code, stranger_status;
} House;

static void on_stranger(void *userdata, pid_t pid, int code, int status) {
        House *house = userdata;

        assert_true(pid > 1);
        house->n_strangers++;
        house->stranger_code = code;
        house->stranger_status = status;
}

static void on_done(void *userdata, const JobResult *result) {
        House *house = userdata;

        house->n_done++;
        house->started = result->started;
        house->signaled = result->signaled;
        house->late = result->late;
        house->status = result->status;
        free_and_strdup(&house->output, result->output);
        free_and_strdup(&house->errors, result->errors);
}

static void on_line(void *userdata, const char *line) {
        House *house = userdata;

        strv_add(&house->lines, line);
}

static House house_new(void) {
        House house = {0};

        assert_int_equal(sd_event_new(&house.event), 0);
        return house;
}

/* In its place for good: the loop has its address. */
static void house_open(House *house) {
        *house = house_new();
        assert_int_equal(jobs_new(house->event, on_stranger, house, &house->jobs), 0);
}

static void house_done(House *house) {
        jobs_free(house->jobs);
        sd_event_unref(house->event);
        free(house->output);
        free(house->errors);
        strv_free(house->lines);
}

static int start(House *house, const char *script, JobSpec spec, Job **ret) {
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)script, NULL};

        spec.argv = argv;
        spec.done = on_done;
        spec.userdata = house;
        return job_start(house->jobs, &spec, ret);
}

static void turn_until(House *house, const unsigned *counter, unsigned n) {
        uint64_t deadline = now_usec() + PATIENCE_USEC;

        while (*counter < n) {
                assert_true(now_usec() < deadline);
                assert_true(sd_event_run(house->event, USEC_PER_SEC) >= 0);
        }
}

static void run(House *house, const char *script, JobSpec spec) {
        assert_int_equal(start(house, script, spec, NULL), 0);
        turn_until(house, &house->n_done, house->n_done + 1);
}

static bool has_children(void) {
        siginfo_t info = {0};

        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) >= 0;
}

static void turn_while_children(House *house) {
        uint64_t deadline = now_usec() + PATIENCE_USEC;

        while (has_children()) {
                assert_true(now_usec() < deadline);
                assert_true(sd_event_run(house->event, 10 * USEC_PER_MSEC) >= 0);
        }
}

static unsigned n_descriptors(void) {
        DIR *directory = opendir("/proc/self/fd");
        unsigned n = 0;

        assert_non_null(directory);
        while (readdir(directory))
                n++;
        closedir(directory);
        return n;
}

/* --- what is heard -------------------------------------------------------------------------------------- */

static void output_errors_and_status_are_told(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        run(&house, "echo out; echo two >&2; echo lines >&2; exit 127", (JobSpec){0});
        assert_true(house.started);
        assert_false(house.signaled);
        assert_int_equal(house.status, 127);
        assert_string_equal(house.output, "out\n");
        assert_string_equal(house.errors, "two\nlines\n");
        run(&house, "kill -USR1 $$", (JobSpec){0});
        assert_true(house.signaled);
        assert_int_equal(house.status, SIGUSR1);
        assert_string_equal(house.output, "");
        assert_string_equal(house.errors, "");
}

static void more_output_than_is_kept_stops_nobody(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        run(&house,
            "head -c 300000 /dev/zero | tr '\\0' o; head -c 300000 /dev/zero | tr '\\0' e >&2",
            (JobSpec){0});
        assert_int_equal(house.status, 0);
        assert_in_range(strlen(house.output), 60000, 65536);
        assert_in_range(strlen(house.errors), 60000, 65536);
}

static void lines_come_one_by_one(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        run(&house,
            "echo one; printf 'tw'; printf 'o\\n\\nth\\0ree\\n'; echo why >&2; printf unfinished",
            (JobSpec){.line = on_line});
        assert_int_equal(strv_length(house.lines), 4);
        assert_string_equal(house.lines[0], "one");
        assert_string_equal(house.lines[1], "two");
        assert_string_equal(house.lines[2], "");
        assert_string_equal(house.lines[3], "th");
        assert_string_equal(house.errors, "why\n");
        assert_string_equal(house.output, "unfinished");
}

static void an_overlong_line_is_dropped_and_the_next_is_heard(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        run(&house, "echo before; head -c 200000 /dev/zero | tr '\\0' x; echo; echo behind",
            (JobSpec){.line = on_line});
        assert_int_equal(strv_length(house.lines), 2);
        assert_string_equal(house.lines[0], "before");
        assert_string_equal(house.lines[1], "behind");
}

static void a_child_that_closed_its_output_costs_nothing(void **state _unused_) {
        _cleanup_(house_done) House house;
        uint64_t end, before, after;
        Job *job = NULL;

        house_open(&house);
        assert_int_equal(start(&house, "exec >&- 2>&-; exec sleep 1000", (JobSpec){0}, &job), 0);
        assert_int_equal(sd_event_get_iteration(house.event, &before), 0);
        for (end = now_usec() + 300 * USEC_PER_MSEC; now_usec() < end;) {
                errno = EAGAIN; /* as a loop leaves it that has emptied its signalfd */
                assert_true(sd_event_run(house.event, 50 * USEC_PER_MSEC) >= 0);
        }
        assert_int_equal(sd_event_get_iteration(house.event, &after), 0);
        assert_in_range(after - before, 1, 30);
        job_kill(job, SIGKILL);
        turn_until(&house, &house.n_done, 1);
        assert_int_equal(house.status, SIGKILL);
}

static void who_else_holds_the_output_is_not_waited_for(void **state _unused_) {
        _cleanup_(house_done) House house;
        uint64_t begun = now_usec();

        house_open(&house);
        run(&house, "sleep 1000 & echo $!", (JobSpec){0});
        assert_true(now_usec() - begun < 5 * USEC_PER_SEC);
        assert_true(atoi(house.output) > 1);
        assert_int_equal(kill(atoi(house.output), SIGKILL), 0);
        turn_until(&house, &house.n_strangers, 1);
}

/* --- ends ----------------------------------------------------------------------------------------------- */

static void who_is_too_slow_gets_sigterm_and_then_sigkill(void **state _unused_) {
        _cleanup_(house_done) House house;
        uint64_t begun = now_usec();

        house_open(&house);
        run(&house, "exec sleep 1000", (JobSpec){.timeout_usec = 50 * USEC_PER_MSEC});
        assert_true(house.signaled);
        assert_int_equal(house.status, SIGTERM);
        assert_true(now_usec() - begun < 4 * USEC_PER_SEC);
        run(&house, "trap '' TERM; echo deaf; exec sleep 1000",
            (JobSpec){.timeout_usec = 300 * USEC_PER_MSEC});
        assert_true(house.signaled);
        assert_int_equal(house.status, SIGKILL);
        assert_string_equal(house.output, "deaf\n");
}

/* As podman does, which is half-way through then. */
static void who_is_too_slow_and_exits_well_at_that_has_not_ended_well(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        run(&house, "trap 'exit 0' TERM; echo; while :; do sleep 0.05; done", (JobSpec){.timeout_usec = 300 * USEC_PER_MSEC});
        assert_true(house.signaled && house.late);
        assert_int_equal(house.status, SIGTERM);
        run(&house, "kill -TERM $$", (JobSpec){.timeout_usec = 60 * USEC_PER_SEC});
        assert_true(house.signaled && !house.late);
        run(&house, "exit 3", (JobSpec){.timeout_usec = 60 * USEC_PER_SEC});
        assert_false(house.signaled);
        assert_int_equal(house.status, 3);
}

static void a_cancelled_one_is_reaped_and_not_told_of(void **state _unused_) {
        _cleanup_(house_done) House house;
        Job *job = NULL;

        house_open(&house);
        assert_int_equal(
                start(&house, "echo line; exec sleep 1000", (JobSpec){.line = on_line}, &job), 0);
        assert_null(job_cancel(job));
        turn_while_children(&house);
        assert_null(job_cancel(NULL));
        assert_int_equal(house.n_done, 0);
        assert_int_equal(house.n_strangers, 0);
        assert_null(house.lines);
}

static void jobs_that_run_can_be_left(void **state _unused_) {
        unsigned before = n_descriptors();
        House house;
        Job *job = NULL;

        house_open(&house);
        assert_int_equal(
                start(&house, "exec sleep 1000", (JobSpec){.timeout_usec = USEC_PER_SEC}, &job), 0);
        job_kill(job, SIGKILL);
        house_done(&house);
        assert_int_equal(n_descriptors(), before);
        assert_true(waitpid(-1, NULL, 0) > 1);
        assert_null(jobs_free(NULL));
}

static void strangers_are_told(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        run(&house, "(sleep .05; exit 7) >/dev/null 2>&1 &", (JobSpec){0});
        assert_int_equal(house.status, 0);
        turn_until(&house, &house.n_strangers, 1);
        assert_int_equal(house.stranger_code, CLD_EXITED);
        assert_int_equal(house.stranger_status, 7);
        run(&house, "(kill -KILL $(sh -c 'echo $PPID')) >/dev/null 2>&1 &", (JobSpec){0});
        turn_until(&house, &house.n_strangers, 2);
        assert_int_equal(house.stranger_code, CLD_KILLED);
        assert_int_equal(house.stranger_status, SIGKILL);
}

static void a_program_that_is_not_there_is_no_status_of_it(void **state _unused_) {
        _cleanup_(house_done) House house;
        char *argv[] = {(char[]){"lago-no-such-program"}, NULL};
        JobSpec spec = {.argv = argv, .done = on_done, .userdata = &house};

        house_open(&house);
        assert_int_equal(job_start(house.jobs, &spec, NULL), 0);
        turn_until(&house, &house.n_done, 1);
        assert_false(house.started);
        assert_false(house.signaled);
        assert_int_equal(house.status, ENOENT);
        assert_string_equal(house.errors, "lago-no-such-program: No such file or directory");
        assert_string_equal(house.output, "");
}

static void nobody_runs_unprivileged_with_our_rights(void **state _unused_) {
        _cleanup_(house_done) House house;

        house_open(&house);
        /* privileges_init() was not called: there is no user to become. */
        run(&house, "id -u", (JobSpec){.unprivileged = true});
        assert_false(house.started);
        assert_int_equal(house.status, EPERM);
        assert_string_equal(house.output, "");
}

/*
 * What @argv prints as that user. A user of that name need not be on this machine: the child that tries it has an /etc/passwd
 * of its own.
 */
static void print_unprivileged(const char *const argv[], char text[static 8192]) {
        int p[2], status;
        pid_t pid;

        assert_int_equal(pipe(p), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)dup2(p[1], STDOUT_FILENO);
                if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("none", "/etc", "tmpfs", 0, NULL) < 0 ||
                    file_write("/etc/passwd", "lago-gate:x:4711:4712::/:/bin/false\n", 0644) < 0 || privileges_init() < 0 ||
                    privileges_drop() < 0)
                        _exit(1);
                (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
                _exit(1);
        }
        (void)close(p[1]);
        memset(text, 0, 8192);
        for (ssize_t n, all = 0; (n = read(p[0], text + all, 8191 - (size_t)all)) > 0; all += n)
                ;
        (void)close(p[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void who_runs_unprivileged_has_no_right_left_to_get(void **state _unused_) {
        static const char *const argv[] = {"grep", "-E", "^(Uid|Gid|Groups|Cap...|NoNewPrivs):", "/proc/self/status", NULL};
        char text[8192];

        print_unprivileged(argv, text);
        assert_string_equal(text, "Uid:\t4711\t4711\t4711\t4711\nGid:\t4712\t4712\t4712\t4712\nGroups:\t \n"
                                  "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                                  "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
}

static void who_runs_unprivileged_is_told_no_secret_of_a_shell(void **state _unused_) {
        static const char *const argv[] = {"env", NULL};
        char text[8192];

        assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "s3cret", 1), 0);
        assert_int_equal(setenv("LC_TIME", "C", 1), 0);
        print_unprivileged(argv, text);
        assert_null(strstr(text, "s3cret"));
        assert_non_null(strstr(text, "PATH="));
        assert_non_null(strstr(text, "LC_TIME=C\n"));
        assert_int_equal(unsetenv("AWS_SECRET_ACCESS_KEY"), 0);
        assert_int_equal(unsetenv("LC_TIME"), 0);
}

/* --- what it is given ----------------------------------------------------------------------------------- */

static void input_output_and_place_are_as_asked(void **state _unused_) {
        _cleanup_(house_done) House house;
        int directory = open("/usr/lib", O_PATH | O_DIRECTORY | O_CLOEXEC);
        FILE *in = tmpfile(), *out = tmpfile();
        char text[100] = "";

        house_open(&house);
        assert_non_null(in);
        assert_non_null(out);
        run(&house, "cat; pwd; echo why >&2",
            (JobSpec){.input = "text\n", .directory_fd = directory, .in_unit_root = true});
        assert_string_equal(house.output, "text\n/usr/lib\n");
        run(&house, "cat", (JobSpec){0});
        assert_string_equal(house.output, "");
        assert_true(fputs("from a file\n", in) >= 0 && fflush(in) == 0);
        rewind(in);
        run(&house, "cat; echo why >&2",
            (JobSpec){.input_fd = fileno(in), .output_fd = fileno(out), .error_fd = fileno(out)});
        assert_string_equal(house.output, "");
        assert_string_equal(house.errors, "");
        assert_true(pread(fileno(out), text, sizeof(text) - 1, 0) > 0);
        assert_string_equal(text, "from a file\nwhy\n");
        (void)fclose(in);
        (void)fclose(out);
        (void)close(directory);
}

static void what_could_not_be_had_is_refused(void **state _unused_) {
        const JobSpec refused[] = {{.input_fd = -EBADF},
                                   {.output_fd = -ENOENT},
                                   {.error_fd = -EBADF},
                                   {.directory_fd = -EMFILE}};
        _cleanup_(house_done) House house;
        _cleanup_(freep) char *text = xcalloc(100001, 1);
        struct rlimit before, none;
        unsigned open_before;

        house_open(&house);
        open_before = n_descriptors();
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                assert_int_equal(start(&house, "true", refused[i], NULL), -EBADF);
        memset(text, 'x', 100000);
        assert_int_equal(start(&house, "true", (JobSpec){.input = text}, NULL), -EMSGSIZE);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        assert_int_equal(start(&house, "true", (JobSpec){0}, NULL), -EMFILE);
        assert_int_equal(start(&house, "true", (JobSpec){.input = ""}, NULL), -EMFILE);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_false(has_children());
        assert_int_equal(n_descriptors(), open_before);
}

static void a_thousand_leave_nothing_open(void **state _unused_) {
        _cleanup_(house_done) House house;
        unsigned before;

        house_open(&house);
        /* The loop's own for timers comes with the first one. */
        run(&house, "true", (JobSpec){.timeout_usec = USEC_PER_SEC});
        before = n_descriptors();
        while (house.n_done < 1001) {
                for (int i = 0; i < 20; i++)
                        assert_int_equal(
                                start(&house, ":",
                                      (JobSpec){.input = "in\n", .timeout_usec = USEC_PER_SEC * 60},
                                      NULL),
                                0);
                turn_until(&house, &house.n_done, house.n_done + 20);
        }
        assert_int_equal(n_descriptors(), before);
        assert_false(has_children());
}

static void a_loop_is_needed_that_may_hear_of_children(void **state _unused_) {
        _cleanup_(house_done) House house = house_new();
        sigset_t chld, before;

        (void)sigemptyset(&chld);
        (void)sigaddset(&chld, SIGCHLD);
        assert_int_equal(sigprocmask(SIG_UNBLOCK, &chld, &before), 0);
        assert_int_equal(jobs_new(house.event, on_stranger, &house, &house.jobs), -EBUSY);
        assert_null(house.jobs);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(output_errors_and_status_are_told),
                cmocka_unit_test(more_output_than_is_kept_stops_nobody),
                cmocka_unit_test(lines_come_one_by_one),
                cmocka_unit_test(an_overlong_line_is_dropped_and_the_next_is_heard),
                cmocka_unit_test(a_child_that_closed_its_output_costs_nothing),
                cmocka_unit_test(strangers_are_told),
                cmocka_unit_test(who_else_holds_the_output_is_not_waited_for),
                cmocka_unit_test(who_is_too_slow_gets_sigterm_and_then_sigkill),
                cmocka_unit_test(who_is_too_slow_and_exits_well_at_that_has_not_ended_well),
                cmocka_unit_test(a_cancelled_one_is_reaped_and_not_told_of),
                cmocka_unit_test(jobs_that_run_can_be_left),
                cmocka_unit_test(a_program_that_is_not_there_is_no_status_of_it),
                cmocka_unit_test(nobody_runs_unprivileged_with_our_rights),
                cmocka_unit_test(who_runs_unprivileged_has_no_right_left_to_get),
                cmocka_unit_test(who_runs_unprivileged_is_told_no_secret_of_a_shell),
                cmocka_unit_test(input_output_and_place_are_as_asked),
                cmocka_unit_test(what_could_not_be_had_is_refused),
                cmocka_unit_test(a_thousand_leave_nothing_open),
                cmocka_unit_test(a_loop_is_needed_that_may_hear_of_children),
        };
        sigset_t chld;

        (void)sigemptyset(&chld);
        (void)sigaddset(&chld, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &chld, NULL) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
