/* SPDX-License-Identifier: MIT */
/*
 * DATABASE_URL is read by Ruby, as Rails has it do, by libpq, and by us. Of made-up URLs each that we take must be taken by
 * both, with the same meaning; and what both take alike we must not refuse.
 */
#include "base/util.h"
#include "config/check-pair.h"
#include "config/dburl.h"
#include "config/redisurl.h"
#include "config/rubyurl.h"

#include "check.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

#define URLS   6000
#define FIELDS 5

/* As ActiveRecord's resolver does it: the parser of RFC 2396, then each part unescaped. One line each, "-" for an error. */
static const char script[] =
        "parser = URI::RFC2396_Parser.new rescue parser = URI::Parser.new\n"
        "ARGF.each_line(chomp: true) do |line|\n"
        "  line.force_encoding('UTF-8')\n"
        "  begin\n"
        "    uri = parser.parse(line)\n"
        "    raise URI::InvalidURIError if uri.opaque\n"
        "    parts = [uri.user, uri.password, uri.hostname, uri.port&.to_s, uri.path.to_s.delete_prefix('/')]\n"
        "    puts parts.map { |part| parser.unescape(part.to_s).unpack1('H*') }.join(' ') + ' .'\n"
        "  rescue URI::Error, ArgumentError, TypeError\n"
        "    puts '-'\n"
        "  end\n"
        "end\n";

/* As the client of Redis in Lago does it, by the parser of RFC 3986. */
static const char redis_script[] =
        "ARGF.each_line(chomp: true) do |line|\n"
        "  line.force_encoding('UTF-8')\n"
        "  begin\n"
        "    uri = URI(line)\n"
        "    login = uri.password || uri.user\n"
        "    password = URI.decode_www_form_component(login) if login\n"
        "    user = uri.user if uri.password\n"
        "    path = uri.path.delete_prefix('/')\n"
        "    number = path.empty? ? 0 : Integer(path)\n"
        "    parts = [user, password, uri.host.delete_prefix('[').delete_suffix(']'), (uri.port || 6379).to_s, number.to_s]\n"
        "    puts parts.map { |part| part.to_s.unpack1('H*') }.join(' ') + ' .'\n"
        "  rescue URI::Error, ArgumentError, TypeError, NoMethodError\n"
        "    puts '-'\n"
        "  end\n"
        "end\n";

static const char *const field_names[FIELDS] = {"user", "password", "host", "port", "dbname"};

static char *hex(const char *s) {
        char *text = xcalloc(2 * strlen(s) + 1, 1);

        for (size_t i = 0; s[i]; i++)
                (void)snprintf(text + 2 * i, 3, "%02x", (unsigned char)s[i]);
        return text;
}

static char *line_of(const char *const fields[FIELDS]) {
        char **parts = NULL, *line;

        for (size_t i = 0; i < FIELDS; i++)
                strv_take(&parts, hex(fields[i] ? fields[i] : ""));
        strv_add(&parts, ".");
        line = strv_join(parts, " ");
        strv_free(parts);
        return line;
}

/* @ret_dropped: it has a parameter that libpq does not know, and Rails hands on to nobody. */
static char *ours(const char *url, bool *ret_dropped) {
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        _cleanup_(freep) char *error = ruby_url_objection(url, /* of_rails= */ true);
        const char *fields[FIELDS];

        if (error || dburl_parse(url, &parsed, &error) < 0)
                return xstrdup("-");
        *ret_dropped = parsed->dropped != NULL;
        for (size_t i = 0; i < FIELDS; i++)
                fields[i] = dburl_get(parsed, field_names[i]);
        return line_of(fields);
}

static char *libpqs(const char *url) {
        PQconninfoOption *list = PQconninfoParse(url, NULL);
        const char *fields[FIELDS] = {NULL};
        char *line;

        for (PQconninfoOption *option = list; option && option->keyword; option++)
                for (size_t i = 0; i < FIELDS; i++)
                        if (streq(option->keyword, field_names[i]))
                                fields[i] = option->val;
        line = list ? line_of(fields) : xstrdup("-");
        PQconninfoFree(list);
        return line;
}

