/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/file.h"
#include "base/util.h"

#include <getopt.h>
#include <stdarg.h>
#include <unistd.h>

#define URL_MAX      (64U << 10)
#define MANIFEST_MAX (16U << 20)

static const char help[] =
        "lago-gate compares the migrations that an image of Lago carries with those that a database has applied.\n"
        "\n"
        "  lago-gate check  IMAGE [OPTION…]   print the verdict, once\n"
        "  lago-gate wait   IMAGE [OPTION…]   check until verified or refused, or until --timeout\n"
        "  lago-gate ping   [OPTION…]         log in, and nothing else\n"
        "  lago-gate hold   [OPTION…]         hold the lock of the one clock, or wait for it\n"
        "  lago-gate watch  IMAGE [OPTION…]   follow a migration, one line whenever something changes\n"
        "  lago-gate prepare-replay IMAGE [OPTION…]\n"
        "                                     make an empty schema_migrations in an empty database\n"
        "  lago-gate manifest [--root DIR]    print what the image below DIR (default .) carries, for --manifest\n"
        "\n"
        "IMAGE is one of\n"
        "  --manifest FILE        what \"lago-gate manifest\" printed; - reads it from standard input\n"
        "  --app DIR              the directory of the application: /app inside a container of Lago\n"
        "  --migrations DIR       its db/migrate alone, for images older than v1.24.1\n"
        "\n"
        "The database is DATABASE_URL of the environment, in the form that Rails understands.\n"
        "  --url-file FILE        a file that holds it in its place; - reads it from standard input\n"
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
        "\n"
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
        "  38 extension    39 untrusted                                              refuse\n"
        "  64 wrong command line   65 bad manifest   70 bug   71 system error   75 \"wait\" ran out of time\n";

typedef enum Command {
        COMMAND_MANIFEST,
        COMMAND_CHECK,
        COMMAND_WAIT,
        COMMAND_PING,
        COMMAND_HOLD,
        COMMAND_WATCH,
        COMMAND_REPLAY,
        _COMMAND_MAX,
} Command;

static const char *const commands[_COMMAND_MAX] = {
        [COMMAND_MANIFEST] = "manifest", [COMMAND_CHECK] = "check", [COMMAND_WAIT] = "wait",
        [COMMAND_PING] = "ping",         [COMMAND_HOLD] = "hold",   [COMMAND_WATCH] = "watch",
        [COMMAND_REPLAY] = "prepare-replay",
};

typedef struct Arguments {
        Command command;
        const char *root, *manifest, *migrations, *app;
        const char *url_file, *hostaddr, *ca_file, *schema;
        uint64_t connect_timeout_sec, timeout_sec;
        char **passed_bridges;
        Policy policy;
        Format format;
} Arguments;

