/* SPDX-License-Identifier: MIT */
#include "process/netns.h"

#include "base/file.h"
#include "base/util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int netns_open(pid_t pid) {
        _cleanup_(freep) char *path = xasprintf("/proc/%d/ns/net", (int)pid);
        int fd;

        if (pid <= 0)
                return -ESRCH;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int netns_enter(int netns_fd) {
        _cleanup_(closep) int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

        if (own < 0 || setns(netns_fd, CLONE_NEWNET) < 0)
                return -errno;
        return TAKE_FD(own);
}

void netns_leave(int own_fd) {
        if (setns(own_fd, CLONE_NEWNET) < 0)
                abort();
        (void)close(own_fd);
}

static bool pick(const struct ifaddrs *list, int family, char *ret, size_t size) {
        for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
                const void *address;

                if (!i->ifa_addr || i->ifa_addr->sa_family != family || (i->ifa_flags & IFF_LOOPBACK))
                        continue;
                if (family == AF_INET)
                        address = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
                else
                        address = &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
                if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)address))
                        continue;
                return inet_ntop(family, address, ret, (socklen_t)size) != NULL;
        }
        return false;
}

/* Errors: -errno. */
static int addresses_in(int netns_fd, struct ifaddrs **ret) {
        int own = netns_enter(netns_fd), r;

        if (own < 0)
                return own;
        r = getifaddrs(ret) < 0 ? -errno : 0;
        netns_leave(own);
        return r;
}

bool netns_has_address(int netns_fd, const char *address) {
        struct ifaddrs *list = NULL;
        bool found = false;

        if (addresses_in(netns_fd, &list) < 0)
                return false;
        for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
                struct ifaddrs *next = i->ifa_next;
                char text[INET6_ADDRSTRLEN] = "";

                /* One at a time. */
                i->ifa_next = NULL;
                found = (pick(i, AF_INET, text, sizeof(text)) || pick(i, AF_INET6, text, sizeof(text))) &&
                        streq(text, address);
                i->ifa_next = next;
        }
        freeifaddrs(list);
        return found;
}

int netns_address(int netns_fd, char *ret, size_t size) {
        struct ifaddrs *list = NULL;
        bool found = false;
        int r = addresses_in(netns_fd, &list);

        if (r < 0)
                return r;
        found = pick(list, AF_INET, ret, size) || pick(list, AF_INET6, ret, size);
        freeifaddrs(list);
        return found ? 0 : -ENOENT;
}

static int subnet_text(const struct ifaddrs *i, char *ret, size_t size) {
        struct in_addr address = ((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
        struct in_addr mask = ((const struct sockaddr_in *)(const void *)i->ifa_netmask)->sin_addr;
        char text[INET_ADDRSTRLEN];

        address.s_addr &= mask.s_addr;
        if (!inet_ntop(AF_INET, &address, text, sizeof(text)))
                return -errno;
        return snprintf(ret, size, "%s/%d", text, __builtin_popcount(mask.s_addr)) < (int)size ? 0 : -ENOSPC;
}

int netns_subnet(int netns_fd, char *ret, size_t size) {
        struct ifaddrs *list = NULL;
        int own = netns_enter(netns_fd), r;

        if (own < 0)
                return own;
        r = getifaddrs(&list) < 0 ? -errno : -ENOENT;
        netns_leave(own);
        for (const struct ifaddrs *i = list; i && r == -ENOENT; i = i->ifa_next)
                if (i->ifa_addr && i->ifa_netmask && i->ifa_addr->sa_family == AF_INET && !(i->ifa_flags & IFF_LOOPBACK))
                        r = subnet_text(i, ret, size);
        freeifaddrs(list);
        return r;
}

static bool is_ipv4(const struct ifaddrs *i) {
        return i->ifa_addr && i->ifa_netmask && i->ifa_addr->sa_family == AF_INET && !(i->ifa_flags & IFF_LOOPBACK);
}

static uint32_t number_of(const struct sockaddr *address) {
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
}

/* The one of @host with the longest mask, as the kernel would choose it; it may be there already. */
static void add_bridge(char ***bridges, const struct ifaddrs *host, uint32_t address) {
        const struct ifaddrs *best = NULL;

        for (const struct ifaddrs *i = host; i; i = i->ifa_next) {
                uint32_t mask = is_ipv4(i) ? number_of(i->ifa_netmask) : 0;

                if (mask != 0 && ((number_of(i->ifa_addr) ^ address) & mask) == 0 &&
                    (!best || mask > number_of(best->ifa_netmask)))
                        best = i;
        }
        if (best && !strv_contains(*bridges, best->ifa_name))
                strv_add(bridges, best->ifa_name);
}

char **netns_bridges(int netns_fd, const char *also) {
        struct ifaddrs *inside = NULL, *host = NULL;
        struct in_addr address;
        char **bridges = NULL;

        if (getifaddrs(&host) < 0)
                return NULL;
        if (addresses_in(netns_fd, &inside) < 0)
                inside = NULL;
        for (const struct ifaddrs *i = inside; i; i = i->ifa_next)
                if (is_ipv4(i))
                        add_bridge(&bridges, host, number_of(i->ifa_addr));
        if (also && inet_pton(AF_INET, also, &address) == 1)
                add_bridge(&bridges, host, ntohl(address.s_addr));
        freeifaddrs(inside);
        freeifaddrs(host);
        return bridges;
}

int netns_default_route(const char *text, char *ret, size_t size) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(line, lines) {
                struct in_addr gateway;
                unsigned destination, address, flags;

                /* Numbers are as they lie in memory; the first flag is "up", the second that there is a gateway. */
                if (sscanf(*line, "%*15s %8x %8x %4x", &destination, &address, &flags) != 3 || destination != 0 ||
                    (flags & 3) != 3)
                        continue;
                gateway.s_addr = address;
                return inet_ntop(AF_INET, &gateway, ret, (socklen_t)size) ? 0 : -ENOSPC;
        }
        return -ENOENT;
}

int netns_gateway(int netns_fd, char *ret, size_t size) {
        _cleanup_(freep) char *text = NULL;
        int own = netns_enter(netns_fd), r;

        if (own < 0)
                return own;
        r = file_read("/proc/thread-self/net/route", 65536, &text, NULL);
        netns_leave(own);
        return r < 0 ? r : netns_default_route(text, ret, size);
}

int netns_established(const char *text, uint16_t port) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");
        int n = 0;

        STRV_FOREACH(line, lines) {
                unsigned local, state;

                /* "0: 00000000:0BB8 0100007F:C350 01 ...": the state 01 is TCP_ESTABLISHED. */
                if (sscanf(*line, " %*[0-9]: %*[0-9A-F]:%4x %*[0-9A-F]:%*4x %2x", &local, &state) == 2 && local == port &&
                    state == 1)
                        n++;
        }
        return n;
}

#define TABLE_MAX (4U << 20)

int netns_connections(int netns_fd, uint16_t port) {
        _cleanup_(freep) char *four = NULL, *six = NULL;
        int own = netns_enter(netns_fd), r;

        if (own < 0)
                return own;
        r = file_read("/proc/thread-self/net/tcp", TABLE_MAX, &four, NULL);
        /* Where the kernel has no IPv6, there is no such file. */
        if (r >= 0 && file_read("/proc/thread-self/net/tcp6", TABLE_MAX, &six, NULL) == -ENOENT)
                six = xstrdup("");
        netns_leave(own);
        if (r < 0 || !six)
                return r < 0 ? r : -EIO;
        return netns_established(four, port) + netns_established(six, port);
}
