/* SPDX-License-Identifier: MIT */
/* The second database: every pair of its sets against another reading of the data, and every answer of a server. */
#include "clickhouse/clickhouse.h"

#include "base/util.h"

#include "check.h"

#define DATA     "tests/data/clickhouse.txt"
#define SETS_MAX 32

/* The releases of the data file, each with its files. */
typedef struct Set {
        char *release;
        uint64_t files[64];
        size_t n;
} Set;

static Set sets[SETS_MAX];
static size_t n_sets;

static bool set_has(const Set *set, uint64_t version) {
        for (size_t i = 0; i < set->n; i++)
                if (set->files[i] == version)
                        return true;
        return false;
}

static void read_line(const char *line) {
        const char *release = startswith(line, "= ");
        Set *set;

        if (release) {
                assert_true(n_sets < SETS_MAX);
                if (n_sets > 0)
                        sets[n_sets] = sets[n_sets - 1];
                sets[n_sets++].release = xstrdup(release);
                return;
        }
        set = &sets[n_sets - 1];
        if (*line == '+')
                set->files[set->n++] = strtoull(line + 2, NULL, 10);
        for (size_t i = 0; *line == '-' && i < set->n; i++)
                if (set->files[i] == strtoull(line + 2, NULL, 10))
                        set->files[i] = set->files[--set->n];
}

static int read_data(void **state) {
        FILE *f = fopen(DATA, "re");
        char line[256];

        (void)state;
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                if (*line != '#')
                        read_line(line);
        }
        fclose(f);
        return n_sets == 0;
}

static int forget_data(void **state) {
        (void)state;
        for (size_t i = 0; i < n_sets; i++)
                free(sets[i].release);
        return 0;
}

static Manifest *image_of(const Set *set) {
        _cleanup_(manifest_freep) Manifest *whole = manifest_new();
        _cleanup_(freep) char *error = NULL;

        manifest_set_release(whole, streq(set->release, "HEAD") ? "v1.52.0" : set->release);
        assert_true(manifest_add_file(whole, "20220525122759_init_schema.rb"));
        for (size_t i = 0; i < set->n; i++) {
                _cleanup_(freep) char *base = xasprintf("%llu_x.rb", (unsigned long long)set->files[i]);

                assert_true(manifest_add_clickhouse(whole, base));
        }
        assert_int_equal(manifest_finish(whole, &error), 0);
        return manifest_of_clickhouse(whole);
}

static Ledger *ledger_ready(void) {
        Ledger *ledger = ledger_new();

        ledger->contact = CONTACT_READ;
        ledger->clickhouse = ledger->has_migrations = true;
        ledger->endpoint = xstrdup("clickhouse:8123");
        return ledger;
}

/* A database that went through every release up to that one. */
static Ledger *database_of(size_t last) {
        Ledger *ledger = ledger_ready();

        for (size_t i = 0; i <= last; i++)
                for (size_t j = 0; j < sets[i].n; j++)
                        versions_add(&ledger->versions, sets[i].files[j]);
        (void)versions_sort(&ledger->versions);
        return ledger;
}

/* What must come out, by the order of releases alone: the data is in it. A database is newer when it was migrated later. */
static const char *expected(size_t image, size_t database) {
        bool more = false, less = false;

        for (size_t i = database + 1; i <= image; i++)
                for (size_t j = 0; j < sets[i].n; j++)
                        more = more || !set_has(&sets[database], sets[i].files[j]);
        for (size_t i = image + 1; i <= database; i++)
                for (size_t j = 0; j < sets[i].n; j++)
                        less = less || !set_has(&sets[image], sets[i].files[j]);
        return less ? "ahead" : more ? "pending"
                                     : "verified";
}

/* The release that it names fits that database. The branch has no name yet. */
static void names_a_way(const char *sentence, size_t database) {
        const char *named = strstr(sentence, "set release = ");

        if (!named) {
                assert_string_equal(sets[database].release, "HEAD");
                return;
        }
        for (size_t i = 0; i < n_sets; i++)
                if (streq(sets[i].release, named + strlen("set release = "))) {
                        assert_string_not_equal(expected(i, database), "ahead");
                        return;
                }
        fail_msg("no such release: %s", sentence);
}

