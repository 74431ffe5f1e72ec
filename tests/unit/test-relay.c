/* SPDX-License-Identifier: MIT */
/* What is looked for in a container's lines, and lago-relay itself between a real pipe and a socket for the journal. */
#include "base/util.h"
#include "relay/probe-line.h"
#include "relay/watch.h"

#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what is missing ------------------------------------------------------------------------------------ */

static void what_is_missing_is_read_in_both_forms_of_a_log(void **state) {
        static const struct {
                const char *line, *thing;
        } cases[] = {
                {"PG::UndefinedTable: ERROR:  relation \"invoices\" does not exist", "relation \"invoices\""},
                {"2026-11-26 03:17:27.000 UTC [71] ERROR:  relation \"invoices\" does not exist at character 15",
                 "relation \"invoices\""},
                /* A worker from v1.23.0 on. */
                {"{\"level\":\"error\",\"event\":\"perform\",\"exception\":{\"class\":\"ActiveRecord::StatementInvalid\","
                 "\"message\":\"PG::UndefinedTable: ERROR:  relation \\\"invoices\\\" does not exist\\nLINE 1: SELECT\"}}",
                 "relation \"invoices\""},
                {"ERROR:  column \"a\" of relation \"fees\" does not exist (", "column \"a\" of relation \"fees\""},
                {"ERROR:  column \\\"a\\\" of relation \\\"fees\\\" does not exist", "column \"a\" of relation \"fees\""},
                {"PG::UndefinedColumn: ERROR:  column invoices.tax_cents does not exist", "column invoices.tax_cents"},
                {"column \"tax\" does not exist", "column \"tax\""},
                /* A server that speaks another language. */
                {"PG::UndefinedTable: FEHLER:  Relation \xc2\xbbinvoices\xc2\xab existiert nicht", "PG::UndefinedTable"},
                /* The second thing that does not exist is one. */
                {"user \"x\" does not exist; relation \"fees\" does not exist", "relation \"fees\""},
                {"database \"lago\" does not exist", NULL},
                {"role \"lago\" does not exist", NULL},
                {"does not exist: relation \"x\"", NULL},
                {"relation \"x\" which somebody named does not exist", NULL},
                {"relation \"x does not exist", NULL},
                {"the relation does not exist", NULL},
                {" does not exist", NULL},
                {"", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *thing = missing_thing(cases[i].line, strlen(cases[i].line));

                if (cases[i].thing)
                        assert_string_equal(thing, cases[i].thing);
                else
                        assert_null(thing);
        }
}

/* --- notes ---------------------------------------------------------------------------------------------- */

static void collect(void *userdata, const char *note) {
        strv_add(userdata, note);
}

/* The notes on @text, fed in pieces of @size bytes, each in square brackets. */
static char *notes_on(const char *text, size_t n, size_t size, const char *ready) {
        _cleanup_(strv_freep) char **notes = NULL;
        WatchSpec spec = {.ready = ready, .missing = true, .note = collect, .userdata = &notes};
        Watch *watch = watch_new(&spec);

        for (size_t i = 0; i < n; i += size)
                watch_feed(watch, text + i, n - i < size ? n - i : size);
        watch_end(watch);
        watch_free(watch);
        return strv_join(notes, "; ");
}

static void pieces_of_any_size_give_the_same_notes(void **state) {
        static const char text[] = "booting\n"
                                   "I, [x #1]  INFO -- : Starting clock for 3 events: [ a b ]\n"
                                   "ERROR:  relation \"fees\" does not exist\n"
                                   "\n"
                                   "ERROR:  relation \"fees\" does not exist\n"
                                   "ERROR:  relation \"fees\" does not exist\n"
                                   "the end";

        (void)state;
        for (size_t size = 1; size < sizeof(text); size++) {
                _cleanup_(freep) char *notes = notes_on(text, strlen(text), size, "Starting clock for ");

                assert_string_equal(notes, "spoke; ready; missing 1 relation \"fees\"; missing 2 relation \"fees\"; "
                                           "last I, [x #1]  INFO -- : Starting clock for 3 events: [ a b ]; "
                                           "last ERROR:  relation \"fees\" does not exist; "
                                           "last ERROR:  relation \"fees\" does not exist; "
                                           "last ERROR:  relation \"fees\" does not exist; last the end");
        }
}

static void each_piece_of_work_is_noted(void **state) {
        static const char text[] = "I, [x #1]  INFO -- : Starting clock for 2 events: [ a b ]\n"
                                   "I, [x #1]  INFO -- : Triggering 'a'\n"
                                   "I, [x #1]  INFO -- : Finished 'a' duration_ms=0 error=nil\n"
                                   "I, [x #1]  INFO -- : Triggering 'b'\n"
                                   "== 20260709135717 AddX: migrating ====\n"
                                   "== 20260709135717 AddX: migrated (0.0010s) ====\n";
        _cleanup_(strv_freep) char **notes = NULL;
        _cleanup_(freep) char *joined = NULL;
        char *ticks[] = {(char[]){"INFO -- : Triggering '"}, (char[]){": migrating ="}, NULL};
        Watch *watch = watch_new(&(WatchSpec){.ticks = ticks, .note = collect, .userdata = &notes});

        (void)state;
        for (size_t i = 0; i < strlen(text); i++)
                watch_feed(watch, text + i, 1);
        watch_free(watch);
        joined = strv_join(notes, "; ");
        assert_string_equal(joined, "tick; tick; tick");
}

static void the_ready_line_alone_is_no_other_word(void **state) {
        _cleanup_(freep) char *notes = notes_on("Starting clock for 1\n", 21, 21, "Starting clock for ");

        (void)state;
        assert_string_equal(notes, "ready; last Starting clock for 1");
}

static void an_overlong_line_is_looked_at_to_its_end(void **state) {
        static const char words[] = "relation \"fees\" does not exist";
        size_t n = 100000;
        char *line = xcalloc(n + 1, 1);

        (void)state;
        for (size_t at = 300; at + strlen(words) < n; at += 997) {
                _cleanup_(freep) char *notes = NULL;

                memset(line, '.', n);
                memcpy(line + at, words, strlen(words));
                notes = notes_on(line, n, 4096, NULL);
                assert_non_null(startswith(notes, "missing 1 relation \"fees\"; last ..."));
                /* Once for the line, though its pieces overlap; and one last line. */
                assert_null(strstr(notes, "missing 2"));
                assert_null(strstr(strstr(notes, "last ") + 1, "last "));
        }
        free(line);
}

static void a_thousand_errors_make_few_notes(void **state) {
        _cleanup_(strv_freep) char **notes = NULL;
        WatchSpec spec = {.missing = true, .note = collect, .userdata = &notes};
        Watch *watch = watch_new(&spec);

        (void)state;
        for (unsigned i = 0; i < 1000; i++) {
                _cleanup_(freep) char *line = xasprintf("relation \"t%u\" does not exist\n", i % 40);

                watch_feed(watch, line, strlen(line));
        }
        /* Sixteen things, 25 times each: 1, 2, 4, 8, 16. */
        assert_int_equal(strv_length(notes), 16 * 5);
        watch_free(watch);
}

static void bytes_that_are_no_text_do_no_harm(void **state) {
        static const char bytes[] = "\0\n\x80\xff\0 relation \"\0\" does not exist\n";
        _cleanup_(freep) char *notes = notes_on(bytes, sizeof(bytes) - 1, 7, NULL);

        (void)state;
        assert_null(strchr(notes, '\n'));
}

/* --- lines about our own probes -------------------------------------------------------------------------- */

#define PROBE_LINE "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\""

static void a_line_about_a_probe_of_ours_is_known(void **state) {
        static const char *const ours[] = {
                PROBE_LINE,
                "::1 - - [01/Jan/2027:00:00:00 +0530] \"GET / HTTP/1.0\" 200 1 \"-\" \"lago-supervisor/1.0~rc1+2-3\" \"-\"",
        };
        static const char *const others[] = {
                "",
                "127.0.0.1 - - [",
                PROBE_LINE " ",
                "x" PROBE_LINE,
                /* A visitor who calls himself so, to be in no log: he comes from elsewhere, whatever he sends. */
                "10.88.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                "10.88.0.1 - 127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" "
                "\"-\"",
                "127.0.0.11 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                /* What somebody may look for. */
                "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 500 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                /* Other clients in the container, and other requests. */
                "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"curl/7.88.1\" \"-\"",
                "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET /x HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"10.0.0.1\"",
                "127.0.0.1 - - [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200  \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                "127.0.0.1 - x [26/Nov/2026:14:40:00 +0000] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
                "127.0.0.1 - - [] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"",
        };
        static const char with_nul[] = "127.0.0.1 - - [26\0Nov] \"GET / HTTP/1.0\" 200 612 \"-\" \"lago-supervisor/0.1.0\" \"-\"";

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(ours); i++)
                assert_true(probe_line(ours[i], strlen(ours[i])));
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (probe_line(others[i], strlen(others[i])))
                        fail_msg("taken for ours: %s", others[i]);
        for (size_t n = 0; n < strlen(PROBE_LINE); n++)
                assert_false(probe_line(PROBE_LINE, n));
        assert_false(probe_line(with_nul, sizeof(with_nul) - 1));
}

