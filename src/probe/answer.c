/* SPDX-License-Identifier: MIT */
#include "probe/probe.h"

#include "base/util.h"
#include "probe/name.h"
#include "probe/reading.h"
#include "probe/redis.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Of what follows "HTTP/1.": a digit, a space, three digits. -1: it is no status line, RFC 9112, section 4. */
static int http_status(const char *rest) {
        if (strlen(rest) < 5 || !isdigit((unsigned char)rest[0]) || rest[1] != ' ' || strspn(rest + 2, "0123456789") != 3)
                return -1;
        return atoi(rest + 2);
}

/* "HTTP/1.1 200 OK" and the body; Lago's /health echoes the release in it. */
static ProbeReading read_http(const ProbeTarget *target, const char *bytes, size_t n, bool eof) {
        _cleanup_(freep) char *text = xstrndup(bytes, n), *line = NULL;
        const char *rest = startswith(text, "HTTP/1.");
        const char *body = strstr(text, "\r\n\r\n");
        int status;

        if (!rest && (n >= 7 || eof))
                return n > 0 ? reading(PROBE_LATER, "no HTTP on port %u", target->port)
                             : reading(PROBE_LATER, "closed without an answer");
        if (!body && !eof)
                return (ProbeReading){.complete = false};
        status = rest ? http_status(rest) : -1;
        if (status < 0)
                return reading(PROBE_LATER, "no HTTP on port %u", target->port);
        line = first_line(text, n);
        if (status != 200)
                return reading(PROBE_LATER, "%s answers %d", target->path, status);
        if (!target->version || (body && strstr(body, target->version)))
                return reading(PROBE_GOOD, "%s", line);
        if (!eof)
                return (ProbeReading){.complete = false};
        return reading(PROBE_LATER, "%s does not name %s", target->path, target->version);
}

static ProbeReading read_postgres(const ProbeTarget *target, const char *bytes, size_t n, bool eof) {
        if (n == 0)
                return eof ? reading(PROBE_LATER, "closed without an answer") : (ProbeReading){.complete = false};
        if (bytes[0] == 'S' || bytes[0] == 'N')
                return reading(PROBE_GOOD, "accepts connections");
        return reading(PROBE_LATER, "no PostgreSQL on port %u", target->port);
}

/* One datagram, so it is whole. */
static ProbeReading read_name(const ProbeTarget *target, const char *bytes, size_t n) {
        switch (name_answer(bytes, n)) {
        case NAME_KNOWN:
                return reading(PROBE_GOOD, "knows %s", target->path);
        case NAME_UNKNOWN:
                return reading(PROBE_LATER, "it does not know %s", target->path);
        case NAME_FAILED:
                return reading(PROBE_LATER, "it fails to look up %s", target->path);
        case NAME_NONE:
                break;
        }
        return reading(PROBE_LATER, "no name server on port %u", target->port);
}

ProbeReading probe_read(const ProbeTarget *target, const char *bytes, size_t n, bool eof) {
        switch (target->question) {
        case ASK_HTTP:
                return read_http(target, bytes, n, eof);
        case ASK_REDIS:
                return redis_read(target, bytes, n, eof);
        case ASK_NAME:
                return read_name(target, bytes, n);
        case ASK_POSTGRES:
                return read_postgres(target, bytes, n, eof);
        }
        return reading(PROBE_LATER, "nothing was asked");
}

char *probe_request(const ProbeTarget *target, size_t *ret_n) {
        /* Length 8, code 1234.5679; see "SSLRequest" in PostgreSQL's protocol chapter. */
        static const char ssl_request[8] = {0, 0, 0, 8, 0x04, (char)0xd2, 0x16, 0x2f};
        char *text;

        switch (target->question) {
        case ASK_HTTP:
                text = xasprintf("GET %s HTTP/1.0\r\nHost: localhost\r\nUser-Agent: lago-supervisor/%s\r\n"
                                 "Connection: close\r\n\r\n",
                                 target->path, LAGO_VERSION);
                break;
        case ASK_REDIS:
                text = redis_request(target);
                break;
        case ASK_NAME:
                text = xcalloc(NAME_REQUEST_MAX, 1);
                *ret_n = name_request(target->path, (unsigned char *)text);
                return text;
        default:
                text = xcalloc(sizeof(ssl_request) + 1, 1);
                memcpy(text, ssl_request, sizeof(ssl_request));
                *ret_n = sizeof(ssl_request);
                return text;
        }
        *ret_n = strlen(text);
        return text;
}
