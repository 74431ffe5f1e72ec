/* SPDX-License-Identifier: MIT */
/* lago.conf: its defaults, and every refusal word for word. */
#include "config-scratch.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define RELEASE "[lago]\nrelease = v1.50.0\n"

static void assert_says(const char *conf, const char *expected) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *said = NULL;

        scratch_put(&scratch, "lago.conf", conf);
        said = scratch_load(&scratch, NULL);
        assert_string_equal(said, expected);
}

static void assert_strv_equal(char *const *a, char *const *b) {
        assert_int_equal(strv_length(a), strv_length(b));
        for (size_t i = 0; a && a[i]; i++)
                assert_string_equal(a[i], b[i]);
}

static void assert_text_equal(const char *a, const char *b) {
        assert_true(!a == !b);
        if (a)
                assert_string_equal(a, b);
}

static void assert_listen_equal(const Listen *a, const Listen *b) {
        assert_text_equal(a->address, b->address);
        assert_int_equal(a->port, b->port);
}

static void assert_config_equal(const Config *a, const Config *b) {
        assert_text_equal(a->release, b->release);
        assert_text_equal(a->front_url, b->front_url);
        assert_text_equal(a->api_url, b->api_url);
        assert_listen_equal(&a->api_listen, &b->api_listen);
        assert_listen_equal(&a->front_listen, &b->front_listen);
        assert_int_equal(a->api_enabled, b->api_enabled);
        assert_int_equal(a->worker_enabled, b->worker_enabled);
        assert_int_equal(a->front_enabled, b->front_enabled);
        assert_int_equal(a->clock_enabled, b->clock_enabled);
        assert_int_equal(a->clock_silence_usec, b->clock_silence_usec);
        assert_int_equal(a->pdf_enabled, b->pdf_enabled);
        assert_strv_equal(a->pools, b->pools);
        assert_int_equal(a->database_external, b->database_external);
        assert_text_equal(a->database_volume, b->database_volume);
        assert_strv_equal(a->database_arguments, b->database_arguments);
        assert_text_equal(a->shm_size, b->shm_size);
        assert_text_equal(a->ca_file, b->ca_file);
        assert_int_equal(a->redis_external, b->redis_external);
        assert_text_equal(a->redis_volume, b->redis_volume);
        assert_int_equal(a->redis_append_only, b->redis_append_only);
        assert_text_equal(a->clickhouse_ca_file, b->clickhouse_ca_file);
        assert_text_equal(a->storage_volume, b->storage_volume);
        assert_int_equal(a->migrate_automatic, b->migrate_automatic);
        assert_int_equal(a->migrate_fresh, b->migrate_fresh);
        assert_strv_equal(a->passed_bridges, b->passed_bridges);
        assert_strv_equal(a->tombstones, b->tombstones);
        assert_text_equal(a->registry, b->registry);
        assert_text_equal(a->image_api, b->image_api);
        assert_text_equal(a->image_front, b->image_front);
        assert_text_equal(a->image_database, b->image_database);
        assert_text_equal(a->image_redis, b->image_redis);
        assert_text_equal(a->image_pdf, b->image_pdf);
        assert_int_equal(a->pull_missing, b->pull_missing);
        assert_int_equal(a->health_interval_usec, b->health_interval_usec);
        assert_int_equal(a->health_timeout_usec, b->health_timeout_usec);
        assert_int_equal(a->health_restart_after, b->health_restart_after);
        assert_int_equal(a->journal_lines, b->journal_lines);
        assert_text_equal(a->network, b->network);
}

/* The file as shipped, with every '#' before a key taken away: then the comments are what is parsed. */
static char *without_number_signs(const char *text) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(i, lines)
                if ((*i)[0] == '#' && (*i)[1] != ' ')
                        memmove(*i, *i + 1, strlen(*i));
        return strv_join(lines, "\n");
}

static Config *load_only(const char *conf) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *said = NULL;
        Config *config = NULL;

        scratch_put(&scratch, "lago.conf", conf);
        said = scratch_load(&scratch, &config);
        assert_string_equal(said, "");
        assert_non_null(config);
        return config;
}

static void the_shipped_file_says_the_defaults(void **state _unused_) {
        _cleanup_(freep) char *shipped = NULL, *uncommented = NULL;
        _cleanup_(config_freep) Config *as_shipped = NULL, *spelt_out = NULL, *by_default = NULL,
                                       *with_urls = NULL;

        assert_int_equal(file_read("conf/lago.conf", 65536, &shipped, NULL), 0);
        uncommented = without_number_signs(shipped);
        as_shipped = load_only(shipped);
        spelt_out = load_only(uncommented);
        by_default = load_only(RELEASE);
        with_urls = load_only(
                RELEASE "front-url = http://localhost:8080\napi-url = http://localhost:3000\n");
        assert_config_equal(as_shipped, by_default);
        assert_config_equal(spelt_out, by_default);
        assert_config_equal(with_urls, by_default);
}

static void the_shipped_file_has_every_key(void **state _unused_) {
        _cleanup_(freep) char *shipped = NULL;
        size_t n;
        const ConfigKey *keys = config_keys(&n);

        assert_int_equal(file_read("conf/lago.conf", 65536, &shipped, NULL), 0);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *section = xasprintf("\n[%s]\n", keys[i].section);
                _cleanup_(freep) char *set = xasprintf("\n%s = ", keys[i].name);
                _cleanup_(freep) char *hidden = xasprintf("\n#%s = %s\n", keys[i].name,
                                                          keys[i].fallback ? keys[i].fallback : "");
                _cleanup_(freep) char *hidden_empty = xasprintf("\n#%s =\n", keys[i].name);
                const char *from = strstr(shipped, section);
                const char *end = from ? strstr(from + 2, "\n[") : NULL;
                _cleanup_(freep) char *part =
                        from ? xstrndup(from, end ? (size_t)(end - from) : strlen(from)) : NULL;

                assert_non_null(part);
                if (!strstr(part, set) && !strstr(part, hidden) && !strstr(part, hidden_empty))
                        fail_msg("conf/lago.conf lacks %s below [%s]", keys[i].name,
                                 keys[i].section);
        }
}