/* --- the program ---------------------------------------------------------------------------------------- */

static const char *program(void) {
        static char path[4096];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

        assert_true(n > 0);
        path[n] = '\0';
        *strrchr(path, '/') = '\0';
        strcpy(strrchr(path, '/'), "/lago-relay");
        return path;
}

typedef struct Bench {
        int reading, writing; /* the container's pipe */
        int journal[2];       /* [0] is journald's end */
        int notes[2];
} Bench;

static void bench_open(Bench *b) {
        int p[2];

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        b->reading = p[0];
        b->writing = p[1];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b->journal), 0);
        assert_int_equal(pipe2(b->notes, O_CLOEXEC), 0);
}

static void bench_close(Bench *b) {
        (void)close_fd(b->reading);
        (void)close_fd(b->writing);
        (void)close_fd(b->journal[0]);
        (void)close_fd(b->journal[1]);
        (void)close_fd(b->notes[0]);
        (void)close_fd(b->notes[1]);
}

static pid_t relay(const Bench *b, const char *option) {
        const char *path = program();
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void)dup2(b->reading, STDIN_FILENO);
                (void)dup2(b->notes[1], STDOUT_FILENO);
                (void)dup2(b->journal[1], STDERR_FILENO);
                (void)execl(path, path, "api", option, NULL);
                _exit(127);
        }
        return pid;
}

