/* SPDX-License-Identifier: MIT */
/* ExecStopPost=: after a clean stop there is nothing to do; after a killed supervisor the container gets its grace. */
#include "supervisor/modes.h"

#include "base/keyfile.h"
#include "base/log.h"
#include "engine/engine.h"
#include "supervisor/cgroup.h"
#include "supervisor/runfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs @argv (freed here) to its end, its words going to the journal. Answers its exit status, 255 for a signal. */
static int run(char **argv) {
        _cleanup_(strv_freep) char **owned = argv;
        int status = 0;
        pid_t pid = fork();

        if (pid < 0)
                return 255;
        if (pid == 0) {
                int null = open("/dev/null", O_RDWR);

                (void)dup2(null, STDIN_FILENO);
                (void)dup2(null, STDOUT_FILENO);
                (void)execvp(owned[0], owned);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int reap_run(const Member *member) {
        const MemberInfo *info = member_info(member->kind);
        const Engine *engine = &engine_podman;
        _cleanup_(freep) char *name = member_name(member), *container = member_container(member);
        _cleanup_(freep) char *state = runstate_read(name), *left = NULL, *status = NULL;
        _cleanup_(freep) char *field = xasprintf("LAGO_MEMBER=%s", name);

        log_field(field);
        left = state ? keyfile_get(state, "CONTAINER") : NULL;
        if (!left)
                return 0;
        log_message(LOG_WARNING, MESSAGE_REAPED, "The supervisor is gone, its container %s is not: stopping it.", container);
        (void)cgroup_find();
        /* A migration is never cut short: it is let end by itself. */
        if (member->kind == MEMBER_MIGRATE)
                cgroup_wait_payload();
        else
                (void)run(engine->stop(container, info->grace_sec));
        if (run(engine->remove(container)) != 0 && run(engine->remove(container)) != 0)
                log_warning("%s cannot remove the container %s; the next start tries again.", engine->name, container);
        (void)cgroup_kill_payload();
        status = keyfile_get(state, "STATUS");
        runfile_ended(name, status);
        return 0;
}
