/* SPDX-License-Identifier: MIT */
#include "probe/name.h"

#include <string.h>

/* The socket is connected, so whoever answers is the one that was asked: the number need not be a secret. */
#define ID_HIGH 0x4c
#define ID_LOW  0x61

size_t name_request(const char *name, unsigned char buf[static NAME_REQUEST_MAX]) {
        static const unsigned char head[12] = {ID_HIGH, ID_LOW, 1, 0, 0, 1}; /* a query, recursion wanted, one question */
        static const unsigned char tail[5] = {0, 0, 1, 0, 1};                /* the root; type A, class IN */
        size_t at = sizeof(head);

        if (*name == '\0' || strlen(name) > 253)
                return 0;
        memcpy(buf, head, sizeof(head));
        while (*name) {
                size_t n = strcspn(name, ".");

                if (n == 0 || n > 63)
                        return 0;
                buf[at++] = (unsigned char)n;
                memcpy(buf + at, name, n);
                at += n;
                name += n + (name[n] == '.');
        }
        memcpy(buf + at, tail, sizeof(tail));
        return at + sizeof(tail);
}

NameAnswer name_answer(const void *bytes, size_t n) {
        const unsigned char *b = bytes;

        if (n < 12 || b[0] != ID_HIGH || b[1] != ID_LOW || !(b[2] & 0x80))
                return NAME_NONE;
        switch (b[3] & 0x0f) {
        case 0:
                return NAME_KNOWN;
        case 3:
                return NAME_UNKNOWN;
        default:
                return NAME_FAILED;
        }
}
