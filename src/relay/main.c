/* SPDX-License-Identifier: MIT */
/*
 * lago-relay carries what a container writes to the journal, and looks at the lines on the way.
 *
 * Nothing is ever in its own hands alone: tee(2) shows the bytes while they stay in the container's pipe, and splice(2)
 * moves them into the journal's stream. Killed at any moment it loses nothing; who takes its place goes on with the next
 * byte. It links no library but libc, as one of it runs beside every container. What it leaves out on purpose are lines about
 * the supervisor's own probes.
 */
#include "base/oomscore.h"
#include "base/util.h"
#include "relay/probe-line.h"
#include "relay/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK   65536
#define OUTPUT  STDIN_FILENO
#define NOTES   STDOUT_FILENO
#define JOURNAL STDERR_FILENO

static const char help[] =
        "lago-relay carries what the container of a member writes to the journal.\n"
        "\n"
        "  lago-relay MEMBER [OPTION]...\n"
        "  --ready=WORDS      note the line that has WORDS in it: the member is ready\n"
        "  --tick=WORDS       note each line that has WORDS in it: a piece of work is begun; may be given again\n"
        "  --missing          note lines that say that a table or a column does not exist\n"
        "  --without-probes   leave out nginx's lines about the supervisor's own probes that were answered\n"
        "  --drain            end when the pipe is empty, as after SIGTERM\n"
        "  --help             this text\n"
        "  --version\n"
        "\n"
        "Standard input is the container's pipe, standard output takes the notes, standard error is a stream of the\n"
        "journal. lago-supervisor(8) starts it; there is no use for it on a command line.\n"
        "\n"
        "Exit status: 0 all that was written is in the journal, 64 wrong command line or descriptors, 71 no descriptor\n"
        "or memory left, 75 the stream of the journal is gone: with a new one it goes on where it was.\n";

/* From the container's pipe to the journal. */
typedef struct Carrier {
        Watch *watch;
        bool without_probes;
        bool at_line; /* what comes next begins a line */
} Carrier;

static volatile sig_atomic_t ending;

static void on_end(int sig) {
        (void)sig;
        ending = 1;
}

static int usage(const char *text, const char *word) {
        fprintf(stderr, "lago-relay: %s%s%s. Try \"lago-relay --help\".\n", text, word ? " " : "", word ? word : "");
        return EXIT_USAGE;
}

/* Who reads the notes may be gone or busy: they are dropped then, and the lines go on. */
static void on_note(void *userdata, const char *note) {
        _cleanup_(freep) char *line = xasprintf("%s\n", note);

        (void)userdata;
        (void)!write(NOTES, line, strlen(line));
}

/* Moves @n bytes that are in the pipe. Errors: -errno of the journal's stream, with the rest still in the pipe. */
static int forward(size_t n) {
        while (n > 0) {
                ssize_t moved = splice(OUTPUT, NULL, JOURNAL, NULL, n, 0);

                if (moved < 0 && errno != EINTR && errno != EAGAIN)
                        return -errno;
                if (moved > 0)
                        n -= (size_t)moved;
        }
        return 0;
}

/* What tee() has shown. Answer: how much of @n could be read into @bytes. */
static size_t see(int scratch, char *bytes, size_t n) {
        size_t seen = 0;

        while (seen < n) {
                ssize_t got = read(scratch, bytes + seen, n - seen);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        break;
                seen += (size_t)got;
        }
        return seen;
}

/* Takes the next @n bytes out of the pipe, for nobody. */
static void drop(size_t n) {
        char bytes[WATCH_LINE_MAX];

        while (n > 0) {
                ssize_t got = read(OUTPUT, bytes, n < sizeof(bytes) ? n : sizeof(bytes));

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return;
                n -= (size_t)got;
        }
}

/* @bytes: the next @n in the pipe. */
static int carry_part(const Carrier *c, const char *bytes, size_t n) {
        watch_feed(c->watch, bytes, n);
        return forward(n);
}

/* The same without our probes' lines. One that is not seen from its beginning to its end goes on as any other. */
static int carry(Carrier *c, const char *bytes, size_t n) {
        const char *line = bytes, *left = bytes, *end = bytes + n, *line_end;
        bool is_whole = c->at_line;

        while (c->without_probes && (line_end = memchr(line, '\n', (size_t)(end - line)))) {
                if (is_whole && probe_line(line, (size_t)(line_end - line))) {
                        int r = carry_part(c, left, (size_t)(line - left));

                        if (r < 0)
                                return r;
                        drop((size_t)(line_end + 1 - line));
                        left = line_end + 1;
                }
                line = line_end + 1;
                is_whole = true;
        }
        if (n > 0)
                c->at_line = end[-1] == '\n';
        return carry_part(c, left, (size_t)(end - left));
}