static void every_default_is_as_documented(void **state _unused_) {
        _cleanup_(config_freep) Config *config = load_only(RELEASE);

        assert_string_equal(config->release, "v1.50.0");
        assert_string_equal(config->front_url, "http://localhost:8080");
        assert_string_equal(config->api_url, "http://localhost:3000");
        assert_string_equal(config->api_listen.address, "127.0.0.1");
        assert_int_equal(config->api_listen.port, 3000);
        assert_string_equal(config->front_listen.address, "127.0.0.1");
        assert_int_equal(config->front_listen.port, 8080);
        assert_true(config->api_enabled && config->worker_enabled);
        assert_true(config->front_enabled && config->clock_enabled && config->pdf_enabled);
        assert_int_equal(config->clock_silence_usec, 900000000);
        assert_null(config->pools);
        assert_false(config->database_external || config->redis_external);
        assert_string_equal(config->database_volume, "lago_postgres_data");
        assert_null(config->database_arguments);
        assert_string_equal(config->shm_size, "256M");
        assert_null(config->ca_file);
        assert_string_equal(config->redis_volume, "lago_redis_data");
        assert_true(config->redis_append_only);
        assert_null(config->clickhouse_ca_file);
        assert_string_equal(config->storage_volume, "lago_storage_data");
        assert_true(config->migrate_automatic);
        assert_int_equal(config->migrate_fresh, FRESH_AUTO);
        assert_null(config->passed_bridges);
        assert_null(config->tombstones);
        assert_string_equal(config->registry, "docker.io");
        assert_string_equal(config->image_api, "getlago/api");
        assert_string_equal(config->image_front, "getlago/front");
        assert_string_equal(config->image_database, "getlago/postgres-partman:15.0-alpine");
        assert_string_equal(config->image_redis, "library/redis:7-alpine");
        assert_string_equal(config->image_pdf, "getlago/lago-gotenberg:7.8.2");
        assert_true(config->pull_missing);
        assert_int_equal(config->health_interval_usec, 10000000);
        assert_int_equal(config->health_timeout_usec, 5000000);
        assert_int_equal(config->health_restart_after, 6);
        assert_int_equal(config->journal_lines, CONFIG_JOURNAL_LINES);
        assert_string_equal(config->network, "lago");
        assert_int_equal(config->env->n, 0);
        assert_int_equal(strv_length(config->files), 1);
}

static void every_key_takes_another_value(void **state _unused_) {
        _cleanup_(config_freep) Config *config = load_only(
                "[lago]\nrelease=v1.51.0\nfront-url=https://a.example/\napi-url=https://b.example:8443/api\n"
                "[api]\nlisten=127.0.0.9:3001\n[front]\nenabled=no\nlisten=0.0.0.0:80\n"
                "[worker]\npools=events, webhook ai_agent\n[clock]\nenabled=no\nsilence=2h\n[pdf]\nenabled=no\n"
                "[database]\nmode=bundled\nvolume=pg.1\narguments=-c shared_buffers=2GB -c \"log_line_prefix=%m \"'x y'\n"
                "shm-size=1G\nca-file=/etc/ssl/x.pem\n[redis]\nmode=bundled\nvolume=r\nappend-only=no\n"
                "[clickhouse]\nca-file=/etc/ssl/y.pem\n[storage]\nvolume=s\n[migrate]\nautomatic=no\nfresh=replay\npassed-bridges=v1.45.0 v1.31.0\n"
                "tombstones=20240102030405, 20250102030405\n"
                "[images]\nregistry=registry.example.com:5000/mirror\napi=x/api@sha256:"
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
                "front=localhost:5000/front:v1_-.X\ndatabase=postgres\nredis=redis\npdf=pdf\npull=never\n"
                "[health]\ninterval=1min 30s\ntimeout=500ms\nrestart-after=0\n[network]\nname=net-1\n[journal]\nlines-per-minute=0\n");

        assert_string_equal(config->release, "v1.51.0");
        assert_string_equal(config->front_url, "https://a.example");
        assert_string_equal(config->api_url, "https://b.example:8443/api");
        assert_string_equal(config->api_listen.address, "127.0.0.9");
        assert_int_equal(config->api_listen.port, 3001);
        assert_string_equal(config->front_listen.address, "0.0.0.0");
        assert_int_equal(config->front_listen.port, 80);
        assert_false(config->front_enabled || config->clock_enabled || config->pdf_enabled);
        assert_int_equal(config->clock_silence_usec, UINT64_C(7200000000));
        assert_strv_equal(config->pools, (char *[]){(char[]){"events"}, (char[]){"webhook"},
                                                    (char[]){"ai_agent"}, NULL});
        assert_string_equal(config->database_volume, "pg.1");
        assert_strv_equal(config->database_arguments,
                          (char *[]){(char[]){"-c"}, (char[]){"shared_buffers=2GB"}, (char[]){"-c"},
                                     (char[]){"log_line_prefix=%m x y"}, NULL});
        assert_string_equal(config->shm_size, "1G");
        assert_string_equal(config->ca_file, "/etc/ssl/x.pem");
        assert_string_equal(config->redis_volume, "r");
        assert_false(config->redis_append_only);
        assert_string_equal(config->clickhouse_ca_file, "/etc/ssl/y.pem");
        assert_string_equal(config->storage_volume, "s");
        assert_false(config->migrate_automatic);
        assert_int_equal(config->migrate_fresh, FRESH_REPLAY);
        assert_strv_equal(config->passed_bridges,
                          (char *[]){(char[]){"v1.45.0"}, (char[]){"v1.31.0"}, NULL});
        assert_strv_equal(config->tombstones,
                          (char *[]){(char[]){"20240102030405"}, (char[]){"20250102030405"}, NULL});
        assert_string_equal(config->registry, "registry.example.com:5000/mirror");
        assert_true(startswith(config->image_api, "x/api@sha256:"));
        assert_string_equal(config->image_front, "localhost:5000/front:v1_-.X");
        assert_string_equal(config->image_database, "postgres");
        assert_string_equal(config->image_redis, "redis");
        assert_string_equal(config->image_pdf, "pdf");
        assert_false(config->pull_missing);
        assert_int_equal(config->health_interval_usec, 90000000);
        assert_int_equal(config->health_timeout_usec, 500000);
        assert_int_equal(config->health_restart_after, 0);
        assert_int_equal(config->journal_lines, 0);
        assert_string_equal(config->network, "net-1");
}

