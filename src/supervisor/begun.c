/* SPDX-License-Identifier: MIT */
#include "supervisor/begun.h"

#include "base/file.h"
#include "base/log.h"
#include "base/util.h"
#include "process/bridge.h"
#include "process/cgroup.h"
#include "process/netns.h"
#include "process/program.h"
#include "supervisor/container.h"
#include "supervisor/supervisor.h"

static pid_t read_pid(const char *path) {
        _cleanup_(freep) char *text = NULL;
        uint64_t pid = 0;

        if (file_read(path, 64, &text, NULL) < 0 || parse_uint(strip(text), INT32_MAX, &pid) < 0)
                return 0;
        return (pid_t)pid;
}

/* The containers beside this one shall reach it, and their name server, whoever of them comes and goes. */
static void keep_bridges(int netns_fd) {
        _cleanup_(strv_freep) char **bridges = netns_bridges(netns_fd, NULL);

        STRV_FOREACH(bridge, bridges) {
                int r = bridge_keep_address(*bridge);

                if (r < 0)
                        log_warning("Cannot keep the hardware address of %s: %s. Where containers reach no names for a minute "
                                    "after another one has started or stopped: ip link set dev %s address "
                                    "$(cat /sys/class/net/%s/address)",
                                    *bridge, strerror(-r), *bridge, *bridge);
        }
}

/*
 * A number from a file may be another process's by now, whose namespace is the host's: what is asked there would answer for
 * somebody else. So it has to be one of this unit's container.
 */
void begun_read(Supervisor *s) {
        _cleanup_(freep) char *monitor = container_file(s, "conmon.pid"), *init = container_file(s, "pid");
        Container *c = &s->container;

        c->monitor = read_pid(monitor);
        c->init = read_pid(init);
        c->netns_fd = close_fd(c->netns_fd);
        if (c->init > 0)
                c->netns_fd = netns_open(c->init);
        if (!cgroup_payload_has(c->init))
                c->netns_fd = close_fd(c->netns_fd);
        if (c->netns_fd < 0 || netns_address(c->netns_fd, c->address, sizeof(c->address)) < 0)
                c->address[0] = '\0';
        if (c->netns_fd >= 0)
                keep_bridges(c->netns_fd);
}

/* That of a container of this unit, as far as a monitor is known. */
static ProgramPlace first_program(const Container *c) {
        return c->monitor > 0 && cgroup_payload_has(c->init) ? program_place(c->init) : PROGRAM_UNKNOWN;
}

bool begun_is(const Supervisor *s) {
        return s->container.exists && first_program(&s->container) == PROGRAM_OWN;
}

bool begun_is_held(const Supervisor *s) {
        return first_program(&s->container) == PROGRAM_FOREIGN;
}
