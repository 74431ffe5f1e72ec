/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a program, it lets one of the program's calls of the C library fail, as a full disk, a machine out of memory
 * or a limit would:
 *
 *   FAULT_PROGRAM  the name of the program; in every other one nothing happens
 *   FAULT_REPORT   see fault.h
 *   FAULT_KIND     one of fault.h; FAULT_NTH: the nth call of that kind fails, and FAULT_TIMES - 1 behind it
 *   FAULT_ERRNO    with this number
 *
 * What the library calls inside itself goes past us, but for malloc: so those of its functions are here that do the work of
 * several.
 */
#include "fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static FaultReport *report;
static FaultKind wanted = _FAULT_KIND_MAX;
static uint32_t nth, times;
static int number;
static __thread bool resolving; /* dlsym() allocates */

static bool strikes(FaultKind kind, const char *name) {
        uint32_t n;

        if (!report || resolving)
                return false;
        n = __atomic_add_fetch(&report->calls[kind], 1, __ATOMIC_RELAXED);
        if (kind != wanted || n < nth || n - nth >= times)
                return false;
        if (__atomic_add_fetch(&report->failed, 1, __ATOMIC_RELAXED) == 1)
                (void)strncpy(report->name, name, sizeof(report->name) - 1);
        errno = number;
        return true;
}

static void *next(const char *name) {
        void *found;

        resolving = true;
        found = dlsym(RTLD_NEXT, name);
        resolving = false;
        return found;
}

/* --- memory: dlsym() needs it, so it has names of its own ------------------------------------------------------ */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

/* Whose memory is a kind of its own: there is much of it, and none of the code that asks for it is ours. */
static const char *const foreign[] = {"/libcrypto.", "/libssl.", "/libgssapi_krb5.", "/libkrb5.", "/libk5crypto.", "/libkrb5support."};
#define N_FOREIGN (sizeof(foreign) / sizeof(foreign[0]))

static struct {
        uintptr_t begin, end;
} places[N_FOREIGN];

static int on_library(struct dl_phdr_info *info, size_t size, void *userdata) {
        (void)size;
        (void)userdata;
        for (size_t k = 0; k < N_FOREIGN; k++) {
                if (!strstr(info->dlpi_name, foreign[k]))
                        continue;
                places[k].begin = info->dlpi_addr;
                for (size_t i = 0; i < info->dlpi_phnum; i++) {
                        uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

                        if (end > places[k].end)
                                places[k].end = end;
                }
        }
        return 0;
}

static FaultKind memory_of(const void *caller) {
        for (size_t i = 0; i < N_FOREIGN; i++)
                if ((uintptr_t)caller >= places[i].begin && (uintptr_t)caller < places[i].end)
                        return FAULT_library;
        return FAULT_memory;
}

EXPORTED void *malloc(size_t size) {
        return strikes(memory_of(__builtin_return_address(0)), "malloc") ? NULL : __libc_malloc(size);
}

EXPORTED void *calloc(size_t n, size_t size) {
        return strikes(memory_of(__builtin_return_address(0)), "calloc") ? NULL : __libc_calloc(n, size);
}

EXPORTED void *realloc(void *p, size_t size) {
        return strikes(memory_of(__builtin_return_address(0)), "realloc") ? NULL : __libc_realloc(p, size);
}

/* --- all others -------------------------------------------------------------------------------------------------- */