static void a_missing_release_is_refused(void **state _unused_) {
        static const char expected[] =
                "lago.conf:0: [lago] release is missing; write the release to run, such as release = v1.50.0\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *said = scratch_load(&scratch, NULL);

        assert_string_equal(said, expected);
        assert_says("", expected);
        assert_says("[lago]\nrelease =\n",
                    "lago.conf:2: [lago] release has no value; write a release such as v1.50.0\n");
}

static void unknown_names_get_the_nearest(void **state _unused_) {
        assert_says(RELEASE "[laog]\nrelease = v1.0.0\nfoo = bar\n",
                    "lago.conf:3: there is no section [laog]; did you mean [lago]?\n");
        assert_says(
                RELEASE "[something-else]\n",
                "lago.conf:3: there is no section [something-else]; there are: lago, api, front, worker, clock, pdf, "
                "database, redis, clickhouse, storage, migrate, images, health, network, journal\n");
        assert_says("[lago]\nrelaese = v1.50.0\nrelease = v1.50.0\nRELEASE = v1.50.0\n",
                    "lago.conf:2: [lago] has no key relaese; did you mean release?\n"
                    "lago.conf:4: [lago] has no key RELEASE; did you mean release?\n");
        assert_says(RELEASE "[api]\nshm-size = 1G\n",
                    "lago.conf:4: [api] has no key shm-size; it belongs below [database]\n");
        assert_says(RELEASE "[migrate]\ntombstone = 20240102030405\n",
                    "lago.conf:4: [migrate] has no key tombstone; did you mean tombstones?\n");
        assert_says(
                RELEASE "[health]\ncolour = red\n",
                "lago.conf:4: [health] has no key colour; it has: interval, timeout, restart-after\n");
        assert_says(
                "shm-size = 1G\ncolour = red\n" RELEASE,
                "lago.conf:1: shm-size stands before any section; write [database] on a line above it\n"
                "lago.conf:2: colour stands before any section; write [lago] or another on a line above it\n");
}

static void a_key_twice_in_one_file_is_refused(void **state _unused_) {
        assert_says(
                RELEASE "[api]\nlisten = 127.0.0.1:1\n[lago]\nrelease = v1.51.0\n",
                "lago.conf:6: release of [lago] is set in line 2 already; keep one of the two\n");
}

static void a_later_file_overrides(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE "[worker]\npools = events\n");
        scratch_put(&scratch, "lago.conf.d/20-b.conf", "[lago]\nrelease = v1.52.0\n");
        scratch_put(&scratch, "lago.conf.d/10-a.conf",
                    "[lago]\nrelease = v1.51.0\n[worker]\npools =\n");
        scratch_put(&scratch, "lago.conf.d/30-c.conf.bak", "[nonsense\n");
        scratch_put(&scratch, "lago.conf.d/.40-d.conf", "[nonsense\n");
        said = scratch_load(&scratch, &config);
        assert_string_equal(said, "");
        assert_string_equal(config->release, "v1.52.0");
        assert_null(config->pools);
        assert_int_equal(strv_length(config->files), 3);
        assert_non_null(strstr(config->files[1], "/lago.conf.d/10-a.conf"));
        assert_non_null(strstr(config->files[2], "/lago.conf.d/20-b.conf"));
}

static void errors_come_in_the_order_of_files_and_lines(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *said = NULL;

        scratch_put(&scratch, "lago.conf", "[front]\nlisten = 127.0.0.1:3000\nenabled = maybe\n");
        scratch_put(&scratch, "lago.conf.d/a.conf", "[pdf]\nenabled = maybe\n");
        scratch_put(&scratch, "lago.env", "LAGO_CLICKHOUSE_ENABLED=no\nX\n");
        scratch_put(&scratch, "secrets.env", "Y\n");
        said = scratch_load(&scratch, NULL);
        assert_string_equal(
                said,
                "lago.conf:0: [lago] release is missing; write the release to run, such as release = v1.50.0\n"
                "lago.conf:2: [api] and [front] both listen on port 3000; give one of them another port\n"
                "lago.conf:3: [front] enabled = maybe: write yes or no\n"
                "lago.conf.d/a.conf:2: [pdf] enabled = maybe: write yes or no\n"
                "lago.env:1: LAGO_CLICKHOUSE_ENABLED=no switches it on: Lago only looks whether it is set; remove the line "
                "to switch it off\n"
                "lago.env:2: no '=' in this line; write KEY=VALUE, and values of several lines as one line\n"
                "secrets.env:1: no '=' in this line; write KEY=VALUE, and values of several lines as one line\n");
}

