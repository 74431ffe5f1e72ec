/* SPDX-License-Identifier: MIT */
#include "probe/probe.h"

#include "base/time.h"
#include "base/util.h"
#include "process/netns.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 8192

struct Probe {
        ProbeTarget target; /* its strings are our own copies */
        char *strings[5];
        int fd;
        sd_event_source *io, *timer;
        char *request;
        size_t request_size, sent;
        char answer[ANSWER_MAX];
        size_t received;
        ProbeDone done;
        void *userdata;
};

Probe *probe_free(Probe *probe) {
        if (!probe)
                return NULL;
        sd_event_source_disable_unref(probe->io);
        sd_event_source_disable_unref(probe->timer);
        close_fd(probe->fd);
        for (size_t i = 0; i < ELEMENTSOF(probe->strings); i++)
                free(probe->strings[i]);
        if (probe->request)
                explicit_bzero(probe->request, probe->request_size);
        free(probe->request);
        free(probe);
        return NULL;
}

static void probe_freep(Probe **probe) {
        *probe = probe_free(*probe);
}

static void finish(Probe *probe, ProbeVerdict verdict, const char *reason) {
        _cleanup_(freep) char *words = xstrdup(reason);
        ProbeDone done = probe->done;
        void *userdata = probe->userdata;

        probe_free(probe);
        done(userdata, verdict, words);
}

/* What strerror() says is right but long; an operator knows these by shorter words. */
const char *probe_errno_words(int error) {
        switch (error) {
        case ECONNREFUSED:
                return "connection refused";
        case ECONNRESET:
                return "connection reset";
        case EHOSTUNREACH:
                return "no route to host";
        case ENETUNREACH:
                return "network unreachable";
        case ENXIO:
                return "its network namespace is gone";
        default:
                return strerror(error);
        }
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        finish(userdata, PROBE_LATER, PROBE_NO_ANSWER);
        return 0;
}

static int send_more(Probe *probe) {
        ssize_t n = send(probe->fd, probe->request + probe->sent, probe->request_size - probe->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        probe->sent += (size_t)n;
        if (probe->sent == probe->request_size)
                (void)sd_event_source_set_io_events(probe->io, EPOLLIN);
        return 0;
}

/* 1 when the answer is complete. */
static int receive_more(Probe *probe, ProbeReading *ret) {
        ssize_t n = recv(probe->fd, probe->answer + probe->received, ANSWER_MAX - probe->received, MSG_DONTWAIT);
        bool eof;

        /* So ends what was asked in the wrong language: it left our words unread. */
        if (n < 0 && errno == ECONNRESET)
                n = 0;
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        probe->received += (size_t)n;
        eof = n == 0 || probe->received == ANSWER_MAX;
        *ret = probe_read(&probe->target, probe->answer, probe->received, eof);
        return ret->complete || eof;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Probe *probe = userdata;
        ProbeReading reading = {.complete = false};
        int r = 0;

        (void)source;
        if (probe->sent < probe->request_size && (revents & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
                int error = 0;
                socklen_t size = sizeof(error);

                (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
                r = error > 0 ? -error : send_more(probe);
        } else if (revents & (EPOLLIN | EPOLLERR | EPOLLHUP))
                r = receive_more(probe, &reading);
        if (r < 0)
                finish(probe, PROBE_LATER, probe_errno_words(-r));
        else if (r > 0)
                finish(probe, reading.verdict, reading.reason);
        return 0;
}

static int socket_here(int family, int type) {
        int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        return fd < 0 ? -errno : fd;
}

/* A socket belongs to the network namespace it was made in, whatever its maker does afterwards; see setns(2). */
static int socket_in(const ProbeTarget *target, int family, int type) {
        int own, fd;

        if (target->place == PROBE_ON_HOST)
                return socket_here(family, type);
        if (target->place != PROBE_IN_NAMESPACE || target->netns_fd < 0)
                return -ENXIO;
        own = netns_enter(target->netns_fd);
        if (own < 0)
                return own;
        fd = socket_here(family, type);
        netns_leave(own);
        return fd;
}

static int connect_to(const ProbeTarget *target) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(target->port)};
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(target->port)};
        const struct sockaddr *address = (const struct sockaddr *)&in;
        socklen_t size = sizeof(in);
        _cleanup_(closep) int fd = -EBADF;

        if (inet_pton(AF_INET, target->address, &in.sin_addr) != 1) {
                if (inet_pton(AF_INET6, target->address, &in6.sin6_addr) != 1)
                        return -EINVAL;
                address = (const struct sockaddr *)&in6;
                size = sizeof(in6);
        }
        fd = socket_in(target, address->sa_family, target->question == ASK_NAME ? SOCK_DGRAM : SOCK_STREAM);
        if (fd < 0)
                return fd;
        if (connect(fd, address, size) < 0 && errno != EINPROGRESS)
                return -errno;
        return TAKE_FD(fd);
}

static const char *keep(Probe *probe, size_t i, const char *s) {
        return probe->strings[i] = s ? xstrdup(s) : NULL;
}

int probe_start(sd_event *event, const ProbeTarget *target, ProbeDone done, void *userdata, Probe **ret) {
        _cleanup_(probe_freep) Probe *probe = xcalloc(1, sizeof(Probe));
        int r;

        probe->target = *target;
        probe->target.address = keep(probe, 0, target->address);
        probe->target.path = keep(probe, 1, target->path);
        probe->target.version = keep(probe, 2, target->version);
        probe->target.user = keep(probe, 3, target->user);
        probe->target.password = keep(probe, 4, target->password);
        probe->done = done;
        probe->userdata = userdata;
        probe->request = probe_request(target, &probe->request_size);
        probe->fd = connect_to(target);
        if (probe->fd < 0)
                return probe->fd;
        r = sd_event_add_io(event, &probe->io, probe->fd, EPOLLOUT, on_io, probe);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &probe->timer, CLOCK_MONOTONIC, target->timeout_usec,
                                       50 * USEC_PER_MSEC, on_timeout, probe);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(probe);
        return 0;
}
