/* SPDX-License-Identifier: MIT */
#include "supervisor/container.h"

#include "base/file.h"
#include "base/time.h"
#include "process/cgroup.h"
#include "process/netns.h"
#include "process/port.h"
#include "supervisor/damage.h"
#include "supervisor/hear.h"
#include "supervisor/heldup.h"
#include "supervisor/image.h"
#include "supervisor/leftnet.h"
#include "supervisor/leftover.h"
#include "supervisor/migrate.h"
#include "supervisor/nameserver.h"
#include "supervisor/outlive.h"
#include "supervisor/supervisor.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define ENGINE_DIRECTORY "/run/lago/engine"

static char *engine_file(const Supervisor *s, const char *suffix) {
        return xasprintf(ENGINE_DIRECTORY "/%s.%s", s->name, suffix);
}

static pid_t read_pid(const char *path) {
        _cleanup_(freep) char *text = NULL;
        uint64_t pid = 0;

        if (file_read(path, 64, &text, NULL) < 0 || parse_uint(strip(text), INT32_MAX, &pid) < 0)
                return 0;
        return (pid_t)pid;
}

static int on_orphan_gone(sd_event_source *source, uint64_t usec, void *userdata);
static int on_output_done(sd_event_source *source, uint64_t usec, void *userdata);

/* --- create --------------------------------------------------------------------------------------------- */

static int write_environment(Supervisor *s, const char *path) {
        _cleanup_(strv_freep) char **pairs = stack_environment(s->config, &s->member, s->own_env);
        _cleanup_(freep) char *text = strv_join(pairs, "\n"), *whole = xasprintf("%s\n", text);
        int r = make_dirs(ENGINE_DIRECTORY, 0700);

        if (r >= 0)
                r = file_write(path, whole, 0600);
        explicit_bzero(text, strlen(text));
        explicit_bzero(whole, strlen(whole));
        return r;
}

/* Booted with ipv6.disable=1 it has none, in no namespace. */
static bool kernel_has_ipv6(void) {
        _cleanup_(closep) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return fd >= 0 || errno != EAFNOSUPPORT;
}

/* Errors: -errno of the manifest. */
static int command_of(Supervisor *s, char ***ret) {
        _cleanup_(freep) char *script = NULL, *command = NULL;
        int r = 0;

        if (s->member.kind == MEMBER_MIGRATE)
                *ret = migrate_command(s);
        else if ((r = image_script(s, &script, &command)) >= 0)
                *ret = stack_command(s->config, &s->member, script, command, kernel_has_ipv6());
        return r;
}

/* Podman prints it for no container whose output is not its own. Errors: -errno; -EBADMSG for what is no id. */
static int read_id(Supervisor *s) {
        _cleanup_(freep) char *path = engine_file(s, "id"), *text = NULL;
        int r = file_read(path, sizeof(s->container.id) - 1, &text, NULL);

        if (r < 0)
                return r;
        (void)snprintf(s->container.id, sizeof(s->container.id), "%s", strip(text));
        return isempty(s->container.id) ? -EBADMSG : 0;
}

static void on_created(void *userdata, const JobResult *result);

static void create(Supervisor *s) {
        _cleanup_(freep) char *env_file = engine_file(s, "env"), *publish = NULL;
        _cleanup_(freep) char *monitor = engine_file(s, "conmon.pid"), *init = engine_file(s, "pid");
        _cleanup_(freep) char *id = engine_file(s, "id");
        _cleanup_(strv_freep) char **volumes = stack_volumes(s->config, s->member.kind);
        _cleanup_(strv_freep) char **command = NULL;
        ContainerSpec spec = {
                .name = s->container_name,
                .member = s->name,
                .image = s->image.id,
                .env_file = env_file,
                .network = s->config->network,
                .alias = s->member.pool[0] ? NULL : s->info->name,
                .volumes = volumes,
                .shm_size = s->member.kind == MEMBER_DB ? s->config->shm_size : NULL,
                .stop_signal = s->info->stop_signal,
                .grace_sec = s->info->grace_sec,
                .id_file = id,
                .conmon_pid_file = monitor,
                .pid_file = init,
        };
        int r = command_of(s, &command);

        if (r < 0) {
                supervisor_later(s, "Cannot read the manifest of %s: %s", s->image.reference, strerror(-r));
                return;
        }
        r = write_environment(s, env_file);
        if (r < 0) {
                supervisor_later(s, "Cannot write %s: %s", env_file, strerror(-r));
                return;
        }
        spec.entrypoint = stack_entrypoint(s->member.kind, command);
        spec.command = command;
        (void)unlink(id);
        (void)unlink(monitor);
        (void)unlink(init);
        publish = stack_publish(s->config, s->member.kind, s->image.port);
        spec.publish = publish;
        supervisor_client(s, s->engine->create(&spec), on_created);
}

