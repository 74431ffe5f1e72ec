/* SPDX-License-Identifier: MIT */
#include "process/cgroup.h"

#include "base/file.h"
#include "base/util.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *mount = "/sys/fs/cgroup";
static char *unit_root; /* "/sys/fs/cgroup/lago.slice/lago-api.service" */
static int root_procs = -EBADF;

char *cgroup_of_unit(const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(line, lines) {
                const char *path = startswith(*line, "0::"),
                           *service = path ? strstr(path, ".service/") : NULL;

                if (path)
                        return service ? xstrndup(path,
                                                  (size_t)(service - path) + strlen(".service"))
                                       : xstrdup(path);
        }
        return NULL;
}

static char *own_group(void) {
        _cleanup_(freep) char *text = NULL, *path = NULL;

        if (file_read("/proc/self/cgroup", 65536, &text, NULL) < 0)
                return NULL;
        path = cgroup_of_unit(text);
        return path ? xasprintf("%s%s", mount, path) : NULL;
}

void cgroup_set_mount(const char *path) {
        mount = path;
}

static int write_once(const char *path, const char *text) {
        _cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

        return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int cgroup_find(void) {
        unit_root = own_group();
        return unit_root ? 0 : -EOPNOTSUPP;
}

int cgroup_init(void) {
        _cleanup_(freep) char *sub = NULL, *sub_procs = NULL, *procs = NULL;

        if (cgroup_find() < 0)
                return -EOPNOTSUPP;
        sub = xasprintf("%s/supervisor", unit_root);
        sub_procs = xasprintf("%s/cgroup.procs", sub);
        procs = xasprintf("%s/cgroup.procs", unit_root);
        root_procs = open(procs, O_WRONLY | O_CLOEXEC);
        if (root_procs < 0 || (mkdir(sub, 0755) < 0 && errno != EEXIST))
                return -errno;
        return write_once(sub_procs, "0");
}

int cgroup_enter_root(void) {
        return root_procs >= 0 && write(root_procs, "0", 1) < 0 ? -errno : 0;
}

void cgroup_prepare_root(void) {
        _cleanup_(freep) char *path = NULL, *text = NULL;
        _cleanup_(strv_freep) char **controllers = NULL;

        if (!unit_root)
                return;
        path = xasprintf("%s/cgroup.subtree_control", unit_root);
        if (file_read(path, 4096, &text, NULL) < 0)
                return;
        controllers = strv_split(text, " \n");
        STRV_FOREACH(controller, controllers) {
                _cleanup_(freep) char *word = xasprintf("-%s", *controller);

                (void)write_once(path, word);
        }
}

/* cgroup.events says "populated 0" once the last process is gone, and wakes a poller when it changes. */
static bool is_populated(int fd) {
        char text[128] = "";

        return pread(fd, text, sizeof(text) - 1, 0) > 0 && strstr(text, "populated 1");
}

/* Until nothing is alive in the group, or @tries waits of 100 ms are over. */
static void wait_empty(int events_fd, int tries) {
        for (; tries > 0 && is_populated(events_fd); tries--) {
                struct pollfd p = {.fd = events_fd, .events = POLLPRI};

                (void)poll(&p, 1, 100);
        }
}

static bool kill_group(const char *group) {
        _cleanup_(freep) char *events = xasprintf("%s/cgroup.events", group);
        _cleanup_(freep) char *kill_file = xasprintf("%s/cgroup.kill", group);
        _cleanup_(closep) int fd = open(events, O_RDONLY | O_CLOEXEC);
        bool alive;

        if (fd < 0)
                return false;
        alive = is_populated(fd);
        if (alive && write_once(kill_file, "1") >= 0)
                wait_empty(fd, 50);
        (void)rmdir(group);
        return alive;
}

/* Whether something still runs there after a second. */
static bool wait_a_second(const char *group) {
        _cleanup_(freep) char *events = xasprintf("%s/cgroup.events", group);
        _cleanup_(closep) int fd = open(events, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return false;
        wait_empty(fd, 10);
        return is_populated(fd);
}

/* Calls @each for the container's groups; answers for how many it said true. */
static int for_each_payload(bool (*each)(const char *group)) {
        DIR *directory;
        struct dirent *entry;
        int n = 0;

        if (!unit_root || !(directory = opendir(unit_root)))
                return 0;
        while ((entry = readdir(directory)))
                if (startswith(entry->d_name, "libpod-payload-")) {
                        _cleanup_(freep) char *group = xasprintf("%s/%s", unit_root, entry->d_name);

                        n += each(group);
                }
        closedir(directory);
        return n;
}

int cgroup_kill_payload(void) {
        return for_each_payload(kill_group);
}

void cgroup_wait_payload(void (*each_second)(void)) {
        while (for_each_payload(wait_a_second) > 0)
                each_second();
}

static bool is_called(const char *pid, const char *program) {
        _cleanup_(freep) char *path = xasprintf("/proc/%s/comm", pid), *comm = NULL;

        return file_read(path, 64, &comm, NULL) >= 0 && streq(strip(comm), program);
}

static bool group_runs(const char *group, const char *program) {
        _cleanup_(freep) char *path = xasprintf("%s/cgroup.procs", group), *text = NULL;
        _cleanup_(strv_freep) char **pids = NULL;

        if (file_read(path, 65536, &text, NULL) < 0)
                return false;
        pids = strv_split(text, "\n");
        STRV_FOREACH(pid, pids)
                if (is_called(*pid, program))
                        return true;
        return false;
}

bool cgroup_client_runs(const char *program) {
        DIR *directory = unit_root ? opendir(unit_root) : NULL;
        struct dirent *entry;
        bool found = unit_root && group_runs(unit_root, program);

        while (directory && !found && (entry = readdir(directory))) {
                _cleanup_(freep) char *group = xasprintf("%s/%s", unit_root, entry->d_name);

                /* systemd's own commands of the unit run in ".control". */
                if (entry->d_type == DT_DIR && !streq(entry->d_name, ".") && !streq(entry->d_name, "..") &&
                    !startswith(entry->d_name, "libpod-payload-"))
                        found = group_runs(group, program);
        }
        if (directory)
                closedir(directory);
        return found;
}

/* Nobody tells the end of a process that is not ours; this runs once, after a crash. */
void cgroup_wait_clients(const char *program, unsigned seconds) {
        for (unsigned tries = seconds * 10; unit_root && tries > 0 && cgroup_client_runs(program); tries--)
                (void)poll(NULL, 0, 100);
}

/* Asked of the process and not of the groups: an engine may have made some below its own. */
bool cgroup_payload_has(pid_t pid) {
        _cleanup_(freep) char *path = xasprintf("/proc/%d/cgroup", (int)pid), *text = NULL, *payload = NULL;
        _cleanup_(strv_freep) char **lines = NULL;

        if (!unit_root || pid <= 0 || file_read(path, 65536, &text, NULL) < 0)
                return false;
        payload = xasprintf("0::%s/libpod-payload-", unit_root + strlen(mount));
        lines = strv_split(text, "\n");
        STRV_FOREACH(line, lines)
                if (startswith(*line, payload))
                        return true;
        return false;
}

/* Not the functions of those names: Enterprise Linux 9 has the system calls alone. */
int cgroup_payload_signal(pid_t pid, int sig) {
        _cleanup_(closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (fd < 0)
                return -errno;
        if (!cgroup_payload_has(pid))
                return -ESRCH;
        return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0 ? -errno : 0;
}

uint64_t cgroup_events_oom(const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(line, lines) {
                const char *count = startswith(*line, "oom_kill ");
                uint64_t n;

                if (count && parse_uint(count, UINT64_MAX, &n) >= 0)
                        return n;
        }
        return 0;
}

/* Those of the groups below count, too, and stay counted when these are gone: cgroup-v2, "memory.events". */
uint64_t cgroup_oom_kills(void) {
        _cleanup_(freep) char *path = xasprintf("%s/memory.events", unit_root), *text = NULL;

        return file_read(path, 4096, &text, NULL) >= 0 ? cgroup_events_oom(text) : 0;
}