/* Under a name of ours in C: the headers declare some with attributes, and some as macros. */
#define FAILS(kind, type, failure, name, parameters, arguments) \
        EXPORTED type fault_##name parameters __asm__(#name);   \
        EXPORTED type fault_##name parameters {                 \
                static type(*real) parameters;                  \
                                                                \
                if (strikes(FAULT_##kind, #name))               \
                        return failure;                         \
                if (!real)                                      \
                        real = (type(*) parameters)next(#name); \
                return real arguments;                          \
        }

/* ferror() tells of it, as of any that failed. */
static int spoilt(FILE *file) {
        if (file)
                file->_flags |= 0x20; /* glibc's _IO_ERR_SEEN, which no header gives */
        return 0;
}

/* clang-format off */
FAILS(open, int, -1, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
FAILS(open, int, -1, open64, (const char *path, int flags, mode_t mode), (path, flags, mode))
FAILS(open, int, -1, __open_2, (const char *path, int flags), (path, flags))
FAILS(open, int, -1, __open64_2, (const char *path, int flags), (path, flags))
FAILS(open, int, -1, openat, (int fd, const char *path, int flags, mode_t mode), (fd, path, flags, mode))
FAILS(open, int, -1, openat64, (int fd, const char *path, int flags, mode_t mode), (fd, path, flags, mode))
FAILS(open, int, -1, __openat_2, (int fd, const char *path, int flags), (fd, path, flags))
FAILS(open, int, -1, __openat64_2, (int fd, const char *path, int flags), (fd, path, flags))
FAILS(open, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
FAILS(open, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))
FAILS(open, DIR *, NULL, opendir, (const char *path), (path))
FAILS(open, DIR *, NULL, fdopendir, (int fd), (fd))
FAILS(open, int, -1, scandir, (const char *path, struct dirent ***list, void *filter, void *compare), (path, list, filter, compare))
FAILS(open, int, -1, scandir64, (const char *path, struct dirent ***list, void *filter, void *compare), (path, list, filter, compare))

FAILS(read, ssize_t, -1, read, (int fd, void *buffer, size_t n), (fd, buffer, n))
FAILS(read, ssize_t, -1, __read_chk, (int fd, void *buffer, size_t n, size_t room), (fd, buffer, n, room))
FAILS(read, ssize_t, -1, pread, (int fd, void *buffer, size_t n, off_t at), (fd, buffer, n, at))
FAILS(read, ssize_t, -1, pread64, (int fd, void *buffer, size_t n, off_t at), (fd, buffer, n, at))
FAILS(read, ssize_t, -1, recv, (int fd, void *buffer, size_t n, int flags), (fd, buffer, n, flags))
FAILS(read, ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
FAILS(read, struct dirent *, NULL, readdir, (DIR *directory), (directory))
FAILS(read, struct dirent *, NULL, readdir64, (DIR *directory), (directory))
FAILS(read, ssize_t, -1, __getdelim, (char **line, size_t *n, int end, FILE *file), (line, n, end, file))
FAILS(read, ssize_t, -1, tee, (int from, int to, size_t n, unsigned flags), (from, to, n, flags))

FAILS(write, ssize_t, -1, write, (int fd, const void *buffer, size_t n), (fd, buffer, n))
FAILS(write, ssize_t, -1, writev, (int fd, const struct iovec *pieces, int n), (fd, pieces, n))
FAILS(write, size_t, (size_t)spoilt(file), fwrite, (const void *p, size_t size, size_t n, FILE *file), (p, size, n, file))
FAILS(write, int, spoilt(file) - 1, fputs, (const char *text, FILE *file), (text, file))
FAILS(write, int, spoilt(stdout) - 1, puts, (const char *text), (text))
FAILS(write, int, spoilt(file) - 1, fflush, (FILE *file), (file))
FAILS(write, ssize_t, -1, send, (int fd, const void *buffer, size_t n, int flags), (fd, buffer, n, flags))
FAILS(write, ssize_t, -1, sendto, (int fd, const void *buffer, size_t n, int flags, const struct sockaddr *to, socklen_t size), (fd, buffer, n, flags, to, size))
FAILS(write, ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
FAILS(write, ssize_t, -1, splice, (int from, off64_t *at, int to, off64_t *there, size_t n, unsigned flags), (from, at, to, there, n, flags))

FAILS(sync, int, -1, fsync, (int fd), (fd))
FAILS(sync, int, -1, fdatasync, (int fd), (fd))

FAILS(rename, int, -1, rename, (const char *from, const char *to), (from, to))
FAILS(rename, int, -1, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
FAILS(rename, int, -1, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
FAILS(rename, int, -1, symlinkat, (const char *target, int fd, const char *name), (target, fd, name))
FAILS(rename, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
FAILS(rename, int, -1, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
FAILS(remove, int, -1, unlink, (const char *path), (path))
FAILS(remove, int, -1, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
FAILS(rename, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))

FAILS(fork, pid_t, -1, fork, (void), ())

FAILS(poll, int, -1, poll, (struct pollfd *p, nfds_t n, int msec), (p, n, msec))
FAILS(poll, int, -1, __poll_chk, (struct pollfd *p, nfds_t n, int msec, size_t room), (p, n, msec, room))
FAILS(poll, int, -1, ppoll, (struct pollfd *p, nfds_t n, const struct timespec *t, const void *mask), (p, n, t, mask))
FAILS(poll, int, -1, epoll_wait, (int fd, struct epoll_event *events, int n, int msec), (fd, events, n, msec))
FAILS(poll, int, -1, epoll_pwait, (int fd, struct epoll_event *events, int n, int msec, const void *mask), (fd, events, n, msec, mask))
FAILS(poll, int, -1, epoll_ctl, (int fd, int what, int other, struct epoll_event *event), (fd, what, other, event))

FAILS(connect, int, -1, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAILS(socket, int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAILS(socket, int, -1, socketpair, (int domain, int type, int protocol, int pair[2]), (domain, type, protocol, pair))
FAILS(pipe, int, -1, pipe2, (int ends[2], int flags), (ends, flags))
FAILS(pipe, int, -1, memfd_create, (const char *name, unsigned flags), (name, flags))
FAILS(pipe, int, -1, epoll_create1, (int flags), (flags))
FAILS(pipe, int, -1, timerfd_create, (int clock, int flags), (clock, flags))
FAILS(pipe, int, -1, signalfd, (int fd, const void *mask, int flags), (fd, mask, flags))
FAILS(pipe, int, -1, inotify_init1, (int flags), (flags))
FAILS(pipe, int, -1, eventfd, (unsigned start, int flags), (start, flags))

FAILS(look, int, -1, stat, (const char *path, struct stat *st), (path, st))
FAILS(look, int, -1, lstat, (const char *path, struct stat *st), (path, st))
FAILS(look, int, -1, fstat, (int fd, struct stat *st), (fd, st))
FAILS(look, int, -1, fstatat, (int fd, const char *path, struct stat *st, int flags), (fd, path, st, flags))
FAILS(look, int, -1, access, (const char *path, int mode), (path, mode))
FAILS(look, int, -1, fcntl, (int fd, int what, void *argument), (fd, what, argument))
/* clang-format on */

/* --- the order ----------------------------------------------------------------------------------------------------- */

static uint32_t number_of(const char *variable, uint32_t fallback) {
        const char *text = getenv(variable);

        return text ? (uint32_t)strtoul(text, NULL, 10) : fallback;
}

static FaultKind kind_of(const char *name) {
#define FAULT_NAME(kind, what) #kind,
        static const char *const names[] = {FAULT_KINDS(FAULT_NAME)};
        FaultKind i = 0;

        while (i < _FAULT_KIND_MAX && (!name || strcmp(names[i], name) != 0))
                i++;
        return i;
}

__attribute__((constructor)) static void begin(void) {
        const char *path = getenv("FAULT_REPORT"), *program = getenv("FAULT_PROGRAM");
        void *page;
        int fd;

        if (!path || !program || strcmp(program, program_invocation_short_name) != 0)
                return;
        fd = open(path, O_RDWR | O_CLOEXEC);
        page = mmap(NULL, sizeof(FaultReport), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (fd < 0 || page == MAP_FAILED)
                abort();
        (void)close(fd);
        wanted = kind_of(getenv("FAULT_KIND"));
        nth = number_of("FAULT_NTH", 1);
        times = number_of("FAULT_TIMES", 1);
        number = (int)number_of("FAULT_ERRNO", EIO);
        (void)dl_iterate_phdr(on_library, NULL);
        report = page;
}
