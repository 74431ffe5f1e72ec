/* SPDX-License-Identifier: MIT */
/* START, and the end of a container whenever it comes: who of its processes is who. */
#include "supervisor/container.h"

#include "base/file.h"
#include "base/time.h"
#include "process/cgroup.h"
#include "process/netns.h"
#include "supervisor/damage.h"
#include "supervisor/hear.h"
#include "supervisor/inside.h"
#include "supervisor/migrate.h"
#include "supervisor/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static pid_t read_pid(const char *path) {
        _cleanup_(freep) char *text = NULL;
        uint64_t pid = 0;

        if (file_read(path, 64, &text, NULL) < 0 || parse_uint(strip(text), INT32_MAX, &pid) < 0)
                return 0;
        return (pid_t)pid;
}

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
                supervisor_timer(s, 0, stop_on_orphan_gone);
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
        _cleanup_(freep) char *monitor = container_file(s, "conmon.pid"), *init = container_file(s, "pid");
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
        if (!result->signaled && engine_failure(words) == ENGINE_NAMES_TAKEN) {
                supervisor_later(s, "Cannot start the container: another program has port 53, on which the network's name server is "
                                    "to listen: ss -lnp 'sport = :53' shows which; let it leave the network's interface alone "
                                    "(dnsmasq: bind-dynamic and except-interface=NAME), or write dns_bind_port = 5353 below "
                                    "[network] in /etc/containers/containers.conf, then lagoctl stop and lagoctl start");
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
        if (container_fails(s))
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
                supervisor_timer(s, 0, stop_on_output_done);
}

static void start(Supervisor *s) {
        supervisor_job(s, s->engine->start(s->container.id),
                       &(JobSpec){.output_fd = relay_fd(s->container.relay),
                                  .error_fd = relay_fd(s->container.relay),
                                  .in_unit_root = true,
                                  .timeout_usec = SUPERVISOR_CLIENT_USEC,
                                  .done = on_started});
        if (s->work.job)
                relay_begin(s->container.relay);
}

static void on_reached(Supervisor *s) {
        if (s->stop_asked)
                supervisor_feed(s, LIFE_ON_LATER);
        else
                start(s);
}

static void on_missed(Supervisor *s, const char *sentence, const char *advice) {
        bool told = s->wait.cause && streq(s->wait.cause, sentence);

        supervisor_later(s, "%s", sentence);
        if (!told)
                log_message(LOG_WARNING, MESSAGE_UNREACHED, "%s.", advice);
}

static void on_init(void *userdata, const JobResult *result) {
        Supervisor *s = userdata;
        /* What its monitor writes to is the container's output, and only the engine has spoken so far. */
        _cleanup_(freep) char *said = relay_take_back(s->container.relay);

        s->work.job = NULL;
        if (result->signaled || result->status != 0) {
                start_failed(s, result, isempty(said) ? result->errors : said);
                return;
        }
        read_container(s);
        /* Nothing that would take a signal runs in it yet: where it is not started it is removed as it is. */
        s->container.monitor = 0;
        inside_ask(s, on_reached, on_missed);
}

static void init(Supervisor *s) {
        supervisor_job(s, s->engine->init(s->container.id),
                       &(JobSpec){.output_fd = relay_fd(s->container.relay),
                                  .error_fd = relay_fd(s->container.relay),
                                  .in_unit_root = true,
                                  .timeout_usec = SUPERVISOR_CLIENT_USEC,
                                  .done = on_init});
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
        excuse_begin(&s->run.excuse, now_usec());
        said_begin(&s->said);
        s->container.relay = relay_free(s->container.relay);
        r = relay_new(&output, &s->container.relay);
        if (r < 0) {
                supervisor_later(s, "Cannot make a pipe for the container's output: %s", strerror(-r));
                return;
        }
        supervisor_publish(s);
        if (inside_is_wanted(s))
                init(s);
        else
                start(s);
}
