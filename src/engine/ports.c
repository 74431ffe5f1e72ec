/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/util.h"

/* "80/tcp", or "80", which is the same. Answer: 0 for what is of no interest, UINT16_MAX + 1 for what is not understood. */
static unsigned tcp_port(const char *s) {
        size_t n = strcspn(s, "/");
        _cleanup_(freep) char *digits = xstrndup(s, n);
        uint64_t port;

        if (s[n] && !streq(s + n, "/tcp"))
                return 0;
        return parse_uint(digits, UINT16_MAX, &port) >= 0 && port > 0 ? (unsigned)port : UINT16_MAX + 1U;
}

/* An object whose keys are the ports: {"80/tcp":{},"53/udp":{}}; null for none. */
uint16_t engine_exposed_port(const char *text) {
        unsigned found = 0;

        for (const char *s = strchr(text, '"'), *end; s; s = strchr(end + 1, '"')) {
                _cleanup_(freep) char *word = NULL;
                unsigned port;

                end = strchr(s + 1, '"');
                if (!end)
                        return 0;
                word = xstrndup(s + 1, (size_t)(end - s - 1));
                port = tcp_port(word);
                if (port > UINT16_MAX || (port > 0 && found > 0))
                        return 0;
                found = port > 0 ? port : found;
        }
        return (uint16_t)found;
}

char *engine_image(const char *line, uint16_t *ret_port) {
        const char *bare = startswith(line, "sha256:"), *id = bare ? bare : line;
        size_t n = strcspn(id, " \n");

        *ret_port = engine_exposed_port(id + n);
        return n > 0 ? xstrndup(id, n) : NULL;
}