static void on_removed_old(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0)
                create(s);
        else
                /* It stays ours; cleaning up tries again, and harder. */
                supervisor_later(s, "A left-over container %s cannot be removed; see the journal", s->container_name);
}

static void remove_old(Supervisor *s) {
        leftover_tell(s);
        supervisor_client(s, s->engine->remove(s->container_name), on_removed_old);
}

static void on_half_made(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0 && startswith(result->output, ENGINE_HALF_MADE "\n"))
                remove_old(s);
        else
                supervisor_later(s, "The name %s was taken and is free again; once more", s->container_name);
}

static void on_owner(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        switch (leftover_owner(s, result)) {
        case LEFTOVER_UNKNOWN:
                supervisor_later(s, "Cannot ask whose container %s is; see the journal", s->container_name);
                return;
        case LEFTOVER_NONE:
                supervisor_client(s, s->engine->half_made(s->container_name), on_half_made);
                return;
        case LEFTOVER_STRANGER:
                supervisor_never(s, EXIT_STRANGER, NULL,
                                 "Refused: a container %s that is not ours exists; rename or remove it", s->container_name);
                return;
        case LEFTOVER_OURS:
                s->container.exists = true;
                remove_old(s);
                return;
        }
}

static void have_container(Supervisor *s) {
        int r = read_id(s);

        s->container.exists = true;
        s->container.suspected = s->container.stuck = false;
        if (r < 0)
                supervisor_later(s, "Cannot read " ENGINE_DIRECTORY "/%s.id: %s", s->name, strerror(-r));
        else
                leftnet_clear(s);
}

static void on_created(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *line = engine_last_line(result->errors), *reason = NULL;

        s->work.job = NULL;
        if (!result->signaled && result->status == 0) {
                have_container(s);
                return;
        }
        switch (engine_failure(result->errors)) {
        case ENGINE_NAME_TAKEN:
                supervisor_client(s, s->engine->owner(s->container_name), on_owner);
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
                /* lago-setup made it, and somebody has removed it since. */
                supervisor_later(s, "The network %s is gone; \"systemctl restart lago-setup\" makes it", s->config->network);
                return;
        default:
                reason = engine_reason(result->errors, 70);
                log_warning("%s cannot make the container: %s", s->engine->name, line);
                supervisor_later(s, "Cannot make the container: %s", reason);
        }
}

/* What it failed of last is over when a container has started, not when one more is tried. */
static bool engine_fails(const Supervisor *s) {
        return s->wait.cause && (s->wait.state == LIFE_CREATE || s->wait.state == LIFE_START);
}

void enter_create(Supervisor *s) {
        const Listen *listen = stack_listen(s->config, s->member.kind);

        if (!engine_fails(s)) {
                supervisor_wait_over(s);
                supervisor_status(s, "Starting");
        }
        s->container.ended = s->container.by_itself = s->container.monitor_lost = s->container.loopback_v6 = false;
        s->container.monitor = s->container.init = 0;
        s->container.n_strangers = 0;
        if (listen && port_is_taken(listen->address, listen->port))
                supervisor_never(s, EXIT_STRANGER, NULL,
                                 "Refused: another program listens on %s:%u; see listen of [%s] in lago.conf",
                                 listen->address, listen->port, s->info->name);
        else
                create(s);
}

/* --- start ---------------------------------------------------------------------------------------------- */

static void note_end(Supervisor *s, int code, int status) {
        s->container.ended = true;
        s->container.exit_code = code == CLD_EXITED ? status : 128 + status;
        s->container.signal = code == CLD_EXITED ? 0 : status;
}

static void tell_end(Supervisor *s) {
        unsigned ends = end_add(&s->container.ends, now_usec());
        bool memory = s->container.signal == SIGKILL || s->container.exit_code == 128 + SIGKILL;
        const char *why = memory && cgroup_oom_kills() > s->container.oom_kills ? ", out of memory" : "";
        _cleanup_(freep) char *when = NULL;

        s->wait.rest_usec = end_rest(ends);
        when = s->wait.rest_usec < USEC_PER_SEC ? xstrdup("at once")
                                                : xasprintf("in %u s", (unsigned)(s->wait.rest_usec / USEC_PER_SEC));
        log_message(LOG_WARNING, MESSAGE_CONTAINER_ENDED, "The container ended by itself (exit %d%s); it is started again %s.",
                    s->container.exit_code, why, when);
        if (ends == 5)
                log_message(LOG_ERR, MESSAGE_CRASH_LOOP, "The container ended 5 times in 10 minutes (last exit %d).",
                            s->container.exit_code);
        supervisor_status(s, "Ended %u times in 10 min (exit %d%s); again %s", ends, s->container.exit_code, why, when);
}

