/* SPDX-License-Identifier: MIT */
/* START: one client of the engine makes the container and starts it. */
#include "supervisor/container.h"

#include "base/file.h"
#include "base/time.h"
#include "process/cgroup.h"
#include "process/port.h"
#include "supervisor/begun.h"
#include "supervisor/damage.h"
#include "supervisor/hear.h"
#include "supervisor/inside.h"
#include "supervisor/leftnet.h"
#include "supervisor/leftover.h"
#include "supervisor/supervisor.h"

static void begin(Supervisor *s);
static void begin_alone(Supervisor *s);

/* --- a name that is taken ------------------------------------------------------------------------------- */

static void on_removed_old(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (!result->signaled && result->status == 0)
                begin(s);
        else {
                /* It stays ours; cleaning up tries again, and harder. */
                s->container.exists = true;
                supervisor_later(s, "A left-over container %s cannot be removed; see the journal", s->container_name);
        }
}

static void remove_old(Supervisor *s) {
        leftover_tell(s);
        supervisor_client(s, s->engine->remove(s->container_name), on_removed_old);
}

static void on_half_made(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (!result->signaled && result->status == 0 && startswith(result->output, ENGINE_HALF_MADE "\n"))
                remove_old(s);
        else
                supervisor_later(s, "The name %s was taken and is free again; once more", s->container_name);
}

/* Answer: whether nobody has the name; all else is settled here. */
static bool name_is_free(Supervisor *s, const JobResult *result) {
        switch (leftover_owner(s, result)) {
        case LEFTOVER_NONE:
                return true;
        case LEFTOVER_OURS:
                remove_old(s);
                return false;
        case LEFTOVER_STRANGER:
                supervisor_never(s, EXIT_STRANGER, NULL,
                                 "Refused: a container %s that is not ours exists; rename or remove it", s->container_name);
                return false;
        case LEFTOVER_UNKNOWN:
                break;
        }
        supervisor_later(s, "Cannot ask whose container %s is; see the journal", s->container_name);
        return false;
}

static void on_owner_of_name(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (name_is_free(s, result))
                supervisor_client(s, s->engine->half_made(s->container_name), on_half_made);
}

/* --- a start that failed -------------------------------------------------------------------------------- */

/* The engine writes the id as soon as it has made the container, whatever becomes of its start. */
static bool was_made(const Supervisor *s) {
        _cleanup_(freep) char *path = container_file(s, "id"), *text = NULL;

        return file_read(path, 128, &text, NULL) >= 0 && !isempty(text);
}

/* lago-setup made it, and somebody has removed it since. */
static void network_gone(Supervisor *s) {
        _cleanup_(strv_freep) char **networks = stack_networks_now(s->config, s->member.kind);
        _cleanup_(freep) char *names = networks ? strv_join(networks, " or ") : xstrdup(s->config->network);

        supervisor_later(s, "The network %s is gone; \"systemctl restart lago-setup\" makes it", names);
}

static void start_failed(Supervisor *s, int status, const char *words) {
        _cleanup_(freep) char *line = engine_last_line(words), *reason = engine_reason(words, 70);

        switch (engine_failure(words)) {
        case ENGINE_NAME_TAKEN:
                supervisor_client(s, s->engine->owner(s->container_name), on_owner_of_name);
                return;
        case ENGINE_IMAGE_ABSENT:
                s->image.pull_wanted = true;
                log_info("%s is not on this host.", s->image.reference);
                s->wait.rest_usec = 0;
                supervisor_feed(s, LIFE_ON_LATER);
                return;
        case ENGINE_IMAGE_DAMAGED:
                damage_repair(s, s->image.id, line);
                return;
        case ENGINE_NETWORK_ABSENT:
                network_gone(s);
                return;
        case ENGINE_NAMES_TAKEN:
                supervisor_later(s, "Cannot start the container: another program has port 53, on which the network's name server is "
                                    "to listen: ss -lnp 'sport = :53' shows which; let it leave the network's interface alone "
                                    "(dnsmasq: bind-dynamic and except-interface=NAME), or write dns_bind_port = 5353 below "
                                    "[network] in /etc/containers/containers.conf, then lagoctl stop and lagoctl start");
                return;
        case ENGINE_OTHER_MACHINE:
                damage_or_other_machine(s, reason);
                return;
        default:
                log_warning("%s cannot start the container (exit %d): %s", s->engine->name, status, line);
                supervisor_later(s, "Cannot start the container: %s", reason);
        }
}

