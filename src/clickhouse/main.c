/* SPDX-License-Identifier: MIT */
#include "clickhouse/clickhouse.h"

#include "base/box.h"
#include "base/file.h"
#include "base/passing.h"
#include "base/time.h"
#include "base/util.h"
#include "install/install.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MANIFEST_MAX (16U << 20)
#define SETTINGS_MAX (64U << 10)
#define BAD_MANIFEST 65

static const char help[] =
        "lago-gate-clickhouse compares the ClickHouse migrations of an image of Lago with those that a server has applied.\n"
        "\n"
        "  lago-gate-clickhouse check --manifest FILE [OPTION…]   print the verdict, once\n"
        "  lago-gate-clickhouse wait  --manifest FILE [OPTION…]   check until verified or refused, or until --timeout\n"
        "  lago-gate-clickhouse install DIR   put a copy into DIR that runs in any image\n"
        "\n"
        "  --manifest FILE        what \"lago-gate manifest\" printed; - reads it from standard input\n"
        "  --settings-file FILE   lines LAGO_CLICKHOUSE_HOST=…, _PORT, _DATABASE, _USERNAME, _PASSWORD, _SSL; - reads them from\n"
        "                         standard input (default: the environment)\n"
        "  --ca-file FILE         CA of its certificate (default: those that the system trusts)\n"
        "  --connect-timeout SEC  for the whole of one answer (default 10)\n"
        "  --timeout SEC          of \"wait\" (default: for ever)\n"
        "  --target RELEASE       the release that is meant to run: v1.50.0\n"
        "  --tombstones LIST      versions in the database that no release has, and that are all right\n"
        "  --format HOW           text, export (KEY=VALUE lines) or json\n"
        "  --help, --version\n"
        "\n"
        "Exit status: as lago-gate's, which see.\n";

typedef struct Arguments {
        const char *command, *manifest, *settings_file, *ca_file;
        uint64_t timeout_sec, wait_sec;
        Policy policy;
        Format format;
        bool wait;
} Arguments;

__attribute__((format(printf, 1, 2))) static int usage(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        fputs("lago-gate-clickhouse: ", stderr);
        vfprintf(stderr, format, ap);
        fputs("; see lago-gate-clickhouse --help\n", stderr);
        va_end(ap);
        return -EINVAL;
}

static int parse_option(Arguments *arguments, int option, const char *value) {
        switch (option) {
        case 'm':
                arguments->manifest = value;
                return 0;
        case 's':
                arguments->settings_file = value;
                return 0;
        case 'c':
                arguments->ca_file = value;
                return 0;
        case 't':
                if (parse_uint(value, 3600, &arguments->timeout_sec) < 0 || arguments->timeout_sec == 0)
                        return usage("--connect-timeout needs a number of seconds from 1 to 3600, not \"%s\"", value);
                return 0;
        case 'w':
                if (parse_uint(value, 10 * 365 * 86400, &arguments->wait_sec) < 0 || arguments->wait_sec == 0)
                        return usage("--timeout needs a number of seconds from 1 to 315360000, not \"%s\"", value);
                return 0;
        case 'r':
                arguments->policy.target = value;
                return release_number(value) > 0 ? 0 : usage("--target needs a release such as v1.50.0, not \"%s\"", value);
        case 'b':
                return versions_parse_list(value, &arguments->policy.tombstones) >= 0
                               ? 0
                               : usage("--tombstones needs versions such as 20240102030405, not \"%s\"", value);
        case 'f':
                return format_parse(value, &arguments->format) < 0 ? usage("--format cannot be \"%s\"", value) : 0;
        default:
                fputs("See lago-gate-clickhouse --help.\n", stderr);
                return -EINVAL;
        }
}

/* 1 to go on, 0 when all was said, -EINVAL after a message. */
static int parse_arguments(int argc, char **argv, Arguments *arguments) {
        static const struct option options[] = {
                {"manifest", required_argument, NULL, 'm'},
                {"settings-file", required_argument, NULL, 's'},
                {"ca-file", required_argument, NULL, 'c'},
                {"connect-timeout", required_argument, NULL, 't'},
                {"target", required_argument, NULL, 'r'},
                {"tombstones", required_argument, NULL, 'b'},
                {"format", required_argument, NULL, 'f'},
                {"timeout", required_argument, NULL, 'w'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {},
        };
        int option;

        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                if (option == 'h')
                        return fputs(help, stdout) < 0;
                if (option == 'v')
                        return printf("lago-gate-clickhouse %s\n", LAGO_VERSION) < 0;
                if (parse_option(arguments, option, optarg) < 0)
                        return -EINVAL;
        }
        if (optind + 1 != argc || (!streq(argv[optind], "check") && !streq(argv[optind], "wait")))
                return usage("the command is \"check\" or \"wait\"");
        arguments->wait = streq(argv[optind], "wait");
        if (!arguments->manifest)
                return usage("\"%s\" needs --manifest", argv[optind]);
        if (arguments->settings_file && streq(arguments->manifest, "-") && streq(arguments->settings_file, "-"))
                return usage("standard input cannot be both the manifest and the settings");
        return 1;
}

