/* SPDX-License-Identifier: MIT */
/* ExecStopPost=: after a clean stop there is nothing to do; after a killed supervisor the container gets its grace. */
#include "supervisor/reap.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/time.h"
#include "engine/engine.h"
#include "process/cgroup.h"
#include "process/child.h"
#include "process/run.h"
#include "supervisor/life.h"
#include "supervisor/relay.h"
#include "supervisor/runfile.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT_TIMEOUT_SEC 120
#define OWNER_MAX_BYTES    4096
#define RELAY_TIMEOUT_SEC  5

/*
 * The supervisor's end may have been the relay's, too. Then nobody reads what the container writes, and a migration stands
 * still when its pipe is full: it gets a reader again.
 */
static struct {
        const char *member;
        unsigned long pipe; /* see relay_id() */
        pid_t container;
} output;

/*
 * A reading end, by way of what the container has open. It could have put something else there, so what is there is looked at
 * before it is opened: O_PATH opens nothing yet.
 */
static int open_output(void) {
        for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++) {
                _cleanup_(freep) char *theirs = xasprintf("/proc/%d/fd/%d", (int)output.container, i), *ours = NULL;
                _cleanup_(closep) int place = open(theirs, O_PATH | O_CLOEXEC);
                struct stat st;

                if (place < 0 || fstat(place, &st) < 0 || !S_ISFIFO(st.st_mode) || (unsigned long)st.st_ino != output.pipe)
                        continue;
                ours = xasprintf("/proc/self/fd/%d", place);
                return open(ours, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        }
        return -ENOENT;
}

static void rescue_output(void) {
        _cleanup_(closep) int reading = -EBADF, stream = -EBADF, failure = -EBADF, null = -EBADF;
        _cleanup_(strv_freep) char **argv = NULL;

        if (output.pipe == 0 || output.container <= 1 || cgroup_client_runs("lago-relay") ||
            !cgroup_payload_has(output.container))
                return;
        reading = open_output();
        stream = reading < 0 ? -EBADF : relay_stream(output.member);
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        argv = relay_argv(output.member, /* ready= */ NULL, /* ticks= */ NULL, /* missing= */ false,
                          /* without_probes= */ false);
        if (stream >= 0 && child_start(&(ChildSpec){.argv = argv, .input_fd = reading, .output_fd = null, .error_fd = stream},
                                       &failure) >= 0)
                log_warning("The relay of the container's output is gone, too: started again.");
}

static void find_output(const char *member, const char *state) {
        _cleanup_(freep) char *file = xasprintf("/run/lago/engine/%s.pid", member), *text = NULL;
        _cleanup_(freep) char *pipe_id = keyfile_get(state, "OUTPUT");
        uint64_t pid = 0, inode = 0;

        if (!pipe_id || parse_uint(pipe_id, UINT64_MAX, &inode) < 0 || file_read(file, 64, &text, NULL) < 0 ||
            parse_uint(strip(text), INT32_MAX, &pid) < 0)
                return;
        output.member = member;
        output.pipe = (unsigned long)inode;
        output.container = (pid_t)pid;
}

/* A server that is still being set up does not see the signal: see on_ask_server_again() in stop.c. */
static void ask_server_again(void) {
        _cleanup_(freep) char *text = NULL;
        uint64_t pid = 0;

        if (file_read("/run/lago/engine/db.pid", 64, &text, NULL) >= 0 &&
            parse_uint(strip(text), INT32_MAX, &pid) >= 0 && pid > 1)
                (void)cgroup_payload_signal((pid_t)pid, SIGINT);
        rescue_output();
}

/* The end of the wait for @pid, with something to be done each second of it. Answers its exit status, 255 for a signal. */
static int wait_asking(pid_t pid, void (*each_second)(void)) {
        int status = 0;
        pid_t r;

        for (unsigned tick = 1; (r = waitpid(pid, &status, WNOHANG)) == 0 || (r < 0 && errno == EINTR); tick++) {
                (void)usleep(50 * USEC_PER_MSEC);
                if (tick % 20 == 0)
                        each_second();
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* Runs @argv (freed here) to its end, its errors going to the journal. */
static int run_asking(char **argv, void (*each_second)(void)) {
        _cleanup_(strv_freep) char **owned = argv;
        _cleanup_(closep) int null = open("/dev/null", O_WRONLY | O_CLOEXEC), failure = -EBADF;
        pid_t pid = child_start(&(ChildSpec){.argv = owned, .output_fd = null}, &failure);

        return pid < 0 ? 255 : wait_asking(pid, each_second);
}

static int run(char **argv) {
        return run_asking(argv, rescue_output);
}

/*
 * Killed while it started one, the supervisor left to us to find out whether that came to be, and whose the name is. When the
 * engine cannot say, it is taken for ours: without its grace a migration would be cut short.
 */
static bool is_ours(const Engine *engine, const char *container, const char *member) {
        _cleanup_(strv_freep) char **argv = engine->owner(container);
        RunResult result = {0};
        bool ours;

        if (run_capture(argv, OWNER_MAX_BYTES, CLIENT_TIMEOUT_SEC * USEC_PER_SEC, &result) < 0)
                return true;
        ours = result.status != 0 || streq(strip(result.output), member);
        run_done(&result);
        return ours;
}

int reap_run(const Member *member) {
        const MemberInfo *info = member_info(member->kind);
        const Engine *engine = &engine_podman;
        _cleanup_(freep) char *name = member_name(member), *container = member_container(member);
        _cleanup_(freep) char *state = runstate_read(name), *left = NULL, *status = NULL, *step = NULL, *view = NULL;
        _cleanup_(freep) char *field = xasprintf("LAGO_MEMBER=%s", name);
        bool removed;

        log_field(field);
        left = state ? keyfile_get(state, "CONTAINER") : NULL;
        if (!left)
                return 0;
        (void)cgroup_find();
        step = keyfile_get(state, "STATE");
        if (step && streq(step, life_state_name(LIFE_START))) {
                cgroup_wait_clients(engine->name, CLIENT_TIMEOUT_SEC);
                if (!is_ours(engine, container, name))
                        return 0;
        }
        log_message(LOG_WARNING, MESSAGE_REAPED, "The supervisor is gone, its container %s is not: stopping it.", container);
        find_output(name, state);
        rescue_output();
        /* Until a start that was in flight is over, nobody knows whether there is a process that may not be cut short. */
        cgroup_wait_clients(engine->name, CLIENT_TIMEOUT_SEC);
        view = keyfile_get(state, "VIEW");
        /* A migration is never cut short: it is let end by itself. */
        if (member->kind == MEMBER_MIGRATE && !view)
                cgroup_wait_payload(rescue_output);
        else
                (void)run_asking(engine->stop(container, info->grace_sec),
                                 member->kind == MEMBER_DB ? ask_server_again : rescue_output);
        removed = run(engine->remove(container)) == 0 || run(engine->remove(container)) == 0;
        if (!removed)
                log_warning("%s cannot remove the container %s; the next start tries again.", engine->name, container);
        (void)cgroup_kill_payload();
        /* Its last lines are on their way into the journal. */
        cgroup_wait_clients("lago-relay", RELAY_TIMEOUT_SEC);
        status = keyfile_get(state, "STATUS");
        runfile_ended(name, status, /* exit_status= */ 0, removed ? NULL : container);
        return 0;
}
