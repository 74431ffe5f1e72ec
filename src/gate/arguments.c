/* SPDX-License-Identifier: MIT */
#include "gate/arguments.h"

#include "base/util.h"

#include <getopt.h>
#include <stdarg.h>

static const char help[] =
        "lago-gate compares the migrations that an image of Lago carries with those that a database has applied.\n"
        "\n"
        "  lago-gate check  IMAGE [OPTION…]   print the verdict, once\n"
        "  lago-gate wait   IMAGE [OPTION…]   check until verified or refused, or until --timeout\n"
        "  lago-gate ping   [OPTION…]         log in, and nothing else\n"
        "  lago-gate hold   [OPTION…]         hold a lock of which there is one for a database, or wait for it\n"
        "  lago-gate watch  IMAGE [OPTION…]   follow a migration, one line whenever something changes\n"
        "  lago-gate prepare-replay IMAGE [OPTION…]\n"
        "                                     make an empty schema_migrations in an empty database\n"
        "  lago-gate prepare-load IMAGE [OPTION…]\n"
        "                                     empty a database again whose first load was cut off\n"
        "  lago-gate open   [OPTION…]         try the encryption keys on a value that Lago has stored\n"
        "  lago-gate redis  [OPTION…]         ask the Redis of REDIS_URL whether it takes jobs\n"
        "  lago-gate manifest [--root DIR]    print what the image below DIR (default .) carries, for --manifest\n"
        "  lago-gate install DIR              put a copy into DIR that runs in any image, whatever C library that has\n"
        "\n"
        "IMAGE is one of\n"
        "  --manifest FILE        what \"lago-gate manifest\" printed; - reads it from standard input\n"
        "  --app DIR              the directory of the application: /app inside a container of Lago\n"
        "  --migrations DIR       its db/migrate alone, for images older than v1.24.1\n"
        "\n"
        "The database is DATABASE_URL of the environment, in the form that Rails understands.\n"
        "  --url-file FILE        a file that holds it in its place; - reads it from standard input\n"
        "                         of \"open\" it has DATABASE_URL=, ENCRYPTION_PRIMARY_KEY= and ENCRYPTION_KEY_DERIVATION_SALT=,\n"
        "                         a line each; without it they are those of the environment\n"
        "                         of \"redis\" it has REDIS_URL=, and REDIS_PASSWORD= if there is one\n"
        "  --schema NAMES         search path (default: schema_search_path of the URL, POSTGRES_SCHEMA, public)\n"
        "  --hostaddr IP          connect to this address; the URL's host is still the name in the certificate\n"
        "  --ca-file FILE         sslrootcert, in place of the URL's\n"
        "  --connect-timeout SEC  for the login, and for each answer (default 10)\n"
        "\n"
        "Judging\n"
        "  --target RELEASE       the release that is meant to run: v1.50.0\n"
        "  --passed-bridges LIST  bridge releases whose task was done: v1.45.0,v1.50.0\n"
        "  --tombstones LIST      versions in the database that no release has, and that are all right\n"
        "  --fresh HOW            auto, load or replay: how an empty database gets its tables\n"
        "  --require-roles        without its predefined roles a release that seeds them is pending\n"
        "\n"
        "  --lock WHICH           of \"hold\": clock (the default), or migrate\n"
        "  --timeout SEC          of \"wait\" (default: for ever)\n"
        "  --format HOW           text, export (KEY=VALUE lines) or json; --json is short for the last\n"
        "  --help, --version\n"
        "\n"
        "Exit status\n"
        "   0 verified\n"
        "  10 pending      11 fresh        12 empty        13 busy                   wait, or migrate\n"
        "  20 unreachable  21 denied       22 no-database  23 read-only              wait\n"
        "  30 ahead        31 gap          32 stop         33 invisible\n"
        "  34 half-loaded  35 occupied     36 foreign      37 wrong-major\n"
        "  38 extension    39 untrusted    40 pooled       41 unfinished\n"
        "  42 owner                                                                  refuse\n"
        "  64 wrong command line   65 bad manifest   70 bug   71 system error   75 \"wait\" ran out of time\n"
        "  78 \"redis\": another REDIS_URL is needed   82 \"open\": the keys do not open it\n";

static const char *const commands[_COMMAND_MAX] = {
        [COMMAND_MANIFEST] = "manifest",
        [COMMAND_CHECK] = "check",
        [COMMAND_WAIT] = "wait",
        [COMMAND_PING] = "ping",
        [COMMAND_HOLD] = "hold",
        [COMMAND_WATCH] = "watch",
        [COMMAND_REPLAY] = "prepare-replay",
        [COMMAND_LOAD] = "prepare-load",
        [COMMAND_OPEN] = "open",
        [COMMAND_REDIS] = "redis",
};

