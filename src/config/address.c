/* SPDX-License-Identifier: MIT */
#include "config/address.h"

#include "base/util.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#define LETTERS  "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS   "0123456789"

bool host_is_address(const char *s) {
        struct in6_addr any;

        return inet_pton(strchr(s, ':') ? AF_INET6 : AF_INET, s, &any) == 1;
}

int value_parse_port(const char *s, uint16_t *ret) {
        uint64_t n;

        if (strlen(s) > 5 || parse_uint(s, 65535, &n) < 0 || n == 0)
                return -EINVAL;
        *ret = (uint16_t)n;
        return 0;
}

int value_parse_listen(const char *value, void *target, char **reterr) {
        Listen *listen = target;
        const char *colon = strrchr(value, ':');
        size_t n = colon ? (size_t)(colon - value) : 0;
        bool brackets = n >= 2 && value[0] == '[' && value[n - 1] == ']';
        _cleanup_(freep) char *address = xstrndup(value + brackets, brackets ? n - 2 : n);
        uint16_t port;

        if (value_parse_port(colon ? colon + 1 : value, &port) < 0)
                return -EINVAL;
        if (n == 0 || streq(address, "localhost")) {
                *reterr = xasprintf(
                        "write a numeric address and a port: 127.0.0.1:%u, or 0.0.0.0:%u to be "
                        "reached "
                        "from other hosts",
                        port, port);
                return -EINVAL;
        }
        if (!host_is_address(address) || brackets != (strchr(address, ':') != NULL))
                return -EINVAL;
        if (brackets) {
                *reterr = xasprintf(
                        "the containers have no IPv6 address, so nobody would answer there; "
                        "write 127.0.0.1:%u, or 0.0.0.0:%u to be reached from other hosts",
                        port, port);
                return -EINVAL;
        }
        if (address[0] >= '2' && strtoul(address, NULL, 10) >= 224) {
                *reterr = xasprintf("no host has that address; write 127.0.0.1:%u, or 0.0.0.0:%u to be reached from other hosts", port,
                                    port);
                return -EINVAL;
        }
        free_and_strdup(&listen->address, address);
        listen->port = port;
        return 0;
}

bool listen_is_loopback(const Listen *listen) {
        return host_is_local(listen->address) && !streq(listen->address, "0.0.0.0") &&
               !streq(listen->address, "::");
}

/* Names that every host has for itself, by its hosts(5) or by its resolver; RFC 6761, section 6.3, has the last. */
static bool name_is_local(const char *host) {
        static const char *const names[] = {
                "localhost",
                "localhost4",
                "localhost6",
                "localhost.localdomain",
                "localhost4.localdomain4",
                "localhost6.localdomain6",
                "ip6-localhost",
                "ip6-loopback",
        };
        size_t n = strlen(host);
        _cleanup_(freep) char *name = xstrndup(host, n > 0 && host[n - 1] == '.' ? n - 1 : n);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcasecmp(name, names[i]) == 0)
                        return true;
        n = strlen(name);
        return n > strlen(".localhost") && strcasecmp(name + n - strlen(".localhost"), ".localhost") == 0;
}

static bool v4_is_local(uint32_t address) {
        return address == INADDR_ANY || address >> 24 == 127;
}

bool host_is_v6(const char *host) {
        struct in6_addr any;

        return inet_pton(AF_INET6, host, &any) == 1;
}

bool host_is_local(const char *host) {
        struct in_addr v4;
        struct in6_addr v6;

        /* All that is taken for an address: also "127.1", "0x7f.1" and "2130706433". */
        if (*host != '\0' && host[strspn(host, DIGITS ".xXabcdefABCDEF")] == '\0' && inet_aton(host, &v4) == 1)
                return v4_is_local(ntohl(v4.s_addr));
        if (inet_pton(AF_INET6, host, &v6) == 1)
                return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) ||
                       (IN6_IS_ADDR_V4MAPPED(&v6) && v4_is_local(ntohl(v6.s6_addr32[3])));
        return name_is_local(host);
}

