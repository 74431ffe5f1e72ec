/* SPDX-License-Identifier: MIT */
#include "supervisor/wall.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/util.h"

#include <strings.h>
#include <unistd.h>

/* As ufw itself reads it: quotes may be there, and the case is no matter. */
static bool is_enabled(const char *ufw_conf) {
        _cleanup_(freep) char *value = keyfile_get(ufw_conf, "ENABLED");

        return value && (strcasecmp(value, "yes") == 0 || strcasecmp(value, "\"yes\"") == 0);
}

Wall wall_of(bool firewalld, const char *ufw_conf) {
        if (firewalld)
                return WALL_FIREWALLD;
        return ufw_conf && is_enabled(ufw_conf) ? WALL_UFW : WALL_OTHER;
}

/* The file of a package that was removed stays. The group of a service is there as long as it runs. */
Wall wall_here(void) {
        _cleanup_(freep) char *ufw_conf = NULL;

        if (access("/usr/sbin/ufw", X_OK) == 0)
                (void)file_read("/etc/ufw/ufw.conf", 65536, &ufw_conf, NULL);
        return wall_of(access("/sys/fs/cgroup/system.slice/firewalld.service", F_OK) == 0, ufw_conf);
}

const char *wall_name(Wall wall) {
        static const char *const names[] = {
                [WALL_UFW] = "ufw",
                [WALL_FIREWALLD] = "firewalld",
        };

        return names[wall];
}

/* ufw takes one interface at a time. */
static char *for_each(const char *before, char *const *bridges, const char *behind) {
        _cleanup_(strv_freep) char **commands = NULL;

        STRV_FOREACH(bridge, bridges)
                strv_addf(&commands, "%s%s%s", before, *bridge, behind);
        return strv_join(commands, " && ");
}

static char *trusted(const char *options) {
        return xasprintf("firewall-cmd --permanent --zone=trusted %s && firewall-cmd --reload", options);
}

static char *trusted_bridges(char *const *bridges) {
        _cleanup_(strv_freep) char **list = NULL;
        _cleanup_(freep) char *options = NULL;

        STRV_FOREACH(bridge, bridges)
                strv_addf(&list, "--add-interface=%s", *bridge);
        options = strv_join(list, " ");
        return trusted(options);
}

char *wall_lets_out(Wall wall, char *const *bridges) {
        switch (wall) {
        case WALL_UFW:
                return for_each("ufw route allow in on ", bridges, "");
        case WALL_FIREWALLD:
                return trusted_bridges(bridges);
        case WALL_OTHER:
                break;
        }
        return NULL;
}

char *wall_lets_ask(Wall wall, char *const *bridges) {
        _cleanup_(freep) char *ask = NULL, *out = NULL;

        if (wall != WALL_UFW)
                return wall_lets_out(wall, bridges);
        ask = for_each("ufw allow in on ", bridges, " to any port 53");
        out = wall_lets_out(wall, bridges);
        return xasprintf("%s && %s", ask, out);
}

char *wall_lets_in(Wall wall, const char *subnet, unsigned port) {
        _cleanup_(freep) char *source = xasprintf("--add-source=%s", subnet);

        switch (wall) {
        case WALL_UFW:
                return xasprintf("ufw allow from %s to any port %u proto tcp", subnet, port);
        case WALL_FIREWALLD:
                return trusted(source);
        case WALL_OTHER:
                break;
        }
        return NULL;
}
