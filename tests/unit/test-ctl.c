/* SPDX-License-Identifier: MIT */
/* What lagoctl decides by itself: lines of the chain, the first cause, what of a variable may be shown, libpq's variables. */
#include "base/json.h"
#include "base/time.h"
#include "config/mask.h"
#include "ctl/chain.h"
#include "ctl/ctl.h"
#include "ctl/pg.h"
#include "ctl/rails.h"

#include "check.h"

static char *text(const char *s) {
        return s ? xstrdup(s) : NULL;
}

static Link *add(Chain *chain, const char *name, const char *active, const char *sub,
                 const char *status) {
        chain->links = xrealloc(chain->links, (chain->n + 1) * sizeof(Link));
        chain->links[chain->n] = (Link){.name = xstrdup(name),
                                        .unit = xasprintf("lago-%s.service", name),
                                        .active = text(active),
                                        .sub = text(sub),
                                        .status = text(status)};
        return &chain->links[chain->n++];
}

static void the_first_cause_is_the_most_upstream(void **state _unused_) {
        _cleanup_(chain_done) Chain chain = {0};

        add(&chain, "setup", "active", "exited", NULL);
        add(&chain, "db", "active", "running", "Serving");
        assert_null(chain_first_cause(&chain));
        add(&chain, "pdf", "failed", "failed", "Refused: port");
        /* Nobody waits for it, but when all else is well it is what went wrong. */
        assert_string_equal(chain_first_cause(&chain)->name, "pdf");
        add(&chain, "migrate", "failed", "failed", "Refused: database is newer");
        add(&chain, "ready", "failed", "failed", "lago-migrate.service failed");
        assert_string_equal(chain_first_cause(&chain)->unit, "lago-migrate.service");
        assert_false(chain_serves(&chain));
}

static void it_serves_when_ready_says_so(void **state _unused_) {
        _cleanup_(chain_done) Chain chain = {0};

        assert_false(chain_serves(&chain));
        add(&chain, "ready", "activating", "start", "Waiting for api");
        assert_false(chain_serves(&chain));
        free(chain.links[0].active);
        chain.links[0].active = xstrdup("active");
        assert_false(chain_serves(&chain));
        free(chain.links[0].status);
        chain.links[0].status = xstrdup("Lago serves v1.50.0");
        assert_true(chain_serves(&chain));
        assert_ptr_equal(chain_find(&chain, "ready"), chain_find(&chain, "lago-ready.service"));
        assert_null(chain_find(&chain, "lago-ready"));
}

static void assert_line(const Link *link, uint64_t now, size_t width, const char *expected) {
        _cleanup_(freep) char *line = link_line(link, now, width);

        assert_string_equal(line, expected);
}

static void a_line_tells_state_span_and_status(void **state _unused_) {
        _cleanup_(chain_done) Chain chain = {0};
        Link *link = add(&chain, "api", "activating", "start", "Starting: no answer");

        link->since_usec = 100 * USEC_PER_SEC;
        assert_line(link, 107 * USEC_PER_SEC, SIZE_MAX,
                    "api            activating   7 s       Starting: no answer");
        assert_line(link, 107 * USEC_PER_SEC, 45, "api            activating   7 s       Startin");
        /* A clock that was set back has no span to tell. */
        assert_line(link, 90 * USEC_PER_SEC, SIZE_MAX,
                    "api            activating             Starting: no answer");
        assert_line(link, 107 * USEC_PER_SEC, 14, "api");
}

static void a_line_is_fit_for_a_terminal(void **state _unused_) {
        _cleanup_(chain_done) Chain chain = {0};
        Link *link =
                add(&chain, "migrate", "active", "exited", "a\033[2Jb \303\266\303\266\303\266");

        assert_line(link, 0, SIZE_MAX,
                    "migrate        done                   a?[2Jb \303\266\303\266\303\266");
        /* Columns are characters, and none is cut in two. */
        assert_line(link, 0, 47, "migrate        done                   a?[2Jb \303\266\303\266");
        link = add(&chain, "db", NULL, NULL, NULL);
        assert_line(link, 0, SIZE_MAX, "db             unknown");
        /* Its verdict is there, whatever it still tidies up. */
        link = add(&chain, "migrate", "active", "running", NULL);
        assert_line(link, 0, SIZE_MAX, "migrate        done");
}

static void seconds_are_no_news(void **state _unused_) {
        assert_true(link_same("Waiting for Redis (6 s)", "Waiting for Redis (12 s)"));
        assert_true(link_same("Waiting for Redis (6 s)", "Waiting for Redis (2 min)"));
        assert_true(link_same("Waiting for Redis", "Waiting for Redis (6 s)"));
        assert_true(link_same("Migrating 1 of 29: add, 3 s", "Migrating 1 of 29: add, 58 s"));
        assert_true(link_same(NULL, ""));
        assert_false(link_same("Waiting for Redis (6 s)", "Waiting for the API (6 s)"));
        assert_false(link_same("Migrating 1 of 29: add, 3 s", "Migrating 2 of 29: drop, 3 s"));
        assert_false(link_same("Waiting", "Waiting for Redis"));
        assert_false(link_same("Waiting (6 s", "Waiting (6 s); see lago.env"));
        assert_false(link_same(NULL, "Starting"));
}

