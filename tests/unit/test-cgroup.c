/* SPDX-License-Identifier: MIT */
/* Control groups as plain files; where it matters, a child does what the kernel does. */
#include "base/file.h"
#include "base/time.h"
#include "base/util.h"
#include "check.h"
#include "process/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char mount[] = "/tmp/lago-unit-XXXXXX";
static char *root; /* our unit's group below it */

static char *path_of(const char *name) {
        return xasprintf("%s/%s", root, name);
}

/* In place, as the kernel's files are: never removed, never new. */
static void put(const char *name, const char *text) {
        _cleanup_(freep) char *path = path_of(name), *slash = xstrdup(path);
        FILE *file;

        *strrchr(slash, '/') = '\0';
        assert_int_equal(make_dirs(slash, 0755), 0);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static bool holds(const char *name, const char *start) {
        _cleanup_(freep) char *path = path_of(name), *text = NULL;

        return file_read(path, 4096, &text, NULL) >= 0 && startswith(text, start);
}

static int make_root(void **state _unused_) {
        _cleanup_(freep) char *text = NULL, *own = NULL;

        if (!mkdtemp(mount) || file_read("/proc/self/cgroup", 65536, &text, NULL) < 0)
                return -1;
        own = cgroup_of_unit(text);
        if (!own)
                return -1;
        root = xasprintf("%s%s", mount, own);
        cgroup_set_mount(mount);
        return make_dirs(root, 0755);
}

static int remove_root(void **state _unused_) {
        free(root);
        return remove_tree(mount);
}

/* What the kernel does once "1" stands in the group's cgroup.kill. */
static pid_t kernel_of(const char *events, const char *kill_file) {
        pid_t pid = fork();

        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                while (!holds(kill_file, "1"))
                        (void)usleep(1000);
                put(events, "populated 0\nfrozen 0\n");
                _exit(0);
        }
        assert_true(pid > 0);
        return pid;
}

/* --- pure ----------------------------------------------------------------------------------------------- */

static void the_unit_s_group_is_found_from_its_sub_groups(void **state _unused_) {
        const char *cases[][2] = {
                {"0::/lago.slice/lago-api.service\n", "/lago.slice/lago-api.service"},
                {"0::/lago.slice/lago-api.service/supervisor\n", "/lago.slice/lago-api.service"},
                {"1:name=systemd:/x.service/y\n0::/lago.slice/lago-db.service/.control\n",
                 "/lago.slice/lago-db.service"},
                {"0::/\n", "/"},
                {"0::/user.slice", "/user.slice"},
                {"1:name=systemd:/x.service\n", NULL},
                {"", NULL},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *group = cgroup_of_unit(cases[i][0]);

                if (cases[i][1])
                        assert_string_equal(group, cases[i][1]);
                else
                        assert_null(group);
        }
}

static void kills_for_want_of_memory_are_counted(void **state _unused_) {
        assert_int_equal(
                cgroup_events_oom("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 7\n"),
                2);
        assert_int_equal(cgroup_events_oom("oom 3\noom_kill \n"), 0);
        assert_int_equal(cgroup_events_oom(""), 0);
}

/* --- on files ------------------------------------------------------------------------------------------- */

static void before_the_unit_is_found_nothing_is_done(void **state _unused_) {
        assert_int_equal(cgroup_enter_root(), 0);
        cgroup_prepare_root();
        assert_int_equal(cgroup_kill_payload(), 0);
        assert_false(cgroup_client_runs("podman"));
        assert_false(cgroup_payload_has(getpid()));
        cgroup_wait_clients("podman", 10);
}

static void the_supervisor_moves_into_a_group_of_its_own(void **state _unused_) {
        assert_int_equal(cgroup_init(), -ENOENT);
        put("cgroup.procs", "");
        put("supervisor/cgroup.procs", "");
        assert_int_equal(cgroup_init(), 0);
        assert_true(holds("supervisor/cgroup.procs", "0"));
        assert_true(holds("cgroup.procs", ""));
        assert_int_equal(cgroup_enter_root(), 0);
        assert_true(holds("cgroup.procs", "0"));
}

static void controllers_are_taken_back(void **state _unused_) {
        assert_int_equal(cgroup_find(), 0);
        cgroup_prepare_root(); /* no such file: nothing to take back */
        put("cgroup.subtree_control", "memory\n");
        cgroup_prepare_root();
        assert_true(holds("cgroup.subtree_control", "-memory"));
}

