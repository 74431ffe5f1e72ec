/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A PostgreSQL server out of a script, in this process: whatever libpq connects to is one end of a pair of sockets, and the
 * other is fed each time somebody waits for an answer. No time passes but what is waited for, and nothing leaves the process.
 *
 * A script is lines, and what each is its first byte says. 0x1a in one stands for a zero byte, 0x1d for a newline.
 *   >   what follows is sent when somebody waits again
 *   ?   nothing more is sent, and the connection stays
 *   !   the connection ends; what follows is the next one's
 *   =   bytes as they stand
 *   #   "#T900 bytes": a message that says another length than it has
 *   Every other byte is the type of a message whose length is right:
 *   T   "Tname<TAB>name": columns            D   "Dvalue<TAB>value": a row; "\N" is null
 *   R   "R10 bytes": a number, and bytes     K   "K4711 99": two numbers
 *   S E N C   texts, a tabulator between two of them; each ends in a zero byte
 */

#include "base/time.h"
#include "schema/manifest.h"

#include "fuzz.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A script that is short may have somebody come back for ever. */
#define CONNECTIONS_MAX 40
#define PAUSES_MAX      6

typedef struct Bytes {
        uint8_t *data;
        size_t n;
} Bytes;

static struct {
        char *const *script; /* what is left of it; NULL: nobody is to connect */
        const char *socket;  /* the only address to come to; NULL: any */
        int fd, client;      /* our end, and the number of the other; -1: none */
        bool begun, silent;  /* of this connection */
        unsigned n_connections, n_pauses, n_sleeps;
        uint64_t msec;
        Bytes sent; /* on all connections */
} server = {.fd = -1, .client = -1};

/* --- what the script says ------------------------------------------------------------------------------ */

static void put(Bytes *bytes, const void *data, size_t n) {
        if (n == 0)
                return;
        bytes->data = xrealloc(bytes->data, bytes->n + n);
        memcpy(bytes->data + bytes->n, data, n);
        bytes->n += n;
}