static void every_pair_of_sets(void **state) {
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < n_sets; i++)
                for (size_t j = 0; j < n_sets; j++, n++) {
                        _cleanup_(manifest_freep) Manifest *manifest = image_of(&sets[i]);
                        _cleanup_(ledger_freep) Ledger *ledger = database_of(j);
                        _cleanup_(finding_freep) Finding *finding = NULL;
                        Policy policy = {};

                        finding = verdict_of_clickhouse(manifest, ledger, &policy);
                        if (!streq(verdict_name(finding->verdict), expected(i, j)))
                                fail_msg("image %s, database %s: %s", sets[i].release, sets[j].release, finding->sentence);
                        assert_true(strlen(finding->sentence) <= FINDING_SENTENCE);
                        if (finding->verdict == VERDICT_VERIFIED)
                                assert_true(versions_is_subset(&manifest->versions, &ledger->versions));
                        if (finding->verdict == VERDICT_AHEAD)
                                names_a_way(finding->sentence, j);
                }
        assert_int_equal(n, n_sets * n_sets);
        assert_true(n_sets >= 12);
}

static void one_missing_row_is_found(void **state) {
        Policy policy = {};

        (void)state;
        for (size_t i = 0; i < n_sets; i++)
                for (size_t j = 0; j < sets[i].n && sets[i].n > 1; j++) {
                        _cleanup_(manifest_freep) Manifest *manifest = image_of(&sets[i]);
                        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();
                        _cleanup_(finding_freep) Finding *finding = NULL;

                        for (size_t k = 0; k < sets[i].n; k++)
                                if (k != j)
                                        versions_add(&ledger->versions, sets[i].files[k]);
                        (void)versions_sort(&ledger->versions);
                        finding = verdict_of_clickhouse(manifest, ledger, &policy);
                        assert_int_equal(finding->verdict, VERDICT_PENDING);
                        assert_int_equal(finding->first, sets[i].files[j]);
                }
}

/* --- answers ---------------------------------------------------------------------------------------------- */

static Ledger *heard(long status, long code, const char *body) {
        Settings settings = {.username = (char[]){"lago"}, .database = (char[]){"lago"}};
        _cleanup_(freep) char *copy = xstrdup(body);
        Answer answer = {.status = status, .exception_code = code, .body = copy, .size = strlen(body)};
        Ledger *ledger = ledger_new();

        answer_read(&answer, &settings, ledger);
        return ledger;
}

static void a_whole_answer_is_taken(void **state) {
        _cleanup_(ledger_freep) Ledger *some = heard(200, 0, "3\t20231024084411,x,20231026124912\t24.3.1.2672\n");
        _cleanup_(ledger_freep) Ledger *none = heard(200, 0, "0\t\t24.3.1.2672\n");

        (void)state;
        assert_int_equal(some->contact, CONTACT_READ);
        assert_int_equal(some->versions.n, 2);
        assert_int_equal(some->n_garbage, 1);
        assert_string_equal(some->server, "24.3.1.2672");
        assert_int_equal(none->contact, CONTACT_READ);
        assert_true(none->has_migrations && none->versions.n == 0);
}

static void any_other_is_not(void **state) {
        static const char *const bodies[] = {
                "",
                "\n",
                "0\t\n",
                "0\t\t24.3",
                "1\t\t24.3\n",
                "2\t20231024084411\t24.3\n",
                "0\t1\t24.3\n",
                "x\t\t24.3\n",
                "0\t\t24.3\n0",
                "0\t\t24.3\nCode: 241. DB::Exception: x\n",
                "0 \t\t24.3\n",
                "-1\t\t24.3\n",
                "99999999999999999999\t1\t24.3\n",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                _cleanup_(ledger_freep) Ledger *ledger = heard(200, 0, bodies[i]);

                if (ledger->contact != CONTACT_UNREACHABLE)
                        fail_msg("taken: %s", bodies[i]);
        }
}

