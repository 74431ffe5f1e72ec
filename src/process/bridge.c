/* SPDX-License-Identifier: MIT */
#include "process/bridge.h"

#include "base/file.h"
#include "base/util.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* NET_ADDR_SET of linux/netdevice.h: somebody has chosen it, and the kernel leaves it alone. */
#define CHOSEN "3"

static bool is_bridge(const char *name) {
        _cleanup_(freep) char *path = xasprintf("/sys/class/net/%s/bridge", name);

        return access(path, F_OK) == 0;
}

/* Errors: -errno. */
static int address_is_chosen(const char *name) {
        _cleanup_(freep) char *path = xasprintf("/sys/class/net/%s/addr_assign_type", name), *text = NULL;
        int r = file_read(path, 64, &text, NULL);

        return r < 0 ? r : streq(strip(text), CHOSEN);
}

int bridge_keep_address(const char *name) {
        _cleanup_(closep) int fd = -EBADF;
        struct ifreq request = {0};
        int chosen;

        if (strlen(name) >= sizeof(request.ifr_name) || !is_bridge(name))
                return 0;
        chosen = address_is_chosen(name);
        if (chosen != 0)
                return chosen < 0 ? chosen : 0;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        /* Setting what it has makes it chosen. */
        if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0 || ioctl(fd, SIOCSIFHWADDR, &request) < 0)
                return -errno;
        return 1;
}
