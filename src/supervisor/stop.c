/* SPDX-License-Identifier: MIT */
/* CLEAN, DOOM, STOP: the container gets its grace, and is removed. */
#include "supervisor/container.h"

#include "base/time.h"
#include "process/cgroup.h"
#include "supervisor/heldup.h"
#include "supervisor/leftover.h"
#include "supervisor/nameserver.h"
#include "supervisor/outlive.h"
#include "supervisor/policy.h"
#include "supervisor/redis.h"
#include "supervisor/runfile.h"
#include "supervisor/supervisor.h"

#include <signal.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* All its processes are gone; what they wrote last is let into the journal before anybody hears that it is over. */
#define LAST_LINES_USEC (5 * USEC_PER_SEC)

int stop_on_output_done(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)usec;
        s->container.relay_awaited = false;
        s->container.relay = relay_free(s->container.relay);
        supervisor_feed(s, LIFE_ON_OK);
        return 0;
}

/* A member that does not take its signal loses what it had in hand: that is worth more than a line at level info. */
static void tell_stop(Supervisor *s) {
        const Container *c = &s->container;
        uint64_t took = now_usec() - c->stop_began;
        bool killed = stop_was_kill(took, s->info->grace_sec, c->ended ? c->exit_code : -1);
        _cleanup_(strv_freep) char **fields = NULL;

        if (c->stop_began == 0)
                return;
        strv_addf(&fields, "LAGO_STOP_USEC=%llu", (unsigned long long)took);
        if (killed)
                log_fields(LOG_WARNING, MESSAGE_STOPPED, fields, "Not stopped within its %u s, and killed after %.1f s.",
                           s->info->grace_sec, (double)took / (double)USEC_PER_SEC);
        else
                log_fields(LOG_INFO, MESSAGE_STOPPED, fields, "Stopped after %.1f s.", (double)took / (double)USEC_PER_SEC);
        s->container.stop_began = 0;
}

static void gone(Supervisor *s) {
        Container *c = &s->container;
        int left = cgroup_kill_payload();
        _cleanup_(freep) char *env_file = container_file(s, "env");

        if (left > 0)
                log_message(LOG_WARNING, MESSAGE_REAPED, "Killed what was left of the container.");
        (void)unlink(env_file);
        if (s->member.kind == MEMBER_REDIS)
                (void)unlink(REDIS_CONF);
        if (c->start_killed)
                nameserver_mend();
        c->start_killed = false;
        c->netns_fd = close_fd(c->netns_fd);
        c->exists = c->monitor_lost = c->view = false;
        c->monitor = c->init = 0;
        c->address[0] = '\0';
        s->container.relay_awaited = relay_finish(s->container.relay);
        supervisor_timer(s, s->container.relay_awaited ? LAST_LINES_USEC : 0, stop_on_output_done);
}

static void on_removed_twice(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0) {
                _cleanup_(freep) char *line = engine_last_line(result->errors);

                log_warning("%s cannot remove the container: %s", s->engine->name, line);
                s->container.stuck = true;
        }
        gone(s);
}

/* Podman 5.4 fails the first removal after its monitor was killed, and only the first. */
static void on_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (result->signaled || result->status != 0)
                supervisor_client(s, s->engine->remove(s->container_name), on_removed_twice);
        else
                gone(s);
}

static void remove_container(Supervisor *s) {
        supervisor_client(s, s->engine->remove(s->container_name), on_removed);
}

static void on_owner(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (leftover_owner(s, result) == LEFTOVER_OURS)
                remove_container(s);
        else
                gone(s);
}

static void on_stopped(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        (void)result;
        s->work.timer = sd_event_source_disable_unref(s->work.timer);
        tell_stop(s);
        remove_container(s);
}

static int on_orphan_killed(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)usec;
        if (s->container.init > 0)
                (void)cgroup_payload_signal(s->container.init, SIGKILL);
        remove_container(s);
        return 0;
}

int stop_on_orphan_gone(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        remove_container(userdata);
        return 0;
}

static int signal_number(const char *name) {
        return name && streq(name, "SIGINT") ? SIGINT : SIGTERM;
}