static int _printf_(1, 2) usage(const char *format, ...) {
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
        _cleanup_(strv_freep) char **words = strv_split(list, ", ");

        STRV_FOREACH(word, words) {
                uint64_t version;

                if (versions_parse(*word, strlen(*word), &version) < 0)
                        return usage("--tombstones needs versions such as 20240102030405, not \"%s\"", *word);
                versions_add(&policy->tombstones, version);
        }
        (void)versions_sort(&policy->tombstones);
        return 0;
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

static int parse_format(const char *value, Format *ret) {
        static const char *const choices[] = {
                [FORMAT_TEXT] = "text",
                [FORMAT_EXPORT] = "export",
                [FORMAT_JSON] = "json",
        };
        int choice = 0, r = parse_choice("--format", value, choices, ELEMENTSOF(choices), &choice);

        *ret = (Format)choice;
        return r;
}

/* A list of names, as in a search path: nothing that could be more than that. */
static int parse_schema(const char *value, const char **ret) {
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
        OPTION_TIMEOUT,
        OPTION_FORMAT,
        OPTION_JSON,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option options[] = {
        { "root", required_argument, NULL, OPTION_ROOT },
        { "manifest", required_argument, NULL, OPTION_MANIFEST },
        { "migrations", required_argument, NULL, OPTION_MIGRATIONS },
        { "app", required_argument, NULL, OPTION_APP },
        { "url-file", required_argument, NULL, OPTION_URL_FILE },
        { "hostaddr", required_argument, NULL, OPTION_HOSTADDR },
        { "ca-file", required_argument, NULL, OPTION_CA_FILE },
        { "schema", required_argument, NULL, OPTION_SCHEMA },
        { "connect-timeout", required_argument, NULL, OPTION_CONNECT_TIMEOUT },
        { "target", required_argument, NULL, OPTION_TARGET },
        { "passed-bridges", required_argument, NULL, OPTION_PASSED_BRIDGES },
        { "tombstones", required_argument, NULL, OPTION_TOMBSTONES },
        { "fresh", required_argument, NULL, OPTION_FRESH },
        { "timeout", required_argument, NULL, OPTION_TIMEOUT },
        { "format", required_argument, NULL, OPTION_FORMAT },
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { "version", no_argument, NULL, OPTION_VERSION },
        {},
};

static int parse_option(Arguments *arguments, int option, const char *value) {
        switch (option) {
        case OPTION_ROOT:
                arguments->root = value;
                return 0;
        case OPTION_MANIFEST:
                arguments->manifest = value;
                return 0;
        case OPTION_MIGRATIONS:
                arguments->migrations = value;
                return 0;
        case OPTION_APP:
                arguments->app = value;
                return 0;
        case OPTION_URL_FILE:
                arguments->url_file = value;
                return 0;
        case OPTION_HOSTADDR:
                arguments->hostaddr = value;
                return 0;
        case OPTION_CA_FILE:
                arguments->ca_file = value;
                return 0;
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
        case OPTION_TIMEOUT:
                return parse_seconds("--timeout", value, 10 * 365 * 86400, &arguments->timeout_sec);
        case OPTION_FORMAT:
                return parse_format(value, &arguments->format);
        case OPTION_JSON:
                arguments->format = FORMAT_JSON;
                return 0;
        default:
                fputs("See lago-gate --help.\n", stderr);
                return -EINVAL;
        }
}

/* The database alone matters. */
static bool asks_of_no_image(Command command) {
        return command == COMMAND_PING || command == COMMAND_HOLD;
}

static int check_image(const Arguments *arguments) {
        int n = !!arguments->manifest + !!arguments->migrations + !!arguments->app;

        if (arguments->command == COMMAND_MANIFEST || asks_of_no_image(arguments->command))
                return n > 0 ? usage("\"%s\" takes no image", commands[arguments->command]) : 0;
        if (n != 1)
                return usage("\"%s\" needs one of --manifest, --app, --migrations", commands[arguments->command]);
        if (arguments->manifest && arguments->url_file && streq(arguments->manifest, "-") && streq(arguments->url_file, "-"))
                return usage("standard input cannot be both the manifest and the URL");
        return 0;
}

/* Answer: 1 to go on, 0 when all was said (--help), -EINVAL after a message. */
static int parse_arguments(int argc, char **argv, Arguments *arguments) {
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

/* --- what the arguments name --------------------------------------------------------------------------- */

static int read_named(const char *path, size_t max_bytes, char **ret, size_t *ret_size) {
        int r = streq(path, "-") ? fd_read_all(STDIN_FILENO, max_bytes, ret, ret_size)
                                 : file_read(path, max_bytes, ret, ret_size);

        if (r < 0)
                fprintf(stderr, "lago-gate: cannot read %s: %s\n", streq(path, "-") ? "standard input" : path, strerror(-r));
        return r;
}

static int read_manifest_file(const char *path, Manifest **ret) {
        _cleanup_(freep) char *text = NULL, *error = NULL;
        size_t size;
        int r = read_named(path, MANIFEST_MAX, &text, &size);

        if (r < 0)
                return r;
        r = manifest_parse(text, size, ret, &error);
        if (r < 0)
                fprintf(stderr, "lago-gate: %s: %s; make it again with \"lago-gate manifest\"\n", path, error);
        return r;
}

static int read_manifest(const Arguments *arguments, Manifest **ret) {
        _cleanup_(freep) char *error = NULL;
        int r;

        if (arguments->manifest)
                return read_manifest_file(arguments->manifest, ret);
        if (arguments->migrations)
                r = image_read_migrations(arguments->migrations, ret, &error);
        else if (arguments->app)
                r = image_read(arguments->app, "", ret, &error);
        else
                r = image_read(arguments->root ? arguments->root : ".", "app/", ret, &error);
        if (r < 0)
                fprintf(stderr, "lago-gate: no image of Lago: %s\n", error);
        return r;
}

static int read_url(const Arguments *arguments, char **ret) {
        const char *value = getenv("DATABASE_URL");
        _cleanup_(freep) char *text = NULL;
        int r;

        if (!arguments->url_file) {
                if (isempty(value))
                        return usage("DATABASE_URL is not set, and no --url-file given");
                *ret = xstrdup(value);
                return 0;
        }
        r = read_named(arguments->url_file, URL_MAX, &text, NULL);
        if (r < 0)
                return r;
        *ret = xstrdup(strip(text));
        return 0;
}

static int search_path_of(const Arguments *arguments, const DbUrl *url, const char **ret) {
        const char *from_environment = getenv("POSTGRES_SCHEMA");

        if (arguments->schema)
                *ret = arguments->schema;
        else if (url->schema)
                return parse_schema(url->schema, ret);
        else if (!isempty(from_environment))
                return parse_schema(from_environment, ret);
        else
                *ret = "public";
        return 0;
}

static int make_target(const Arguments *arguments, Target *target) {
        _cleanup_(freep) char *text = NULL, *error = NULL;
        const char *search_path = NULL;
        int r = read_url(arguments, &text);

        if (r < 0)
                return r;
        r = dburl_parse(text, &target->url, &error);
        if (r < 0)
                return usage("DATABASE_URL: %s", error);
        r = search_path_of(arguments, target->url, &search_path);
        if (r < 0)
                return r;
        if (arguments->hostaddr)
                dburl_set(target->url, "hostaddr", arguments->hostaddr);
        if (arguments->ca_file)
                dburl_set(target->url, "sslrootcert", arguments->ca_file);
        target->search_path = xstrdup(search_path);
        target->timeout_sec = (unsigned)arguments->connect_timeout_sec;
        return 0;
}

static void target_done(Target *target) {
        dburl_free(target->url);
        free(target->search_path);
}

/* --- the commands -------------------------------------------------------------------------------------- */

static int print_manifest(const Manifest *manifest) {
        _cleanup_(freep) char *text = manifest_print(manifest);

        return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_OSERR : 0;
}

static int run(const Arguments *arguments, const Manifest *manifest) {
        _cleanup_(target_done) Target target = {};
        const Policy *policy = &arguments->policy;

        if (make_target(arguments, &target) < 0)
                return EXIT_USAGE;
        switch (arguments->command) {
        case COMMAND_CHECK:
                return check_run(&target, manifest, policy, arguments->format);
        case COMMAND_WAIT:
                return wait_run(&target, manifest, policy, arguments->format, arguments->timeout_sec);
        case COMMAND_PING:
                return ping_run(&target, arguments->format);
        case COMMAND_HOLD:
                return hold_run(&target);
        case COMMAND_WATCH:
                return watch_run(&target, manifest);
        case COMMAND_REPLAY:
                return replay_run(&target, manifest, policy, arguments->format);
        default:
                return EXIT_SOFTWARE;
        }
}

int main(int argc, char **argv) {
        Arguments arguments = { .connect_timeout_sec = 10, .timeout_sec = 10ULL * 365 * 86400 };
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        int r = parse_arguments(argc, argv, &arguments);

        if (r > 0 && !asks_of_no_image(arguments.command) && read_manifest(&arguments, &manifest) < 0)
                r = GATE_BAD_MANIFEST;
        else if (r > 0)
                r = arguments.command == COMMAND_MANIFEST ? print_manifest(manifest) : run(&arguments, manifest);
        else if (r < 0)
                r = EXIT_USAGE;
        strv_free(arguments.passed_bridges);
        versions_done(&arguments.policy.tombstones);
        return r;
}
