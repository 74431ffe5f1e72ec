/* SPDX-License-Identifier: MIT */
/* ExecStopPost=: after a clean stop there is nothing to do; after a killed supervisor the container gets its grace. */
#include "supervisor/reap.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/time.h"
#include "engine/engine.h"
#include "process/cgroup.h"
#include "supervisor/runfile.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT_TIMEOUT_SEC 120

/* A server that is still being set up does not see the signal: see on_ask_server_again() in container.c. */
static void ask_server_again(void) {
        _cleanup_(freep) char *text = NULL;
        uint64_t pid = 0;

        if (file_read("/run/lago/engine/db.pid", 64, &text, NULL) >= 0 &&
            parse_uint(strip(text), INT32_MAX, &pid) >= 0 && pid > 1 && cgroup_payload_has((pid_t)pid))
                (void)kill((pid_t)pid, SIGINT);
}

/* Runs @argv (freed here) to its end, its words going to the journal. Answers its exit status, 255 for a signal. */
static int run_asking(char **argv, void (*each_second)(void)) {
        _cleanup_(strv_freep) char **owned = argv;
        int status = 0;
        pid_t pid = fork(), r;

        if (pid < 0)
                return 255;
        if (pid == 0) {
                int null = open("/dev/null", O_RDWR);

                (void)dup2(null, STDIN_FILENO);
                (void)dup2(null, STDOUT_FILENO);
                (void)execvp(owned[0], owned);
                _exit(127);
        }
        for (unsigned tick = 1; (r = waitpid(pid, &status, each_second ? WNOHANG : 0)) == 0 || (r < 0 && errno == EINTR);
             tick++) {
                (void)usleep(50 * USEC_PER_MSEC);
                if (each_second && tick % 20 == 0)
                        each_second();
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int run(char **argv) {
        return run_asking(argv, NULL);
}

int reap_run(const Member *member) {
        const MemberInfo *info = member_info(member->kind);
        const Engine *engine = &engine_podman;
        _cleanup_(freep) char *name = member_name(member), *container = member_container(member);
        _cleanup_(freep) char *state = runstate_read(name), *left = NULL, *status = NULL;
        _cleanup_(freep) char *field = xasprintf("LAGO_MEMBER=%s", name);
        bool removed;

        log_field(field);
        left = state ? keyfile_get(state, "CONTAINER") : NULL;
        if (!left)
                return 0;
        log_message(LOG_WARNING, MESSAGE_REAPED, "The supervisor is gone, its container %s is not: stopping it.", container);
        (void)cgroup_find();
        /* Until a start that was in flight is over, nobody knows whether there is a process that may not be cut short. */
        cgroup_wait_clients(engine->name, CLIENT_TIMEOUT_SEC);
        /* A migration is never cut short: it is let end by itself. */
        if (member->kind == MEMBER_MIGRATE)
                cgroup_wait_payload();
        else
                (void)run_asking(engine->stop(container, info->grace_sec),
                                 member->kind == MEMBER_DB ? ask_server_again : NULL);
        removed = run(engine->remove(container)) == 0 || run(engine->remove(container)) == 0;
        if (!removed)
                log_warning("%s cannot remove the container %s; the next start tries again.", engine->name, container);
        (void)cgroup_kill_payload();
        status = keyfile_get(state, "STATUS");
        runfile_ended(name, status, /* exit_status= */ 0, removed ? NULL : container);
        return 0;
}
