/* SPDX-License-Identifier: MIT */
#pragma once
/* One question to a name server over UDP, as bytes; see RFC 1035, section 4. Pure. */

#include <stdbool.h>
#include <stddef.h>

#define NAME_REQUEST_MAX 300

/** name_request() - asks for the IPv4 address of @name, which is written into @buf. Answer: its length, 0 for no name of a host. */
size_t name_request(const char *name, unsigned char buf[static NAME_REQUEST_MAX]);

typedef enum NameAnswer {
        NAME_NONE, /* not an answer to that question */
        NAME_KNOWN,
        NAME_UNKNOWN, /* there is no such name, as far as this server knows */
        NAME_FAILED,  /* it cannot say */
} NameAnswer;

/** name_answer() - what the datagram means. */
NameAnswer name_answer(const void *bytes, size_t n);