/* What is refused of one value, each below its section after a release. */
static const struct {
        const char *section, *line, *expected;
} wrong_values[] = {
        {"lago", "front-url = lago.example.com",
         "front-url = lago.example.com: it lacks its scheme; write https://lago.example.com or http://lago.example.com"},
        {"lago", "front-url = ftp://lago.example.com",
         "front-url = ftp://lago.example.com: write a URL such as https://lago.example.com"},
        {"lago", "front-url = http://",
         "front-url = http://: write a URL such as https://lago.example.com"},
        {"lago", "front-url = http://lago.example.com/app",
         "front-url = http://lago.example.com/app: Lago's front knows no path; write scheme, host and port only"},
        {"lago", "front-url = http://a.example:99999",
         "front-url = http://a.example:99999: the port must be a number from 1 to 65535"},
        {"lago", "api-url = http://user@a.example",
         "api-url = http://user@a.example: write it without user, query and fragment"},
        {"lago", "api-url =", "api-url has no value; write a URL such as https://api.example.com"},
        {"lago", "api-url = http://a b",
         "api-url = http://a b: write it without user, query and fragment"},
        {"lago", "api-url = http://[::1",
         "api-url = http://[::1: write a URL such as https://api.example.com"},
        {"api", "listen = 3000",
         "listen = 3000: write a numeric address and a port: 127.0.0.1:3000, or 0.0.0.0:3000 to be reached from other "
         "hosts"},
        {"api", "listen = localhost:3000",
         "listen = localhost:3000: write a numeric address and a port: 127.0.0.1:3000, or 0.0.0.0:3000 to be reached from "
         "other hosts"},
        {"api", "listen = ::1:3000",
         "listen = ::1:3000: write ADDRESS:PORT, such as 127.0.0.1:3000 or 0.0.0.0:3000"},
        {"api", "listen = [127.0.0.1]:3000",
         "listen = [127.0.0.1]:3000: write ADDRESS:PORT, such as 127.0.0.1:3000 or 0.0.0.0:3000"},
        {"api", "listen = [::1]:3000",
         "listen = [::1]:3000: the containers have no IPv6 address, so nobody would answer there; write 127.0.0.1:3000, or "
         "0.0.0.0:3000 to be reached from other hosts"},
        {"front", "listen = [::]:80",
         "listen = [::]:80: the containers have no IPv6 address, so nobody would answer there; write 127.0.0.1:80, or "
         "0.0.0.0:80 to be reached from other hosts"},
        {"api", "listen = 127.0.0.1:0",
         "listen = 127.0.0.1:0: write ADDRESS:PORT, such as 127.0.0.1:3000 or 0.0.0.0:3000"},
        {"api", "listen = 127.0.0.1:65536",
         "listen = 127.0.0.1:65536: write ADDRESS:PORT, such as 127.0.0.1:3000 or 0.0.0.0:3000"},
        {"front", "enabled = true", "enabled = true: write yes or no"},
        {"worker", "pools = event",
         "pools = event: Lago has no pool \"event\"; did you mean events?"},
        {"worker", "pools = events pdfs events",
         "pools = events pdfs events: \"events\" is named twice; name it once"},
        {"worker", "pools = quite-another",
         "pools = quite-another: write names out of: ai_agent alerts analytics billing clock events payments pdfs wallets "
         "webhook; events*3 for three processes"},
        {"worker", "pools = events*0",
         "pools = events*0: behind '*' stands how many processes the pool has here, from 1 to 16"},
        {"worker", "pools = events*17",
         "pools = events*17: behind '*' stands how many processes the pool has here, from 1 to 16"},
        {"worker", "pools = events*2 events",
         "pools = events*2 events: \"events\" is named twice; name it once"},
        {"worker", "pools = events-2",
         "pools = events-2: Lago has no pool \"events-2\"; did you mean events?"},
        {"database", "mode = extern", "mode = extern: write bundled or external"},
        {"database", "volume = /srv/pg",
         "volume = /srv/pg: write the name of a volume, not a path"},
        {"database", "volume = a b",
         "volume = a b: write a name of letters, digits, '_', '.' and '-'"},
        {"database", "volume = -v",
         "volume = -v: write a name of letters, digits, '_', '.' and '-'"},
        {"database", "arguments = -c \"a b", "arguments = -c \"a b: a quote is not closed"},
        {"database", "shm-size = 256", "shm-size = 256: write a size such as 256M or 1G"},
        {"database", "shm-size = 0M", "shm-size = 0M: write a size such as 256M or 1G"},
        {"database", "shm-size = 256MB", "shm-size = 256MB: write a size such as 256M or 1G"},
        {"database", "ca-file = ca.pem", "ca-file = ca.pem: write an absolute path"},
        {"database", "ca-file = /a:b",
         "ca-file = /a:b: a path with ':' or ',' cannot be mounted; use another name for the file"},
        {"redis", "append-only = YES", "append-only = YES: write yes or no"},
        {"migrate", "fresh = fast", "fresh = fast: write auto, load or replay"},
        {"migrate", "passed-bridges = v1.45",
         "passed-bridges = v1.45: \"v1.45\" is no release; write them like v1.45.0, with spaces between"},
        {"migrate", "tombstones = 2024010203040",
         "tombstones = 2024010203040: \"2024010203040\" is no version of a migration; write its 14 digits, such as "
         "20240102030405, with spaces between"},
        {"migrate", "tombstones = v1.45.0",
         "tombstones = v1.45.0: \"v1.45.0\" is no version of a migration; write its 14 digits, such as "
         "20240102030405, with spaces between"},
        {"images", "registry = https://docker.io",
         "registry = https://docker.io: write it without its scheme: docker.io"},
        {"images", "registry = docker.io/",
         "registry = docker.io/: write a registry such as docker.io or registry.example.com:5000"},
        {"images", "api = Getlago/API",
         "api = Getlago/API: write an image such as getlago/api, getlago/api:v1.50.0 or getlago/api@sha256:DIGEST"},
        {"images", "api = getlago/api:",
         "api = getlago/api:: write an image such as getlago/api, getlago/api:v1.50.0 or getlago/api@sha256:DIGEST"},
        {"images", "api = --privileged",
         "api = --privileged: write an image such as getlago/api, getlago/api:v1.50.0 or getlago/api@sha256:DIGEST"},
        {"images", "api = getlago/api@sha256:12",
         "api = getlago/api@sha256:12: behind '@' stands a digest: sha256: and 64 hexadecimal digits"},
        {"images", "pull = always", "pull = always: write missing or never"},
        {"health", "interval = 10 parsecs",
         "interval = 10 parsecs: write a time from 100ms to 24h, such as 10s, 1min or 500ms"},
        {"health", "interval = 0",
         "interval = 0: write a time from 100ms to 24h, such as 10s, 1min or 500ms"},
        {"health", "interval = 25h",
         "interval = 25h: write a time from 100ms to 24h, such as 10s, 1min or 500ms"},
        {"health", "timeout = 99999999999999999999s",
         "timeout = 99999999999999999999s: write a time from 100ms to 24h, such as 10s, 1min or 500ms"},
        {"health", "restart-after = -1", "restart-after = -1: write a number from 0 to 1000"},
        {"journal", "lines-per-minute = 999", "lines-per-minute = 999: write a number from 1000 to 1000000000, or 0"},
        {"journal", "lines-per-minute = 1000000001",
         "lines-per-minute = 1000000001: write a number from 1000 to 1000000000, or 0"},
        {"health", "restart-after = 1001", "restart-after = 1001: write a number from 0 to 1000"},
        {"network", "name = host",
         "name = host: \"host\" means something else to the container engine; write another name, such as lago"},
        {"network", "name = --internal",
         "name = --internal: write a name of letters, digits, '_', '.' and '-'"},
};