static void assert_masked(const char *name, const char *value, const char *expected) {
        _cleanup_(freep) char *shown = mask_value(name, value);

        assert_string_equal(shown, expected);
}

static void assert_front(const char *image, const char *release, const char *expected) {
        _cleanup_(freep) char *note = front_note(image, release);

        assert_true(!note == !expected);
        if (expected)
                assert_string_equal(note, expected);
}

static void a_front_of_another_release_is_told(void **state _unused_) {
        assert_front("docker.io/getlago/front:v1.47.0", "v1.47.2", "front v1.47.0, which belongs to v1.47.2");
        assert_front("docker.io/getlago/front:v1.46.0", "v1.47.2", "front v1.46.0");
        assert_front("docker.io/getlago/front:v1.47.2", "v1.47.2", NULL);
        assert_front("r.example:5000/front@sha256:0123", "v1.47.2", NULL);
        assert_front("r.example:5000/front", "v1.47.2", NULL);
        assert_front(NULL, "v1.47.2", NULL);
        assert_front("docker.io/getlago/front:v1.47.0", NULL, NULL);
}

static void harmless_values_are_shown(void **state _unused_) {
        assert_masked("LAGO_CLICKHOUSE_ENABLED", "false", "false");
        assert_masked("RAILS_ENV", "production", "production");
        assert_masked("LAGO_SMTP_ADDRESS", "mail.example.com", "mail.example.com");
        assert_masked("RAILS_MAX_THREADS", "10", "10");
        assert_masked("SECRET_KEY_BASE", "", "");
        assert_masked("LAGO_FRONT_URL", "https://lago.example.com", "https://lago.example.com");
}

static void what_could_be_a_secret_is_not_shown(void **state _unused_) {
        assert_masked("SECRET_KEY_BASE", "abcdef", "(set, 6 characters)");
        assert_masked("POSTGRES_PASSWORD", "1", "(set, 1 characters)");
        assert_masked("LAGO_LICENSE", "true", "(set, 4 characters)");
        assert_masked("SOMETHING_NEW", "12345678", "(set, 8 characters)");
        assert_masked("API_KEY_NAME", "x", "(set, 1 characters)");
        assert_masked("SENTRY_DSN", "https://key@sentry.example.com/1", "(set, 32 characters)");
        assert_masked("DATABASE_URL", "postgresql://lago:pw@db:5432/lago?x=y",
                      "postgresql://lago:***@db:5432/***");
        assert_masked("REDIS_URL", "redis://:pw@redis:6379", "redis://:***@redis:6379");
        assert_masked("REDIS_URL", "redis://token@redis:6379/", "redis://***@redis:6379");
        assert_masked("LAGO_HOOK_URL", "https://hooks.example.com/T0/B0/key",
                      "https://hooks.example.com/***");
        assert_masked("LAGO_HOOK_URL", "https://hooks.example.com?token=x",
                      "https://hooks.example.com/***");
        /* A raw '/', '?', '#' or '@' in a password. */
        assert_masked("DATABASE_URL", "postgresql://lago:p/w@db/lago", "postgresql://***");
        assert_masked("DATABASE_URL", "postgresql://lago:p?w@db/lago", "postgresql://***");
        assert_masked("DATABASE_URL", "postgresql://lago:p@w@db/lago",
                      "postgresql://lago:***@db/***");
}

/* Whatever the password is made of, no piece of it that is long enough to mean something comes out. */
static void no_password_of_a_url_comes_out(void **state _unused_) {
        static const char alphabet[] = "abcXYZ019@:/?#%&=.";
        uint64_t seed = 7;

        for (int round = 0; round < 20000; round++) {
                char password[13] = {0};
                _cleanup_(freep) char *url = NULL, *shown = NULL;

                for (size_t i = 0; i < sizeof(password) - 1; i++)
                        password[i] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
                url = xasprintf("postgresql://u:%s@host/name", password);
                shown = mask_value("DATABASE_URL", url);
                for (size_t i = 0; i + 4 <= sizeof(password) - 1; i++) {
                        _cleanup_(freep) char *piece = xstrndup(password + i, 4);

                        if (!strchr(piece, '/') && !strchr(piece, '@'))
                                assert_null(strstr(shown, piece));
                }
        }
}

static void libpq_gets_its_variables(void **state _unused_) {
        _cleanup_(freep) char *error = NULL, *joined = NULL;
        _cleanup_(strv_freep) char **environment = pg_environment(
                "postgresql://lago:p%40w@pg.example.com:5433/billing?sslmode=verify-full&search_path=public",
                "/ca.pem", &error);

        joined = strv_join(environment, "\n");
        assert_string_equal(
                joined,
                "PGHOST=pg.example.com\nPGPORT=5433\nPGUSER=lago\nPGPASSWORD=p@w\n"
                "PGDATABASE=billing\nPGSSLMODE=verify-full\nPGSSLROOTCERT=/ca.pem\nPGAPPNAME=lagoctl");
        assert_null(pg_environment("mysql://x", NULL, &error));
        assert_non_null(error);
}