/* Asked to end, it ends when the pipe is empty. SIGTERM comes through only here, so that none is missed. */
static int wait_for_more(void) {
        struct pollfd p = {.fd = OUTPUT, .events = POLLIN};
        sigset_t all_open;

        (void)sigemptyset(&all_open);
        return ppoll(&p, 1, ending ? &(struct timespec){0} : NULL, &all_open) == 0 ? -1 : 0;
}

static int relay(Carrier *c, int scratch[2]) {
        static char bytes[CHUNK];

        for (;;) {
                size_t seen;
                ssize_t n = tee(OUTPUT, scratch[1], CHUNK, SPLICE_F_NONBLOCK);

                if (n == 0)
                        return 0;
                if (n < 0 && errno == EAGAIN) {
                        if (wait_for_more() < 0)
                                return 0;
                        continue;
                }
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return EXIT_OSERR;
                seen = see(scratch[0], bytes, (size_t)n);
                if (carry(c, bytes, seen) < 0 || forward((size_t)n - seen) < 0)
                        return EXIT_TEMPFAIL;
        }
}

static int prepare(int scratch[2]) {
        struct sigaction action = {.sa_handler = on_end};
        sigset_t term;

        (void)signal(SIGPIPE, SIG_IGN);
        (void)sigemptyset(&term);
        (void)sigaddset(&term, SIGTERM);
        (void)sigprocmask(SIG_BLOCK, &term, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        (void)fcntl(NOTES, F_SETFL, O_NONBLOCK);
        if (pipe2(scratch, O_CLOEXEC) < 0)
                return -errno;
        /* Each write of the container takes a place of its own in a pipe; more places are fewer turns. */
        (void)fcntl(scratch[1], F_SETPIPE_SZ, 1 << 20);
        return 0;
}

/* Answer: 0 when it is. Errors: EXIT_OSERR when it cannot be seen, else @otherwise. */
static int must_be(int fd, mode_t kind, int otherwise) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return errno == EBADF ? otherwise : EXIT_OSERR;
        return (st.st_mode & S_IFMT) == kind ? 0 : otherwise;
}

static int run(const WatchSpec *spec, bool without_probes) {
        int scratch[2], status = must_be(OUTPUT, S_IFIFO, EXIT_USAGE);
        Carrier carrier = {.without_probes = without_probes, .at_line = true};

        if (status == EXIT_USAGE)
                return usage("standard input is no pipe", NULL);
        if (status == 0)
                status = must_be(JOURNAL, S_IFSOCK, EXIT_TEMPFAIL);
        if (status != 0)
                return status;
        if (prepare(scratch) < 0)
                return EXIT_OSERR;
        /* When memory runs out, the container's last lines say why, so the relay should outlive it. Not being allowed to is no error. */
        (void)oomscore_lower();
        carrier.watch = watch_new(spec);
        status = relay(&carrier, scratch);
        if (status == 0)
                watch_end(carrier.watch);
        watch_free(carrier.watch);
        return status;
}

int main(int argc, char **argv) {
        _cleanup_(strv_freep) char **ticks = NULL;
        WatchSpec spec = {.note = on_note};
        const char *member = NULL;
        bool without_probes = false;

        for (int i = 1; i < argc; i++) {
                const char *ready = startswith(argv[i], "--ready="), *tick = startswith(argv[i], "--tick=");

                if (streq(argv[i], "--help") || streq(argv[i], "-h")) {
                        fputs(help, stdout);
                        return 0;
                }
                if (streq(argv[i], "--version")) {
                        puts("lago-relay " LAGO_VERSION);
                        return 0;
                }
                if (ready && *ready)
                        spec.ready = ready;
                else if (tick && *tick)
                        strv_add(&ticks, tick);
                else if (streq(argv[i], "--missing"))
                        spec.missing = true;
                else if (streq(argv[i], "--without-probes"))
                        without_probes = true;
                else if (streq(argv[i], "--drain"))
                        ending = 1;
                else if (argv[i][0] == '-' || member)
                        return usage("unknown word", argv[i]);
                else
                        member = argv[i];
        }
        spec.ticks = ticks;
        return member ? run(&spec, without_probes) : usage("whose lines?", NULL);
}
