/* SPDX-License-Identifier: MIT */
#include "config/dburl-values.h"

#include "base/util.h"

#include <arpa/inet.h>

bool dburl_is_port(const char *s, size_t n) {
        _cleanup_(freep) char *port = xstrndup(s, n);
        uint64_t value;

        return parse_uint(port, 65535, &value) >= 0 && value > 0;
}

/* As libpq reads one: a sign, digits, and what fits into an int. */
static bool is_number(const char *value) {
        uint64_t n;

        return parse_uint(value + (*value == '-' || *value == '+'), INT32_MAX, &n) >= 0;
}

/* One for all hosts, or one for each; an empty one is the usual. */
static bool are_ports(const char *value) {
        for (;;) {
                size_t n = strcspn(value, ",");

                if (n > 0 && !dburl_is_port(value, n))
                        return false;
                if (value[n] == '\0')
                        return true;
                value += n + 1;
        }
}

static bool are_addresses(const char *value) {
        _cleanup_(strv_freep) char **list = strv_split(value, ",");
        unsigned char any[16];

        STRV_FOREACH(address, list)
                if (inet_pton(strchr(*address, ':') ? AF_INET6 : AF_INET, *address, any) != 1)
                        return false;
        return true;
}

bool dburl_takes(const char *keyword, const char *value) {
        static const char *const numbers[] = {"connect_timeout", "keepalives", "keepalives_count", "keepalives_idle",
                                              "keepalives_interval", "tcp_user_timeout"};
        static const char *const choices[][8] = {
                {"channel_binding", "disable", "prefer", "require"},
                {"gssencmode", "disable", "prefer", "require"},
                {"ssl_max_protocol_version", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"},
                {"ssl_min_protocol_version", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"},
                {"sslsni", "0", "1"},
                {"sslmode", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
                {"target_session_attrs", "any", "read-write", "read-only", "primary", "standby",
                 "prefer-standby"},
        };

        if (streq(keyword, "port"))
                return are_ports(value);
        if (streq(keyword, "hostaddr"))
                return are_addresses(value);
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (streq(numbers[i], keyword))
                        return is_number(value);
        for (size_t i = 0; i < ELEMENTSOF(choices); i++) {
                if (!streq(choices[i][0], keyword))
                        continue;
                for (size_t j = 1; j < ELEMENTSOF(choices[i]) && choices[i][j]; j++)
                        if (streq(choices[i][j], value))
                                return true;
                return *value == '\0';
        }
        return true;
}
