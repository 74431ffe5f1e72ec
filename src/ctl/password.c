/* SPDX-License-Identifier: MIT */
#include "ctl/password.h"

#include "base/log.h"
#include "base/util.h"

#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 1024

static void on_signal(int sig) {
        (void)sig;
}

/* By single bytes, so that what follows the line stays for others. Errors: -errno. */
static int read_line(char **ret) {
        char line[PASSWORD_MAX];
        size_t n = 0;
        ssize_t r;

        while ((r = read(STDIN_FILENO, line + n, 1)) == 1 && line[n] != '\n')
                if (++n == sizeof(line))
                        return -E2BIG;
        if (r < 0)
                return -errno;
        *ret = xstrndup(line, n);
        explicit_bzero(line, sizeof(line));
        return 0;
}

static int ask(const char *prompt, char **ret) {
        /* Without SA_RESTART: Ctrl-C ends the read, and the terminal gets its echo back. */
        struct sigaction interruptible = {.sa_handler = on_signal}, before;
        struct termios echo, silent;
        int r;

        if (tcgetattr(STDIN_FILENO, &echo) < 0)
                return -errno;
        silent = echo;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s: ", prompt);
        (void)sigaction(SIGINT, &interruptible, &before);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        r = read_line(ret);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &echo);
        (void)sigaction(SIGINT, &before, NULL);
        fputc('\n', stderr);
        return r;
}

static void wipe(char **secret) {
        if (*secret)
                explicit_bzero(*secret, strlen(*secret));
        free(*secret);
}

static int ask_twice(const char *prompt, char **ret) {
        _cleanup_(wipe) char *first = NULL, *second = NULL;
        int r = ask(prompt, &first);

        if (r >= 0)
                r = ask("Once more", &second);
        if (r < 0)
                return r;
        if (!streq(first, second)) {
                log_error("The two differ");
                return -EINVAL;
        }
        *ret = TAKE_PTR(first);
        return 0;
}

int password_read(const char *prompt, char **ret) {
        _cleanup_(wipe) char *password = NULL;
        int r = isatty(STDIN_FILENO) ? ask_twice(prompt, &password) : read_line(&password);

        if (r < 0 && r != -EINVAL && r != -EINTR)
                log_error("Cannot read the password: %s", strerror(-r));
        if (r < 0)
                return r;
        if (isempty(password)) {
                log_error("The password is empty");
                return -EINVAL;
        }
        *ret = TAKE_PTR(password);
        return 0;
}