static void put_number(Bytes *bytes, uint32_t number, size_t width) {
        uint8_t byte[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

        put(bytes, byte + 4 - width, width);
}

static void put_raw(Bytes *bytes, const char *text, size_t n) {
        for (size_t i = 0; i < n; i++)
                put(bytes, text[i] == 0x1a ? "\0" : text[i] == 0x1d ? "\n"
                                                                    : text + i,
                    1);
}

/* One of the fields of a message of that type. */
static void put_field(Bytes *bytes, char type, const char *text, size_t n) {
        static const uint8_t column[18] = {[9] = 25, [10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

        if (type == 'D' && n == 2 && memcmp(text, "\\N", 2) == 0) {
                put_number(bytes, UINT32_MAX, 4);
                return;
        }
        if (type == 'D')
                put_number(bytes, (uint32_t)n, 4);
        put_raw(bytes, text, n);
        if (type != 'D')
                put(bytes, "", 1);
        if (type == 'T')
                put(bytes, column, sizeof(column));
}

static void put_fields(Bytes *bytes, char type, const char *text) {
        uint32_t n_fields = 1;

        for (const char *c = text; *c; c++)
                n_fields += *c == '\t';
        if (type == 'T' || type == 'D')
                put_number(bytes, n_fields, 2);
        for (;; text++) {
                size_t n = strcspn(text, "\t");

                put_field(bytes, type, text, n);
                text += n;
                if (*text == '\0')
                        break;
        }
        if (type == 'E' || type == 'N')
                put(bytes, "", 1);
}

static void put_body(Bytes *bytes, char type, const char *text) {
        char *rest;

        if (strchr("TDSENC", type)) {
                put_fields(bytes, type, text);
                return;
        }
        if (type == 'R' || type == 'K') {
                put_number(bytes, (uint32_t)strtoul(text, &rest, 10), 4);
                if (type == 'K')
                        put_number(bytes, (uint32_t)strtoul(rest, &rest, 10), 4);
                text = rest + (*rest == ' ');
        }
        put_raw(bytes, text, strlen(text));
}

static void put_line(Bytes *bytes, const char *line) {
        Bytes body = {0};
        char type = *line == '#' ? line[1] : *line, *text = NULL;
        uint32_t length = 0;

        if (*line == '=' || type == '\0') {
                put_raw(bytes, line + 1, strlen(line) - 1);
                return;
        }
        if (*line == '#')
                length = (uint32_t)strtoul(line + 2, &text, 10);
        put_body(&body, type, text ? text + (*text == ' ') : line + 1);
        put(bytes, &type, 1);
        put_number(bytes, text ? length : (uint32_t)body.n + 4, 4);
        put(bytes, body.data, body.n);
        free(body.data);
}

/* --- connections --------------------------------------------------------------------------------------- */

static void hang_up(void) {
        if (server.fd >= 0)
                (void)close(server.fd);
        server.fd = -1;
}

static void server_start(char *const *script, const char *socket) {
        hang_up();
        free(server.sent.data);
        memset(&server, 0, sizeof(server));
        server.script = script;
        server.socket = socket;
        server.fd = server.client = -1;
        server.msec = 1U << 20;
}

/* On to what stands behind the next "!", unless nothing of this connection's was looked at. */
static void next_connection(void) {
        hang_up();
        while (server.begun && *server.script && **server.script != '!')
                server.script++;
        if (server.begun && *server.script)
                server.script++;
        server.begun = true;
        server.silent = false;
}

/* Where libpq is told to go: it finds this function in place of libc's. */
__attribute__((visibility("default"))) int server_connect(int fd, const struct sockaddr *address, socklen_t length) __asm__("connect");

int server_connect(int fd, const struct sockaddr *address, socklen_t length) {
        const struct sockaddr_un *named = (const struct sockaddr_un *)(const void *)address;
        int pair[2];

        (void)length;
        REQUIRE(server.script);
        REQUIRE(!server.socket || (address->sa_family == AF_UNIX && streq(named->sun_path, server.socket)));
        next_connection();
        if (!*server.script || server.n_connections++ == CONNECTIONS_MAX) {
                errno = ECONNREFUSED;
                return -1;
        }
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
        REQUIRE(dup2(pair[1], fd) == fd && close(pair[1]) == 0);
        server.fd = pair[0];
        server.client = fd;
        return 0;
}

/* Sends the next step. Answer: whether anything changed. */
static bool feed(void) {
        Bytes step = {0};
        ssize_t n;

        while (*server.script && **server.script != '!' && !server.silent) {
                const char *line = *server.script++;

                if (*line == '>' && step.n > 0)
                        break;
                server.silent = *line == '?';
                if (!strchr(">?", *line))
                        put_line(&step, line);
        }
        if (step.n == 0) {
                if (!server.silent)
                        hang_up();
                return !server.silent;
        }
        n = send(server.fd, step.data, step.n, MSG_NOSIGNAL);
        put(&server.sent, step.data, n > 0 ? (size_t)n : 0);
        free(step.data);
        return n > 0;
}

/* --- what the linker puts in place of libc's and of ours ----------------------------------------------- */

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_nanosleep(const struct timespec *span, struct timespec *rest);
uint64_t __wrap_now_msec(void);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
        char questions[4096];
        int r;

        if (fds->fd == STDOUT_FILENO) {
                /* Who reads what it prints goes away in the end. */
                fds->revents = server.n_pauses++ < PAUSES_MAX ? 0 : POLLERR;
                r = fds->revents ? 1 : __real_poll(fds + 1, n - 1, 0);
                if (r == 0)
                        server.msec += (uint64_t)timeout;
                return r;
        }
        while (server.fd >= 0 && recv(server.fd, questions, sizeof(questions), 0) > 0)
                continue;
        r = __real_poll(fds, n, 0);
        if (r == 0 && server.fd >= 0 && fds->fd == server.client && feed())
                r = __real_poll(fds, n, 0);
        if (r == 0)
                server.msec += (uint64_t)timeout;
        return r;
}

/* Each sleep is twice as long as the one before, so that years pass in a few. */
int __wrap_nanosleep(const struct timespec *span, struct timespec *rest) {
        (void)rest;
        server.msec += ((uint64_t)span->tv_sec * 1000) << (server.n_sleeps < 30 ? server.n_sleeps++ : 30);
        return 0;
}

uint64_t __wrap_now_msec(void) {
        return server.msec;
}

/* --- what the server said, read without libpq ---------------------------------------------------------- */

/* Whether a row has what is looked for. */
typedef bool (*Fits)(char *const *values, const Manifest *manifest);

static size_t find(size_t from, const void *what, size_t n) {
        const uint8_t *at = from < server.sent.n ? memmem(server.sent.data + from, server.sent.n - from, what, n) : NULL;

        return at ? (size_t)(at - server.sent.data) : SIZE_MAX;
}

static uint32_t number_at(const uint8_t *data, size_t width) {
        uint32_t number = 0;

        for (size_t i = 0; i < width; i++)
                number = number << 8 | data[i];
        return number;
}

/* The values of a row of @n bytes; NULL unless it is one. */
static char **row_values(const uint8_t *data, size_t n) {
        _cleanup_(strv_freep) char **values = NULL;
        const uint8_t *end = data + n;

        for (uint32_t left = n > 2 ? number_at(data, 2) : 0; left > 0; left--) {
                uint32_t length;

                data += values ? 0 : 2;
                if (end - data < 4)
                        return NULL;
                length = number_at(data, 4);
                data += 4;
                length = length == UINT32_MAX ? 0 : length;
                if (length > (size_t)(end - data))
                        return NULL;
                strv_take(&values, length > 0 ? xstrndup((const char *)data, length) : xstrdup(""));
                data += length;
        }
        return data == end ? TAKE_PTR(values) : NULL;
}

/* From the end of a row on: the answer comes to its end, and no error does. */
static bool ends_well(size_t at) {
        while (at < server.sent.n && server.sent.n - at > 5) {
                const uint8_t *message = server.sent.data + at;

                if (*message == 'E' || *message == 'Z')
                        return *message == 'Z';
                at += 1 + (size_t)number_at(message + 1, 4);
        }
        return false;
}

/* Whether there is such a row, whole, behind a login. */
static bool answered(Fits fits, const Manifest *manifest) {
        size_t at = find(0, "R\0\0\0\010\0\0\0\0", 9);

        while (at != SIZE_MAX && (at = find(at + 1, "D", 1)) != SIZE_MAX) {
                const uint8_t *row = server.sent.data + at;
                size_t left = server.sent.n - at, n = left > 5 ? number_at(row + 1, 4) : 0;
                _cleanup_(strv_freep) char **values = n > 4 && n < left ? row_values(row + 5, n - 4) : NULL;

                if (values && fits(values, manifest) && ends_well(at + 1 + n))
                        return true;
        }
        return false;
}
