/* SPDX-License-Identifier: MIT */
/* Which release the verbs speak of, and what its image holds. */
#include "ctl/ctl.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/passing.h"
#include "base/privileges.h"
#include "base/time.h"
#include "config/keys.h"
#include "engine/engine.h"
#include "process/run.h"
#include "schema/manifest.h"
#include "stack/stack.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATE_BAD_MANIFEST 65 /* lago-gate(8) */

#define OUTPUT_MAX   65536
#define TIMEOUT_USEC (120 * USEC_PER_SEC)

int engine_ask(char **argv, RunResult *ret) {
        _cleanup_(strv_freep) char **owned = argv;
        int r = run_capture(owned, OUTPUT_MAX, TIMEOUT_USEC, ret);

        if (r == -ENOENT)
                log_error("%s is not installed, or not in $PATH; install the package %s",
                          engine_podman.name, engine_podman.name);
        else if (r < 0)
                log_error("Cannot run %s: %s", engine_podman.name, strerror(-r));
        return r;
}

static char *first_line(const char *text) {
        return xstrndup(text, strcspn(text, "\n"));
}

char *image_id(const char *image) {
        RunResult child = {0};
        uint16_t port;
        char *id = NULL;

        if (engine_ask(engine_podman.images((const char *const[]){image, NULL}), &child) < 0)
                return NULL;
        if (child.status == 0)
                id = engine_image(child.output, &port);
        run_done(&child);
        return id;
}

int config_set_release(Config *config, const char *name) {
        _cleanup_(freep) char *reason = NULL;

        if (config_key_set(config, KEY_RELEASE, name, &reason) >= 0)
                return 0;
        log_error("%s", reason);
        return EXIT_USAGE;
}

/* What lago-migrate wrote when it admitted. */
static bool load_admitted(Release *release) {
        _cleanup_(freep) char *text = NULL;

        if (file_read(ADMITTED_DIRECTORY "/images", OUTPUT_MAX, &text, NULL) < 0)
                return false;
        release->image_id = keyfile_get(text, "API_IMAGE_ID");
        release->version = keyfile_get(text, "VERSION");
        release->admitted = release->image_id != NULL;
        return release->admitted;
}

int release_load(const char *name, Release *ret) {
        Release release = {0};
        bool admitted = !name && load_admitted(&release);
        int status = config_load_or_tell(admitted ? ADMITTED_DIRECTORY : CONFIG_DIRECTORY,
                                         &release.config);

        if (status == 0 && name)
                status = config_set_release(release.config, name);
        if (status != 0) {
                release_done(&release);
                return status;
        }
        release.image = stack_image(release.config, MEMBER_API);
        if (!admitted)
                release.image_id = image_id(release.image);
        if (!release.version)
                release.version = xstrdup(release.config->release);
        *ret = release;
        return 0;
}

int release_load_admitted(Release *ret) {
        int status = release_load(NULL, ret);

        if (status != 0)
                return status;
        if (ret->admitted)
                return 0;
        log_error(
                "No release is admitted yet, so there is no schema to run against; \"lagoctl start\" does it");
        release_done(ret);
        return EXIT_TEMPFAIL;
}

void release_done(Release *release) {
        config_free(release->config);
        free(release->version);
        free(release->image);
        free(release->image_id);
        *release = (Release){0};
}

/* --- manifest ------------------------------------------------------------------------------------------- */

/* lago-gate parses what an image holds, as a user that may do nothing. */
static int write_manifest(int root, int out) {
        char *argv[] = {(char[]){"lago-gate"}, (char[]){"manifest"}, (char[]){"--root=."}, NULL};
        RunOptions options = {.directory_fd = root,
                              .output_fd = out,
                              .unprivileged = true,
                              .timeout_usec = TIMEOUT_USEC};
        RunResult child = {0};
        int r = run_child(argv, &options, &child);

        if (r < 0)
                log_error("Cannot run lago-gate: %s", strerror(-r));
        else if (child.status != 0) {
                log_error("lago-gate cannot read the migrations of the image: %s", child.error);
                r = child.status == GATE_BAD_MANIFEST ? -EBADMSG : -EIO;
        }
        run_done(&child);
        return r;
}

static int write_manifest_file(const char *root, const char *path) {
        _cleanup_(freep) char *temporary = xasprintf("%s.%d", path, (int)getpid());
        _cleanup_(closep) int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(closep) int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        int r;

        if (root_fd < 0 || out < 0 || fchmod(out, 0644) < 0) {
                r = -errno;
                log_error("Cannot write %s: %s", temporary, strerror(errno));
        } else
                r = write_manifest(root_fd, out);
        if (r >= 0 && rename(temporary, path) < 0) {
                r = -errno;
                log_error("Cannot rename %s: %s", temporary, strerror(errno));
        }
        if (r < 0)
                (void)unlink(temporary);
        return r;
}

static int read_image(const char *id, const char *path) {
        _cleanup_(freep) char *name = xasprintf("lago-ctl-%d-files", (int)getpid()), *root = NULL;
        RunResult child = {0};
        int r = engine_ask(engine_podman.create_for_files(id, name, "ctl"), &child);

        if (r >= 0 && child.status == 0) {
                run_done(&child);
                r = engine_ask(engine_podman.mount(name), &child);
        }
        if (r >= 0 && child.status != 0) {
                log_error("Cannot look into the image: %s", child.error);
                r = -EIO;
        }
        if (r >= 0) {
                root = first_line(child.output);
                r = write_manifest_file(root, path);
        }
        run_done(&child);
        if (engine_ask(engine_podman.remove(name), &child) >= 0)
                run_done(&child);
        return r;
}

/* Its last line says that it is whole, its first that it is of this version. */
static bool manifest_is_whole(const char *path) {
        static const char end[] = "\nend\n";
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;

        return file_read(path, 16U << 20, &text, &size) >= 0 && size >= sizeof(end) - 1 &&
               startswith(text, MANIFEST_HEADER "\n") &&
               streq(text + size - (sizeof(end) - 1), end);
}

/* Of all that can go wrong only what lago-gate says of its files is the image's fault. */
static int manifest_status(int r) {
        if (r == -EBADMSG)
                return EXIT_IMAGE;
        if (r == -ENOENT)
                return EXIT_OSERR; /* no engine, no lago-gate, no user for it */
        return errno_status(r) != 0 ? errno_status(r) : EXIT_TEMPFAIL;
}

int release_manifest(const Release *release, char **ret) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (!release->image_id) {
                log_error("%s is not on this host; \"lagoctl pull %s\" brings it", release->image,
                          release->config->release);
                return EXIT_IMAGE;
        }
        path = xasprintf(CACHE_DIRECTORY "/manifest-%s", release->image_id);
        if (manifest_is_whole(path)) {
                *ret = TAKE_PTR(path);
                return 0;
        }
        r = privileges_init();
        if (r < 0)
                log_error("There is no user " GATE_USER " to read images as; run systemd-sysusers");
        else
                r = read_image(release->image_id, path);
        if (r < 0)
                return manifest_status(r);
        *ret = TAKE_PTR(path);
        return 0;
}