static void what_is_left_of_the_container_is_killed(void **state _unused_) {
        _cleanup_(freep) char *gone = path_of("libpod-payload-empty");
        pid_t kernel;

        assert_int_equal(cgroup_find(), 0);
        assert_int_equal(make_dirs(gone, 0755), 0);
        assert_int_equal(cgroup_kill_payload(), 0);
        assert_int_equal(access(gone, F_OK), 0); /* no cgroup.events: it is no group */
        put("libpod-payload-one/cgroup.events", "populated 1\nfrozen 0\n");
        put("libpod-payload-one/cgroup.kill", "");
        put("libpod-payload-two/cgroup.events", "populated 0\nfrozen 0\n");
        put("libpod-payload-two/cgroup.kill", "");
        put("runtime/cgroup.events", "populated 1\nfrozen 0\n");
        put("runtime/cgroup.kill", "");
        kernel = kernel_of("libpod-payload-one/cgroup.events", "libpod-payload-one/cgroup.kill");
        assert_int_equal(cgroup_kill_payload(), 1);
        assert_int_equal(waitpid(kernel, NULL, 0), kernel);
        assert_true(holds("libpod-payload-one/cgroup.kill", "1"));
        assert_false(holds("libpod-payload-two/cgroup.kill", "1"));
        assert_false(holds("runtime/cgroup.kill", "1"));
}

static unsigned n_seconds;

static void after_a_second(void) {
        n_seconds++;
        put("libpod-payload-one/cgroup.events", "populated 0\nfrozen 0\n");
}

static void the_container_s_end_is_waited_for(void **state _unused_) {
        uint64_t begun = now_usec();

        assert_int_equal(cgroup_find(), 0);
        put("libpod-payload-one/cgroup.events", "populated 1\nfrozen 0\n");
        cgroup_wait_payload(after_a_second);
        assert_int_equal(n_seconds, 1);
        assert_in_range(now_usec() - begun, USEC_PER_SEC * 9 / 10, 10 * USEC_PER_SEC);
}

static void a_client_is_one_outside_of_the_container(void **state _unused_) {
        _cleanup_(freep) char *own = xasprintf("1\n%d\n", (int)getpid());
        uint64_t begun = now_usec();

        assert_int_equal(prctl(PR_SET_NAME, "lago-unit"), 0);
        assert_int_equal(cgroup_find(), 0);
        put("cgroup.procs", "");
        put("runtime/cgroup.procs", "");
        put("libpod-payload-one/cgroup.procs", own);
        assert_false(cgroup_client_runs("lago-unit"));
        cgroup_wait_clients("lago-unit", 10);
        assert_true(now_usec() - begun < 5 * USEC_PER_SEC);
        put("runtime/cgroup.procs", own);
        assert_true(cgroup_client_runs("lago-unit"));
        assert_false(cgroup_client_runs("lago-uni"));
        begun = now_usec();
        cgroup_wait_clients("lago-unit", 1);
        assert_true(now_usec() - begun >= USEC_PER_SEC * 9 / 10);
        put("runtime/cgroup.procs", "");
        put("cgroup.procs", own);
        assert_true(cgroup_client_runs("lago-unit"));
}

/* This process is of a unit perhaps, and of no container. */
static void we_are_not_of_the_container(void **state _unused_) {
        assert_int_equal(cgroup_find(), 0);
        assert_false(cgroup_payload_has(getpid()));
        assert_false(cgroup_payload_has(0));
}

/* As one would be whose number a container had that has ended. */
static void who_is_not_of_the_container_is_not_signalled(void **state _unused_) {
        pid_t other = fork();

        assert_true(other >= 0);
        if (other == 0)
                for (;;)
                        (void)pause();
        assert_int_equal(cgroup_find(), 0);
        assert_int_equal(cgroup_payload_signal(other, SIGKILL), -ESRCH);
        assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
        assert_int_equal(kill(other, SIGKILL), 0);
        assert_int_equal(waitpid(other, NULL, 0), other);
        assert_int_equal(cgroup_payload_signal(other, SIGKILL), -ESRCH);
}

static void kills_are_those_of_our_unit(void **state _unused_) {
        assert_int_equal(cgroup_find(), 0);
        assert_int_equal(cgroup_oom_kills(), 0);
        put("memory.events", "oom 1\noom_kill 3\n");
        assert_int_equal(cgroup_oom_kills(), 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_unit_s_group_is_found_from_its_sub_groups),
                cmocka_unit_test(kills_for_want_of_memory_are_counted),
                cmocka_unit_test(before_the_unit_is_found_nothing_is_done),
                cmocka_unit_test(the_supervisor_moves_into_a_group_of_its_own),
                cmocka_unit_test(controllers_are_taken_back),
                cmocka_unit_test(what_is_left_of_the_container_is_killed),
                cmocka_unit_test(the_container_s_end_is_waited_for),
                cmocka_unit_test(a_client_is_one_outside_of_the_container),
                cmocka_unit_test(we_are_not_of_the_container),
                cmocka_unit_test(who_is_not_of_the_container_is_not_signalled),
                cmocka_unit_test(kills_are_those_of_our_unit),
        };

        return cmocka_run_group_tests(tests, make_root, remove_root);
}