static void a_wrong_value_is_told_with_what_to_write(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(wrong_values); i++) {
                _cleanup_(freep) char *conf = xasprintf(
                        RELEASE "[%s]\n%s\n", wrong_values[i].section, wrong_values[i].line);
                _cleanup_(freep) char *expected =
                        xasprintf("lago.conf:4: [%s] %s\n", wrong_values[i].section,
                                  wrong_values[i].expected);

                assert_says(conf, expected);
        }
        assert_says("[lago]\nrelease = 1.50.0\n",
                    "lago.conf:2: [lago] release = 1.50.0: write it with its letter: v1.50.0\n");
        assert_says("[lago]\nrelease = v1.50\n",
                    "lago.conf:2: [lago] release = v1.50: write a release such as v1.50.0\n");
        assert_says("[lago]\nrelease = latest\n",
                    "lago.conf:2: [lago] release = latest: write a release such as v1.50.0\n");
}

static void a_release_whose_worker_cannot_be_asked_is_refused(void **state _unused_) {
        assert_says("[lago]\nrelease = v1.5.1\n",
                    "lago.conf:2: [lago] release = v1.5.1: it is older than v1.6.0, the oldest release whose worker can be "
                    "asked whether it is ready; write v1.6.0 or later, which takes its database over\n");
        assert_says("[lago]\nrelease = v0.34.1\n",
                    "lago.conf:2: [lago] release = v0.34.1: it is older than v1.6.0, the oldest release whose worker can be "
                    "asked whether it is ready; write v1.6.0 or later, which takes its database over\n");
        assert_says("[lago]\nrelease = v1.6.0\n", "");
        assert_says("[lago]\nrelease = v1.10.0\n", "");
        assert_says("[lago]\nrelease = v2.0.0\n", "");
        assert_says("[lago]\nrelease = v1.123456.0\n", "");
}

static void lines_with_two_meanings_are_refused(void **state _unused_) {
        static const char no_setting[] =
                "lago.conf:4: this is no setting; write KEY = VALUE, or # before a comment\n";

        assert_says(RELEASE "[api]\nlisten: 127.0.0.1:3000\n", no_setting);
        assert_says(RELEASE "[api]\nlisten\n", no_setting);
        assert_says(RELEASE "[api]\n= 1\n", no_setting);
        assert_says(RELEASE "[api]\nli sten = 1\n", no_setting);
        assert_says(RELEASE "[clock]\nenabled = no ; not here\n",
                    "lago.conf:4: \";\" behind a value; write comments on lines of their own\n");
        assert_says(RELEASE "[clock]\nenabled = no # not here\n",
                    "lago.conf:4: \"#\" behind a value; write comments on lines of their own\n");
        assert_says(RELEASE "[database]\narguments = -c a=b\n  -c c=d\n",
                    "lago.conf:5: this is no setting; write KEY = VALUE, or # before a comment\n");
        assert_says(RELEASE "[api\nlisten = 127.0.0.1:1\n",
                    "lago.conf:3: this is no section; write a name in brackets, such as [api]\n");
        assert_says(RELEASE "[api] x\n[]\n",
                    "lago.conf:3: this is no section; write a name in brackets, such as [api]\n"
                    "lago.conf:4: this is no section; write a name in brackets, such as [api]\n");
}

/* The library cuts at 199 bytes and reads the rest as a line of its own. */
static void a_long_line_smuggles_nothing(void **state _unused_) {
        for (unsigned n = 150; n < 450; n++) {
                _cleanup_(scratch_done) Scratch scratch = scratch_new();
                _cleanup_(config_freep) Config *config = NULL;
                _cleanup_(freep) char *comment =
                        xasprintf(RELEASE "[clock]\n#%*senabled = no\n", (int)n, "");
                _cleanup_(freep) char *key =
                        xasprintf(RELEASE "[clock]\nx = %0*u enabled = no\n", (int)n, 0U);
                _cleanup_(freep) char *said = NULL, *said_of_key = NULL;

                scratch_put(&scratch, "lago.conf", comment);
                said = scratch_load(&scratch, &config);
                assert_string_equal(said, "");
                assert_true(config->clock_enabled);
                scratch_put(&scratch, "lago.conf", key);
                said_of_key = scratch_load(&scratch, NULL);
                /* Exactly one complaint: either of the length or of the key, never of a line that is not there. */
                assert_non_null(startswith(said_of_key, "lago.conf:4: "));
                assert_ptr_equal(strchr(said_of_key, '\n') + 1, said_of_key + strlen(said_of_key));
        }
        assert_says(
                RELEASE
                "[database]\narguments = 0123456789012345678901234567890123456789012345678901234567890123456789"
                "0123456789012345678901234567890123456789012345678901234567890123456789"
                "0123456789012345678901234567890123456789012345678901234567890123456789\n",
                "lago.conf:4: this line has 222 bytes, 197 at most are read; write it shorter\n");
}

static void a_long_section_is_not_cut(void **state _unused_) {
        assert_says(RELEASE "[clockclockclockclockclockclockclockclockclockclock]\nenabled = no\n",
                    "lago.conf:3: this is no section; write a name in brackets, such as [api]\n");
}

