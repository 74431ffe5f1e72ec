/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include "base/exit.h"

#include <stdio.h>
#include <unistd.h>

static void *checked(void *p) {
        if (!p) {
                static const char text[] = "Out of memory.\n";

                (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
                _exit(EXIT_OSERR);
        }
        return p;
}

void *xcalloc(size_t n, size_t size) {
        return checked(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *xrealloc(void *p, size_t size) {
        return checked(realloc(p, size));
}

char *xstrdup(const char *s) {
        return checked(strdup(s));
}

char *xstrndup(const char *s, size_t n) {
        return checked(strndup(s, n));
}

char *xvasprintf(const char *format, va_list ap) {
        char *s = NULL;

        return vasprintf(&s, format, ap) < 0 ? checked(NULL) : s;
}

char *xasprintf(const char *format, ...) {
        va_list ap;
        char *s;

        va_start(ap, format);
        s = xvasprintf(format, ap);
        va_end(ap);
        return s;
}

void freep(void *pointer_to_pointer) {
        int saved = errno;

        free(*(void **)pointer_to_pointer);
        errno = saved;
}

int close_fd(int fd) {
        if (fd >= 0) {
                int saved = errno;

                (void)close(fd);
                errno = saved;
        }
        return -EBADF;
}

void closep(int *fd) {
        *fd = close_fd(*fd);
}

void free_and_strdup(char **p, const char *s) {
        char *copy = s ? xstrdup(s) : NULL;

        free(*p);
        *p = copy;
}

#ifdef __SANITIZE_ADDRESS__
/* What is left at the end of a process is not freed one by one, and the search for it wants to trace the process. */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void) {
        return "detect_leaks=0";
}
#endif
