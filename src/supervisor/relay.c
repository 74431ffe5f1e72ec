/* SPDX-License-Identifier: MIT */
#include "supervisor/relay.h"

#include "base/log.h"
#include "base/time.h"
#include "base/util.h"
#include "relay/watch.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define PROGRAM    "/usr/libexec/lago/lago-relay"
#define PIPE_BYTES (1 << 20)
#define SAID_MAX   4096

struct Relay {
        sd_event *event;
        Jobs *jobs;
        char *member, *ready;
        char *const *ticks;
        bool missing, without_probes;
        JobLine note;
        void (*ended)(void *userdata);
        void *userdata;

        int reading, writing; /* ours, and the container's end until relay_begin() */
        int stream;           /* of the journal; a relay that takes another one's place goes on in its line */
        Job *job;
        sd_event_source *again;
        uint64_t begun;  /* usec: when the one that runs was started */
        unsigned deaths; /* in a row, each soon after the one before */
        bool finished;
};

/* Opened by its name, the pipe's end is one for reading and writing. */
static int open_both(int fd) {
        _cleanup_(freep) char *path = xasprintf("/proc/self/fd/%d", fd);
        int both = open(path, O_RDWR | O_CLOEXEC);

        return both < 0 ? -errno : both;
}

int relay_new(const RelaySpec *spec, Relay **ret) {
        Relay *relay;
        int p[2], both;

        if (pipe2(p, O_CLOEXEC) < 0)
                return -errno;
        both = open_both(p[1]);
        (void)close_fd(p[1]);
        if (both < 0 || fcntl(p[0], F_SETFL, O_NONBLOCK) < 0) {
                int r = both < 0 ? both : -errno;

                (void)close_fd(both);
                (void)close_fd(p[0]);
                return r;
        }
        /* Whoever has it open may open it by its name, as whichever user it goes on; /proc asks for more than a mode. */
        (void)fchmod(p[0], 0622);
        /* So much may wait while a relay is replaced; where the kernel grants less, less. */
        (void)fcntl(p[0], F_SETPIPE_SZ, PIPE_BYTES);
        relay = xcalloc(1, sizeof(Relay));
        *relay = (Relay){.event = spec->event, .jobs = spec->jobs, .member = xstrdup(spec->member), .ready = spec->ready ? xstrdup(spec->ready) : NULL, .ticks = spec->ticks, .missing = spec->missing, .without_probes = spec->without_probes, .note = spec->note, .ended = spec->ended, .userdata = spec->userdata, .reading = p[0], .writing = both, .stream = -EBADF};
        *ret = relay;
        return 0;
}

int relay_fd(const Relay *relay) {
        return relay->writing;
}

unsigned long relay_id(const Relay *relay) {
        struct stat st;

        return relay && fstat(relay->reading, &st) == 0 ? (unsigned long)st.st_ino : 0;
}

char **relay_argv(const char *member, const char *ready, char *const *ticks, bool missing, bool without_probes) {
        char **argv = NULL;

        strv_add(&argv, PROGRAM);
        strv_add(&argv, member);
        if (ready)
                strv_addf(&argv, "--ready=%s", ready);
        STRV_FOREACH(words, ticks)
                strv_addf(&argv, "--tick=%s", *words);
        if (missing)
                strv_add(&argv, "--missing");
        if (without_probes)
                strv_add(&argv, "--without-probes");
        return argv;
}

int relay_stream(const char *member) {
        _cleanup_(freep) char *identifier = xasprintf("lago-%s", member);

        return sd_journal_stream_fd(identifier, LOG_INFO, /* level_prefix= */ 0);
}

static void start(Relay *relay);

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Relay *relay = userdata;

        (void)source;
        (void)usec;
        relay->again = sd_event_source_disable_unref(relay->again);
        start(relay);
        return 0;
}

/* Restarted at once, since the container may be blocked on its pipe; after repeated deaths, with a rest between. */
static void start_again(Relay *relay) {
        bool had_lived = now_usec() - relay->begun > 10 * USEC_PER_SEC;
        uint64_t rest;

        relay->deaths = had_lived ? 1 : relay->deaths + 1;
        rest = relay->deaths == 1 ? 0 : USEC_PER_SEC;

        relay->again = sd_event_source_disable_unref(relay->again);
        (void)sd_event_add_time_relative(relay->event, &relay->again, CLOCK_MONOTONIC, rest, USEC_PER_MSEC * 10, on_again, relay);
}

static void on_note(void *userdata, const char *note) {
        Relay *relay = userdata;

        relay->note(relay->userdata, note);
}

static void on_ended(void *userdata, const JobResult *result) {
        Relay *relay = userdata;

        relay->job = NULL;
        if (result->started && !result->signaled && result->status == 0) {
                relay->finished = true;
                relay->ended(relay->userdata);
                return;
        }
        if (result->started && !result->signaled && result->status == EXIT_TEMPFAIL)
                relay->stream = close_fd(relay->stream);
        if (relay->deaths <= 1)
                log_warning("The relay of the container's output ended (%s %d%s%s); what comes meanwhile waits in the pipe.",
                            result->signaled ? "signal" : result->started ? "exit"
                                                                          : "errno",
                            result->status,
                            isempty(result->errors) ? "" : ": ", result->errors);
        start_again(relay);
}

static void start(Relay *relay) {
        _cleanup_(strv_freep) char **argv = relay_argv(relay->member, relay->ready, relay->ticks, relay->missing, relay->without_probes);
        JobSpec spec = {.input_fd = relay->reading, .line = on_note, .done = on_ended, .userdata = relay};

        if (relay->finished)
                strv_add(&argv, "--drain");
        spec.argv = argv;
        if (relay->stream < 0)
                relay->stream = relay_stream(relay->member);
        spec.error_fd = relay->stream;
        relay->begun = now_usec();
        if (relay->stream < 0 || job_start(relay->jobs, &spec, &relay->job) < 0) {
                if (relay->deaths == 2)
                        log_warning("The container's output cannot be carried to the journal yet: it waits in the pipe.");
                start_again(relay);
        }
}

void relay_begin(Relay *relay) {
        relay->writing = close_fd(relay->writing);
        start(relay);
}

char *relay_take_back(Relay *relay) {
        char bytes[SAID_MAX];
        ssize_t n;

        n = read(relay->reading, bytes, sizeof(bytes));
        return xstrndup(bytes, n > 0 ? (size_t)n : 0);
}

bool relay_finish(Relay *relay) {
        bool runs = relay && (relay->job || relay->again);

        if (!runs || relay->finished)
                return runs;
        relay->finished = true;
        if (relay->job)
                job_kill(relay->job, SIGTERM);
        return true;
}

size_t relay_unread(const Relay *relay) {
        int n = 0;

        return relay && ioctl(relay->reading, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

Relay *relay_free(Relay *relay) {
        if (!relay)
                return NULL;
        (void)job_cancel(relay->job);
        sd_event_source_disable_unref(relay->again);
        close_fd(relay->reading);
        close_fd(relay->writing);
        close_fd(relay->stream);
        free(relay->member);
        free(relay->ready);
        free(relay);
        return NULL;
}