static void strange_bytes_are_refused_or_harmless(void **state _unused_) {
        static const char nul[] = RELEASE "[clock]\nenabled = no\0x\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = NULL, *said_of_nul = NULL;

        scratch_put_bytes(&scratch, "lago.conf", nul, sizeof(nul) - 1);
        said_of_nul = scratch_load(&scratch, NULL);
        assert_string_equal(said_of_nul,
                            "lago.conf:4: control characters in this line; type it anew\n");
        assert_says(RELEASE "[clock]\nenabled = no\033[1m\n",
                    "lago.conf:4: control characters in this line; type it anew\n");
        assert_says(RELEASE "[clock]\r\nenabled\r= no\r\n",
                    "lago.conf:4: control characters in this line; type it anew\n");
        scratch_put(
                &scratch, "lago.conf",
                "\xef\xbb\xbf[lago]\r\n\trelease\t=\tv1.50.0 \r\n\r\n ; comment\r\n[clock]\r\n  enabled = no");
        said = scratch_load(&scratch, &config);
        assert_string_equal(said, "");
        assert_string_equal(config->release, "v1.50.0");
        assert_false(config->clock_enabled);
}

static void what_contradicts_is_refused(void **state _unused_) {
        assert_says(
                RELEASE "[api]\nlisten = 0.0.0.0:8080\n",
                "lago.conf:4: [api] and [front] both listen on port 8080; give one of them another port\n");
        assert_says(RELEASE "[api]\nlisten = 127.0.0.2:8080\n", "");
        assert_says(RELEASE "[api]\nlisten = 127.0.0.1:8080\n[front]\nenabled = no\n", "");
        assert_says(
                RELEASE "[redis]\nvolume = lago_postgres_data\n",
                "lago.conf:4: [database] and [redis] share the volume lago_postgres_data; give each its own\n");
}

#define PART(section)                                                                                                  \
        "[" section "] enabled = no leaves its part to another host, and none reaches a bundled PostgreSQL or Redis; " \
        "write mode = external below [database] and [redis], or remove this line\n"
#define OUTSIDE "[database]\nmode = external\n[redis]\nmode = external\n"

/* What lago.conf says alone, since the URLs of external stores are in lago.env. */
static void assert_files_say(const char *text, const char *expected) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = NULL;
        ConfigErrors errors = {0};

        scratch_put(&scratch, "lago.conf", text);
        (void)config_load_files(scratch.path, &config, &errors);
        said = errors_text(&scratch, &errors);
        assert_string_equal(said, expected);
        config_errors_done(&errors);
}

static void a_part_of_lago_needs_other_hosts(void **state _unused_) {
        assert_says(RELEASE "[worker]\nenabled = no\n", "lago.conf:4: " PART("worker"));
        assert_files_say(RELEASE "[api]\nenabled = no\n[front]\nenabled = no\n[database]\nmode = external\n",
                         "lago.conf:4: " PART("api"));
        assert_files_say(RELEASE "[api]\nenabled = no\n" OUTSIDE,
                         "lago.conf:4: [api] enabled = no, but the front of a host is started behind its API; write "
                         "enabled = no below [front], too\n");
        assert_files_say(RELEASE "[api]\nenabled = no\n[front]\nenabled = no\n" OUTSIDE, "");
        assert_files_say(RELEASE "[worker]\nenabled = no\npools = events\n" OUTSIDE, "");
        /* What is not here listens nowhere. */
        assert_files_say("[lago]\nrelease = v1.50.0\napi-url = http://lago.example.com\n"
                         "[api]\nenabled = no\nlisten = 127.0.0.1:8080\n[front]\nenabled = no\n" OUTSIDE,
                         "");
}

static void a_pool_may_have_several_processes(void **state _unused_) {
        _cleanup_(config_freep) Config *config = load_only(RELEASE "[worker]\npools = events*3 webhook*1\n");

        assert_strv_equal(config->pools, (char *[]){(char[]){"events"}, (char[]){"events-2"}, (char[]){"events-3"},
                                                    (char[]){"webhook"}, NULL});
}

static void a_name_that_nobody_can_reach_is_warned_of(void **state _unused_) {
        assert_says(
                "[lago]\nrelease = v1.50.0\napi-url = http://lago.example.com\n",
                "lago.conf:3: warning: api-url names lago.example.com, but [api] listens on 127.0.0.1, which only a "
                "proxy on this host can reach; without one write listen = 0.0.0.0:3000\n");
        assert_says(
                "[lago]\nrelease = v1.50.0\nfront-url = http://192.0.2.1:8080\n",
                "lago.conf:3: warning: api-url names localhost, where browsers of other hosts find themselves; write the "
                "address at which they reach the API\n"
                "lago.conf:3: warning: front-url names 192.0.2.1, but [front] listens on 127.0.0.1, which only a proxy "
                "on this host can reach; without one write listen = 0.0.0.0:8080\n");
        assert_says("[lago]\nrelease = v1.50.0\napi-url = https://lago.example.com\n", "");
        assert_says(
                "[lago]\nrelease = v1.50.0\napi-url = http://lago.example.com\n[api]\nlisten = 0.0.0.0:3000\n",
                "");
        assert_says("[lago]\nrelease = v1.50.0\napi-url = http://127.0.0.1:3000\n", "");
}

/* The page comes from the one, and calls the other from wherever it is shown. */
#define FRONT(release, front) "[lago]\nrelease = " release "\n[images]\nfront = " front "\n"