int usage(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        fputs("lago-gate: ", stderr);
        vfprintf(stderr, format, ap);
        fputs("; see lago-gate --help\n", stderr);
        va_end(ap);
        return -EINVAL;
}

static int parse_command(const char *word, Command *ret) {
        const char *nearest;

        for (Command i = 0; i < _COMMAND_MAX; i++)
                if (streq(commands[i], word)) {
                        *ret = i;
                        return 0;
                }
        nearest = nearest_word(word, commands, _COMMAND_MAX);
        return nearest ? usage("no command \"%s\"; did you mean %s?", word, nearest) : usage("no command \"%s\"", word);
}

static int parse_seconds(const char *name, const char *value, uint64_t max, uint64_t *ret) {
        if (parse_uint(value, max, ret) < 0 || *ret == 0)
                return usage("%s needs a number of seconds from 1 to %llu, not \"%s\"", name, (unsigned long long)max, value);
        return 0;
}

static int parse_bridges(Arguments *arguments, const char *list) {
        arguments->passed_bridges = strv_free(arguments->passed_bridges);
        arguments->passed_bridges = strv_split(list, ", ");
        STRV_FOREACH(name, arguments->passed_bridges)
                if (release_number(*name) == 0)
                        return usage("--passed-bridges needs releases such as v1.45.0, not \"%s\"", *name);
        arguments->policy.passed_bridges = arguments->passed_bridges;
        return 0;
}

static int parse_tombstones(Policy *policy, const char *list) {
        return versions_parse_list(list, &policy->tombstones) >= 0
                       ? 0
                       : usage("--tombstones needs versions such as 20240102030405, not \"%s\"", list);
}

static int parse_choice(const char *name, const char *value, const char *const *choices, int n, int *ret) {
        for (int i = 0; i < n; i++)
                if (streq(choices[i], value)) {
                        *ret = i;
                        return 0;
                }
        return usage("%s cannot be \"%s\"", name, value);
}

static int parse_fresh(const char *value, FreshWay *ret) {
        static const char *const choices[] = {
                [FRESH_WAY_AUTO] = "auto",
                [FRESH_WAY_LOAD] = "load",
                [FRESH_WAY_REPLAY] = "replay",
        };
        int choice = 0, r = parse_choice("--fresh", value, choices, ELEMENTSOF(choices), &choice);

        *ret = (FreshWay)choice;
        return r;
}

static int parse_lock(const char *value, HoldLock *ret) {
        static const char *const choices[_HOLD_MAX] = {
                [HOLD_CLOCK] = "clock",
                [HOLD_MIGRATE] = "migrate",
        };
        int choice = 0, r = parse_choice("--lock", value, choices, ELEMENTSOF(choices), &choice);

        *ret = (HoldLock)choice;
        return r;
}

/* A list of names, as in a search path: nothing that could be more than that. */
int parse_schema(const char *value, const char **ret) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$\"-, ";

        if (*value == '\0' || value[strspn(value, allowed)] != '\0')
                return usage("\"%s\" is not a schema, or a list of them", value);
        *ret = value;
        return 0;
}

static int parse_target(const char *value, const char **ret) {
        *ret = value;
        return release_number(value) > 0 ? 0 : usage("--target needs a release such as v1.50.0, not \"%s\"", value);
}

enum {
        OPTION_ROOT = 256,
        OPTION_MANIFEST,
        OPTION_MIGRATIONS,
        OPTION_APP,
        OPTION_URL_FILE,
        OPTION_HOSTADDR,
        OPTION_CA_FILE,
        OPTION_SCHEMA,
        OPTION_CONNECT_TIMEOUT,
        OPTION_TARGET,
        OPTION_PASSED_BRIDGES,
        OPTION_TOMBSTONES,
        OPTION_FRESH,
        OPTION_REQUIRE_ROLES,
        OPTION_TIMEOUT,
        OPTION_LOCK,
        OPTION_FORMAT,
        OPTION_JSON,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option options[] = {
        {"root", required_argument, NULL, OPTION_ROOT},
        {"manifest", required_argument, NULL, OPTION_MANIFEST},
        {"migrations", required_argument, NULL, OPTION_MIGRATIONS},
        {"app", required_argument, NULL, OPTION_APP},
        {"url-file", required_argument, NULL, OPTION_URL_FILE},
        {"hostaddr", required_argument, NULL, OPTION_HOSTADDR},
        {"ca-file", required_argument, NULL, OPTION_CA_FILE},
        {"schema", required_argument, NULL, OPTION_SCHEMA},
        {"connect-timeout", required_argument, NULL, OPTION_CONNECT_TIMEOUT},
        {"target", required_argument, NULL, OPTION_TARGET},
        {"passed-bridges", required_argument, NULL, OPTION_PASSED_BRIDGES},
        {"tombstones", required_argument, NULL, OPTION_TOMBSTONES},
        {"fresh", required_argument, NULL, OPTION_FRESH},
        {"require-roles", no_argument, NULL, OPTION_REQUIRE_ROLES},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"lock", required_argument, NULL, OPTION_LOCK},
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {},
};

