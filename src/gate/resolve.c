/* SPDX-License-Identifier: MIT */
/*
 * Names into addresses, within a deadline. libpq would ask the resolver itself, and neither of the two can be told to
 * stop: a name server that does not answer holds a caller for half a minute and more. So a child asks, and is killed.
 */
#include "gate/gate.h"

#include "base/util.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTS_MAX  32    /* in one URL; a longer list is libpq's to resolve */
#define ANSWER_MAX 16384 /* bytes of addresses of all of them */

void endpoints_done(Endpoints *endpoints) {
        strv_free(endpoints->hosts);
        strv_free(endpoints->addresses);
        strv_free(endpoints->ports);
        *endpoints = (Endpoints){};
}

/* What lies between the commas; nothing is something too. */
static char **split_list(const char *s) {
        char **v = NULL;

        for (;; s++) {
                size_t n = strcspn(s, ",");

                strv_take(&v, xstrndup(s, n));
                s += n;
                if (*s == '\0')
                        return v;
        }
}

/* What libpq falls back on: a service's file. The variables that it would look at are gone. */
typedef struct Defaults {
        PQconninfoOption *list; /* NULL: there is no service */
} Defaults;

static Defaults defaults_of(const DbUrl *url) {
        const char *service = dburl_get(url, "service");

        if (service)
                (void)setenv("PGSERVICE", service, 1);
        return (Defaults){service ? PQconndefaults() : NULL};
}

static void defaults_done(Defaults *defaults) {
        PQconninfoFree(defaults->list);
}

static char *setting_of(const DbUrl *url, const Defaults *defaults, const char *keyword) {
        const char *value = dburl_get(url, keyword);

        for (PQconninfoOption *option = defaults->list; isempty(value) && option && option->keyword; option++)
                if (streq(option->keyword, keyword))
                        value = option->val;
        return isempty(value) ? NULL : xstrdup(value);
}

/* Neither a socket's path nor an address. */
static bool is_name(const char *host) {
        return *host != '\0' && *host != '/' && *host != '@' && !strchr(host, ':') &&
               host[strspn(host, "0123456789.")] != '\0';
}

static bool any_name(char *const *hosts) {
        STRV_FOREACH(host, hosts)
                if (is_name(*host))
                        return true;
        return false;
}

/* --- the child ----------------------------------------------------------------------------------------- */

/* One line for each address, "INDEX ADDRESS", or one for the error, "INDEX !CODE". */
static void tell_addresses(int fd, size_t index, const char *name) {
        struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
        int code = getaddrinfo(name, NULL, &hints, &list);

        if (code != 0)
                dprintf(fd, "%zu !%d\n", index, code);
        for (struct addrinfo *a = list; a; a = a->ai_next) {
                char address[NI_MAXHOST];

                if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) == 0)
                        dprintf(fd, "%zu %s\n", index, address);
        }
}

static pid_t ask(int fd, size_t index, const char *name) {
        pid_t parent = getpid(), pid = fork();

        if (pid != 0)
                return pid;
        /* It must not outlive us, nor hold a pipe open that somebody reads to its end. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
                tell_addresses(fd, index, name);
        _exit(0);
}

/* --- the parent ---------------------------------------------------------------------------------------- */

/* Reads until all children have ended. Answer: false when the deadline came first. */
static bool read_answer(int fd, uint64_t deadline_msec, char answer[static ANSWER_MAX]) {
        size_t n = 0;

        for (;;) {
                uint64_t now = now_msec();
                struct pollfd p = {.fd = fd, .events = POLLIN};
                int r = now < deadline_msec ? poll(&p, 1, (int)(deadline_msec - now)) : 0;
                ssize_t got = 0;

                answer[n] = '\0';
                if (r == 0)
                        return false;
                if (r > 0)
                        got = read(fd, answer + n, ANSWER_MAX - 1 - n);
                if (r > 0 && got <= 0)
                        return true;
                n += (size_t)got;
        }
}

static bool ask_all(char *const *hosts, uint64_t deadline_msec, char answer[static ANSWER_MAX]) {
        size_t n = 0, n_hosts = strv_length(hosts);
        pid_t pids[HOSTS_MAX] = {};
        int pipe_fds[2];
        bool in_time;

        *answer = '\0';
        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return true;
        for (size_t i = 0; i < n_hosts && i < HOSTS_MAX; i++)
                if (is_name(hosts[i]))
                        pids[n++] = ask(pipe_fds[1], i, hosts[i]);
        (void)close(pipe_fds[1]);
        in_time = read_answer(pipe_fds[0], deadline_msec, answer);
        (void)close(pipe_fds[0]);
        for (size_t i = 0; i < n; i++)
                if (pids[i] > 0) {
                        (void)kill(pids[i], SIGKILL);
                        (void)waitpid(pids[i], NULL, 0);
                }
        return in_time;
}

/* The port of the host with that index: one for each, or one for all. */
static const char *port_of(char *const *ports, size_t index) {
        return strv_length(ports) > 1 ? ports[index] : ports ? ports[0]
                                                             : "";
}

static void add(Endpoints *endpoints, const char *host, const char *address, const char *port) {
        strv_add(&endpoints->hosts, host);
        strv_add(&endpoints->addresses, address);
        strv_add(&endpoints->ports, port);
}

/* The lines of host @index; the last error among them, or 0. */
static int take_lines(const char *answer, size_t index, const char *host, const char *port, Endpoints *endpoints) {
        _cleanup_(strv_freep) char **lines = strv_split(answer, "\n");
        _cleanup_(freep) char *mine = xasprintf("%zu ", index);
        int code = 0;

        STRV_FOREACH(line, lines) {
                const char *rest = startswith(*line, mine);

                if (rest && *rest == '!')
                        code = atoi(rest + 1);
                else if (rest)
                        add(endpoints, host, rest, port);
        }
        return code;
}

static char *why(bool in_time, int code, unsigned timeout_sec) {
        if (code == EAI_NONAME || code == EAI_NODATA)
                return xstrdup("its name is not known");
        if (code != 0)
                return xasprintf("its name was not resolved (%s)", gai_strerror(code));
        return in_time ? xstrdup("its name was not resolved") : xasprintf("its name was not resolved in %u s", timeout_sec);
}

int gate_resolve(const DbUrl *url, unsigned timeout_sec, Endpoints *ret, char **ret_cause) {
        _cleanup_(defaults_done) Defaults defaults = defaults_of(url);
        _cleanup_(freep) char *host = setting_of(url, &defaults, "host");
        _cleanup_(freep) char *address = setting_of(url, &defaults, "hostaddr");
        _cleanup_(freep) char *port = setting_of(url, &defaults, "port");
        _cleanup_(strv_freep) char **hosts = host ? split_list(host) : NULL, **ports = port ? split_list(port) : NULL;
        size_t n = strv_length(hosts);
        char answer[ANSWER_MAX];
        int code = 0, last;
        bool in_time;

        if (address || !any_name(hosts) || n > HOSTS_MAX || (strv_length(ports) > 1 && strv_length(ports) != n))
                return 0;
        /* One of several that does not answer must leave time for the others. */
        in_time = ask_all(hosts, now_msec() + timeout_sec * (n > 1 ? 500ULL : 1000ULL), answer);
        for (size_t i = 0; i < n; i++)
                if (!is_name(hosts[i]))
                        add(ret, hosts[i], "", port_of(ports, i));
                else if ((last = take_lines(answer, i, hosts[i], port_of(ports, i), ret)) != 0)
                        code = last;
        if (ret->hosts)
                return 1;
        *ret_cause = why(in_time, code, timeout_sec);
        return -ENOTCONN;
}
