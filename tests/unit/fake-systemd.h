/* SPDX-License-Identifier: MIT */
#pragma once
/* A systemd for one test: it answers on a socket pair, and the program under test runs in a process of its own. */

#include "config-scratch.h"

#include "base/runstate.h"
#include "base/time.h"
#include "ready/outside.h"
#include "ready/ready.h"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define STAGE_UNITS 12
#define STAGE_LIFE \
        "0123456789abcdef" /* InvocationID of every unit, as bytes, unless a test says otherwise */
#define STAGE_LIFE_HEX "30313233343536373839616263646566"

typedef struct StageUnit {
        const char *name, *active, *status_text, *life;
        unsigned job;
} StageUnit;

typedef struct Stage {
        Scratch scratch;
        StageUnit units[STAGE_UNITS];
        sd_bus *bus;
        int notify_fd, failing_lists;
        pid_t pid;
        char *status, **calls; /* what was told, what was asked for */
        unsigned n_lists, restarts;
        uint64_t setup_began, migrate_ended;
        bool ready, refuse_jobs, full_disk,
                no_descriptors;          /* the last while the configuration is read */
        void (*on_list)(struct Stage *); /* before a list is answered */
} Stage;

/* The child's, of the stage that it was forked from. */
static Stage *stage_of_child;
static int stage_client_fd = -EBADF;

/* --- what the program under test finds outside, in place of src/ready/outside.c and base/runstate.c ------ */

static int open_client(sd_bus **ret) {
        int r = stage_client_fd < 0 ? -ECONNREFUSED : sd_bus_new(ret);

        if (r >= 0)
                r = sd_bus_set_fd(*ret, stage_client_fd, stage_client_fd);
        return r < 0 ? r : sd_bus_start(*ret);
}

int outside_system_bus(sd_bus **ret) {
        return open_client(ret);
}

int outside_systemd(sd_bus **ret) {
        return open_client(ret);
}

int outside_watch_runfiles(sd_event *event, sd_event_inotify_handler_t handler, void *userdata) {
        _cleanup_(freep) char *path = xasprintf("%s/run", stage_of_child->scratch.path);

        return sd_event_add_inotify(event, NULL, path, IN_MOVED_TO, handler, userdata);
}

int outside_config(Config **ret, ConfigErrors *errors) {
        struct rlimit limit;
        int r;

        if (stage_of_child->no_descriptors)
                limit = no_more_descriptors();
        r = config_load_files(stage_of_child->scratch.path, ret, errors);
        if (stage_of_child->no_descriptors)
                descriptors_again(limit);
        return r;
}

int runstate_prepare(void) {
        return 0;
}

int runstate_write(const char *member, const char *text) {
        _cleanup_(freep) char *path = xasprintf("%s/run/%s", stage_of_child->scratch.path, member);

        return stage_of_child->full_disk ? -ENOSPC : file_write(path, text, 0644);
}

char *runstate_read(const char *member) {
        _cleanup_(freep) char *path = xasprintf("%s/run/%s", stage_of_child->scratch.path, member);
        char *text = NULL;

        return file_read(path, 16384, &text, NULL) >= 0 ? text : NULL;
}

char *runstate_address(const char *member _unused_) {
        return NULL;
}

/* --- systemd's side -------------------------------------------------------------------------------------- */

static inline StageUnit *stage_unit(Stage *stage, const char *name) {
        for (size_t i = 0; i < STAGE_UNITS; i++)
                if (stage->units[i].name && streq(stage->units[i].name, name))
                        return &stage->units[i];
        return NULL;
}