static void exceptions_are_told_apart(void **state) {
        static const struct {
                long status, code;
                Contact contact;
        } cases[] = {
                {404, 60, CONTACT_READ},
                {404, 81, CONTACT_NO_DATABASE},
                {403, 516, CONTACT_DENIED},
                {403, 497, CONTACT_DENIED},
                {401, 194, CONTACT_DENIED},
                {401, 0, CONTACT_DENIED},
                {404, 0, CONTACT_UNREACHABLE},
                {500, 0, CONTACT_UNREACHABLE},
                {500, 999, CONTACT_UNREACHABLE},
                {200, 241, CONTACT_UNREACHABLE},
                {302, 0, CONTACT_UNREACHABLE},
                {204, 0, CONTACT_UNREACHABLE},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(ledger_freep) Ledger *ledger = heard(cases[i].status, cases[i].code, "0\t\t24.3\n");

                assert_int_equal(ledger->contact, cases[i].contact);
                assert_false(ledger->has_migrations);
        }
}

/* --- settings --------------------------------------------------------------------------------------------- */

static void settings_have_lagos_defaults(void **state) {
        _cleanup_(settings_done) Settings settings = {};
        _cleanup_(freep) char *error = NULL;

        (void)state;
        assert_int_equal(settings_parse("LAGO_CLICKHOUSE_HOST=ch\n", &settings, &error), 0);
        assert_int_equal(settings.port, 8123);
        assert_string_equal(settings.database, "default");
        assert_string_equal(settings.username, "default");
        assert_string_equal(settings.password, "");
        assert_false(settings.tls);
}

static void tls_is_what_yaml_takes_for_yes(void **state) {
        static const struct {
                const char *value;
                bool tls;
        } cases[] = {{"", false}, {"false", false}, {"False", false}, {"no", false}, {"Off", false}, {"~", false}, {"true", true}, {"1", true}, {"0", true}};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(settings_done) Settings settings = {};
                _cleanup_(freep) char *error = NULL;
                _cleanup_(freep) char *text = xasprintf("LAGO_CLICKHOUSE_HOST=::1\nLAGO_CLICKHOUSE_SSL=%s\n", cases[i].value);

                assert_int_equal(settings_parse(text, &settings, &error), 0);
                assert_int_equal(settings.tls, cases[i].tls);
        }
}

static void the_port_of_https_is_https(void **state) {
        _cleanup_(settings_done) Settings settings = {};
        _cleanup_(freep) char *error = NULL;

        (void)state;
        assert_int_equal(settings_parse("LAGO_CLICKHOUSE_HOST=ch\nLAGO_CLICKHOUSE_PORT=443\nLAGO_CLICKHOUSE_SSL=false\n",
                                        &settings, &error),
                         0);
        assert_true(settings.tls);
}

/* --- which releases --------------------------------------------------------------------------------------- */

static void two_switches_came_of_one(void **state) {
        size_t n_old = 0;

        (void)state;
        for (size_t i = 0; i < n_releases; i++) {
                bool old = i <= release_find("v1.6.2");

                n_old += old;
                assert_string_equal(release_clickhouse_switch(releases[i].name),
                                    old ? "LAGO_CLICKHOUSE_ENABLED" : "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED");
        }
        assert_true(n_old > 0 && n_old < n_releases);
        assert_string_equal(release_clickhouse_switch("v0.20.0-beta"), "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED");
        assert_string_equal(release_clickhouse_switch("v1.6.3"), "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED");
        assert_string_equal(release_clickhouse_switch("v1.6.2"), "LAGO_CLICKHOUSE_ENABLED");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_pair_of_sets),
                cmocka_unit_test(one_missing_row_is_found),
                cmocka_unit_test(a_whole_answer_is_taken),
                cmocka_unit_test(any_other_is_not),
                cmocka_unit_test(exceptions_are_told_apart),
                cmocka_unit_test(settings_have_lagos_defaults),
                cmocka_unit_test(tls_is_what_yaml_takes_for_yes),
                cmocka_unit_test(the_port_of_https_is_https),
                cmocka_unit_test(two_switches_came_of_one),
        };

        return cmocka_run_group_tests(tests, read_data, forget_data);
}