static void container_ended(Supervisor *s, int code, int status) {
        note_end(s, code, status);
        s->container.ended_unanswered = s->state == LIFE_PROBE && s->member.kind == MEMBER_DB;
        s->container.by_itself = s->state == LIFE_PROBE || s->state == LIFE_SERVE || s->state == LIFE_MIGRATE ||
                                 s->state == LIFE_DRAIN;
        if (s->state == LIFE_PROBE || s->state == LIFE_SERVE)
                tell_end(s);
        else if (s->state == LIFE_MIGRATE || s->state == LIFE_DRAIN)
                migrate_ended(s);
        hear_last_lines(s);
        supervisor_feed(s, LIFE_ON_ENDED);
}

static bool is_our_child(pid_t pid) {
        siginfo_t info = {0};

        return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* A migration needs no monitor: its output is the journal's, and its end comes to us. Nothing of ours cuts it short. */
static bool goes_on_without_monitor(const Supervisor *s) {
        return (s->state == LIFE_MIGRATE || s->state == LIFE_DRAIN) && is_our_child(s->container.init);
}

static void monitor_ended(Supervisor *s, int code, int status) {
        if (code == CLD_EXITED) {
                /* It exits when it has seen its container's end: that number may be somebody else's from now on. */
                s->container.init = 0;
                container_ended(s, code, status);
                return;
        }
        s->container.monitor_lost = true;
        if (goes_on_without_monitor(s)) {
                log_warning("The engine's monitor of the container was killed; the migrations go on without it.");
                return;
        }
        log_warning("The engine's monitor of the container was killed; stopping the container.");
        container_ended(s, code, status);
}

static void orphan_ended(Supervisor *s, int code, int status) {
        s->container.init = 0;
        if (!s->container.monitor_lost)
                return;
        if (s->state == LIFE_MIGRATE || s->state == LIFE_DRAIN)
                container_ended(s, code, status);
        else if (s->work.job == NULL && (s->state == LIFE_CLEAN || s->state == LIFE_DOOM || s->state == LIFE_STOP))
                supervisor_timer(s, 0, on_orphan_gone);
}

/*
 * conmon becomes our child and exits with the container's own exit code. Killed, it leaves the container's first
 * process to us: that one is then asked to end here, as the engine no longer knows of it.
 */
static void take_stranger(Supervisor *s, pid_t pid, int code, int status) {
        if (pid == s->container.monitor)
                monitor_ended(s, code, status);
        else if (pid == s->container.init)
                orphan_ended(s, code, status);
}

void on_stranger(void *userdata, pid_t pid, int code, int status) {
        Supervisor *s = userdata;

        if (s->state == LIFE_START && s->container.n_strangers < ELEMENTSOF(s->container.strangers)) {
                s->container.strangers[s->container.n_strangers].pid = pid;
                s->container.strangers[s->container.n_strangers].code = code;
                s->container.strangers[s->container.n_strangers++].status = status;
        } else
                take_stranger(s, pid, code, status);
}

/*
 * A number from a file may be another process's by now, whose namespace is the host's: what is asked there would answer for
 * somebody else. So it has to be one of this unit's container.
 */
static void read_container(Supervisor *s) {
        _cleanup_(freep) char *monitor = engine_file(s, "conmon.pid"), *init = engine_file(s, "pid");
        Container *c = &s->container;

        c->monitor = read_pid(monitor);
        c->init = read_pid(init);
        c->netns_fd = close_fd(c->netns_fd);
        if (c->init > 0)
                c->netns_fd = netns_open(c->init);
        if (!cgroup_payload_has(c->init))
                c->netns_fd = close_fd(c->netns_fd);
        if (c->netns_fd < 0 || netns_address(c->netns_fd, c->address, sizeof(c->address)) < 0)
                c->address[0] = '\0';
}

static void start_failed(Supervisor *s, const JobResult *result, const char *words) {
        _cleanup_(freep) char *line = engine_last_line(words), *reason = engine_reason(words, 70);

        s->container.start_killed |= result->signaled;
        if (engine_failure(words) == ENGINE_OTHER_MACHINE) {
                supervisor_never(s, EXIT_IMAGE, MESSAGE_IMAGE, "Refused: %s is not made for this host's processor: %s", s->image.reference,
                                 reason);
                return;
        }
        /* Of a client that was killed the words may be the container's own. */
        if (!result->signaled && engine_failure(words) == ENGINE_IMAGE_DAMAGED) {
                damage_repair(s, s->image.id, line);
                return;
        }
        log_warning("%s cannot start the container (%s %d): %s", s->engine->name, result->signaled ? "signal" : "exit",
                    result->status, line);
        supervisor_later(s, "Cannot start the container: %s", reason);
}

static void on_started(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
        if (result->signaled || result->status != 0) {
                _cleanup_(freep) char *said = relay_take_back(s->container.relay);

                start_failed(s, result, isempty(said) ? result->errors : said);
                return;
        }
        relay_started(s->container.relay);
        read_container(s);
        if (engine_fails(s))
                supervisor_wait_over(s);
        supervisor_feed(s, s->member.kind == MEMBER_MIGRATE ? LIFE_ON_MIGRATE : LIFE_ON_OK);
        for (size_t i = 0; i < s->container.n_strangers; i++)
                take_stranger(s, s->container.strangers[i].pid, s->container.strangers[i].code, s->container.strangers[i].status);
        s->container.n_strangers = 0;
}

static void on_output_ended(void *userdata) {
        Supervisor *s = userdata;

        s->said.all = true;
        hear_last_lines(s);
        if (s->container.relay_awaited)
                supervisor_timer(s, 0, on_output_done);
}

void enter_start(Supervisor *s) {
        RelaySpec output = {
                .event = s->work.event,
                .jobs = s->work.jobs,
                .member = s->name,
                .ready = s->info->ready_line,
                .after = s->container.id,
                .ticks = s->info->ticks,
                .missing = s->info->backend || s->member.kind == MEMBER_DB,
                .note = hear_note,
                .ended = on_output_ended,
                .userdata = s,
        };
        int r;

        s->container.oom_kills = cgroup_oom_kills();
        said_begin(&s->said);
        s->container.relay = relay_free(s->container.relay);
        r = relay_new(&output, &s->container.relay);
        if (r < 0) {
                supervisor_later(s, "Cannot make a pipe for the container's output: %s", strerror(-r));
                return;
        }
        supervisor_publish(s);
        supervisor_job(s, s->engine->start(s->container.id),
                       &(JobSpec){.output_fd = relay_fd(s->container.relay),
                                  .error_fd = relay_fd(s->container.relay),
                                  .in_unit_root = true,
                                  .timeout_usec = SUPERVISOR_CLIENT_USEC,
                                  .done = on_started});
        if (s->work.job)
                relay_begin(s->container.relay);
}

/* --- stop and remove ------------------------------------------------------------------------------------ */

/* All its processes are gone; what they wrote last is let into the journal before anybody hears that it is over. */
#define LAST_LINES_USEC (5 * USEC_PER_SEC)

static int on_output_done(sd_event_source *source, uint64_t usec, void *userdata) {
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
        uint64_t took = now_usec() - s->container.stop_began;
        bool killed = took >= s->info->grace_sec * USEC_PER_SEC;
        _cleanup_(strv_freep) char **fields = NULL;

        if (s->container.stop_began == 0)
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
        _cleanup_(freep) char *env_file = engine_file(s, "env");

        if (left > 0)
                log_message(LOG_WARNING, MESSAGE_REAPED, "Killed what was left of the container.");
        (void)unlink(env_file);
        if (c->start_killed)
                nameserver_mend();
        c->start_killed = false;
        c->netns_fd = close_fd(c->netns_fd);
        c->exists = c->monitor_lost = false;
        c->monitor = c->init = 0;
        c->address[0] = '\0';
        s->container.relay_awaited = relay_finish(s->container.relay);
        supervisor_timer(s, s->container.relay_awaited ? LAST_LINES_USEC : 0, on_output_done);
}

static void on_removed_twice(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        s->work.job = NULL;
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

        s->work.job = NULL;
        if (result->signaled || result->status != 0)
                supervisor_client(s, s->engine->remove(s->container_name), on_removed_twice);
        else
                gone(s);
}

static void remove_container(Supervisor *s) {
        supervisor_client(s, s->engine->remove(s->container_name), on_removed);
}

static void on_stopped(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;

        (void)result;
        s->work.job = NULL;
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

static int on_orphan_gone(sd_event_source *source, uint64_t usec, void *userdata) {
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

        if (!c->exists)
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

/* Who waited for the verdict makes and starts containers now, and would share the processors with this removal. */
#define DOOM_REST_USEC (1 * USEC_PER_SEC)

static int on_doom(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        stop_and_remove(userdata);
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

        s->work.job = NULL;
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