/* @r: how the filling of the list went; the reply is given away. */
static inline int send_list(Stage *stage, sd_bus_message *reply, int r) {
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(stage->bus, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static inline int answer_list(Stage *stage, sd_bus_message *m) {
        sd_bus_message *reply = NULL;
        int r = 0;

        stage->n_lists++;
        if (stage->on_list)
                stage->on_list(stage);
        if (stage->failing_lists > 0) {
                stage->failing_lists--;
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_NO_MEMORY, "out of memory");
        }
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
        for (size_t i = 0; i < STAGE_UNITS && r >= 0; i++) {
                const StageUnit *unit = &stage->units[i];

                if (unit->name)
                        r = sd_bus_message_append(reply, "(ssssssouso)", unit->name, "", "loaded",
                                                  unit->active, "", "", "/unit", unit->job, "",
                                                  "/job");
        }
        return send_list(stage, reply, r);
}

static inline int answer_jobs(Stage *stage, sd_bus_message *m) {
        sd_bus_message *reply = NULL;
        int r;

        if (stage->refuse_jobs)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FAILED, "refused by the test");
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(usssoo)");
        for (size_t i = 0; i < STAGE_UNITS && r >= 0; i++)
                if (stage->units[i].job > 0)
                        r = sd_bus_message_append(reply, "(usssoo)", stage->units[i].job, stage->units[i].name, "start",
                                                  "waiting", "/job", "/unit");
        return send_list(stage, reply, r);
}

static inline int answer_property(Stage *stage, sd_bus_message *m) {
        _cleanup_(freep) char *name = NULL;
        const char *property;
        StageUnit *unit;

        assert_true(sd_bus_message_read(m, "ss", NULL, &property) >= 0);
        assert_true(sd_bus_path_decode(sd_bus_message_get_path(m), "/org/freedesktop/systemd1/unit",
                                       &name) > 0);
        unit = stage_unit(stage, name);
        if (!unit)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_OBJECT, "no unit %s",
                                                  name);
        if (streq(property, "ActiveState"))
                return sd_bus_reply_method_return(m, "v", "s", unit->active);
        if (streq(property, "Job"))
                return sd_bus_reply_method_return(m, "v", "(uo)", unit->job, "/job");
        if (streq(property, "NRestarts"))
                return sd_bus_reply_method_return(m, "v", "u", stage->restarts);
        if (streq(property, "InactiveExitTimestampMonotonic"))
                return sd_bus_reply_method_return(m, "v", "t", stage->setup_began);
        if (streq(property, "InactiveEnterTimestampMonotonic"))
                return sd_bus_reply_method_return(m, "v", "t", stage->migrate_ended);
        if (streq(property, "StatusText"))
                return sd_bus_reply_method_return(m, "v", "s",
                                                  unit->status_text ? unit->status_text : "");
        if (streq(property, "Wants"))
                return sd_bus_reply_method_return(m, "v", "as", 4, "lago-api.service",
                                                  "lago-worker.service", "lago-clock.service",
                                                  "other.service");
        if (streq(property, "InvocationID") && unit->life) {
                const uint8_t *b = (const uint8_t *)unit->life;

                return sd_bus_reply_method_return(m, "v", "ay", 16, b[0], b[1], b[2], b[3], b[4],
                                                  b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                                                  b[13], b[14], b[15]);
        }
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_PROPERTY, "no property %s",
                                          property);
}

static inline int answer_job(Stage *stage, sd_bus_message *m) {
        const char *unit, *mode;

        assert_true(sd_bus_message_read(m, "ss", &unit, &mode) >= 0);
        strv_addf(&stage->calls, "%s %s %s", sd_bus_message_get_member(m), unit, mode);
        if (stage->refuse_jobs)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FAILED, "refused by the test");
        return sd_bus_reply_method_return(m, "o", "/job");
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_) {
        Stage *stage = userdata;

        if (sd_bus_message_is_method_call(m, NULL, "ListUnitsByNames"))
                return answer_list(stage, m);
        if (sd_bus_message_is_method_call(m, NULL, "ListJobs"))
                return answer_jobs(stage, m);
        if (sd_bus_message_is_method_call(m, NULL, "Get"))
                return answer_property(stage, m);
        if (sd_bus_message_is_method_call(m, NULL, "StartUnit") ||
            sd_bus_message_is_method_call(m, NULL, "RestartUnit"))
                return answer_job(stage, m);
        return 0;
}