static void add(char **url, const char *text) {
        char *longer = xasprintf("%s%s", *url, text);

        free(*url);
        *url = longer;
}

static void add_random(char **url, const char *const *pieces, size_t n, unsigned most, uint64_t *seed) {
        for (unsigned i = (unsigned)(next_random(seed) % (most + 1)); i > 0; i--)
                add(url, pieces[next_random(seed) % n]);
}

static char *random_url(uint64_t *seed) {
        static const char *const word[] = {"a", "Z", "7", "-", ".", "_", "~", "!", "*", "'", "(", ")", "%41", "%40", "%2F", "%25",
                                           "&", "=", "+", "$", ",", ";", ":", "^", "|", "[", "]", "{", "}", "\"", "<", ">", "\\",
                                           "`", "\xc3\xa4", "%", "%4", "%zz", "#", "/", "?", "@", "%C3%A4"};
        static const char *const plain[] = {"lago", "p", "x9", "s%20t", "-"};
        static const char *const host[] = {"pg", ".example", "pg-1", "10.0.0.7", "[::1]", "_", ",", "a", "%41", "[", "^"};
        static const char *const port[] = {":5432", ":1", ":0", ":99999", ":", ":x", "", ""};
        static const char *const path[] = {"/lago", "/", "", "/a%20b", "/a^b", "/a/b", "/l\xc3\xa4go"};
        static const char *const query[] = {"", "", "?sslmode=require", "?connect_timeout=3", "?sslmode=require&connect_timeout=3",
                                            "?application_name=a^b", "?application_name"};
        bool wild = next_random(seed) % 2;
        char *url = xstrdup("postgresql://");

        if (next_random(seed) % 8 > 0) {
                add_random(&url, wild ? word : plain, wild ? ELEMENTSOF(word) : ELEMENTSOF(plain), 3, seed);
                if (next_random(seed) % 4 > 0)
                        add(&url, ":");
                add_random(&url, wild ? word : plain, wild ? ELEMENTSOF(word) : ELEMENTSOF(plain), 4, seed);
                add(&url, "@");
        }
        add_random(&url, host, next_random(seed) % 2 ? 4 : ELEMENTSOF(host), 2, seed);
        add(&url, port[next_random(seed) % ELEMENTSOF(port)]);
        add(&url, path[next_random(seed) % ELEMENTSOF(path)]);
        add(&url, query[next_random(seed) % ELEMENTSOF(query)]);
        return url;
}