static void assert_quoted(const char *s, const char *expected) {
        _cleanup_(freep) char *quoted = json_quote(s);

        assert_string_equal(quoted, expected);
}

static void a_name_is_one_word_of_a_shell(void **state _unused_) {
        static const char *const cases[][2] = {
                {"lago", "lago"}, {"lago_1.x-y", "lago_1.x-y"}, {"", "''"}, {"a b", "'a b'"}, {"$HOME", "'$HOME'"}, {"o'neil", "'o'\\''neil'"}, {"''", "''\\'''\\'''"}};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *word = shell_word(cases[i][0]);

                assert_string_equal(word, cases[i][1]);
        }
}

static void json_strings_are_quoted(void **state _unused_) {
        assert_quoted(NULL, "null");
        assert_quoted("", "\"\"");
        assert_quoted("a \"b\" c\\d", "\"a \\\"b\\\" c\\\\d\"");
        assert_quoted("line\nbreak\001\377", "\"line?break??\"");
}

static const Verb verb = {.name = "test", .arguments = "WORD"};

static int parse(bool *flag, const char **words, size_t min, size_t max, char **argv) {
        Flag flags[] = {{"--quiet", flag}};

        *flag = false;
        return arguments_parse(&verb, (int)strv_length(argv), argv, flags, 1, words, min, max);
}

static void arguments_are_flags_and_words(void **state _unused_) {
        const char *words[2];
        bool quiet;

        assert_int_equal(
                parse(&quiet, words, 0, 2,
                      (char *[]){(char[]){"test"}, (char[]){"--quiet"}, (char[]){"a"}, NULL}),
                0);
        assert_true(quiet);
        assert_string_equal(words[0], "a");
        assert_null(words[1]);
        assert_int_equal(
                parse(&quiet, words, 0, 2,
                      (char *[]){(char[]){"test"}, (char[]){"--"}, (char[]){"--quiet"}, NULL}),
                0);
        assert_false(quiet);
        assert_string_equal(words[0], "--quiet");
        assert_int_equal(parse(&quiet, words, 1, 2, (char *[]){(char[]){"test"}, NULL}), -EINVAL);
        assert_int_equal(parse(&quiet, words, 0, 1,
                               (char *[]){(char[]){"test"}, (char[]){"a"}, (char[]){"b"}, NULL}),
                         -EINVAL);
        assert_int_equal(
                parse(&quiet, words, 0, 1, (char *[]){(char[]){"test"}, (char[]){"--quit"}, NULL}),
                -EINVAL);
}

static void a_variable_for_a_task_stands_behind_it(void **state _unused_) {
        char *task[] = {(char[]){"migrations:wallet_traceability"}, NULL};
        char *with[] = {(char[]){"migrations:wallet_traceability"}, (char[]){"DRY_RUN=false"},
                        NULL};
        char *empty[] = {(char[]){"PATH=/bin"}, (char[]){"DRY_RUNNER=x"}, (char[]){"LIMITS=1"},
                         NULL};
        char *before[] = {(char[]){"PATH=/bin"}, (char[]){"DRY_RUN=false"}, NULL};

        assert_null(rails_unheard(task, empty));
        assert_ptr_equal(rails_unheard(task, before), before[1]);
        /* Said twice, the one that reaches it counts. */
        assert_null(rails_unheard(with, before));
        assert_null(rails_unheard(with, empty));
}

static void a_command_says_in_which_release_it_runs(void **state _unused_) {
        _cleanup_(freep) char *elsewhere = rails_elsewhere("v1.32.0", "v1.42.0");

        assert_null(rails_elsewhere("v1.42.0", "v1.42.0"));
        assert_string_equal(
                elsewhere,
                "lago.conf says v1.42.0, which is not admitted: what this command says or does is of v1.32.0");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_cause_is_the_most_upstream),
                cmocka_unit_test(it_serves_when_ready_says_so),
                cmocka_unit_test(a_line_tells_state_span_and_status),
                cmocka_unit_test(a_line_is_fit_for_a_terminal),
                cmocka_unit_test(seconds_are_no_news),
                cmocka_unit_test(a_front_of_another_release_is_told),
                cmocka_unit_test(harmless_values_are_shown),
                cmocka_unit_test(what_could_be_a_secret_is_not_shown),
                cmocka_unit_test(no_password_of_a_url_comes_out),
                cmocka_unit_test(libpq_gets_its_variables),
                cmocka_unit_test(a_name_is_one_word_of_a_shell),
                cmocka_unit_test(json_strings_are_quoted),
                cmocka_unit_test(arguments_are_flags_and_words),
                cmocka_unit_test(a_variable_for_a_task_stands_behind_it),
                cmocka_unit_test(a_command_says_in_which_release_it_runs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
