/* SPDX-License-Identifier: MIT */
/* lago-setup: what must be true before any member of the stack starts. */
#include "setup/setup.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "base/util.h"
#include "config/admitted.h"
#include "ready/act.h"
#include "stack/stack.h"
#include "stack/unfinished.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define DELAY_MAX_SEC 60

#define LOCK_DIRECTORY "/run/lago"
#define LOCK_FILE      LOCK_DIRECTORY "/setup.lock"
#define LOCK_TOLD_USEC (1 * USEC_PER_SEC)
#define LOCK_WAIT_USEC (60 * USEC_PER_SEC)

static const char help[] =
        "Usage: lago-setup [OPTION]...\n"
        "Checks Lago's configuration; makes keys, container network and volumes that are "
        "missing.\n"
        "What may pass (a full disk, an engine that is busy) is tried again until it has "
        "passed.\n"
        "\n"
        "  --check          check only, change nothing\n"
        "  --once           do not try again\n"
        "  --directory=DIR  read and write DIR instead of " CONFIG_DIRECTORY "\n"
        "  --help           show this help\n"
        "  --version        show the version\n"
        "\n"
        "Exit status: 0 all is right; 64 wrong usage; 71 no container engine; 75 not yet (with "
        "--once);\n"
        "78 the configuration is refused; 82 the keys are refused; 85 the network is somebody "
        "else's.\n";

typedef struct Options {
        const char *directory;
        bool check, once;
} Options;

/* What is read and written is this host's: its keys, its volumes. */
static bool is_of_host(const Options *options) {
        return streq(options->directory, CONFIG_DIRECTORY) || streq(options->directory, ADMITTED_KEPT_DIRECTORY);
}

/*
 * At a boot that waits for a database lago-migrate was not started yet, which else finds out whose act this is: a restart
 * of lago.target under its own name then has to be heard here.
 */
static void hear_act(void) {
        bool started = access(SET_UP_FILE, F_OK) == 0;
        Act act = {0};
        int r = started ? act_ask(&act) : 0;

        if (r >= 0 && act_of_setup(&act, started))
                r = file_write(APPLY_FILE, "", 0600);
        if (r < 0)
                log_warning("Cannot find out who starts this: %s. \"lagoctl apply\" applies what is edited.", strerror(-r));
        (void)file_write(SET_UP_FILE, "", 0600);
}

/* Keys are made in /etc/lago alone: where what was admitted lacks one, as a newer version wants more, that is read. */
static const char *host_directory(void) {
        const char *directory = admitted_boot_directory();
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(strv_freep) char **missing = NULL;
        ConfigErrors errors = {0};
        int r = config_load(directory, &config, &errors);

        config_errors_done(&errors);
        missing = r < 0 ? NULL : setup_missing_keys(config);
        return r < 0 || missing ? CONFIG_DIRECTORY : directory;
}

/* STATUS= has one line: the first error, and how many there are. */
static void tell_status(const ConfigErrors *errors) {
        const ConfigError *first = NULL;
        size_t n = 0;

        for (size_t i = 0; i < errors->n; i++)
                if (errors->list[i].kind != CONFIG_WARNING) {
                        first = first ? first : &errors->list[i];
                        n++;
                }
        if (first)
                setup_refused("%s:%u: %.60s%s", first->file, first->line, first->text, n > 1 ? " (and more)" : "");
}

static StepResult step_of(int status) {
        switch (status) {
        case EXIT_OSERR:
                return STEP_SHORT;
        case EXIT_TEMPFAIL:
                return STEP_LATER;
        case EXIT_KEYS:
                return STEP_KEYS;
        default:
                return STEP_CONFIG;
        }
}

static StepResult load(const Options *options, Config **ret) {
        ConfigErrors errors = {0};
        const ConfigError *unread;
        Config *config = NULL;
        int r = config_load(options->directory, &config, &errors), status;

        if (r >= 0)
                setup_check(options->directory, config, &errors);
        status = config_errors_status(&errors);
        unread = config_errors_unread(&errors);
        if (unread)
                (void)setup_later(NULL, "%s %s", unread->file, unread->text);
        else {
                config_errors_tell(&errors);
                tell_status(&errors);
        }
        config_errors_done(&errors);
        if (status != 0) {
                config_free(config);
                return step_of(status);
        }
        *ret = config;
        return STEP_DONE;
}

