/* SPDX-License-Identifier: MIT */
/* CREATE: the engine makes the container, of which nothing runs. */
#include "supervisor/container.h"

#include "base/file.h"
#include "process/port.h"
#include "supervisor/damage.h"
#include "supervisor/image-files.h"
#include "supervisor/leftnet.h"
#include "supervisor/leftover.h"
#include "supervisor/migrate.h"
#include "supervisor/redis.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_environment(Supervisor *s, const char *path) {
        _cleanup_(strv_freep) char **pairs = stack_environment(s->config, &s->member, s->own_env);
        _cleanup_(freep) char *text = strv_join(pairs, "\n"), *whole = xasprintf("%s\n", text);
        int r = make_dirs(CONTAINER_DIRECTORY, 0700);

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
        _cleanup_(freep) char *path = container_file(s, "id"), *text = NULL;
        int r = file_read(path, sizeof(s->container.id) - 1, &text, NULL);

        if (r < 0)
                return r;
        (void)snprintf(s->container.id, sizeof(s->container.id), "%s", strip(text));
        return isempty(s->container.id) ? -EBADMSG : 0;
}

static void on_created(void *userdata, const JobResult *result);

static void create(Supervisor *s) {
        _cleanup_(freep) char *env_file = container_file(s, "env"), *publish = NULL;
        _cleanup_(freep) char *monitor = container_file(s, "conmon.pid"), *init = container_file(s, "pid");
        _cleanup_(freep) char *id = container_file(s, "id");
        _cleanup_(strv_freep) char **volumes = stack_volumes(s->config, s->member.kind);
        _cleanup_(strv_freep) char **command = NULL, **networks = stack_networks_now(s->config, s->member.kind);
        ContainerSpec spec = {
                .name = s->container_name,
                .member = s->name,
                .image = s->image.id,
                .env_file = env_file,
                .network = networks[0],
                .second_network = networks[1],
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
        if (s->member.kind == MEMBER_REDIS)
                r = redis_give_conf(s->config, &volumes);
        if (r < 0) {
                supervisor_later(s, "Cannot write " REDIS_CONF ": %s", strerror(-r));
                return;
        }
        spec.volumes = volumes;
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
                supervisor_later(s, "Cannot read " CONTAINER_DIRECTORY "/%s.id: %s", s->name, strerror(-r));
        else
                leftnet_clear(s);
}

static char *gone_networks(const Supervisor *s) {
        _cleanup_(strv_freep) char **networks = stack_networks_now(s->config, s->member.kind);

        return strv_join(networks, " or ");
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
                reason = gone_networks(s);
                supervisor_later(s, "The network %s is gone; \"systemctl restart lago-setup\" makes it", reason);
                return;
        default:
                reason = engine_reason(result->errors, 70);
                log_warning("%s cannot make the container: %s", s->engine->name, line);
                supervisor_later(s, "Cannot make the container: %s", reason);
        }
}

void enter_create(Supervisor *s) {
        const Listen *listen = stack_listen(s->config, s->member.kind);

        if (!container_fails(s)) {
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