/* A signal without a sender would match nothing. */
static inline void stage_send(Stage *stage, sd_bus_message *m) {
        assert_true(sd_bus_message_set_sender(m, ":1.0") >= 0);
        assert_true(sd_bus_send(stage->bus, m, NULL) >= 0);
        sd_bus_message_unref(m);
}

static inline void stage_job_removed(Stage *stage, const char *unit, const char *result) {
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(stage->bus, &m, "/org/freedesktop/systemd1",
                                              "org.freedesktop.systemd1.Manager",
                                              "JobRemoved") >= 0);
        assert_true(sd_bus_message_append(m, "uoss", 1, "/job", unit, result) >= 0);
        stage_send(stage, m);
}

static inline void stage_changed(Stage *stage, const char *unit) {
        _cleanup_(freep) char *path = NULL;
        sd_bus_message *m = NULL;

        assert_true(sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) >= 0);
        assert_true(sd_bus_message_new_signal(stage->bus, &m, path,
                                              "org.freedesktop.DBus.Properties",
                                              "PropertiesChanged") >= 0);
        assert_true(sd_bus_message_append(m, "sa{sv}as", "org.freedesktop.systemd1.Unit", 0, 0) >=
                    0);
        stage_send(stage, m);
}

/* --- the stage ------------------------------------------------------------------------------------------- */

static inline void stage_runfile(Stage *stage, const char *member, const char *text) {
        _cleanup_(freep) char *path = xasprintf("%s/run/%s", stage->scratch.path, member);

        assert_int_equal(file_write(path, text, 0644), 0);
}

/* Everything serves v1.50.0; a test changes what it is about. */
static inline Stage stage_new(void) {
        static const char *const names[] = {
                "lago-setup", "lago-db", "lago-redis", "lago-migrate", "lago-api",
                "lago-worker", "lago-clock", "lago-front", "lago-pdf", "lago-ready"};
        static const char *const serve[] = {"db", "redis", "api", "worker", "clock", "front"};
        Stage stage = {.scratch = scratch_new(), .notify_fd = -EBADF};
        _cleanup_(freep) char *run = xasprintf("%s/run", stage.scratch.path);

        assert_int_equal(make_dirs(run, 0755), 0);
        scratch_put(&stage.scratch, "lago.conf", "[lago]\nrelease = v1.50.0\n");
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                stage.units[i] = (StageUnit){.name = xasprintf("%s.service", names[i]),
                                             .active = "active",
                                             .life = STAGE_LIFE};
        stage.units[ELEMENTSOF(names)] =
                (StageUnit){.name = xstrdup("lago.target"), .active = "active"};
        for (size_t i = 0; i < ELEMENTSOF(serve); i++)
                stage_runfile(&stage, serve[i], "STATE=serving\nRELEASE=v1.50.0\n");
        stage_runfile(&stage, "migrate",
                      "STATE=ended\nSTATUS=Schema verified: v1.50.0, 1046 of 1046\n"
                      "INVOCATION=" STAGE_LIFE_HEX "\n");
        return stage;
}

static inline char *stage_path(const Stage *stage, const char *name) {
        return xasprintf("%s/%s", stage->scratch.path, name);
}