/* Makes the keys that are missing, and sees that the others are still the same. */
static StepResult set_up_keys(const Options *options, Config **config, bool data_exists) {
        bool external = (*config)->database_external, here = is_of_host(options);
        _cleanup_(strv_freep) char **missing = setup_missing_keys(*config);
        bool made = external && here && missing;
        StepResult result = made ? new_keys_note(NEW_KEYS_FILE, *config) : STEP_DONE;
        int new_keys;

        if (result == STEP_DONE)
                result = setup_keys(options->directory, *config, !external && data_exists);
        if (result != STEP_DONE && made)
                new_keys_forget(NEW_KEYS_FILE, *config);
        if (result == STEP_DONE && missing) {
                *config = config_free(*config);
                result = load(options, config);
        }
        if (result != STEP_DONE || !here)
                return result;
        new_keys = made ? 1 : new_keys_judge(NEW_KEYS_FILE, FINGERPRINTS_FILE, *config);
        if (new_keys < 0)
                return setup_later(MESSAGE_KEYS, "Cannot read " NEW_KEYS_FILE ": %s", strerror(-new_keys));
        /* An external server cannot be looked into from here; that we were here before says enough. */
        return setup_fingerprints(FINGERPRINTS_FILE, *config, (external && !new_keys) || data_exists);
}

/* See stack/unfinished.h. Told to the database's supervisor before there is anything that it could remove. */
static StepResult note_new_database(const Options *options, const Config *config, bool data_exists) {
        int r;

        if (config->database_external || !is_of_host(options) || data_exists)
                return STEP_DONE;
        r = make_dirs(STATE_DIRECTORY, 0755);
        if (r >= 0)
                r = unfinished_note(UNFINISHED_FILE, config->database_volume);
        return r < 0 ? setup_later(NULL, "Cannot write " UNFINISHED_FILE ": %s", strerror(-r)) : STEP_DONE;
}

/* A volume that cannot be looked into now is neither taken for an empty one nor for one with data. */
static StepResult set_up_database(const Options *options, Config **config, const Inventory *inventory) {
        const char *volume = (*config)->database_volume, *place = inventory_mountpoint(inventory, volume);
        _cleanup_(strv_freep) char **missing = setup_missing_keys(*config);
        int r = inventory_volume_has_data(inventory, volume);
        StepResult result;

        if (missing && place && streq(place, INVENTORY_UNMOUNTED) && !(*config)->database_external)
                return setup_later(MESSAGE_KEYS, "Keys are missing, and the volume %s is on a disk of its own that is not mounted: podman "
                                                 "volume mount %s lets it be looked into",
                                   volume, volume);
        if (r < 0)
                return setup_later(NULL, "Cannot look into the volume %s: %s", volume, strerror(-r));
        /* First the note: fingerprints without it are those of a database that was ready once. */
        result = note_new_database(options, *config, r > 0);
        return result == STEP_DONE ? set_up_keys(options, config, r > 0) : result;
}

static StepResult set_up(const Options *options) {
        _cleanup_(config_freep) Config *config = NULL;
        bool here = is_of_host(options);
        Inventory inventory = {0};
        StepResult result = load(options, &config);

        if (result != STEP_DONE || options->check)
                return result;
        result = setup_look(config, &inventory);
        if (result == STEP_DONE)
                result = setup_known(config, &inventory);
        if (result == STEP_DONE && here)
                result = setup_place(config, &inventory);
        if (result == STEP_DONE)
                result = setup_redis(config, &inventory);
        if (result == STEP_DONE)
                result = set_up_database(options, &config, &inventory);
        if (result == STEP_DONE)
                result = setup_engine(config, &inventory, here ? STACK_PAGES_NOTE : NULL);
        if (result == STEP_DONE && here)
                result = setup_note_volumes(config);
        inventory_done(&inventory);
        return result;
}

static StepResult another_is_at_work(pid_t holder) {
        if (holder > 0)
                return setup_later(NULL, "Another lago-setup has been at work for a minute; \"ps -fp %d\" shows it",
                                   (int)holder);
        return setup_later(NULL, "Another lago-setup has been at work for a minute");
}

