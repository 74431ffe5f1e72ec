/* SPDX-License-Identifier: MIT */
/* DATABASE_URL taken apart: what Rails and libpq agree on, what only one of them knows, and what neither may see. */
#include "base/util.h"
#include "config/dburl.h"

#include "check.h"

/* "keyword=value" of all of them, in their order, with the schema behind. */
static char *flat(const char *text) {
        _cleanup_(dburl_freep) DbUrl *url = NULL;
        _cleanup_(freep) char *error = NULL;
        _cleanup_(strv_freep) char **parts = NULL;

        if (dburl_parse(text, &url, &error) < 0)
                return xasprintf("refused: %s", error);
        for (size_t i = 0; url->keywords && url->keywords[i]; i++)
                strv_addf(&parts, "%s=%s", url->keywords[i], url->values[i]);
        if (url->schema)
                strv_addf(&parts, "schema:%s", url->schema);
        return strv_join(parts, " ");
}

static void expect(const char *text, const char *expected) {
        _cleanup_(freep) char *said = flat(text);

        assert_string_equal(said, expected);
}

static void lagos_own_url_works(void **state) {
        (void)state;
        expect("postgresql://lago:changeme@db:5432/lago?search_path=public",
               "user=lago password=changeme host=db port=5432 dbname=lago");
}

static void the_forms_of_a_host(void **state) {
        (void)state;
        expect("postgres://db/lago", "host=db dbname=lago");
        /* For it Rails wants an adapter that Lago does not have, and libpq does not know it. */
        expect("postgis://db/lago", "refused: it must start with postgresql:// or postgres://");
        expect("postgresql://[::1]:5433/lago", "host=::1 port=5433 dbname=lago");
        expect("postgresql://[fe80::1%25eth0]/lago", "host=fe80::1%eth0 dbname=lago");
        expect("postgresql://a:1,b,c:3/lago", "host=a,b,c port=1,,3 dbname=lago");
        expect("postgresql://a,b/lago", "host=a,b dbname=lago");
        expect("postgresql://%2Frun%2Fpostgresql/lago", "host=/run/postgresql dbname=lago");
        expect("postgresql:///lago?host=/run/postgresql", "dbname=lago host=/run/postgresql");
        expect("postgresql://lago@/lago", "user=lago dbname=lago");
        expect("postgresql:///?service=lago", "service=lago");
        expect("postgresql://", "");
        expect("postgresql://db?dbname=x", "host=db dbname=x");
        expect("postgresql://:5432/lago", "port=5432 dbname=lago");
}

static void what_is_encoded_is_decoded_once(void **state) {
        (void)state;
        expect("postgresql://u%40x:p%3A%2F%3F%25%23w@h/d%20b", "user=u@x password=p:/?%#w host=h dbname=d b");
        expect("postgresql://u:a:b@h/d", "user=u password=a:b host=h dbname=d");
        expect("postgresql://u:a@b@h/d", "user=u password=a@b host=h dbname=d");
        expect("postgresql://u:@h/d", "user=u host=h dbname=d");
        expect("postgresql://u:%2525@h/d", "user=u password=%25 host=h dbname=d");
}

static void parameters_are_libpqs_or_dropped_as_rails_drops_them(void **state) {
        (void)state;
        expect("postgresql://h/d?sslmode=verify-full&sslrootcert=%2Fca.pem&pool=10&prepared_statements=false",
               "host=h dbname=d sslmode=verify-full sslrootcert=/ca.pem");
        expect("postgresql://h/d?schema_search_path=billing&search_path=other", "host=h dbname=d schema:billing");
        expect("postgresql://h/d?schema_search_path=", "host=h dbname=d");
        expect("postgresql://h/d?username=u&database=e", "host=h dbname=e user=u");
        expect("postgresql://h/d?application_name=a&application_name=b", "host=h dbname=d application_name=b");
        expect("postgresql://h/d?", "host=h dbname=d");
        expect("postgresql://h/d?&&sslmode=require&", "host=h dbname=d sslmode=require");
        expect("postgresql://h/d?options=-c%20x%3Dy", "host=h dbname=d options=-c x=y");
}

