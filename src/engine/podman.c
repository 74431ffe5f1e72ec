/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "base/util.h"

/* One that this host's registries are reached by would be asked for Lago's own members too; lago.env has what Lago is to use. */
#define NO_PROXY "--http-proxy=false"

/* Without --events-backend=none podman reports every event to the journal, under the name of our unit. */
static char **podman(const char *command, const char *subcommand) {
        char **argv = NULL;

        strv_add(&argv, "podman");
        strv_add(&argv, "--events-backend=none");
        strv_add(&argv, command);
        if (subcommand)
                strv_add(&argv, subcommand);
        return argv;
}

static void option(char ***argv, const char *name, const char *value) {
        if (value)
                strv_addf(argv, "--%s=%s", name, value);
}

static void what_runs(char ***argv, const ContainerSpec *spec) {
        option(argv, "entrypoint", spec->entrypoint);
        strv_add(argv, spec->image);
        strv_extend(argv, spec->command);
}

/*
 * split keeps the container in the unit's control group; the notification socket is ours alone; the image's own health check
 * would run as timers of systemd.
 */
static void member_of_unit(char ***argv, const ContainerSpec *spec, const char *log_driver) {
        option(argv, "name", spec->name);
        strv_addf(argv, "--label=%s=%s", ENGINE_LABEL_MEMBER, spec->member);
        strv_add(argv, "--pull=never");
        strv_add(argv, "--cgroups=split");
        option(argv, "log-driver", log_driver);
        strv_add(argv, "--sdnotify=ignore");
        strv_add(argv, "--no-healthcheck");
        strv_add(argv, "--restart=no");
        strv_add(argv, NO_PROXY);
        strv_addf(argv, "--stop-timeout=%u", spec->grace_sec);
        option(argv, "stop-signal", spec->stop_signal);
        option(argv, "shm-size", spec->shm_size);
        option(argv, "network", spec->network);
        option(argv, "network", spec->second_network);
        option(argv, "network-alias", spec->alias);
        option(argv, "publish", spec->publish);
        option(argv, "env-file", spec->env_file);
        STRV_FOREACH(volume, spec->volumes)
                option(argv, "volume", *volume);
        option(argv, "cidfile", spec->id_file);
        option(argv, "conmon-pidfile", spec->conmon_pid_file);
        option(argv, "pidfile", spec->pid_file);
        what_runs(argv, spec);
}

/*
 * passthrough makes our standard output the container's, which is why no warning may come there, and "run" prints no id. One
 * client that makes and starts takes as long as one that starts what another one made.
 */
static char **podman_start(const ContainerSpec *spec) {
        char **argv = NULL;

        strv_add(&argv, "podman");
        strv_add(&argv, "--events-backend=none");
        strv_add(&argv, "--log-level=error");
        strv_add(&argv, "run");
        strv_add(&argv, "--detach");
        member_of_unit(&argv, spec, "passthrough");
        return argv;
}

static char **podman_create(const ContainerSpec *spec) {
        char **argv = podman("create", NULL);

        member_of_unit(&argv, spec, "none");
        return argv;
}

static char **podman_init(const char *container) {
        char **argv = podman("init", NULL);

        strv_add(&argv, container);
        return argv;
}

/* Its events go where podman's configuration says: with none, older ones lose the exit status of what is removed. */
static char **podman_run(const ContainerSpec *spec) {
        char **argv = NULL;

        strv_add(&argv, "podman");
        strv_add(&argv, "run");
        strv_add(&argv, "--rm");
        strv_add(&argv, "--interactive");
        if (spec->terminal)
                strv_add(&argv, "--tty");
        option(&argv, "name", spec->name);
        strv_addf(&argv, "--label=%s=%s", ENGINE_LABEL_MEMBER, spec->member);
        strv_add(&argv, "--pull=never");
        strv_add(&argv, "--log-driver=none");
        strv_add(&argv, "--sdnotify=ignore");
        strv_add(&argv, "--no-healthcheck");
        strv_add(&argv, NO_PROXY);
        strv_addf(&argv, "--stop-timeout=%u", spec->grace_sec);
        option(&argv, "network", spec->network);
        option(&argv, "network", spec->second_network);
        option(&argv, "env-file", spec->env_file);
        STRV_FOREACH(volume, spec->volumes)
                option(&argv, "volume", *volume);
        what_runs(&argv, spec);
        return argv;
}

static char **podman_stop(const char *container, unsigned grace_sec) {
        char **argv = podman("stop", NULL);

        strv_add(&argv, "--ignore");
        strv_addf(&argv, "--time=%u", grace_sec);
        strv_add(&argv, container);
        return argv;
}

static char **podman_remove(const char *container) {
        char **argv = podman("rm", NULL);

        strv_add(&argv, "--force");
        strv_add(&argv, "--ignore");
        strv_add(&argv, "--volumes"); /* anonymous ones alone */
        strv_add(&argv, container);
        return argv;
}

