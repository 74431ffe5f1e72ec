/* SPDX-License-Identifier: MIT */
/* The container network and the volumes. Nothing is ever removed here. */
#include "setup/setup.h"

#include "base/file.h"
#include "base/log.h"
#include "base/passing.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine.h"
#include "process/run.h"
#include "stack/stack.h"

#include <sys/stat.h>
#include <unistd.h>

#define PODMAN       "podman", "--events-backend=none"
#define OUTPUT_MAX   (4 * 1024 * 1024)
#define TIMEOUT_USEC (120 * USEC_PER_SEC)
#define LABEL        ENGINE_LABEL "=1"
#define SEPARATORS   "\n"

static StepResult failed(char *const argv[], const char *words) {
        const char *record, *damage = engine_record_damage(words, &record);

        if (damage)
                return setup_later(NULL, "Podman's record of containers and volumes is damaged: %s; no data is in it, so run: mv %s "
                                         "%s.damaged; then the volumes are made known again, with what is in them",
                                   damage, record, record);
        return setup_later(NULL, "podman %s %s failed: %s", argv[2], argv[3], isempty(words) ? "it does not say why" : words);
}

/* What became of podman: @r is run_child()'s answer. */
static StepResult judge(char *const argv[], int r, RunResult *ret) {
        if (r == -ENOENT) {
                log_error("podman is not installed, or not in $PATH; install the package podman");
                return STEP_ENGINE;
        }
        if (r < 0)
                return setup_later(NULL, "Cannot run podman %s: %s", argv[2], strerror(-r));
        if (ret->status != 0) {
                StepResult later = failed(argv, ret->error ? ret->error : "");

                run_done(ret);
                return later;
        }
        return STEP_DONE;
}

static StepResult ask(char *const argv[], RunResult *ret) {
        return judge(argv, run_capture(argv, OUTPUT_MAX, TIMEOUT_USEC, ret), ret);
}

/* Both at the same time: every start waits for this. */
static StepResult ask_both(char *const first[], char *const second[], RunResult *ret_first, RunResult *ret_second) {
        RunOptions options = {.max_bytes = OUTPUT_MAX, .timeout_usec = TIMEOUT_USEC};
        Running *runs[2] = {NULL, NULL};
        int r = run_start(first, &options, &runs[0]), r2 = r < 0 ? r : run_start(second, &options, &runs[1]);
        StepResult result;

        if (r >= 0)
                r = run_finish(runs[0], ret_first);
        if (r2 >= 0)
                r2 = run_finish(runs[1], ret_second);
        result = judge(first, r, ret_first);
        return result == STEP_DONE ? judge(second, r2, ret_second) : result;
}

/* The fields of one "a|b|c" line; absent ones are empty. */
static size_t split_fields(char *line, char *fields[], size_t max) {
        size_t n = 0;

        while (n < max) {
                char *bar = strchr(line, '|');

                fields[n++] = line;
                if (!bar || n == max)
                        break;
                *bar = '\0';
                line = bar + 1;
        }
        for (size_t i = n; i < max; i++)
                fields[i] = line + strlen(line);
        return n;
}

/* Any bridge with names will do, whoever made it. */
static char *network_problem(char *const fields[static 6]) {
        if (!streq(fields[1], "bridge"))
                return xasprintf("its driver is %s, not bridge",
                                 isempty(fields[1]) ? "unknown" : fields[1]);
        if (!streq(fields[2], "true"))
                return xstrdup("its containers cannot find each other by name (no DNS)");
        if (streq(fields[3], "true"))
                return xstrdup("it is internal: no port can be reached, nothing be sent");
        return NULL;
}

static void find_network(NetworkFound *found, char *const *lines, const char *name) {
        STRV_FOREACH(i, lines) {
                _cleanup_(freep) char *line = xstrdup(*i);
                char *fields[6];

                split_fields(line, fields, ELEMENTSOF(fields));
                if (!streq(fields[0], name))
                        continue;
                found->exists = true;
                found->is_ours = strstr(fields[4], LABEL) != NULL;
                found->isolated = strstr(fields[5], "isolate:true") || strstr(fields[5], "isolate:strict");
                found->problem = network_problem(fields);
                return;
        }
}

static bool is_mounted(const char *path) {
        _cleanup_(freep) char *above = xasprintf("%s/..", path);
        struct stat here, there;

        return stat(path, &here) == 0 && stat(above, &there) == 0 && here.st_dev != there.st_dev;
}

/*
 * Where the files of a volume are. One that was made with options ("map[device:/srv/pg o:bind type:none]") is mounted only
 * while a container has it: of a folder that is bound we look at that, and of a disk or a share there is nothing to be seen.
 */
