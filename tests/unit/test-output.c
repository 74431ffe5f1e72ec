/* SPDX-License-Identifier: MIT */
/* A container's output between its pipe and the journal, with the real lago-relay; the journal is a socket of the test's own. */
#include "base/file.h"
#include "base/util.h"
#include "supervisor/relay.h"

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define JOURNAL "/run/systemd/journal/stdout"
#define KEPT    "/run/kept"

/* Sanitized programs take long to come up. */
#ifdef SANITIZED
#define STARTS 50
#else
#define STARTS 1000
#endif

typedef struct Life {
        sd_event *event;
        Jobs *jobs;
        bool ended;
        char **notes;
} Life;

static void on_note(void *userdata, const char *note) {
        strv_add(&((Life *)userdata)->notes, note);
}

static void on_ended(void *userdata) {
        ((Life *)userdata)->ended = true;
}

static void on_stranger(void *userdata _unused_, pid_t pid _unused_, int code _unused_, int status _unused_) {
}

/* Keeps all that comes, one stream after the other. */
static _noreturn_ void be_the_journal(int listener) {
        int kept = open(KEPT, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        for (;;) {
                int fd = accept(listener, NULL, NULL);
                char bytes[4096];
                ssize_t n;

                while ((n = read(fd, bytes, sizeof(bytes))) > 0)
                        (void)!write(kept, bytes, (size_t)n);
                (void)close(fd);
        }
}

static void open_journal(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL};
        int listener = socket(AF_UNIX, SOCK_STREAM, 0);

        assert_int_equal(make_dirs("/run/systemd/journal", 0755), 0);
        assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(listener, 16), 0);
        if (fork() == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                be_the_journal(listener);
        }
        (void)close(listener);
}

/* lago-relay where it is installed, and a /run of our own. */
static int set_up(void **state) {
        char build[4096];
        ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);
        Life *life = xcalloc(1, sizeof(Life));
        sigset_t mask;

        build[n > 0 ? n : 0] = '\0';
        for (int i = 0; i < 2; i++)
                *strrchr(build, '/') = '\0';
        assert_int_equal(unshare(CLONE_NEWNS), 0);
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"), 0);
        assert_int_equal(mount("tmpfs", "/usr/libexec", "tmpfs", 0, "mode=0755"), 0);
        assert_int_equal(mkdir("/usr/libexec/lago", 0755), 0);
        assert_int_equal(mount(build, "/usr/libexec/lago", NULL, MS_BIND, NULL), 0);
        open_journal();
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        assert_true(sd_event_new(&life->event) >= 0);
        assert_true(jobs_new(life->event, on_stranger, life, &life->jobs) >= 0);
        *state = life;
        return 0;
}

static int tear_down(void **state) {
        Life *life = *state;

        jobs_free(life->jobs);
        sd_event_unref(life->event);
        strv_free(life->notes);
        free(life);
        return 0;
}

static size_t descriptors(void) {
        DIR *directory = opendir("/proc/self/fd");
        size_t n = 0;

        while (readdir(directory))
                n++;
        (void)closedir(directory);
        return n;
}

/* A container that writes @text and ends. */
static void whole_life(Life *life, const char *text) {
        RelaySpec spec = {.event = life->event, .jobs = life->jobs, .member = "worker@events", .missing = true, .note = on_note, .ended = on_ended, .userdata = life};
        Relay *relay = NULL;

        life->ended = false;
        assert_int_equal(relay_new(&spec, &relay), 0);
        assert_int_equal(write(relay_fd(relay), text, strlen(text)), (ssize_t)strlen(text));
        relay_begin(relay);
        while (!life->ended)
                assert_true(sd_event_run(life->event, 10000000) > 0);
        relay_free(relay);
}

static void the_journal_is_told_whose_lines_and_at_which_priority(void **state) {
        _cleanup_(freep) char *kept = NULL;

        whole_life(*state, "<0>relation \"x\" does not exist\nno end");
        for (int tries = 0; tries < 500 && (!kept || !strstr(kept, "no end")); tries++) {
                free(kept);
                kept = NULL;
                (void)usleep(10000);
                (void)file_read(KEPT, 4096, &kept, NULL);
        }
        /* Identifier, unit, priority, and whether a line may choose another one: see sd_journal_stream_fd(3). */
        assert_string_equal(kept, "lago-worker@events\n\n6\n0\n0\n0\n0\n<0>relation \"x\" does not exist\nno end");
        assert_string_equal(((Life *)*state)->notes[0], "missing 1 relation \"x\"");
}

static void what_the_engine_says_of_a_start_that_failed_is_no_line_of_the_container(void **state) {
        static const char words[] = "Error: no luck\n";
        Life *life = *state;
        RelaySpec spec = {.event = life->event, .jobs = life->jobs, .member = "api", .note = on_note, .ended = on_ended, .userdata = life};
        _cleanup_(freep) char *said = NULL, *kept = NULL;
        size_t before = descriptors();
        Relay *relay = NULL;

        assert_int_equal(relay_new(&spec, &relay), 0);
        assert_int_equal(write(relay_fd(relay), words, strlen(words)), (ssize_t)strlen(words));
        said = relay_take_back(relay);
        assert_string_equal(said, words);
        assert_false(relay_finish(relay));
        relay_free(relay);
        (void)file_read(KEPT, 4096, &kept, NULL);
        assert_null(kept && strstr(kept, "no luck") ? kept : NULL);
        /* A relay that was told to end is waited for in the loop. */
        for (int turns = 0; descriptors() != before && turns < 500; turns++)
                (void)sd_event_run(life->event, 10000);
        assert_int_equal(descriptors(), before);
}

static void many_starts_leave_no_descriptor(void **state) {
        size_t before;

        whole_life(*state, "a line\n");
        before = descriptors();
        for (int i = 0; i < STARTS; i++)
                whole_life(*state, i % 2 ? "a line\n" : "");
        assert_int_equal(descriptors(), before);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_journal_is_told_whose_lines_and_at_which_priority),
                cmocka_unit_test(what_the_engine_says_of_a_start_that_failed_is_no_line_of_the_container),
                cmocka_unit_test(many_starts_leave_no_descriptor),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