static void a_front_that_stays_behind_is_warned_of(void **state _unused_) {
        assert_says(FRONT("v1.50.0", "getlago/front:v1.41.0"),
                    "lago.conf:4: warning: front = getlago/front:v1.41.0 stays behind v1.50.0; write it without its tag, "
                    "and it goes with the release\n");
        assert_says(FRONT("v1.50.0", "r.example:5000/front:v1.41.0@sha256:" DIGEST),
                    "lago.conf:4: warning: front = r.example:5000/front:v1.41.0@sha256:" DIGEST
                    " stays behind v1.50.0; write it without its tag, and it goes with the release\n");
        assert_says(FRONT("v1.47.2", "getlago/front:v1.46.0"),
                    "lago.conf:4: warning: front = getlago/front:v1.46.0 stays behind v1.47.2; write it without its tag, "
                    "and it goes with the release\n");
        assert_says(FRONT("v1.47.2", "getlago/front:v1.47.0"), "");
        assert_says(FRONT("v1.50.0", "getlago/front"), "");
        assert_says(FRONT("v1.50.0", "getlago/front:v1.50.0"), "");
        assert_says(FRONT("v1.50.0", "getlago/front:mine"), "");
        assert_says(FRONT("v1.50.0", "r.example:5000/front"), "");
        assert_says(FRONT("v1.50.0", "getlago/front:v1.41.0") "[front]\nenabled = no\n", "");
}

static void what_browsers_cannot_reach_is_warned_of(void **state _unused_) {
        static const char local[] =
                "warning: api-url names localhost, where browsers of other hosts find themselves; write "
                "the address at which they reach the API\n";
        _cleanup_(freep) char *third = xasprintf("lago.conf:3: %s", local),
                              *fourth = xasprintf("lago.conf:4: %s", local);

        assert_says("[lago]\nrelease = v1.50.0\nfront-url = https://billing.example.com\n", third);
        /* Of one that was refused nothing else is said. */
        assert_says("[lago]\nrelease = v1.50.0\nfront-url = https://billing.example.com\napi-url = api.example.com\n",
                    "lago.conf:4: [lago] api-url = api.example.com: it lacks its scheme; write https://api.example.com or "
                    "http://api.example.com\n");
        assert_says(
                "[lago]\nrelease = v1.50.0\nfront-url = https://billing.example.com\napi-url = http://localhost:3000\n",
                fourth);
        assert_says(
                "[lago]\nrelease = v1.50.0\nfront-url = https://a.example\napi-url = https://b.example\n",
                "");
        assert_says(
                "[lago]\nrelease = v1.50.0\nfront-url = https://a.example\napi-url = http://b.example\n"
                "[api]\nlisten = 0.0.0.0:3000\n",
                "lago.conf:4: warning: a page from https may not call an API by http: browsers refuse that; write https "
                "in api-url, too\n");
        assert_says(
                "[lago]\nrelease = v1.50.0\nfront-url = https://a.example\n[front]\nenabled = no\n",
                "");
        assert_says("[lago]\nrelease = v1.50.0\nfront-url = https://a.example/\napi-url = https://a.example\n",
                    "lago.conf:4: warning: front-url and api-url are the same: whatever answers there is only one of the two; "
                    "give the API a name, a port or a path of its own\n");
        assert_says("[lago]\nrelease = v1.50.0\nfront-url = https://a.example\napi-url = https://A.example:443/\n",
                    "lago.conf:4: warning: front-url and api-url are the same: whatever answers there is only one of the two; "
                    "give the API a name, a port or a path of its own\n");
        assert_says("[lago]\nrelease = v1.50.0\nfront-url = https://a.example\napi-url = https://lago-api//\n",
                    "lago.conf:4: warning: api-url names lago-api, which Lago's containers know, and browsers do not; write the "
                    "address at which they reach it\n");
        assert_says("[lago]\nrelease = v1.50.0\napi-url = http://localhost:6000\n",
                    "lago.conf:3: [lago] api-url = http://localhost:6000: no browser goes to port 6000, which belongs to another "
                    "protocol; write another one\n");
        assert_says("[lago]\nrelease = v1.50.0\nfront-url = http://0.0.0.0:8080\n",
                    "lago.conf:3: [lago] front-url = http://0.0.0.0:8080: no browser can go to that address; write localhost, "
                    "or a name of this host\n");
}

static void where_postgresql_is_in_its_container_is_settled(void **state _unused_) {
        static const char *const arguments[][2] = {
                {"-c port=5433", "port"},
                {"--listen-addresses=localhost", "listen_addresses"},
                {"-clisten_addresses=", "listen_addresses"},
                {"-D /elsewhere", "-D"},
                {"-c data_directory=/elsewhere", "data_directory"},
                {"-p 5433", "-p"},
        };

        for (size_t i = 0; i < ELEMENTSOF(arguments); i++) {
                _cleanup_(freep) char *conf = xasprintf(RELEASE "[database]\narguments = %s\n", arguments[i][0]);
                _cleanup_(freep) char *expected = xasprintf(
                        "lago.conf:4: [database] arguments: Lago's containers find the server at port 5432 of its container, and its "
                        "files in the volume; remove %s\n",
                        arguments[i][1]);

                assert_says(conf, expected);
        }
        assert_says(RELEASE "[database]\narguments = -c shared_buffers=2GB --work_mem=64MB -c port_x=1\n", "");
        assert_says(RELEASE "[api]\nlisten = 224.0.0.1:3000\n",
                    "lago.conf:4: [api] listen = 224.0.0.1:3000: no host has that address; write 127.0.0.1:3000, or 0.0.0.0:3000 to be "
                    "reached from other hosts\n");
}

static void an_unreadable_file_is_an_error(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *directory = xasprintf("%s/lago.conf", scratch.path), *said = NULL;

        assert_int_equal(make_dirs(directory, 0755), 0);
        said = scratch_load(&scratch, NULL);
        assert_non_null(startswith(said, "lago.conf:0: "));
        assert_non_null(strstr(said, "lago.conf:0: cannot be read: Is a directory\n"));
}

static int status_with(const Scratch *scratch, const char *expected) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = NULL;
        ConfigErrors errors = {0};
        int status;

        assert_int_equal(config_load(scratch->path, &config, &errors), -EBADMSG);
        said = errors_text(scratch, &errors);
        assert_string_equal(said, expected);
        status = config_errors_status(&errors);
        config_errors_done(&errors);
        return status;
}