static int read_named(const char *path, size_t max_bytes, char **ret, size_t *ret_size) {
        int r = streq(path, "-") ? fd_read_all(STDIN_FILENO, max_bytes, ret, ret_size)
                                 : file_read(path, max_bytes, ret, ret_size);

        if (r < 0)
                fprintf(stderr, "lago-gate-clickhouse: cannot read %s: %s\n", streq(path, "-") ? "standard input" : path,
                        strerror(-r));
        return r;
}

static int read_manifest(const char *path, Manifest **ret) {
        _cleanup_(manifest_freep) Manifest *whole = NULL;
        _cleanup_(freep) char *text = NULL, *error = NULL;
        size_t size;
        int r = read_named(path, MANIFEST_MAX, &text, &size);

        if (r >= 0) {
                r = manifest_parse(text, size, &whole, &error);
                if (r < 0)
                        fprintf(stderr, "lago-gate-clickhouse: %s: %s; make it again with \"lago-gate manifest\"\n", path, error);
        }
        if (r >= 0)
                *ret = manifest_of_clickhouse(whole);
        return r;
}

static int read_settings(const Arguments *arguments, Settings *settings) {
        _cleanup_(freep) char *text = NULL, *error = NULL;
        int r = 0;

        if (arguments->settings_file)
                r = read_named(arguments->settings_file, SETTINGS_MAX, &text, NULL);
        else
                text = settings_of_environment();
        if (r >= 0) {
                r = settings_parse(text, settings, &error);
                explicit_bzero(text, strlen(text));
        }
        if (error)
                (void)usage("%s", error);
        settings->ca_file = arguments->ca_file;
        settings->timeout_sec = (unsigned)arguments->timeout_sec;
        return r;
}

static Finding *check_once(const Arguments *arguments, const Manifest *manifest, const Settings *settings, Ledger *ledger) {
        _cleanup_(answer_done) Answer answer = {};

        ledger->clickhouse = true;
        ledger->endpoint = xasprintf(strchr(settings->host, ':') ? "[%s]:%u" : "%s:%u", settings->host, settings->port);
        if (http_ask(settings, ledger, &answer) >= 0)
                answer_read(&answer, settings, ledger);
        return verdict_of_clickhouse(manifest, ledger, &arguments->policy);
}

static int judge(const Arguments *arguments, const Manifest *manifest, const Settings *settings) {
        uint64_t deadline = now_msec() + arguments->wait_sec * 1000;
        _cleanup_(freep) char *told = NULL;

        for (;;) {
                _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
                _cleanup_(finding_freep) Finding *finding = check_once(arguments, manifest, settings, ledger);
                bool waits = arguments->wait && verdict_may_change(finding->verdict);

                box_more_time();
                if (!waits || now_msec() >= deadline) {
                        print_finding(finding, manifest, ledger, arguments->format);
                        return waits ? EXIT_TEMPFAIL : verdict_status(finding->verdict);
                }
                if (!told || !streq(told, finding->sentence)) {
                        free_and_strdup(&told, finding->sentence);
                        fprintf(stderr, "lago-gate-clickhouse: %s\n", told);
                }
                (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
}

/* A lack of memory or descriptors is no refusal: neither the image nor the command line is at fault. */
static int status_of(int r, int refused) {
        return errno_is_passing(r) ? EXIT_OSERR : refused;
}

static int run(const Arguments *arguments) {
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        _cleanup_(settings_done) Settings settings = {};
        int r = read_manifest(arguments->manifest, &manifest);

        if (r < 0)
                return status_of(r, BAD_MANIFEST);
        r = read_settings(arguments, &settings);
        if (r < 0)
                return status_of(r, EXIT_USAGE);
        box_hide();
        return judge(arguments, manifest, &settings);
}

int main(int argc, char **argv) {
        Arguments arguments = {.timeout_sec = 10, .wait_sec = 10ULL * 365 * 86400};
        int r;

        /* It writes files, and looks at nothing that others have sent. */
        if (argc > 1 && streq(argv[1], "install"))
                return argc == 3 ? install_run("lago-gate-clickhouse", argv[2])
                                 : (usage("\"install\" needs one directory"), EXIT_USAGE);
        box_limit();
        box_filter();
        box_close_inherited(argv);
        r = parse_arguments(argc, argv, &arguments);
        if (r != 0)
                r = r > 0 ? run(&arguments) : EXIT_USAGE;
        versions_done(&arguments.policy.tombstones);
        return print_end("lago-gate-clickhouse", r);
}
