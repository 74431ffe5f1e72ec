/* SPDX-License-Identifier: MIT */
/*
 * What "lago-gate install" puts in front of its copy: starts the program beside it by the loader beside it, with the libraries
 * beside it and none of the system it finds itself in. That system may have another C library or none at all, so this program
 * stands on the kernel alone; lago-gate carries it within itself.
 */
#if defined(__x86_64__) || defined(__aarch64__)

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <stddef.h>

#define STATUS_OSERR 71
#define WORDS_MAX    1024 /* of a command line */
#define WORDS_AHEAD  7    /* those of the loader */

#ifdef __x86_64__
__asm__(".globl _start\n"
        "_start:\n"
        "        xor %ebp, %ebp\n"
        "        mov %rsp, %rdi\n"
        "        and $-16, %rsp\n"
        "        call begin\n"
        "        hlt\n");

static long ask_kernel(long number, long a, long b, long c, long d) {
        register long r10 __asm__("r10") = d;
        long answer;

        __asm__ volatile("syscall"
                         : "=a"(answer)
                         : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                         : "rcx", "r11", "memory");
        return answer;
}
#else
__asm__(".globl _start\n"
        "_start:\n"
        "        mov x29, xzr\n"
        "        mov x30, xzr\n"
        "        mov x0, sp\n"
        "        bl begin\n"
        "        brk #1\n");

static long ask_kernel(long number, long a, long b, long c, long d) {
        register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = d;

        __asm__ volatile("svc 0"
                         : "+r"(x0)
                         : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
                         : "memory");
        return x0;
}
#endif

static size_t length(const char *s) {
        size_t n = 0;

        /* Not a call of strlen(), which a compiler would make of a plain loop, and which is not here. */
        while (*(const volatile char *)(s + n))
                n++;
        return n;
}

static _Bool is_of_loader(const char *variable) {
        return variable[0] == 'L' && variable[1] == 'D' && variable[2] == '_';
}

__attribute__((noreturn)) static void give_up(const char *why) {
        static const char before[] = "lago-gate: this copy cannot be started: ";

        (void)ask_kernel(__NR_write, 2, (long)before, sizeof(before) - 1, 0);
        (void)ask_kernel(__NR_write, 2, (long)why, (long)length(why), 0);
        for (;;)
                (void)ask_kernel(__NR_exit_group, STATUS_OSERR, 0, 0, 0);
}

/* @directory, a slash and @name into @path. */
static void join(char path[static PATH_MAX], const char *directory, size_t n, const char *name) {
        size_t at = 0;

        if (n + length(name) + 2 > PATH_MAX)
                give_up("its path is too long\n");
        for (; at < n; at++)
                ((volatile char *)path)[at] = directory[at];
        path[at++] = '/';
        do
                ((volatile char *)path)[at++] = *name;
        while (*name++);
}

/* The image sets LD_PRELOAD to a library of its own, which is of its own C library as well. */
static void forget_loader_variables(char **environment) {
        char **to = environment;

        for (char **from = environment; *from; from++)
                if (!is_of_loader(*from))
                        *to++ = *from;
        *to = NULL;
}

/* The links of the path are resolved: the kernel tells where the program itself is. */
static size_t own_directory(char here[static PATH_MAX]) {
        long n = ask_kernel(__NR_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)here, PATH_MAX - 1);

        if (n <= 0)
                give_up("/proc is not mounted here, mount it\n");
        while (n > 0 && here[n - 1] != '/')
                n--;
        if (n <= 1)
                give_up("it lies in the root directory, install it into one of its own\n");
        here[n - 1] = '\0';
        return (size_t)n - 1;
}

void begin(long *stack);

void begin(long *stack) {
        static char inhibit_cache[] = "--inhibit-cache", library_path[] = "--library-path", argv0[] = "--argv0";
        static char directory[PATH_MAX], loader[PATH_MAX], program[PATH_MAX];
        static char *words[WORDS_MAX + WORDS_AHEAD + 1];
        char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1;
        size_t n = own_directory(directory);

        if (stack[0] < 1 || stack[0] > WORDS_MAX)
                give_up("it was given too many arguments, or none\n");
        join(loader, directory, n, "loader");
        join(program, directory, n, "program");
        words[0] = loader;
        words[1] = inhibit_cache;
        words[2] = library_path;
        words[3] = directory;
        words[4] = argv0;
        words[5] = arguments[0];
        words[6] = program;
        for (long i = 1; i < stack[0]; i++)
                words[WORDS_AHEAD - 1 + i] = arguments[i];
        forget_loader_variables(environment);
        (void)ask_kernel(__NR_execve, (long)loader, (long)words, (long)environment, 0);
        give_up("what was installed with it is gone, or may not be executed here; install it again\n");
}

#endif