static char **podman_exec(const char *container, char *const *command) {
        char **argv = podman("exec", "--interactive");

        strv_add(&argv, container);
        strv_extend(&argv, command);
        return argv;
}

/* Not "container inspect", which fails on a container whose layer a power cut has emptied. */
static char **podman_owner(const char *container) {
        char **argv = podman("ps", NULL);

        strv_add(&argv, "--all");
        strv_addf(&argv, "--filter=name=^%s$", container);
        strv_add(&argv, "--format={{index .Labels \"" ENGINE_LABEL_MEMBER "\"}}");
        return argv;
}

/* In place of a command podman ps prints "storage" for it, and "buildah" for those of its sister, which are not ours. */
static char **podman_half_made(const char *container) {
        char **argv = podman("ps", NULL);

        strv_add(&argv, "--all");
        strv_add(&argv, "--external");
        strv_addf(&argv, "--filter=name=^%s$", container);
        strv_add(&argv, "--format={{.Command}}");
        return argv;
}

static char **podman_images(const char *const *images) {
        char **argv = podman("image", "inspect");

        strv_add(&argv, "--format={{.Id}} {{json .Config.ExposedPorts}}");
        for (; *images; images++)
                strv_add(&argv, *images);
        return argv;
}

static char **podman_image_environment(const char *image) {
        char **argv = podman("image", "inspect");

        strv_add(&argv, "--format={{range .Config.Env}}{{println .}}{{end}}");
        strv_add(&argv, image);
        return argv;
}

static char **podman_image_machine(const char *image) {
        char **argv = podman("image", "inspect");

        strv_add(&argv, "--format={{.Architecture}}");
        strv_add(&argv, image);
        return argv;
}

static char **podman_volume_path(const char *volume) {
        char **argv = podman("volume", "inspect");

        strv_add(&argv, "--format={{.Mountpoint}}");
        strv_add(&argv, volume);
        return argv;
}

static char **podman_network_inspect(const char *network) {
        char **argv = podman("network", "inspect");

        strv_add(&argv, network);
        return argv;
}

static char **podman_network_reload(const char *container) {
        char **argv = podman("network", "reload");

        strv_add(&argv, container);
        return argv;
}

/* Without --force: what uses it may be running. */
static char **podman_image_remove(const char *image) {
        char **argv = podman("image", "rm");

        strv_add(&argv, image);
        return argv;
}

static char **podman_idle(void) {
        char **argv = podman("ps", NULL);

        strv_add(&argv, "--all");
        strv_add(&argv, "--filter=label=" ENGINE_LABEL_MEMBER);
        strv_add(&argv, "--filter=status=created");
        strv_add(&argv, "--filter=status=exited");
        strv_add(&argv, "--no-trunc");
        strv_add(&argv, "--format={{.Names}} {{.ImageID}} {{.Image}}");
        return argv;
}

static char **podman_pull(const char *image) {
        char **argv = podman("pull", NULL);

        strv_add(&argv, "--quiet");
        strv_add(&argv, image);
        return argv;
}

static char **podman_pull_shown(const char *image) {
        char **argv = podman("pull", NULL);

        strv_add(&argv, image);
        return argv;
}

/* Not "image mount": Podman 4.3 does not find the layers of an image in an additional store with it. */
static char **podman_create_for_files(const char *image, const char *name, const char *member) {
        char **argv = podman("create", NULL);

        option(&argv, "name", name);
        strv_addf(&argv, "--label=%s=%s", ENGINE_LABEL_MEMBER, member);
        strv_add(&argv, "--pull=never");
        strv_add(&argv, "--network=none");
        /* With the journal as its driver older ones write an empty line there about it. */
        strv_add(&argv, "--log-driver=none");
        strv_add(&argv, image);
        return argv;
}

static char **podman_mount(const char *container) {
        char **argv = podman("mount", NULL);

        strv_add(&argv, container);
        return argv;
}

const Engine engine_podman = {
        .name = "podman",
        .start = podman_start,
        .create = podman_create,
        .init = podman_init,
        .run = podman_run,
        .stop = podman_stop,
        .remove = podman_remove,
        .exec = podman_exec,
        .owner = podman_owner,
        .half_made = podman_half_made,
        .images = podman_images,
        .image_environment = podman_image_environment,
        .image_machine = podman_image_machine,
        .volume_path = podman_volume_path,
        .network_inspect = podman_network_inspect,
        .network_reload = podman_network_reload,
        .image_remove = podman_image_remove,
        .idle = podman_idle,
        .pull = podman_pull,
        .pull_shown = podman_pull_shown,
        .create_for_files = podman_create_for_files,
        .mount = podman_mount,
};
