/* SPDX-License-Identifier: MIT */
#include "gate/arguments.h"

#include "base/box.h"
#include "base/file.h"
#include "base/keyfile.h"
#include "base/passing.h"
#include "base/util.h"
#include "install/install.h"

#include <unistd.h>

#define URL_MAX      (64U << 10)
#define MANIFEST_MAX (16U << 20)

/* What the system lacks now refuses nothing: neither the image nor the command line is at fault. */
static int status_of(int r, int refused) {
        return errno_is_passing(r) ? EXIT_OSERR : refused;
}

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

/* @keys: for "open" all that stood beside the URL; else NULL. */
static int read_url(const Arguments *arguments, char **ret, char **keys) {
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
        if (arguments->command == COMMAND_OPEN) {
                char *url = keyfile_get(text, "DATABASE_URL");

                if (!url)
                        return usage("no DATABASE_URL= in what --url-file names");
                *keys = TAKE_PTR(text);
                *ret = url;
                return 0;
        }
        *ret = xstrdup(strip(text));
        return 0;
}

/* One of the keys for "open"; the caller frees it. */
static char *key_of(const char *keys, const char *name) {
        _cleanup_(freep) char *other = xasprintf("LAGO_%s", name);
        const char *value = getenv(name);

        if (keys)
                return keyfile_get(keys, name);
        value = isempty(value) ? getenv(other) : value;
        return isempty(value) ? NULL : xstrdup(value);
}

static int try_keys(const Target *target, const char *keys, Format format) {
        _cleanup_(freep) char *primary = key_of(keys, "ENCRYPTION_PRIMARY_KEY");
        _cleanup_(freep) char *salt = key_of(keys, "ENCRYPTION_KEY_DERIVATION_SALT");

        if (isempty(primary) || isempty(salt)) {
                (void)usage("\"open\" needs ENCRYPTION_PRIMARY_KEY and ENCRYPTION_KEY_DERIVATION_SALT");
                return EXIT_USAGE;
        }
        return open_run(target, primary, salt, format);
}

static char *setting_of(const char *text, const char *name) {
        const char *value = getenv(name);

        return text ? keyfile_get(text, name) : value ? xstrdup(value)
                                                      : NULL;
}

/* All from the environment, or all from the file. */
static int try_redis(const Arguments *arguments) {
        _cleanup_(freep) char *text = NULL, *url = NULL, *password = NULL, *sentinels = NULL;
        int r = arguments->url_file ? read_named(arguments->url_file, URL_MAX, &text, NULL) : 0;
        RedisTarget target = {.address = arguments->hostaddr, .timeout_sec = (unsigned)arguments->connect_timeout_sec};

        if (r < 0)
                return status_of(r, EXIT_USAGE);
        target.url = url = setting_of(text, "REDIS_URL");
        target.password = password = setting_of(text, "REDIS_PASSWORD");
        sentinels = setting_of(text, "LAGO_REDIS_SIDEKIQ_SENTINELS");
        target.grouped = !isempty(sentinels);
        if (isempty(url))
                return usage("no REDIS_URL in the environment, nor in what --url-file names"), EXIT_USAGE;
        box_hide();
        r = redis_run(&target, arguments->format);
        return r < 0 ? (usage("REDIS_URL is no redis://HOST:PORT/DB"), EXIT_USAGE) : r;
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

static int make_target(const Arguments *arguments, Target *target, char **keys) {
        _cleanup_(freep) char *text = NULL, *error = NULL;
        const char *search_path = NULL;
        int r = read_url(arguments, &text, keys);

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

/* On the disk, where it goes to a file: who ordered it gives that its name next. A pipe has no disk. */
static int print_manifest(const Manifest *manifest) {
        _cleanup_(freep) char *text = manifest_print(manifest);

        if (fputs(text, stdout) < 0 || fflush(stdout) != 0 || (fsync(STDOUT_FILENO) < 0 && errno != EINVAL && errno != EROFS)) {
                fprintf(stderr, "lago-gate: cannot write the manifest: %s\n", strerror(errno));
                return EXIT_OSERR;
        }
        return 0;
}

static int run(const Arguments *arguments, const Manifest *manifest) {
        _cleanup_(target_done) Target target = {};
        const Policy *policy = &arguments->policy;
        _cleanup_(freep) char *keys = NULL;
        int r = make_target(arguments, &target, &keys);

        if (r < 0)
                return status_of(r, EXIT_USAGE);
        box_hide();
        switch (arguments->command) {
        case COMMAND_CHECK:
                return check_run(&target, manifest, policy, arguments->format);
        case COMMAND_WAIT:
                return wait_run(&target, manifest, policy, arguments->format, arguments->timeout_sec);
        case COMMAND_OPEN:
                return try_keys(&target, keys, arguments->format);
        case COMMAND_PING:
                return ping_run(&target, arguments->format);
        case COMMAND_HOLD:
                return hold_run(&target, arguments->lock);
        case COMMAND_WATCH:
                return watch_run(&target, manifest);
        case COMMAND_REPLAY:
                return replay_run(&target, manifest, policy, arguments->format);
        case COMMAND_LOAD:
                return load_run(&target, manifest, policy, arguments->format);
        default:
                return EXIT_SOFTWARE;
        }
}

static int run_parsed(const Arguments *arguments) {
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        int r = command_is_imageless(arguments->command) ? 0 : read_manifest(arguments, &manifest);

        if (r < 0)
                return status_of(r, GATE_BAD_MANIFEST);
        if (arguments->command == COMMAND_REDIS)
                return try_redis(arguments);
        return arguments->command == COMMAND_MANIFEST ? print_manifest(manifest) : run(arguments, manifest);
}

static int run_command(int argc, char **argv) {
        Arguments arguments = {.connect_timeout_sec = 10, .timeout_sec = 10ULL * 365 * 86400};
        int r = arguments_parse(argc, argv, &arguments);

        if (r != 0)
                r = r > 0 ? run_parsed(&arguments) : EXIT_USAGE;
        strv_free(arguments.passed_bridges);
        versions_done(&arguments.policy.tombstones);
        return r;
}

int main(int argc, char **argv) {
        int r;

        /* It writes files, and looks at nothing that others have sent. */
        if (argc > 1 && streq(argv[1], "install"))
                return argc == 3 ? install_run("lago-gate", argv[2]) : (usage("\"install\" needs one directory"), EXIT_USAGE);
        box_limit();
        box_filter();
        box_close_inherited(argv);
        /* In a shell's environment libpq would find another server than the URL's, and a verdict be about that one. */
        box_forget("PG", "PGSERVICEFILE");
        r = print_end("lago-gate", run_command(argc, argv));
#ifndef SANITIZED /* what looks for leaks does so at exit */
        /* OpenSSL, which libpq brought in, would take itself apart for half a millisecond: a twentieth of a verdict. */
        _exit(r);
#endif
        return r;
}