static int status_of(pid_t pid) {
        int status = 0;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void what_it_says_arrives_and_the_end_too(void **state) {
        char text[100] = "", notes[200] = "";
        Bench b;
        pid_t pid;

        (void)state;
        bench_open(&b);
        pid = relay(&b, "--missing");
        assert_int_equal(write(b.writing, "relation \"x\" does not exist\nno end", 34), 34);
        b.writing = close_fd(b.writing);
        assert_int_equal(status_of(pid), 0);
        assert_int_equal(read(b.journal[0], text, sizeof(text) - 1), 34);
        assert_string_equal(text, "relation \"x\" does not exist\nno end");
        assert_true(read(b.notes[0], notes, sizeof(notes) - 1) > 0);
        assert_string_equal(notes, "missing 1 relation \"x\"\nlast relation \"x\" does not exist\nlast no end\n");
        bench_close(&b);
}

static void lines_about_our_own_probes_are_left_out_where_that_is_asked(void **state) {
        static const char said[] = "one\n" PROBE_LINE "\n" PROBE_LINE "\ntwo\n\n" PROBE_LINE "\nthree " PROBE_LINE "\nno end, " PROBE_LINE;
        static const char *const options[] = {"--without-probes", "--missing"},
                                 *const carried[] = {"one\ntwo\n\nthree " PROBE_LINE "\nno end, " PROBE_LINE, said};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                char text[2 * sizeof(said)] = "", notes[2 * sizeof(said)] = "";
                Bench b;
                pid_t pid;

                bench_open(&b);
                pid = relay(&b, options[i]);
                assert_int_equal(write(b.writing, said, strlen(said)), (int)strlen(said));
                b.writing = close_fd(b.writing);
                assert_int_equal(status_of(pid), 0);
                assert_true(read(b.journal[0], text, sizeof(text) - 1) > 0);
                assert_string_equal(text, carried[i]);
                /* Nor are they among the last that it said. */
                assert_true(read(b.notes[0], notes, sizeof(notes) - 1) > 0);
                assert_int_equal(strstr(notes, "last " PROBE_LINE) != NULL, i == 1);
                bench_close(&b);
        }
}

static void asked_to_end_it_ends_with_the_pipe_empty(void **state) {
        char text[8192];
        Bench b;
        pid_t pid;

        (void)state;
        bench_open(&b);
        memset(text, 'x', sizeof(text));
        assert_int_equal(write(b.writing, text, sizeof(text)), (int)sizeof(text));
        pid = relay(&b, "--drain");
        assert_int_equal(status_of(pid), 0);
        assert_int_equal(recv(b.journal[0], text, sizeof(text), MSG_WAITALL), (int)sizeof(text));
        bench_close(&b);
}