/* A host on which a start takes longer than that would start for ever. */
static uint64_t client_usec(const Supervisor *s) {
        return (uint64_t)SUPERVISOR_CLIENT_USEC << (s->container.slow_starts > 3 ? 3 : s->container.slow_starts);
}

static void client_killed(Supervisor *s, bool late, int sig) {
        _cleanup_(freep) char *span = span_text(client_usec(s));

        s->container.start_killed = true;
        log_warning("%s cannot start the container (signal %d).", s->engine->name, sig);
        if (late) {
                s->container.slow_starts++;
                supervisor_later(s, "Cannot start the container: %s took longer than %s", s->engine->name, span);
        } else
                supervisor_later(s, "Cannot start the container: signal %d ended %s", sig, s->engine->name);
}

/* --- the start ------------------------------------------------------------------------------------------ */

/* Answer: whether it goes on without the client, which @sig ended. */
static bool goes_on(Supervisor *s, int sig) {
        begun_read(s);
        if (!begun_is(s))
                return false;
        s->container.start_killed = true;
        log_warning("Signal %d ended %s when the container had begun: it goes on.", sig, s->engine->name);
        return true;
}

static void started(Supervisor *s, bool late) {
        s->container.suspected = s->container.stuck = false;
        s->container.slow_starts = late ? s->container.slow_starts + 1 : 0;
        relay_begin(s->container.relay);
        if (container_fails(s))
                supervisor_wait_over(s);
        supervisor_feed(s, s->member.kind == MEMBER_MIGRATE ? LIFE_ON_MIGRATE : LIFE_ON_OK);
        strangers_take(s);
        if (s->state == LIFE_MIGRATE)
                ended_watch(s);
}

static void not_started(Supervisor *s, bool late, int sig) {
        s->container.monitor = 0;
        /* What is in the pipe may be the container's own words. */
        relay_begin(s->container.relay);
        client_killed(s, late, sig);
}

#define HELD_REST_USEC  (20 * USEC_PER_MSEC)
#define HELD_LOOKS_MOST 250 /* 5 s: it begins at once, unless this host has no time for it */

static int on_held_again(sd_event_source *source, uint64_t usec, void *userdata);

/*
 * The client says that all went well. Podman 4.3 says so, too, when somebody's SIGTERM ended it, whatever it left undone: there
 * may be no monitor, or a first process that is never let begin.
 */
static void started_or_left(Supervisor *s) {
        Container *c = &s->container;
        bool held;

        begun_read(s);
        held = begun_is_held(s);
        if (held && c->held_looks < HELD_LOOKS_MOST) {
                c->held_looks++;
                supervisor_timer(s, HELD_REST_USEC, on_held_again);
        } else if (held || c->monitor <= 0)
                not_started(s, c->start_late, SIGTERM);
        else
                started(s, c->start_late);
}

static int on_held_again(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        started_or_left(userdata);
        return 0;
}

static void on_started(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->container.exists = was_made(s);
        s->container.held_looks = 0;
        s->container.start_late = result->late;
        if (result->signaled) {
                if (goes_on(s, result->status))
                        started(s, result->late);
                else
                        not_started(s, result->late, result->status);
        } else if (result->status != 0) {
                _cleanup_(freep) char *said = relay_take_back(s->container.relay);

                start_failed(s, result->status, isempty(said) ? result->errors : said);
        } else
                started_or_left(s);
}

static void on_output_ended(void *userdata) {
        Supervisor *s = userdata;

        s->said.all = true;
        hear_last_lines(s);
        if (s->container.relay_awaited)
                supervisor_timer(s, 0, stop_on_output_done);
}

/* Errors: -errno. */
static int new_relay(Supervisor *s) {
        RelaySpec output = {
                .event = s->work.event,
                .jobs = s->work.jobs,
                .member = s->name,
                .ready = s->info->ready_line,
                .ticks = s->info->ticks,
                .missing = s->info->backend || s->member.kind == MEMBER_DB,
                .without_probes = s->info->logs_probes,
                .note = hear_note,
                .ended = on_output_ended,
                .userdata = s,
        };

        said_begin(&s->said);
        s->container.relay = relay_free(s->container.relay);
        return relay_new(&output, &s->container.relay);
}