static char *place_of(const char *mountpoint, const char *options) {
        const char *device = strstr(options, "device:"), *end;

        if (!device)
                return xstrdup(mountpoint);
        device += strlen("device:");
        end = device + strcspn(device, " ]");
        if (*device == '/' && (strstr(options, "o:bind") || strstr(options, "bind,") || strstr(options, ",bind")))
                return xstrndup(device, (size_t)(end - device));
        return xstrdup(is_mounted(mountpoint) ? mountpoint : INVENTORY_UNMOUNTED);
}

void inventory_parse(Inventory *inventory, const char *volumes, const char *networks, const char *network,
                     const char *pages) {
        _cleanup_(strv_freep) char **volume_lines = strv_split(volumes, SEPARATORS);
        _cleanup_(strv_freep) char **network_lines = strv_split(networks, SEPARATORS);

        STRV_FOREACH(i, volume_lines) {
                char *fields[3];

                split_fields(*i, fields, ELEMENTSOF(fields));
                strv_add(&inventory->volumes, fields[0]);
                strv_take(&inventory->mountpoints, place_of(fields[1], fields[2]));
        }
        find_network(&inventory->network, network_lines, network);
        if (pages)
                find_network(&inventory->pages, network_lines, pages);
}

void inventory_done(Inventory *inventory) {
        strv_free(inventory->volumes);
        strv_free(inventory->mountpoints);
        free(inventory->network.problem);
        free(inventory->pages.problem);
        *inventory = (Inventory){0};
}

const char *inventory_mountpoint(const Inventory *inventory, const char *volume) {
        if (volume[0] == '/')
                return volume;
        for (size_t i = 0; inventory->volumes && inventory->volumes[i]; i++)
                if (streq(inventory->volumes[i], volume))
                        return inventory->mountpoints[i];
        return NULL;
}

int inventory_volume_has_data(const Inventory *inventory, const char *volume) {
        const char *directory = inventory_mountpoint(inventory, volume);
        int r = directory ? directory_has_entries(directory) : 0;

        return r < 0 && !errno_is_passing(r) ? 1 : r;
}

StepResult setup_look(const Config *config, Inventory *ret) {
        static const char *const list_volumes[] = {
                PODMAN, "volume", "ls", "--format", "{{.Name}}|{{.Mountpoint}}|{{.Options}}", NULL};
        static const char *const list_networks[] = {
                PODMAN,
                "network",
                "ls",
                "--format",
                "{{.Name}}|{{.Driver}}|{{.DNSEnabled}}|{{.Internal}}|{{.Labels}}|{{.Options}}",
                NULL};
        _cleanup_(freep) char *pages = stack_pages_network(config);
        RunResult volumes = {0}, networks = {0};
        StepResult result = ask_both((char *const *)(uintptr_t)list_volumes, (char *const *)(uintptr_t)list_networks,
                                     &volumes, &networks);

        if (result == STEP_DONE)
                inventory_parse(ret, volumes.output, networks.output, config->network, pages);
        run_done(&volumes);
        run_done(&networks);
        return result;
}

static StepResult make(const char *kind, const char *name) {
        char **argv = NULL;
        RunResult child = {0};
        StepResult result;

        strv_add(&argv, "podman");
        strv_add(&argv, "--events-backend=none");
        strv_add(&argv, kind);
        strv_add(&argv, "create");
        if (streq(kind, "network"))
                strv_add(&argv, "--opt=isolate=true");
        strv_add(&argv, "--label");
        strv_add(&argv, LABEL);
        strv_add(&argv, name);
        result = ask(argv, &child);
        strv_free(argv);
        run_done(&child);
        if (result == STEP_DONE)
                log_info("Made the %s %s", kind, name);
        return result;
}

StepResult setup_make_volume(const char *name) {
        return make("volume", name);
}

char **setup_volumes(const Config *config) {
        size_t n = 0;
        Member *members = stack_members(config, &n);
        char **names = NULL;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(strv_freep) char **volumes = NULL;

                if (stack_is_external(config, members[i].kind))
                        continue;
                volumes = stack_volumes(config, members[i].kind);
                STRV_FOREACH(v, volumes) {
                        (*v)[strcspn(*v, ":")] = '\0';
                        if ((*v)[0] != '/' && !strv_contains(names, *v))
                                strv_add(&names, *v);
                }
        }
        free(members);
        return names;
}

static StepResult judge_network(const char *name, const NetworkFound *found) {
        if (!found->problem)
                return STEP_DONE;
        if (found->is_ours) {
                log_error("podman made the network %s, but %s; install netavark and aardvark-dns, "
                          "then run podman network "
                          "rm %s",
                          name, found->problem, name);
                return STEP_ENGINE;
        }
        log_error("The container network %s belongs to somebody else: %s; write another name "
                  "below [network] in lago.conf",
                  name, found->problem);
        setup_refused("the container network %s is somebody else's; see [network] in lago.conf", name);
        return STEP_STRANGER;
}

/*
 * The names of a network that was removed under its containers stay, and with them the address at which they are asked for:
 * the name server would go on listening there, and never at the new network's.
 */