static char **ask_ruby(const char *program, char *const *urls) {
        char name[] = "/tmp/lago-urls-XXXXXX", line[4096];
        int fd = mkstemp(name);
        FILE *file = fd < 0 ? NULL : fdopen(fd, "w"), *ruby;
        _cleanup_(freep) char *command = xasprintf("ruby -ruri -e \"$RUBY_SCRIPT\" %s", name);
        char **answers = NULL;

        assert_non_null(file);
        STRV_FOREACH(url, urls)
                assert_true(fprintf(file, "%s\n", *url) > 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(setenv("RUBY_SCRIPT", program, 1), 0);
        ruby = popen(command, "re");
        assert_non_null(ruby);
        while (fgets(line, sizeof(line), ruby)) {
                line[strcspn(line, "\n")] = '\0';
                strv_add(&answers, line);
        }
        assert_int_equal(pclose(ruby), 0);
        (void)unlink(name);
        return answers;
}

/* Each only parses these; with the first no connection is made, and the second is a password that was not encoded. */
static bool is_rightly_refused(const char *url) {
        const char *path = strchr(url + strlen("postgresql://"), '/');

        return strstr(url, ":0") || strstr(url, ":99999") || (path && strchr(path, '@'));
}

static void what_we_take_is_taken_alike_by_ruby_and_libpq(void **state) {
        _cleanup_(strv_freep) char **urls = NULL, **answers = NULL;
        unsigned taken = 0, odd = 0;
        uint64_t seed = 20261126;

        (void)state;
        for (unsigned i = 0; i < URLS; i++)
                strv_take(&urls, random_url(&seed));
        answers = ask_ruby(script, urls);
        assert_int_equal(strv_length(answers), URLS);
        for (unsigned i = 0; i < URLS; i++) {
                bool dropped = false;
                _cleanup_(freep) char *we = ours(urls[i], &dropped), *libpq = libpqs(urls[i]);
                bool refused = streq(we, "-"), alike = !streq(libpq, "-") && streq(libpq, answers[i]);

                taken += !refused;
                if (refused ? alike && !is_rightly_refused(urls[i]) : (!dropped && !streq(we, libpq)) || !streq(we, answers[i])) {
                        print_message("%s\n  we    %s\n  libpq %s\n  ruby  %s\n", urls[i], we, libpq, answers[i]);
                        odd++;
                }
        }
        print_message("%u of %u taken\n", taken, URLS);
        assert_true(taken > URLS / 20);
        assert_int_equal(odd, 0);
}

static char *random_redis_url(uint64_t *seed) {
        static const char *const word[] = {"a", "Z", "7", "-", ".", "_", "~", "!", "*", "%41", "%40", "%2B", "%25", "&", "=", "+",
                                           "$", ",", ";", ":", "^", "[", "|", "%", "%4", "#", "%C3%A4", "\xc3\xa4"};
        static const char *const host[] = {"r", "r.example", "10.0.0.7", "[::1]", "r_1", "r-1", "a%41", "r,s"};
        static const char *const port[] = {":6379", ":1", ":99999", ":", ":x", "", ""};
        static const char *const path[] = {"", "/", "/0", "/1", "/15", "/08", "/x", "/-1", "/1/", "/0x1", "/%31", "/1_0"};
        char *url = xstrdup(next_random(seed) % 2 ? "redis://" : "rediss://");

        if (next_random(seed) % 8 > 0) {
                add_random(&url, word, ELEMENTSOF(word), 3, seed);
                if (next_random(seed) % 4 > 0)
                        add(&url, ":");
                add_random(&url, word, ELEMENTSOF(word), 4, seed);
                add(&url, "@");
        }
        add(&url, host[next_random(seed) % ELEMENTSOF(host)]);
        add(&url, port[next_random(seed) % ELEMENTSOF(port)]);
        add(&url, path[next_random(seed) % ELEMENTSOF(path)]);
        return url;
}

static char *ours_of_redis(const char *url) {
        _cleanup_(freep) char *error = ruby_url_objection(url, /* of_rails= */ false), *port = NULL, *number = NULL;
        _cleanup_(redisurl_done) RedisUrl parsed = {0};

        if (!error)
                error = check_redis_url(url, /* bundled= */ false);
        if (error || redisurl_parse(url, NULL, &parsed) < 0)
                return xstrdup("-");
        port = xasprintf("%u", parsed.port);
        number = xasprintf("%u", parsed.database);
        return line_of((const char *[FIELDS]){parsed.user, parsed.password, parsed.host, port, number});
}

/* What we refuse and the client would take is for us to say; what we take must mean the same to both. */
static void a_redis_that_we_take_is_the_same_to_lagos_client(void **state) {
        _cleanup_(strv_freep) char **urls = NULL, **answers = NULL;
        unsigned taken = 0, odd = 0;
        uint64_t seed = 20261127;

        (void)state;
        for (unsigned i = 0; i < URLS; i++)
                strv_take(&urls, random_redis_url(&seed));
        answers = ask_ruby(redis_script, urls);
        assert_int_equal(strv_length(answers), URLS);
        for (unsigned i = 0; i < URLS; i++) {
                _cleanup_(freep) char *we = ours_of_redis(urls[i]);

                taken += !streq(we, "-");
                if (!streq(we, "-") && !streq(we, answers[i])) {
                        print_message("%s\n  we    %s\n  ruby  %s\n", urls[i], we, answers[i]);
                        odd++;
                }
        }
        print_message("%u of %u taken\n", taken, URLS);
        assert_true(taken > URLS / 40);
        assert_int_equal(odd, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_we_take_is_taken_alike_by_ruby_and_libpq),
                cmocka_unit_test(a_redis_that_we_take_is_the_same_to_lagos_client),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