/* Without its monitor the engine neither knows whether the container runs nor when it ends: we do both ourselves. */
static void stop_orphan(Supervisor *s) {
        (void)cgroup_payload_signal(s->container.init, signal_number(s->info->stop_signal));
        supervisor_timer(s, s->info->grace_sec * USEC_PER_SEC, on_orphan_killed);
}

/* It has finished what it had in hand, and would wait out its time all the same. */
static int on_ask_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)usec;
        if (s->container.init > 0 && outlive_is_idle(s))
                (void)cgroup_payload_signal(s->container.init, signal_number(s->info->stop_signal));
        supervisor_timer(s, 200 * USEC_PER_MSEC, on_ask_idle);
        return 0;
}

/*
 * While PostgreSQL makes a new data directory the first process is a shell, which as process 1 does not even see the
 * signal. It is sent until the server itself is there to take it; a server that stops already minds no second one.
 */
static int on_ask_server_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)usec;
        if (s->container.init > 0)
                (void)cgroup_payload_signal(s->container.init, signal_number(s->info->stop_signal));
        supervisor_timer(s, USEC_PER_SEC, on_ask_server_again);
        return 0;
}

static void stop_and_remove(Supervisor *s) {
        Container *c = &s->container;
        JobSpec spec = {.done = on_stopped};

        if (!c->exists && c->start_killed)
                /* Killed, the client may have made one and not lived to say so. */
                supervisor_client(s, s->engine->owner(s->container_name), on_owner);
        else if (!c->exists)
                gone(s);
        else if (c->monitor_lost && c->init > 0)
                stop_orphan(s);
        else if (c->ended || c->monitor == 0)
                remove_container(s);
        else {
                s->container.stop_began = now_usec();
                spec.timeout_usec = (s->info->grace_sec + 15) * USEC_PER_SEC;
                if (s->member.kind == MEMBER_DB)
                        supervisor_timer(s, USEC_PER_SEC, on_ask_server_again);
                if (s->info->outlives_clients)
                        supervisor_timer(s, 200 * USEC_PER_MSEC, on_ask_idle);
                supervisor_job(s, s->engine->stop(s->container_name, s->info->grace_sec), &spec);
        }
}

void enter_clean(Supervisor *s) {
        stop_and_remove(s);
}

/*
 * Who waited for the verdict starts now, and would share the processors with this removal. Nothing waits for it, but it is not
 * put off for a member that never comes up.
 */
#define DOOM_REST_USEC     (1 * USEC_PER_SEC)
#define DOOM_PATIENCE_USEC (60 * USEC_PER_SEC)

static bool somebody_starts(void) {
        static const char *const followers[] = {"api", "worker", "clock", "front"};
        bool starts = false;

        for (size_t i = 0; i < ELEMENTSOF(followers); i++)
                starts |= runfile_starts(followers[i]);
        return starts;
}

static int on_doom(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        (void)source;
        (void)usec;
        if (somebody_starts() && now_usec() - s->entered_usec < DOOM_PATIENCE_USEC)
                supervisor_timer(s, DOOM_REST_USEC, on_doom);
        else
                stop_and_remove(s);
        return 0;
}

void enter_doom(Supervisor *s) {
        if (s->exit_status == 0 && s->container.ended)
                supervisor_timer(s, DOOM_REST_USEC, on_doom);
        else
                stop_and_remove(s);
}

static int on_ask_clients(sd_event_source *source, uint64_t usec, void *userdata);

static void on_clients(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        bool waits = !result->signaled && result->status == 0 && outlive_clients_stop(result->output) &&
                     now_usec() - s->entered_usec < OUTLIVE_SEC * USEC_PER_SEC;

        if (waits)
                supervisor_timer(s, 300 * USEC_PER_MSEC, on_ask_clients);
        else
                stop_and_remove(s);
}

static int on_ask_clients(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        supervisor_client(userdata, outlive_argv(), on_clients);
        return 0;
}

void enter_stop(Supervisor *s) {
        (void)sd_notify(0, "STOPPING=1");
        heldup_watch(s);
        if (s->container.exists && !s->container.ended)
                supervisor_status(s, "Stopping, up to %u s", s->info->grace_sec);
        if (s->info->outlives_clients && s->container.exists && !s->container.ended)
                supervisor_client(s, outlive_argv(), on_clients);
        else
                stop_and_remove(s);
}