static void forget_names(const char *network) {
        _cleanup_(freep) char *path = xasprintf("/run/containers/networks/aardvark-dns/%s", network);

        if (unlink(path) == 0)
                log_info("Removed what was left of the names in an earlier network %s", network);
}

/* What came out depends on podman's network backend, which not every package of it brings along. */
static StepResult make_network(const Config *config, const char *name) {
        Inventory inventory = {0};
        StepResult result;

        forget_names(name);
        result = make("network", name);
        if (result == STEP_DONE)
                result = setup_look(config, &inventory);
        if (result == STEP_DONE)
                result = judge_network(name, streq(name, config->network) ? &inventory.network : &inventory.pages);
        inventory_done(&inventory);
        return result;
}

static bool remove_network(const char *name) {
        const char *const argv[] = {PODMAN, "network", "rm", name, NULL};
        RunResult child = {0};
        bool removed = run_capture((char *const *)(uintptr_t)argv, OUTPUT_MAX, TIMEOUT_USEC, &child) >= 0 &&
                       child.status == 0;

        run_done(&child);
        return removed;
}

/*
 * One from before there were two of them: podman takes the option when it makes a network, and never afterwards. It is ours,
 * and podman removes none that somebody's container has joined.
 */
static StepResult isolate_network(const Config *config, const NetworkFound *found) {
        if (found->is_ours && remove_network(config->network))
                return make_network(config, config->network);
        log_warning("The network %s is not isolated, so PDF rendering can reach database and Redis by their addresses; "
                    "\"podman ps -a --filter network=%s\" shows who is in it. Removed by \"podman network rm %s\", it is made "
                    "anew at the next \"systemctl restart lago.target\"",
                    config->network, config->network, config->network);
        return STEP_DONE;
}

static StepResult note_pages(const char *path, const char *pages) {
        _cleanup_(freep) char *noted = NULL;
        int r = file_read(path, 4096, &noted, NULL);

        if (r >= 0 && streq(noted, pages))
                return STEP_DONE;
        r = make_dirs(STATE_DIRECTORY, 0755);
        if (r >= 0)
                r = file_write(path, pages, 0644);
        return r < 0 ? setup_later(NULL, "Cannot write %s: %s", path, strerror(-r)) : STEP_DONE;
}

static StepResult set_up_networks(const Config *config, const Inventory *inventory, const char *note) {
        _cleanup_(freep) char *pages = stack_pages_network(config);
        bool apart = pages && note && !setup_runs();
        StepResult result = judge_network(config->network, &inventory->network);

        if (result == STEP_DONE && pages)
                result = judge_network(pages, &inventory->pages);
        if (result == STEP_DONE && !inventory->network.exists)
                result = make_network(config, config->network);
        else if (result == STEP_DONE && apart && !inventory->network.isolated)
                result = isolate_network(config, &inventory->network);
        if (result == STEP_DONE && pages && !inventory->pages.exists)
                result = make_network(config, pages);
        return result == STEP_DONE && apart ? note_pages(note, pages) : result;
}

#define DEFAULT_STORE "/var/lib/containers/storage"

char *inventory_store(const Inventory *inventory) {
        for (size_t i = 0; inventory->mountpoints && inventory->mountpoints[i]; i++) {
                const char *path = inventory->mountpoints[i];
                _cleanup_(freep) char *tail = xasprintf("/volumes/%s/_data", inventory->volumes[i]);
                size_t n = strlen(path), n_tail = strlen(tail);

                if (path[0] == '/' && n > n_tail && streq(path + n - n_tail, tail))
                        return xstrndup(path, n - n_tail);
        }
        return xstrdup(DEFAULT_STORE);
}

/*
 * Podman 5 keeps every container's environment, which is where the keys are, in a file that it makes readable for all; its
 * directory keeps nobody out where the host's own tmpfiles.d(5) made it. SQLite gives what it writes beside the file the
 * same mode.
 */
static StepResult close_database(const Inventory *inventory) {
        _cleanup_(freep) char *store = inventory_store(inventory), *path = xasprintf("%s/db.sql", store);
        struct stat st;

        if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) == 0)
                return STEP_DONE;
        if (chmod(path, st.st_mode & 0700) < 0)
                return setup_later(NULL, "Cannot keep others from reading %s: %s", path, strerror(errno));
        log_notice("%s was readable for all users of this host, and holds the environment of containers: now root alone reads it",
                   path);
        return STEP_DONE;
}

StepResult setup_engine(const Config *config, const Inventory *inventory, const char *note) {
        _cleanup_(strv_freep) char **wanted = setup_volumes(config);
        StepResult result = set_up_networks(config, inventory, note);

        STRV_FOREACH(i, wanted)
                if (result == STEP_DONE && !strv_contains(inventory->volumes, *i))
                        result = make("volume", *i);
        return result == STEP_DONE ? close_database(inventory) : result;
}
