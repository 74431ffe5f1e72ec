/* SPDX-License-Identifier: MIT */
#include "process/port.h"

#include "base/util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* podman would tell it in words only; a bind(2) of our own tells it for sure. 1: somebody else listens there. */
bool port_is_taken(const char *address, uint16_t port) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        bool v4 = inet_pton(AF_INET, address, &in.sin_addr) == 1;
        _cleanup_(closep) int fd = -EBADF;
        int yes = 1, r;

        if (!v4 && inet_pton(AF_INET6, address, &in6.sin6_addr) != 1)
                return false;
        fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return false;
        /* Connections of the last run that linger are no listener. */
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        r = v4 ? bind(fd, (const struct sockaddr *)&in, sizeof(in))
               : bind(fd, (const struct sockaddr *)&in6, sizeof(in6));
        return r < 0 && errno == EADDRINUSE;
}