/* Host and port, @ret_n bytes, of a URL with or without a login; NULL when there is no "://". */
static const char *host_and_port(const char *url, size_t *ret_n) {
        const char *start = strstr(url, "://"), *at;
        size_t n;

        if (!start)
                return NULL;
        start += 3;
        n = strcspn(start, "/?#");
        at = memrchr(start, '@', n);
        if (at) {
                n -= (size_t)(at + 1 - start);
                start = at + 1;
        }
        *ret_n = n;
        return start;
}

char *url_host(const char *url) {
        size_t n = 0;
        const char *start = host_and_port(url, &n);

        if (!start)
                return NULL;
        if (n > 0 && start[0] == '[') {
                start++;
                n = strcspn(start, "]/?#");
        } else if (memchr(start, ':', n))
                n = (size_t)((const char *)memchr(start, ':', n) - start);
        return n > 0 ? xstrndup(start, n) : NULL;
}

int url_port(const char *url) {
        size_t n = 0;
        const char *start = host_and_port(url, &n), *colon;
        _cleanup_(freep) char *text = start ? xstrndup(start, n) : NULL;
        uint16_t port;

        if (!text)
                return 0;
        colon = *text == '[' ? strchr(text, ']') : text;
        colon = colon ? strchr(colon, ':') : NULL;
        if (!colon || colon[1] == '\0')
                return 0;
        return value_parse_port(colon + 1, &port) < 0 ? -EINVAL : port;
}

/* Ports that belong to other protocols, and to which no browser connects; see "bad port" in the Fetch standard. */
static bool port_is_blocked(uint16_t port) {
        static const uint16_t blocked[] = {
                1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79,
                87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
                389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989,
                990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
                6697, 10080};

        for (size_t i = 0; i < ELEMENTSOF(blocked); i++)
                if (blocked[i] == port)
                        return true;
        return false;
}

/* Host, port and path of what follows "http://". */
static int check_authority(const char *s, bool path_allowed, char **reterr) {
        size_t n = strcspn(s, "/");
        _cleanup_(freep) char *authority = xstrndup(s, n);
        size_t n_host = authority[0] == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":");
        const char *rest = n_host <= n ? authority + n_host : NULL;
        _cleanup_(freep) char *host = xstrndup(authority, n_host);
        uint16_t port;

        if (!rest || n_host == 0 || strspn(host, LETTERS CAPITALS DIGITS "-._:[]") != strlen(host))
                return -EINVAL;
        if (streq(host, "0.0.0.0") || streq(host, "[::]")) {
                *reterr = xstrdup("no browser can go to that address; write localhost, or a name of this host");
                return -EINVAL;
        }
        if (*rest && (*rest != ':' || value_parse_port(rest + 1, &port) < 0)) {
                *reterr = xstrdup("the port must be a number from 1 to 65535");
                return -EINVAL;
        }
        if (*rest && port_is_blocked(port)) {
                *reterr = xasprintf("no browser goes to port %u, which belongs to another protocol; write another one", port);
                return -EINVAL;
        }
        if (s[n] && s[n + 1] && !path_allowed) {
                *reterr = xstrdup("Lago's front knows no path; write scheme, host and port only");
                return -EINVAL;
        }
        return 0;
}

static int parse_any_url(const char *value, void *target, bool path_allowed, char **reterr) {
        const char *rest = startswith(value, "http://");
        size_t n = strlen(value);

        if (!rest)
                rest = startswith(value, "https://");
        if (!rest) {
                if (*value && !strstr(value, "://"))
                        *reterr = xasprintf("it lacks its scheme; write https://%s or http://%s",
                                            value, value);
                return -EINVAL;
        }
        if (strpbrk(value, "?#@ \t\"'\\<>")) {
                *reterr = xstrdup("write it without user, query and fragment");
                return -EINVAL;
        }
        if (check_authority(rest, path_allowed, reterr) < 0)
                return -EINVAL;
        free_and_strdup(target, value);
        /* Lago puts paths behind it. */
        while (value[n - 1] == '/')
                (*(char **)target)[--n] = '\0';
        return 0;
}

int value_parse_origin_url(const char *value, void *target, char **reterr) {
        return parse_any_url(value, target, /* path_allowed= */ false, reterr);
}

int value_parse_url(const char *value, void *target, char **reterr) {
        return parse_any_url(value, target, /* path_allowed= */ true, reterr);
}