static void a_journal_that_is_gone_takes_nothing_along(void **state) {
        char text[10] = "";
        Bench b;
        pid_t pid;

        (void)state;
        bench_open(&b);
        b.journal[0] = close_fd(b.journal[0]);
        assert_int_equal(write(b.writing, "kept", 4), 4);
        pid = relay(&b, "--missing");
        assert_int_equal(status_of(pid), EXIT_TEMPFAIL);
        assert_int_equal(read(b.reading, text, sizeof(text)), 4);
        assert_string_equal(text, "kept");
        bench_close(&b);
}

static void no_pipe_and_no_journal_are_refused(void **state) {
        Bench b;
        int null;

        (void)state;
        bench_open(&b);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(null, b.journal[1]);
        assert_int_equal(status_of(relay(&b, "--missing")), EXIT_TEMPFAIL);
        (void)dup2(null, b.reading);
        assert_int_equal(status_of(relay(&b, "--missing")), EXIT_USAGE);
        assert_int_equal(status_of(relay(&b, "--nonsense")), EXIT_USAGE);
        (void)close(null);
        bench_close(&b);
}

/* Writes numbered lines, in pieces that do not end where lines do. */
static pid_t writer(const Bench *b, unsigned lines, bool with_probes) {
        pid_t pid = fork();

        if (pid == 0) {
                char buffer[65536];
                size_t n = 0;

                for (unsigned i = 0; i < lines; i++) {
                        n += (size_t)snprintf(buffer + n, sizeof(buffer) - n, "%sline %u of the container\n",
                                              with_probes && i % 5 == 0 ? PROBE_LINE "\n" : "", i);
                        if (n > 900 || i == lines - 1) {
                                if (write(b->writing, buffer, n) != (ssize_t)n)
                                        _exit(1);
                                n = 0;
                        }
                }
                _exit(0);
        }
        return pid;
}

/* All that comes is line after line, none twice and none missing; the relay dies after each of many thousand bytes. */
static void lives_of_a_relay(const char *option, bool with_probes) {
        enum { LINES = 200000 };
        _cleanup_(freep) char *line = NULL;
        unsigned next = 0, kills = 0;
        size_t size = 0;
        pid_t writes, relays;
        FILE *journal;
        Bench b;

        bench_open(&b);
        writes = writer(&b, LINES, with_probes);
        b.writing = close_fd(b.writing);
        relays = relay(&b, option);
        b.notes[0] = close_fd(b.notes[0]);
        journal = fdopen(b.journal[0], "r");
        while (next < LINES && getline(&line, &size, journal) > 0) {
                _cleanup_(freep) char *expected = xasprintf("line %u of the container\n", next++);

                assert_string_equal(line, expected);
                if (next % 997 == 0) {
                        (void)kill(relays, SIGKILL);
                        (void)status_of(relays);
                        relays = relay(&b, option);
                        kills++;
                }
        }
        assert_int_equal(next, LINES);
        assert_true(kills > 100);
        assert_int_equal(status_of(writes), 0);
        assert_int_equal(status_of(relays), 0);
        (void)fclose(journal);
        b.journal[0] = -EBADF;
        bench_close(&b);
}

static void killed_at_any_moment_it_loses_no_byte_and_doubles_none(void **state) {
        (void)state;
        lives_of_a_relay("--missing", /* with_probes= */ false);
        lives_of_a_relay("--without-probes", /* with_probes= */ true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_missing_is_read_in_both_forms_of_a_log),
                cmocka_unit_test(pieces_of_any_size_give_the_same_notes),
                cmocka_unit_test(each_piece_of_work_is_noted),
                cmocka_unit_test(the_ready_line_alone_is_no_other_word),
                cmocka_unit_test(an_overlong_line_is_looked_at_to_its_end),
                cmocka_unit_test(a_thousand_errors_make_few_notes),
                cmocka_unit_test(bytes_that_are_no_text_do_no_harm),
                cmocka_unit_test(a_line_about_a_probe_of_ours_is_known),
                cmocka_unit_test(what_it_says_arrives_and_the_end_too),
                cmocka_unit_test(lines_about_our_own_probes_are_left_out_where_that_is_asked),
                cmocka_unit_test(asked_to_end_it_ends_with_the_pipe_empty),
                cmocka_unit_test(a_journal_that_is_gone_takes_nothing_along),
                cmocka_unit_test(no_pipe_and_no_journal_are_refused),
                cmocka_unit_test(killed_at_any_moment_it_loses_no_byte_and_doubles_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
