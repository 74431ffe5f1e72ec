/* SPDX-License-Identifier: MIT */
/* What the container of this member is to be. */
#include "supervisor/container.h"

#include "base/file.h"
#include "supervisor/image-files.h"
#include "supervisor/migrate.h"
#include "supervisor/redis.h"
#include "supervisor/supervisor.h"

#include <errno.h>
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

/* NULL while that cannot be read, which has been told. */
static char **networks_of(Supervisor *s) {
        char **networks = stack_networks_now(s->config, s->member.kind);

        if (!networks)
                supervisor_later(s, "Cannot read " STACK_PAGES_NOTE ": %s", strerror(errno));
        return networks;
}

char **container_words(Supervisor *s, char **(*words)(const ContainerSpec *spec)) {
        _cleanup_(freep) char *env_file = container_file(s, "env"), *id = container_file(s, "id");
        _cleanup_(freep) char *monitor = container_file(s, "conmon.pid"), *init = container_file(s, "pid");
        _cleanup_(freep) char *publish = stack_publish(s->config, s->member.kind, s->image.port);
        _cleanup_(strv_freep) char **volumes = stack_volumes(s->config, s->member.kind), **command = NULL;
        _cleanup_(strv_freep) char **networks = networks_of(s);
        ContainerSpec spec = {
                .name = s->container_name,
                .member = s->name,
                .image = s->image.id,
                .env_file = env_file,
                .network = networks ? networks[0] : NULL,
                .second_network = networks ? networks[1] : NULL,
                .alias = s->member.pool[0] ? NULL : s->info->name,
                .publish = publish,
                .shm_size = s->member.kind == MEMBER_DB ? s->config->shm_size : NULL,
                .stop_signal = s->info->stop_signal,
                .grace_sec = s->info->grace_sec,
                .id_file = id,
                .conmon_pid_file = monitor,
                .pid_file = init,
        };
        int r = networks ? command_of(s, &command) : 0;

        if (!networks)
                return NULL;
        if (r < 0) {
                supervisor_later(s, "Cannot read the manifest of %s: %s", s->image.reference, strerror(-r));
                return NULL;
        }
        r = write_environment(s, env_file);
        if (r < 0) {
                supervisor_later(s, "Cannot write %s: %s", env_file, strerror(-r));
                return NULL;
        }
        if (s->member.kind == MEMBER_REDIS)
                r = redis_give_conf(s->config, &volumes);
        if (r < 0) {
                supervisor_later(s, "Cannot write " REDIS_CONF ": %s", strerror(-r));
                return NULL;
        }
        spec.volumes = volumes;
        spec.entrypoint = stack_entrypoint(s->member.kind, command);
        spec.command = command;
        (void)unlink(id);
        (void)unlink(monitor);
        (void)unlink(init);
        return words(&spec);
}
