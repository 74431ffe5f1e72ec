/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the preload and who runs it share: a file of a page, mapped by both, so that it is written to even where no file may
 * be opened any more, and by a process that dies at once.
 */

#include <stdint.h>

/* clang-format off */
#define FAULT_KINDS(X)                                                                                          \
        X(memory,  "malloc, calloc, realloc")                                                                   \
        X(library, "the same, for those of OpenSSL and Kerberos")                                              \
        X(open,    "files, directories and whatever else makes a descriptor of a name")                        \
        X(read,    "of files, pipes, sockets and directories")                                                  \
        X(write,   "to files, pipes and sockets")                                                               \
        X(sync,    "fsync, fdatasync")                                                                          \
        X(rename,  "and what else makes a name")                                                                \
        X(remove,  "of a name")                                                                                 \
        X(fork,    "processes")                                                                                 \
        X(poll,    "poll, ppoll, epoll")                                                                        \
        X(connect, "connect")                                                                                   \
        X(socket,  "socket, socketpair")                                                                        \
        X(pipe,    "pipe, and what else makes a descriptor of nothing")                                         \
        X(look,    "stat, access, fcntl")
/* clang-format on */

#define FAULT_ENUM(name, what) FAULT_##name,
typedef enum FaultKind { FAULT_KINDS(FAULT_ENUM) _FAULT_KIND_MAX } FaultKind;

typedef struct FaultReport {
        uint32_t calls[_FAULT_KIND_MAX]; /* so many of each kind were made */
        uint32_t failed;                 /* so many of them by order */
        char name[28];                   /* the function that failed first */
} FaultReport;