/* One at a time: two that start at once must not make two sets of keys. */
static StepResult keep_others_out(int *ret) {
        pid_t holder = 0;
        int r = make_dirs(LOCK_DIRECTORY, 0755);

        if (r >= 0)
                r = lock_take(AT_FDCWD, LOCK_FILE, LOCK_TOLD_USEC, ret, &holder);
        if (r == -EBUSY) {
                log_info("Waiting for another lago-setup (process %d)", (int)holder);
                setup_status("Waiting for another lago-setup (process %d)", (int)holder);
                r = lock_take(AT_FDCWD, LOCK_FILE, LOCK_WAIT_USEC, ret, &holder);
        }
        if (r == -EBUSY)
                return another_is_at_work(holder);
        if (r == -EPERM)
                return setup_later(NULL, LOCK_FILE " is not root's alone; run rm " LOCK_FILE);
        return r < 0 ? setup_later(NULL, "Cannot lock " LOCK_FILE ": %s", strerror(-r)) : STEP_DONE;
}

static StepResult set_up_alone(const Options *options) {
        _cleanup_(closep) int fd = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC), lock = -EBADF;
        StepResult result = STEP_DONE;

        if (fd < 0) {
                if (errno != ENOENT && errno != ENOTDIR)
                        return setup_later(NULL, "Cannot open %s: %s", options->directory, strerror(errno));
                log_error("Cannot open %s: %s", options->directory, strerror(errno));
                return STEP_CONFIG;
        }
        if (!options->check)
                result = keep_others_out(&lock);
        return result == STEP_DONE ? set_up(options) : result;
}

static StepResult find_directory(Options *options) {
        StepResult result = options->check ? STEP_DONE : setup_credential();

        if (result == STEP_DONE)
                options->directory = options->check ? CONFIG_DIRECTORY : host_directory();
        return result;
}

static int exit_status(StepResult result) {
        static const int statuses[] = {
                [STEP_DONE] = EXIT_SUCCESS,
                [STEP_LATER] = EXIT_TEMPFAIL,
                [STEP_CONFIG] = EXIT_CONFIG,
                [STEP_KEYS] = EXIT_KEYS,
                [STEP_STRANGER] = EXIT_STRANGER,
                [STEP_ENGINE] = EXIT_OSERR,
                [STEP_SHORT] = EXIT_OSERR,
        };

        return statuses[result];
}

/* 0 or more: the exit status to end with at once; -1: go on. */
static int parse_options(int argc, char **argv, Options *options) {
        enum {
                OPTION_CHECK = 1,
                OPTION_ONCE,
                OPTION_DIRECTORY,
                OPTION_HELP,
                OPTION_VERSION,
        };
        static const struct option known[] = {
                {"check", no_argument, NULL, OPTION_CHECK},
                {"once", no_argument, NULL, OPTION_ONCE},
                {"directory", required_argument, NULL, OPTION_DIRECTORY},
                {"help", no_argument, NULL, OPTION_HELP},
                {"version", no_argument, NULL, OPTION_VERSION},
                {NULL, 0, NULL, 0},
        };

        for (int c = getopt_long(argc, argv, "", known, NULL); c != -1;
             c = getopt_long(argc, argv, "", known, NULL))
                switch (c) {
                case OPTION_CHECK:
                        options->check = true;
                        break;
                case OPTION_ONCE:
                        options->once = true;
                        break;
                case OPTION_DIRECTORY:
                        options->directory = optarg;
                        break;
                case OPTION_HELP:
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("lago-setup " LAGO_VERSION);
                        return EXIT_SUCCESS;
                default:
                        return EXIT_USAGE;
                }
        if (optind < argc) {
                fprintf(stderr,
                        "lago-setup: there is no argument \"%s\"; see lago-setup "
                        "--help\n",
                        argv[optind]);
                return EXIT_USAGE;
        }
        return -1;
}

int main(int argc, char **argv) {
        Options options = {0};
        int status = parse_options(argc, argv, &options);
        StepResult result = STEP_DONE;

        if (status >= 0)
                return status;
        log_init("lago-setup");
        setup_crypto();
        if (!options.directory && !options.check)
                hear_act();
        for (unsigned delay = 1;; delay = delay < DELAY_MAX_SEC / 2 ? delay * 2 : DELAY_MAX_SEC) {
                result = options.directory ? STEP_DONE : find_directory(&options);
                if (result == STEP_DONE)
                        result = set_up_alone(&options);
                if ((result != STEP_LATER && result != STEP_SHORT) || options.once || options.check)
                        break;
                setup_status("%.80s; again in %u s", setup_cause(), delay);
                (void)sleep(delay);
        }
        if (result == STEP_DONE)
                (void)sd_notify(0, "STATUS=Configuration, keys, network and volumes are there");
        return exit_status(result);
}
