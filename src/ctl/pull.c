/* SPDX-License-Identifier: MIT */
#include "ctl/ctl.h"

#include "base/log.h"
#include "engine/engine.h"
#include "stack/stack.h"

#include <stdio.h>
#include <unistd.h>

#define OUTPUT_MAX 65536

/* Of every member that runs a container here, each once. */
static char **wanted_images(const Config *config) {
        size_t n = 0;
        Member *members = stack_members(config, &n);
        char **images = NULL;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *image = stack_image(config, members[i].kind);

                if (!stack_is_external(config, members[i].kind) && !strv_contains(images, image))
                        strv_add(&images, image);
        }
        free(members);
        return images;
}

static int tell_failure(const char *image, bool front, const RunResult *child) {
        _cleanup_(freep) char *line = engine_last_line(child->error);

        switch (engine_failure(child->error)) {
        case ENGINE_NO_SUCH_IMAGE:
        case ENGINE_DENIED:
                log_error("the registry has no %s; %s", image,
                          stack_image_absent(front ? MEMBER_FRONT : MEMBER_API));
                return EXIT_IMAGE;
        case ENGINE_OTHER_MACHINE:
                log_error("%s is not made for this host's processor: %s", image, line);
                return EXIT_IMAGE;
        case ENGINE_DISK_FULL:
                log_error("%s: no space left on device", image);
                return EXIT_TEMPFAIL;
        default:
                log_error("%s cannot be pulled: %s", image, line);
                return EXIT_TEMPFAIL;
        }
}

/* Errors: -errno, told; else the engine's exit status. */
static int call(char **argv, const RunOptions *options, RunResult *ret) {
        int r = run_child(argv, options, ret);

        strv_free(argv);
        if (r < 0)
                log_error("Cannot run %s: %s", engine_podman.name, strerror(-r));
        return r < 0 ? r : ret->status;
}

/* One that is in the engine's list, and not whole on the disk: pulling alone would find nothing to do. */
static void forget_damaged(const char *image) {
        RunResult child = {0};
        bool damaged;

        if (engine_ask(engine_podman.images((const char *const[]){image, NULL}), &child) < 0)
                return;
        damaged = child.status != 0 && engine_failure(child.error) == ENGINE_IMAGE_DAMAGED;
        run_done(&child);
        if (!damaged)
                return;
        log_warning("%s is not whole on the disk, as after a power cut: removed, and pulled again", image);
        if (engine_ask(engine_podman.image_remove(image), &child) < 0)
                return;
        if (child.status != 0)
                log_warning("%s cannot be removed: %s", image, child.error);
        run_done(&child);
}

/* The front that runs with a release which Lago has tagged for the API alone; NULL where none can be. */
static char *front_before(const Config *config, const char *image, const RunResult *child) {
        char *before = NULL;

        if (engine_failure(child->error) == ENGINE_NO_SUCH_IMAGE)
                before = stack_front_before(config, image);
        if (before)
                printf("%s: not in the registry\n", image);
        return before;
}

static int pull(const Config *config, const char *image, bool front) {
        _cleanup_(freep) char *id = image_id(image), *before = NULL;
        RunResult child = {0};
        int r = 1;

        printf("%s: %s\n", image, id ? "here" : "pulling");
        (void)fflush(stdout);
        if (id)
                return 0;
        forget_damaged(image);
        if (isatty(STDERR_FILENO)) {
                r = call(engine_podman.pull_shown(image),
                         &(RunOptions){.error_fd = STDERR_FILENO, .max_bytes = OUTPUT_MAX}, &child);
                run_done(&child);
        }
        /* What is shown cannot be judged: after a failure once more, to hear why. */
        if (r > 0)
                r = call(engine_podman.pull(image), &(RunOptions){.max_bytes = OUTPUT_MAX}, &child);
        if (r < 0)
                return r == -ENOENT ? EXIT_OSERR : EXIT_TEMPFAIL;
        /* The engine has synced nothing of it. */
        if (r == 0)
                sync();
        else if (front)
                before = front_before(config, image, &child);
        if (r != 0 && !before)
                r = tell_failure(image, front, &child);
        run_done(&child);
        return before ? pull(config, before, front) : r;
}

int pull_images(const Config *config) {
        _cleanup_(strv_freep) char **images = wanted_images(config);
        _cleanup_(freep) char *front = stack_image(config, MEMBER_FRONT);
        int status = 0;

        STRV_FOREACH(image, images)
                if (status == 0)
                        status = pull(config, *image, streq(*image, front));
        return status;
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(config_freep) Config *config = NULL;
        const char *release;
        int status;

        if (arguments_parse(verb, argc, argv, NULL, 0, &release, 0, 1) < 0)
                return EXIT_USAGE;
        status = config_load_or_tell(CONFIG_DIRECTORY, &config);
        if (status == 0 && release)
                status = config_set_release(config, release);
        return status != 0 ? status : pull_images(config);
}

const Verb verb_pull = {
        .name = "pull",
        .arguments = "[RELEASE]",
        .summary = "Pull the images of a release, before anything stops for it",
        .help = "Without RELEASE it is the one in lago.conf. Images that are here already are left as they are.\n"
                "Exit status: 75 what may pass (registry away, disk full), 81 the registry has no such image, or none\n"
                "for this host's processor.\n",
        .as_root = true,
        .run = run,
};
