/* SPDX-License-Identifier: MIT */
/* Another network namespace, a real one: made by a child that does nothing else. */
#include "base/file.h"
#include "base/util.h"
#include "check.h"
#include "process/bridge.h"
#include "process/netns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sockios.h>

static pid_t holder = -1;

/* Whom a name in /proc is about: two namespaces are one when their inodes are. */
static ino_t current(void) {
        struct stat st;

        assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
        return st.st_ino;
}

static int hold_namespace(void **state _unused_) {
        int p[2];
        char ready;

        if (pipe(p) < 0)
                return -1;
        holder = fork();
        if (holder == 0) {
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNET) < 0 ||
                    write(p[1], "", 1) != 1)
                        _exit(1);
                for (;;)
                        (void)pause();
        }
        (void)close(p[1]);
        if (holder < 0 || read(p[0], &ready, 1) != 1)
                return -1;
        return close(p[0]);
}

static int let_go(void **state _unused_) {
        if (holder <= 1)
                return -1;
        (void)kill(holder, SIGKILL);
        return waitpid(holder, NULL, 0) == holder ? 0 : -1;
}

static void there_and_back_again(void **state _unused_) {
        int netns = netns_open(holder), own_fd;
        ino_t own = current();
        struct stat st;

        assert_true(netns > 2);
        assert_int_equal(fstat(netns, &st), 0);
        assert_int_not_equal(st.st_ino, own);
        own_fd = netns_enter(netns);
        assert_true(own_fd > 2);
        assert_int_equal(current(), st.st_ino);
        netns_leave(own_fd);
        assert_int_equal(current(), own);
        assert_int_equal(fcntl(own_fd, F_GETFD), -1);
        (void)close(netns);
}

static void what_is_no_process_has_no_namespace(void **state _unused_) {
        pid_t gone = fork();

        if (gone == 0)
                _exit(0);
        assert_int_equal(waitpid(gone, NULL, 0), gone);
        assert_int_equal(netns_open(gone), -ENOENT);
        errno = 0;
        assert_int_equal(netns_open(0), -ESRCH);
        assert_int_equal(netns_open(-1), -ESRCH);
}

static void what_is_no_namespace_is_not_entered(void **state _unused_) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ino_t own = current();
        char address[INET6_ADDRSTRLEN];

        assert_int_equal(netns_enter(-EBADF), -EBADF);
        assert_int_equal(netns_enter(null), -EINVAL);
        assert_int_equal(netns_address(null, address, sizeof(address)), -EINVAL);
        assert_int_equal(netns_gateway(null, address, sizeof(address)), -EINVAL);
        assert_int_equal(netns_connections(null, 80), -EINVAL);
        assert_int_equal(current(), own);
        (void)close(null);
}

static void nothing_is_in_an_empty_one(void **state _unused_) {
        int netns = netns_open(holder);
        char address[INET6_ADDRSTRLEN] = "untouched";

        assert_true(netns > 2);
        assert_int_equal(netns_address(netns, address, sizeof(address)), -ENOENT);
        assert_int_equal(netns_gateway(netns, address, sizeof(address)), -ENOENT);
        assert_int_equal(netns_connections(netns, 80), 0);
        assert_string_equal(address, "untouched");
        (void)close(netns);
}

static void who_is_connected_is_counted(void **state _unused_) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        socklen_t size = sizeof(address);
        int netns = netns_open(getpid()), server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
            clients[2];
        uint16_t port;

        assert_int_equal(ioctl(server, SIOCSIFFLAGS, &loopback), 0);
        assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(server, 2), 0);
        assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
        port = ntohs(address.sin_port);
        assert_int_equal(netns_connections(netns, port), 0);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
                clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                assert_int_equal(connect(clients[i], (struct sockaddr *)&address, size), 0);
        }
        assert_int_equal(netns_connections(netns, port), 2);
        for (size_t i = 0; i < ELEMENTSOF(clients); i++)
                (void)close(clients[i]);
        (void)close(server);
        (void)close(netns);
}

static char *attribute_of(const char *bridge, const char *name) {
        _cleanup_(freep) char *path = xasprintf("/sys/class/net/%s/%s", bridge, name);
        char *text = NULL;

        assert_true(file_read(path, 64, &text, NULL) >= 0);
        return text;
}

static void assert_address_is_chosen(const char *bridge, const char *chosen) {
        _cleanup_(freep) char *text = attribute_of(bridge, "addr_assign_type");

        assert_string_equal(strip(text), chosen);
}

/* /sys shows the network namespace in which it was mounted. */
static void a_bridge_keeps_the_address_that_it_has(void **state _unused_) {
        _cleanup_(freep) char *before = NULL, *after = NULL;
        _cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("sysfs", "/sys", "sysfs", 0, NULL) < 0 || ioctl(fd, SIOCBRADDBR, "podman7") < 0)
                skip();
        assert_address_is_chosen("podman7", "1");
        before = attribute_of("podman7", "address");
        assert_int_equal(bridge_keep_address("podman7"), 1);
        assert_address_is_chosen("podman7", "3");
        after = attribute_of("podman7", "address");
        assert_string_equal(before, after);
        assert_int_equal(bridge_keep_address("podman7"), 0);
        assert_int_equal(bridge_keep_address("lo"), 0);
        assert_int_equal(bridge_keep_address("not-there"), 0);
        assert_int_equal(ioctl(fd, SIOCBRDELBR, "podman7"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(there_and_back_again),
                cmocka_unit_test(what_is_no_process_has_no_namespace),
                cmocka_unit_test(what_is_no_namespace_is_not_entered),
                cmocka_unit_test(nothing_is_in_an_empty_one),
                cmocka_unit_test(who_is_connected_is_counted),
                cmocka_unit_test(a_bridge_keeps_the_address_that_it_has),
        };

        /* Whoever is not root is root in a user namespace, and may come back to a network namespace that belongs to it. */
        if (unshare(CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0)
                return 1;
        return cmocka_run_group_tests(tests, hold_namespace, let_go);
}
