/* SPDX-License-Identifier: MIT */
#pragma once
/* Memory that cannot run out, and what owns it: pointers and descriptors. */

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define _cleanup_(f)       __attribute__((cleanup(f)))
#define _printf_(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define _unused_           __attribute__((unused))
#define _noreturn_         __attribute__((noreturn))
#define ELEMENTSOF(a)      (sizeof(a) / sizeof((a)[0]))

/* Moves a value out of a variable that a cleanup attribute guards. */
#define TAKE_PTR(p)                            \
        ({                                     \
                __typeof__(p) *_take = &(p);   \
                __typeof__(p) _value = *_take; \
                *_take = NULL;                 \
                _value;                        \
        })
#define TAKE_FD(fd)                  \
        ({                           \
                int *_take = &(fd);  \
                int _value = *_take; \
                *_take = -EBADF;     \
                _value;              \
        })

/** x*() - like their namesakes, but end the process with EXIT_OSERR when memory is out; systemd restarts it. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) _printf_(1, 2);
char *xvasprintf(const char *format, va_list ap) _printf_(1, 0);

/** freep(), closep() - for _cleanup_(); errno survives. */
void freep(void *pointer_to_pointer);
void closep(int *fd);

/** close_fd() - closes when it is a descriptor; always answers -EBADF, errno survives. */
int close_fd(int fd);

/** free_and_strdup() - *@p takes a copy of @s (NULL stays NULL); the old value is freed. */
void free_and_strdup(char **p, const char *s);