/* Nobody reads the pipe yet: what the engine says when it fails is taken back out of it. */
static void client(Supervisor *s, char **argv, JobDone done) {
        supervisor_job(s, argv,
                       &(JobSpec){.output_fd = relay_fd(s->container.relay),
                                  .error_fd = relay_fd(s->container.relay),
                                  .in_unit_root = true,
                                  .timeout_usec = client_usec(s),
                                  .done = done});
}

/* Answer: whether it is there; else LATER was fed. */
static bool have_relay(Supervisor *s) {
        int r = new_relay(s);

        if (r < 0)
                supervisor_later(s, "Cannot make a pipe for the container's output: %s", strerror(-r));
        return r >= 0;
}

static void start(Supervisor *s) {
        char **argv;

        if (!have_relay(s))
                return;
        s->container.oom_kills = cgroup_oom_kills();
        s->container.n_strangers = 0;
        /* Whatever became of one to look from: what is started now may migrate. */
        s->container.view = false;
        excuse_begin(&s->run.excuse, now_usec());
        supervisor_publish(s);
        argv = container_words(s, s->engine->start);
        if (argv)
                client(s, argv, on_started);
}

/* --- a look from its place first ------------------------------------------------------------------------ */

static void on_view_removed(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->container.exists = result->signaled || result->status != 0;
        begin_alone(s);
}

static void on_reached(Supervisor *s) {
        s->container.netns_fd = close_fd(s->container.netns_fd);
        s->container.init = 0;
        supervisor_client(s, s->engine->remove(s->container_name), on_view_removed);
}

static void on_missed(Supervisor *s, const char *sentence, const char *advice) {
        bool told = s->wait.cause && streq(s->wait.cause, sentence);

        supervisor_later(s, "%s", sentence);
        if (!told)
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "%s.", advice);
}

static void on_init(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *said = relay_take_back(s->container.relay);

        if (!result->signaled && result->status != 0) {
                start_failed(s, result->status, isempty(said) ? result->errors : said);
                return;
        }
        if (!result->signaled)
                begun_read(s);
        if (result->signaled || s->container.monitor <= 0) {
                client_killed(s, result->late, result->signaled ? result->status : SIGTERM);
                return;
        }
        /* Nothing that would take a signal runs in it. */
        s->container.monitor = 0;
        inside_ask(s, on_reached, on_missed);
}

static void on_view_made(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->container.exists = was_made(s);
        if (result->signaled)
                client_killed(s, result->late, result->status);
        else if (result->status != 0)
                start_failed(s, result->status, result->errors);
        else if (have_relay(s))
                client(s, s->engine->init(s->container_name), on_init);
}

static void view(Supervisor *s) {
        char **argv = container_words(s, s->engine->create);

        s->container.view = true;
        supervisor_publish(s);
        if (argv)
                supervisor_job(s, argv, &(JobSpec){.timeout_usec = client_usec(s), .done = on_view_made});
}

/* --- in turn -------------------------------------------------------------------------------------------- */

static void begin_alone(Supervisor *s) {
        if (s->stop_asked)
                supervisor_feed(s, LIFE_ON_LATER);
        else
                start(s);
}

static void begin_free(Supervisor *s) {
        if (inside_is_wanted(s))
                view(s);
        else
                start(s);
}

static void on_owner_of_network(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        if (name_is_free(s, result))
                leftnet_clear(s, begin_free);
}

/* A stop that was asked meanwhile needs no container to be made. */
static void begin(Supervisor *s) {
        if (s->stop_asked)
                supervisor_feed(s, LIFE_ON_LATER);
        else if (leftnet_there(s))
                supervisor_client(s, s->engine->owner(s->container_name), on_owner_of_network);
        else
                begin_free(s);
}

void enter_start(Supervisor *s) {
        const Listen *listen = stack_listen(s->config, s->member.kind);

        if (!container_fails(s)) {
                supervisor_wait_over(s);
                supervisor_status(s, "Starting");
        }
        s->container.ended = s->container.by_itself = s->container.monitor_lost = s->container.loopback_v6 = false;
        s->container.monitor = s->container.init = 0;
        if (listen && port_is_taken(listen->address, listen->port))
                supervisor_never(s, EXIT_STRANGER, NULL,
                                 "Refused: another program listens on %s:%u; see listen of [%s] in lago.conf",
                                 listen->address, listen->port, s->info->name);
        else
                begin(s);
}