/* Where an option's value stays as it is; NULL for one whose value is looked at. */
static const char **place_of(Arguments *arguments, int option) {
        switch (option) {
        case OPTION_ROOT:
                return &arguments->root;
        case OPTION_MANIFEST:
                return &arguments->manifest;
        case OPTION_MIGRATIONS:
                return &arguments->migrations;
        case OPTION_APP:
                return &arguments->app;
        case OPTION_URL_FILE:
                return &arguments->url_file;
        case OPTION_HOSTADDR:
                return &arguments->hostaddr;
        case OPTION_CA_FILE:
                return &arguments->ca_file;
        default:
                return NULL;
        }
}

static int parse_option(Arguments *arguments, int option, const char *value) {
        const char **place = place_of(arguments, option);

        if (place) {
                *place = value;
                return 0;
        }
        switch (option) {
        case OPTION_SCHEMA:
                return parse_schema(value, &arguments->schema);
        case OPTION_CONNECT_TIMEOUT:
                return parse_seconds("--connect-timeout", value, 3600, &arguments->connect_timeout_sec);
        case OPTION_TARGET:
                return parse_target(value, &arguments->policy.target);
        case OPTION_PASSED_BRIDGES:
                return parse_bridges(arguments, value);
        case OPTION_TOMBSTONES:
                return parse_tombstones(&arguments->policy, value);
        case OPTION_FRESH:
                return parse_fresh(value, &arguments->policy.fresh);
        case OPTION_REQUIRE_ROLES:
                arguments->policy.require_roles = true;
                return 0;
        case OPTION_TIMEOUT:
                return parse_seconds("--timeout", value, 10 * 365 * 86400, &arguments->timeout_sec);
        case OPTION_LOCK:
                return parse_lock(value, &arguments->lock);
        case OPTION_FORMAT:
                return format_parse(value, &arguments->format) < 0 ? usage("--format cannot be \"%s\"", value) : 0;
        case OPTION_JSON:
                arguments->format = FORMAT_JSON;
                return 0;
        default:
                fputs("See lago-gate --help.\n", stderr);
                return -EINVAL;
        }
}

bool command_is_imageless(Command command) {
        return command == COMMAND_PING || command == COMMAND_HOLD || command == COMMAND_OPEN ||
               command == COMMAND_REDIS;
}

static int check_image(const Arguments *arguments) {
        int n = !!arguments->manifest + !!arguments->migrations + !!arguments->app;

        if (arguments->command == COMMAND_MANIFEST || command_is_imageless(arguments->command))
                return n > 0 ? usage("\"%s\" takes no image", commands[arguments->command]) : 0;
        if (n != 1)
                return usage("\"%s\" needs one of --manifest, --app, --migrations", commands[arguments->command]);
        if (arguments->manifest && arguments->url_file && streq(arguments->manifest, "-") && streq(arguments->url_file, "-"))
                return usage("standard input cannot be both the manifest and the URL");
        return 0;
}

int arguments_parse(int argc, char **argv, Arguments *arguments) {
        int option, r;

        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                if (option == OPTION_HELP || option == 'h')
                        return fputs(help, stdout) < 0;
                if (option == OPTION_VERSION)
                        return printf("lago-gate %s\n", LAGO_VERSION) < 0;
                r = parse_option(arguments, option, optarg);
                if (r < 0)
                        return r;
        }
        if (optind == argc)
                return usage("no command");
        r = parse_command(argv[optind], &arguments->command);
        if (r >= 0 && optind + 1 < argc)
                r = usage("\"%s\" was not expected", argv[optind + 1]);
        if (r >= 0)
                r = check_image(arguments);
        return r < 0 ? r : 1;
}