static inline void listen_for_notify(Stage *stage) {
        _cleanup_(freep) char *path = stage_path(stage, "notify");
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        assert_true(strlen(path) < sizeof(address.sun_path));
        strcpy(address.sun_path, path);
        stage->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(stage->notify_fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
}

_noreturn_ static inline void play(Stage *stage, int fd, int (*run)(void)) {
        _cleanup_(freep) char *journal = stage_path(stage, "journal");

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        stage_of_child = stage;
        stage_client_fd = fd;
        if (!freopen(journal, "we", stderr))
                exit(1);
        (void)setvbuf(stderr, NULL, _IONBF, 0);
        exit(run());
}

/* Without a bus the program finds none. */
static inline void stage_begin(Stage *stage, int (*run)(void), bool with_bus) {
        const sd_id128_t id = {.bytes = {1}};
        int pair[2];

        listen_for_notify(stage);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        (void)fflush(NULL);
        stage->pid = fork();
        assert_true(stage->pid >= 0);
        if (stage->pid == 0) {
                (void)close(pair[0]);
                play(stage, with_bus ? pair[1] : -EBADF, run);
        }
        (void)close(pair[1]);
        assert_true(sd_bus_new(&stage->bus) >= 0);
        assert_true(sd_bus_set_fd(stage->bus, pair[0], pair[0]) >= 0);
        assert_true(sd_bus_set_server(stage->bus, 1, id) >= 0);
        assert_true(sd_bus_add_filter(stage->bus, NULL, on_call, stage) >= 0);
        /* A program that ends at once has hung up already. */
        (void)sd_bus_start(stage->bus);
}

static inline void hear_notify(Stage *stage) {
        char text[1024];
        ssize_t n;

        while ((n = recv(stage->notify_fd, text, sizeof(text) - 1, 0)) > 0) {
                text[n] = '\0';
                if (streq(text, "READY=1"))
                        stage->ready = true;
                if (startswith(text, "STATUS="))
                        free_and_strdup(&stage->status, startswith(text, "STATUS="));
        }
}

/* One look at all that may have come. */
static inline void stage_turn(Stage *stage) {
        if (sd_bus_is_open(stage->bus) > 0) {
                (void)sd_bus_flush(stage->bus);
                while (sd_bus_process(stage->bus, NULL) > 0)
                        ;
        }
        hear_notify(stage);
        (void)poll(&(struct pollfd){.fd = stage->notify_fd, .events = POLLIN}, 1, /* timeout= */ 5);
}

/* Longer than a busy machine needs; only what fails takes it. */
#define STAGE_PATIENCE (20 * USEC_PER_SEC)
#define STAGE_UNTIL(stage, condition)                                                            \
        for (uint64_t until_ = now_usec() + STAGE_PATIENCE; !(condition) && now_usec() < until_; \
             stage_turn(stage))

static inline void stage_says(Stage *stage, const char *text) {
        STAGE_UNTIL(stage, stage->status && streq(stage->status, text));
        assert_non_null(stage->status);
        assert_string_equal(stage->status, text);
}

static inline void stage_asked_for(Stage *stage, const char *call) {
        STAGE_UNTIL(stage, strv_contains(stage->calls, call));
        assert_true(strv_contains(stage->calls, call));
}

/* As long as it would take: an answer or two. */
static inline void stage_settles(Stage *stage) {
        for (unsigned i = 0; i < 40; i++)
                stage_turn(stage);
}

/* The exit status, once it has ended; 255 for a signal. */
static inline int stage_ends(Stage *stage) {
        pid_t ended = 0;
        int status = 0;

        STAGE_UNTIL(stage, (ended = waitpid(stage->pid, &status, WNOHANG)) != 0);
        assert_int_equal(ended, stage->pid);
        stage->pid = 0;
        hear_notify(stage);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static inline char *stage_journal(const Stage *stage) {
        _cleanup_(freep) char *path = stage_path(stage, "journal");
        char *journal = NULL;

        assert_true(file_read(path, 65536, &journal, NULL) >= 0);
        return journal;
}

static inline void stage_journal_has(Stage *stage, const char *text) {
        _cleanup_(freep) char *journal = stage_journal(stage);

        STAGE_UNTIL(stage, strstr(journal, text)) {
                free(journal);
                journal = stage_journal(stage);
        }
        if (!strstr(journal, text))
                assert_string_equal(journal, text);
}

static inline void stage_done(Stage *stage) {
        if (stage->pid > 0) {
                (void)kill(stage->pid, SIGTERM);
                (void)waitpid(stage->pid, NULL, 0);
        }
        sd_bus_close_unref(stage->bus);
        (void)close_fd(stage->notify_fd);
        free(stage->status);
        strv_free(stage->calls);
        for (size_t i = 0; i < STAGE_UNITS; i++)
                free((char *)(uintptr_t)stage->units[i].name);
        scratch_done(&stage->scratch);
}
