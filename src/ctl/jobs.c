/* SPDX-License-Identifier: MIT */
#include "ctl/jobs.h"

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "ctl/chain.h"
#include "ctl/ctl.h"
#include "stack/stack.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define EXIT_INTERRUPTED 130
#define REFRESH_USEC     (100 * USEC_PER_MSEC)

typedef struct Follower {
        const JobsRequest *request;
        sd_event *event;
        sd_bus *bus;
        sd_event_source *refresh;
        Chain chain;
        char **pending;              /* object paths of the jobs that are not done */
        char *bad_unit, *bad_result; /* of the first job that did not end well */
        bool terminal, drawn, asking;
        bool over;       /* nothing is left to wait for, or to wait with */
        int exit_status; /* when that is not for the jobs to say */
        char **told;     /* the line last printed for each link */
        uint64_t begun_usec;
} Follower;

static int follower_end(Follower *f, int exit_status) {
        f->over = true;
        f->exit_status = exit_status;
        return 0;
}

static uint64_t real_usec(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

/* --- showing -------------------------------------------------------------------------------------------- */

static size_t terminal_width(void) {
        struct winsize size;

        /* The last column is left free, as some terminals wrap there. */
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1U
                                                                                : 79;
}

static void draw(Follower *f) {
        size_t width = terminal_width();
        uint64_t now = real_usec();

        if (f->drawn)
                printf("\033[%zuA", f->chain.n);
        for (size_t i = 0; i < f->chain.n; i++) {
                _cleanup_(freep) char *line = link_line(&f->chain.links[i], now, width);

                printf("\r\033[K%s\n", line);
        }
        f->drawn = true;
        (void)fflush(stdout);
}

static bool in_motion(const Link *link) {
        return streq(link->active, "activating") || streq(link->active, "deactivating");
}

/* Not a terminal: a line for each news, so that a log shows how it went. What was so before we came is none. */
static void print_news(Follower *f) {
        for (size_t i = 0; i < f->chain.n; i++) {
                const Link *link = &f->chain.links[i];
                _cleanup_(freep) char *line = link_line(link, 0, SIZE_MAX);
                bool first = !f->told[i];

                if (!first && link_same(f->told[i], line))
                        continue;
                free_and_strdup(&f->told[i], line);
                if (!first || in_motion(link))
                        puts(line);
        }
        (void)fflush(stdout);
}

static void show(Follower *f) {
        if (f->request->quiet)
                return;
        if (f->terminal)
                draw(f);
        else
                print_news(f);
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *userdata) {
        Follower *f = userdata;
        int r;

        (void)usec;
        f->asking = false;
        r = chain_ask(&f->chain, f->bus);
        if (r < 0)
                return follower_end(f, EXIT_TEMPFAIL);
        show(f);
        /* On a terminal seconds are counted; elsewhere nothing changes without a signal. */
        if (f->terminal && sd_event_source_set_time_relative(source, USEC_PER_SEC) >= 0)
                (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* Signals come in swarms; one look a moment later sees all of them. */
static void refresh_soon(Follower *f) {
        if (f->asking || f->request->quiet)
                return;
        f->asking = true;
        (void)sd_event_source_set_time_relative(f->refresh, REFRESH_USEC);
        (void)sd_event_source_set_enabled(f->refresh, SD_EVENT_ONESHOT);
}

/* --- following ------------------------------------------------------------------------------------------ */

static bool take_pending(Follower *f, const char *path) {
        STRV_FOREACH(i, f->pending)
                if (streq(*i, path)) {
                        char **rest = (char **)(uintptr_t)i;

                        free(*rest);
                        for (; *rest; rest++)
                                rest[0] = rest[1];
                        return true;
                }
        return false;
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Follower *f = userdata;
        const char *path, *unit, *result;

        (void)error;
        refresh_soon(f);
        if (sd_bus_message_read(m, "uoss", NULL, &path, &unit, &result) < 0 ||
            !take_pending(f, path))
                return 0;
        if (!streq(result, "done") && !streq(result, "skipped") && !f->bad_unit) {
                f->bad_unit = xstrdup(unit);
                f->bad_result = xstrdup(result);
        }
        return strv_length(f->pending) == 0 ? follower_end(f, EXIT_SUCCESS) : 0;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void)error;
        if (strstr(sd_bus_message_get_path(m), "/lago_2d"))
                refresh_soon(userdata);
        return 0;
}

static int on_bus_lost(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Follower *f = userdata;

        (void)m;
        (void)error;
        log_error("The system bus is gone; see \"lagoctl status\" for how it went on");
        return follower_end(f, EXIT_TEMPFAIL);
}

static int on_interrupt(sd_event_source *source, const struct signalfd_siginfo *si,
                        void *userdata) {
        Follower *f = userdata;

        (void)source;
        (void)si;
        log_notice("%s", f->request->goes_on);
        return follower_end(f, EXIT_INTERRUPTED);
}

static int queue(Follower *f, const char *unit) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *path = NULL;
        int r = sd_bus_call_method(f->bus, SYSTEMD_MANAGER_CALL, f->request->method, &error, &reply,
                                   "ss", unit, "replace");

        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        if (r >= 0)
                strv_add(&f->pending, path);
        else
                log_error("systemd does not take the job for %s: %s", unit,
                          error.message ? error.message : strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_message_unref(reply);
        return r;
}

/* --- the end -------------------------------------------------------------------------------------------- */

static void tell_up(const Follower *f, const char *span) {
        printf("%s (%s)\n",
               chain_serves(&f->chain) ? chain_find(&f->chain, "ready")->status : "Done", span);
}

static int tell_end(Follower *f) {
        _cleanup_(freep) char *span = span_text(now_usec() - f->begun_usec);
        const Link *cause;

        if (chain_ask(&f->chain, f->bus) < 0)
                return EXIT_TEMPFAIL;
        show(f);
        if (!f->bad_unit) {
                if (!f->request->quiet && f->request->stopping)
                        printf("Stopped (%s)\n", span);
                else if (!f->request->quiet)
                        tell_up(f, span);
                return EXIT_SUCCESS;
        }
        cause = chain_first_cause(&f->chain);
        if (cause)
                log_error(
                        "%s failed: %s. See \"journalctl -xu %s\"; when it is mended, \"lagoctl start\"",
                        cause->unit, cause->status ? cause->status : "it does not say why",
                        cause->unit);
        else if (streq(f->bad_result, "canceled"))
                log_error("%s: called back by another command meanwhile", f->bad_unit);
        else
                log_error("%s: the job ended with \"%s\"; see \"systemctl status lago-ready\"",
                          f->bad_unit, f->bad_result);
        return EXIT_MEMBER;
}

/* --- setting up ----------------------------------------------------------------------------------------- */

static int subscribe(Follower *f) {
        int r = sd_bus_match_signal(f->bus, NULL, SYSTEMD, SYSTEMD_MANAGER, "JobRemoved",
                                    on_job_removed, f);

        if (r >= 0)
                r = sd_bus_match_signal(f->bus, NULL, SYSTEMD, NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_changed, f);
        if (r >= 0)
                r = sd_bus_match_signal(f->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_bus_lost,
                                        f);
        if (r >= 0)
                r = sd_bus_call_method(f->bus, SYSTEMD_MANAGER_CALL, "Subscribe", NULL, NULL, "");
        return r;
}

static int set_up(Follower *f) {
        sigset_t mask;
        int r;

        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGINT);
        (void)sigaddset(&mask, SIGTERM);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        r = sd_event_new(&f->event);
        if (r >= 0)
                r = sd_event_add_signal(f->event, NULL, SIGINT, on_interrupt, f);
        if (r >= 0)
                r = sd_event_add_signal(f->event, NULL, SIGTERM, on_interrupt, f);
        if (r >= 0)
                r = sd_event_add_time_relative(f->event, &f->refresh, CLOCK_MONOTONIC, 0, 0,
                                               on_refresh, f);
        if (r >= 0)
                r = sd_bus_attach_event(f->bus, f->event, 0);
        if (r >= 0)
                r = subscribe(f);
        if (r < 0)
                log_error("Cannot listen to systemd: %s", strerror(-r));
        return r;
}

static void follower_done(Follower *f) {
        for (size_t i = 0; i < f->chain.n; i++)
                free(f->told[i]);
        free(f->told);
        chain_done(&f->chain);
        strv_free(f->pending);
        free(f->bad_unit);
        free(f->bad_result);
        sd_event_source_unref(f->refresh);
        sd_bus_flush_close_unref(f->bus);
        sd_event_unref(f->event);
}

int jobs_follow(const JobsRequest *request) {
        _cleanup_(follower_done) Follower f = {.request = request, .begun_usec = now_usec()};
        int r;

        f.chain = chain_new();
        f.told = xcalloc(f.chain.n, sizeof(char *));
        f.terminal = isatty(STDOUT_FILENO);
        if (bus_open(&f.bus) < 0 || set_up(&f) < 0)
                return EXIT_TEMPFAIL;
        STRV_FOREACH(unit, request->units)
                if (queue(&f, *unit) < 0)
                        return EXIT_TEMPFAIL;
        /* Not sd_event_loop(): that closes the bus at its end, and there is more to ask. */
        while (!f.over) {
                r = sd_event_run(f.event, UINT64_MAX);
                if (r < 0) {
                        log_error("Cannot listen to systemd: %s", strerror(-r));
                        return EXIT_SOFTWARE;
                }
        }
        return f.exit_status != EXIT_SUCCESS ? f.exit_status : tell_end(&f);
}

/* --- what there is to stop ------------------------------------------------------------------------------ */

/* Others may have units that are called lago-something: a backup's timer, say. */
static bool is_of_the_stack(const char *unit) {
        const char *rest = startswith(unit, "lago-");
        _cleanup_(freep) char *name = rest ? xstrndup(rest, strcspn(rest, ".")) : NULL;
        Member member;

        return name && streq(rest + strlen(name), ".service") &&
               (streq(name, "setup") || streq(name, "ready") || member_parse(name, &member) >= 0);
}

static int read_units(sd_bus_message *m, char ***units) {
        int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");

        while (r > 0) {
                const char *unit, *active;

                r = sd_bus_message_read(m, "(ssssssouso)", &unit, NULL, NULL, &active, NULL, NULL,
                                        NULL, NULL, NULL, NULL);
                if (r > 0 && !streq(active, "inactive") && is_of_the_stack(unit))
                        strv_add(units, unit);
        }
        return r;
}

char **jobs_stack_units(void) {
        _cleanup_(strv_freep) char **units = NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        sd_bus *bus = NULL;
        int r = bus_open(&bus);

        if (r < 0)
                return NULL;
        strv_add(&units, "lago.target");
        r = sd_bus_call_method(bus, SYSTEMD_MANAGER_CALL, "ListUnitsByPatterns", &error, &reply,
                               "asas", 0, 1, "lago-*.service");
        if (r >= 0)
                r = read_units(reply, &units);
        if (r < 0)
                log_error("systemd does not list its units: %s",
                          error.message ? error.message : strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_message_unref(reply);
        sd_bus_flush_close_unref(bus);
        return r < 0 ? NULL : TAKE_PTR(units);
}

int jobs_mark(const char *path) {
        int r = file_write(path, "", 0600);

        if (r < 0)
                log_error("Cannot write %s: %s", path, strerror(-r));
        return r < 0 ? EXIT_TEMPFAIL : 0;
}

int jobs_follow_one(const char *method, const char *unit, bool quiet, const char *goes_on) {
        _cleanup_(freep) char *name = xstrdup(unit);
        char *units[] = {name, NULL};

        return jobs_follow(&(JobsRequest){.method = method, .units = units, .quiet = quiet, .goes_on = goes_on});
}