static void a_parameter_that_nobody_reads_may_mean_another(void **state) {
        static const char *const cases[][2] = {
                {"ssl", "sslmode"},
                {"ssl_mode", "sslmode"},
                {"sslMode", "sslmode"},
                {"ssl-mode", "sslmode"},
                {"sslrootCert", "sslrootcert"},
                {"pool", NULL},
                {"prepared_statements", NULL},
                {"search_path", NULL},
                {"timeout", NULL},
                {"encoding", NULL},
                {"checkout_timeout", NULL},
                {"variables", NULL},
                {"reaping_frequency", NULL},
                {"advisory_locks", NULL},
                {"statement_timeout", NULL},
                {"pgbouncer", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *meant = dburl_keyword_meant(cases[i][0]);

                if (!cases[i][1] != !meant || (meant && !streq(meant, cases[i][1])))
                        fail_msg("%s: %s", cases[i][0], meant ? meant : "nothing");
        }
}

static void what_cannot_be_meant_is_refused_without_telling_secrets(void **state) {
        static const char *const bad[] = {
                "",
                "mysql://u:s3cret@h/d",
                "host=h password=s3cret",
                "postgresql:/u:s3cret@h/d",
                "postgresql://u:s3cret%@h/d",
                "postgresql://u:s3cret%4@h/d",
                "postgresql://u:s3cret%zz@h/d",
                "postgresql://u:s3cret%00@h/d",
                "postgresql://u:s3cret #@h/d",
                "postgresql://u:s3cret\n@h/d",
                "postgresql://u:s3cret@h:port/d",
                "postgresql://u:s3cret@h:0/d",
                "postgresql://u:s3cret@h:65536/d",
                "postgresql://u:s3cret@::1/d",
                "postgresql://u:s3cret@[::1/d",
                "postgresql://u:s3cret@[::1]x/d",
                "postgresql://u:s3cret@h/d?sslmode",
                "postgresql://u:s3cret@h/d?sslmode=%",
                "postgresql://u:s3cret@h/d#x",
                "postgresql://u:s3cret@h/d?sslmode=verify_full",
                "postgresql://u:s3cret@h/d?sslmode=true",
                "postgresql://u:s3cret@h/d?target_session_attrs=master",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(freep) char *said = flat(bad[i]);

                if (!startswith(said, "refused: "))
                        fail_msg("accepted: %s", bad[i]);
                assert_null(strstr(said, "s3cret"));
        }
}

static void a_keyword_can_be_set_and_asked_for(void **state) {
        _cleanup_(dburl_freep) DbUrl *url = NULL;
        _cleanup_(freep) char *error = NULL;

        (void)state;
        assert_int_equal(dburl_parse("postgresql://db/lago", &url, &error), 0);
        assert_null(dburl_get(url, "hostaddr"));
        dburl_set(url, "hostaddr", "10.0.0.1");
        dburl_set(url, "host", "other");
        assert_string_equal(dburl_get(url, "hostaddr"), "10.0.0.1");
        assert_string_equal(dburl_get(url, "host"), "other");
        assert_int_equal(strv_length(url->keywords), 3);
        assert_int_equal(strv_length(url->values), 3);
}

static void no_bytes_break_the_parser(void **state) {
        static const char alphabet[] = "ab1:@/?&=%,[]#.2F5 \x7f\xff";
        uint64_t seed = 10;
        unsigned n_accepted = 0;

        (void)state;
        for (unsigned round = 0; round < 100000; round++) {
                size_t n = next_random(&seed) % 24;
                _cleanup_(freep) char *text = xcalloc(n + 14, 1), *said = NULL;

                strcpy(text, round % 16 ? "postgresql://" : "");
                for (size_t i = strlen(text), end = i + n; i < end; i++)
                        text[i] = round % 3 ? alphabet[next_random(&seed) % (sizeof(alphabet) - 1)]
                                            : (char)(1 + next_random(&seed) % 255);
                said = flat(text);
                n_accepted += !startswith(said, "refused: ");
        }
        assert_true(n_accepted > 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lagos_own_url_works),
                cmocka_unit_test(the_forms_of_a_host),
                cmocka_unit_test(what_is_encoded_is_decoded_once),
                cmocka_unit_test(parameters_are_libpqs_or_dropped_as_rails_drops_them),
                cmocka_unit_test(a_parameter_that_nobody_reads_may_mean_another),
                cmocka_unit_test(what_cannot_be_meant_is_refused_without_telling_secrets),
                cmocka_unit_test(a_keyword_can_be_set_and_asked_for),
                cmocka_unit_test(no_bytes_break_the_parser),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