/* A disk, a descriptor: neither is a mistake of the operator's, and what was not read is not missing. */
static void what_cannot_be_read_now_is_not_refused(void **state _unused_) {
        static const char *const files[] = {"lago.conf", "lago.conf.d/a.conf", "lago.env", "secrets.env", "env.d/migrate.env"};

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_(scratch_done) Scratch scratch = scratch_new();
                _cleanup_(freep) char *expected = xasprintf("%s:0: unread: cannot be read: Input/output error\n", files[i]);

                scratch_put(&scratch, "lago.conf", RELEASE);
                scratch_put_damaged(&scratch, files[i]);
                assert_int_equal(status_with(&scratch, expected), EXIT_TEMPFAIL);
        }
}

static void no_descriptor_is_no_error_of_the_configuration(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        ConfigErrors errors = {0};
        Config *config = NULL;
        struct rlimit old;

        scratch_put(&scratch, "lago.conf", RELEASE);
        old = no_more_descriptors();
        assert_int_equal(config_load(scratch.path, &config, &errors), -EBADMSG);
        descriptors_again(old);
        for (size_t i = 0; i < errors.n; i++)
                assert_int_equal(errors.list[i].kind, CONFIG_UNREAD);
        assert_int_equal(config_errors_status(&errors), EXIT_OSERR);
        assert_non_null(strstr(config_errors_unread(&errors)->text, "Too many open files"));
        config_errors_done(&errors);
}

static void the_files_alone_are_enough_for_the_generator(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE "[database]\nmode = external\n");
        scratch_put(&scratch, "lago.env", "nonsense\n");
        assert_int_equal(config_load(scratch.path, &config, NULL), -EBADMSG);
        assert_null(config);
        assert_int_equal(config_load_files(scratch.path, &config, NULL), 0);
        assert_int_equal(config->env->n, 0);
        assert_true(config->database_external);
}

static void the_status_is_that_of_the_worst(void **state _unused_) {
        ConfigErrors errors = {0};

        assert_int_equal(config_errors_status(&errors), 0);
        config_errors_add_kind(&errors, CONFIG_WARNING, "f", 1, "x");
        assert_int_equal(config_errors_status(&errors), 0);
        config_errors_add_kind(&errors, CONFIG_ERROR_KEYS, "f", 1, "x");
        assert_int_equal(config_errors_status(&errors), EXIT_KEYS);
        config_errors_add(&errors, "f", 1, "x");
        assert_int_equal(config_errors_status(&errors), EXIT_CONFIG);
        config_errors_done(&errors);
}

static void load_and_forget(const Scratch *scratch) {
        _cleanup_(config_freep) Config *config = NULL;
        char *said = scratch_load(scratch, &config);

        free(said);
}

/* Bytes that look enough like the file to get past the first check of each kind. */
static void random_bytes_do_no_harm(void **state _unused_) {
        static const char *const pieces[] = {"[lago]\n",
                                             "[",
                                             "]",
                                             "\n",
                                             "=",
                                             " ",
                                             ";",
                                             "#",
                                             "release = v1.50.0\n",
                                             "listen = ",
                                             "[::1]:",
                                             "3000",
                                             "http://",
                                             "\xef\xbb\xbf",
                                             "\r",
                                             "'",
                                             "\"",
                                             "[api]\n",
                                             "arguments",
                                             "[database]\n",
                                             "x",
                                             "pools = ",
                                             "@",
                                             ":",
                                             ",",
                                             "\t",
                                             "[images]\napi = ",
                                             "interval = ",
                                             "[health]\n",
                                             "99999999999",
                                             "${"};
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        unsigned seed = 20260721;

        for (unsigned round = 0; round < 2000; round++) {
                char bytes[2048];
                size_t n = 0;

                while (n < sizeof(bytes) - 32 && rand_r(&seed) % 200 != 0) {
                        if (rand_r(&seed) % 8 == 0)
                                bytes[n++] = (char)rand_r(&seed);
                        else {
                                const char *piece =
                                        pieces[(size_t)rand_r(&seed) % ELEMENTSOF(pieces)];

                                memcpy(bytes + n, piece, strlen(piece));
                                n += strlen(piece);
                        }
                }
                scratch_put_bytes(&scratch, round % 2 ? "lago.conf" : "lago.env", bytes, n);
                load_and_forget(&scratch);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_shipped_file_says_the_defaults),
                cmocka_unit_test(the_shipped_file_has_every_key),
                cmocka_unit_test(every_default_is_as_documented),
                cmocka_unit_test(every_key_takes_another_value),
                cmocka_unit_test(a_missing_release_is_refused),
                cmocka_unit_test(unknown_names_get_the_nearest),
                cmocka_unit_test(a_key_twice_in_one_file_is_refused),
                cmocka_unit_test(a_later_file_overrides),
                cmocka_unit_test(errors_come_in_the_order_of_files_and_lines),
                cmocka_unit_test(a_wrong_value_is_told_with_what_to_write),
                cmocka_unit_test(a_release_whose_worker_cannot_be_asked_is_refused),
                cmocka_unit_test(lines_with_two_meanings_are_refused),
                cmocka_unit_test(a_long_line_smuggles_nothing),
                cmocka_unit_test(a_long_section_is_not_cut),
                cmocka_unit_test(strange_bytes_are_refused_or_harmless),
                cmocka_unit_test(what_contradicts_is_refused),
                cmocka_unit_test(a_part_of_lago_needs_other_hosts),
                cmocka_unit_test(a_pool_may_have_several_processes),
                cmocka_unit_test(a_name_that_nobody_can_reach_is_warned_of),
                cmocka_unit_test(a_front_that_stays_behind_is_warned_of),
                cmocka_unit_test(what_browsers_cannot_reach_is_warned_of),
                cmocka_unit_test(where_postgresql_is_in_its_container_is_settled),
                cmocka_unit_test(an_unreadable_file_is_an_error),
                cmocka_unit_test(what_cannot_be_read_now_is_not_refused),
                cmocka_unit_test(no_descriptor_is_no_error_of_the_configuration),
                cmocka_unit_test(the_files_alone_are_enough_for_the_generator),
                cmocka_unit_test(the_status_is_that_of_the_worst),
                cmocka_unit_test(random_bytes_do_no_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
