/* SPDX-License-Identifier: MIT */
/* lago.env and secrets.env: their dialect, and every refusal word for word. */
#include "config-scratch.h"

#include "config/check-pair.h"
#include "config/check.h"

#define RELEASE  "[lago]\nrelease = v1.50.0\n"
#define EXTERNAL RELEASE "[database]\nmode = external\n[redis]\nmode = external\n"
#define EXTERNAL_URLS \
        "DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=rediss://redis.example.com:6380\n"

static char *load_both(const char *conf, const char *env, const char *secrets, Config **ret) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();

        scratch_put(&scratch, "lago.conf", conf);
        scratch_put(&scratch, "lago.env", env);
        scratch_put(&scratch, "secrets.env", secrets);
        return scratch_load(&scratch, ret);
}

static void assert_env_says(const char *env, const char *expected) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = load_both(RELEASE, env, NULL, &config);

        assert_string_equal(said, expected);
}

static void assert_external_says(const char *env, const char *expected) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = load_both(EXTERNAL, env, NULL, &config);

        assert_string_equal(said, expected);
}

static void assert_value(const char *env, const char *key, const char *expected) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = load_both(RELEASE, env, NULL, &config);

        assert_string_equal(said, "");
        assert_non_null(env_get(config->env, key));
        assert_string_equal(env_get(config->env, key), expected);
}

static void values_are_taken_as_they_stand(void **state _unused_) {
        assert_value("X=1", "X", "1");
        assert_value("X=a=b;c $HOME \\n", "X", "a=b;c $HOME \\n");
        assert_value("  X= a b \t\r\n", "X", "a b");
        assert_value("X=\"a  b \"\n", "X", "a  b ");
        assert_value("X='a \"b\" # c'\n", "X", "a \"b\" # c");
        assert_value("X=\"\"\n", "X", "");
        assert_value("X=\n", "X", "");
        assert_value("X=a'b'\n", "X", "a'b'");
        assert_value("X=a#b\n", "X", "a#b");
        assert_value("X='pa${ss'\n", "X", "pa${ss");
        assert_value("\xef\xbb\xbf# comment\r\n\n   # another\n_x9=y", "_x9", "y");
}

/* As the page about moving from docker compose writes them. */
static void what_single_quotes_are_put_around_is_the_value(void **state _unused_) {
        static const char *const values[] = {"", "a", "\"0123\"", "'0123'",
                                             "'", "''", " a b ", "a # b",
                                             "${x}", "a'b\"c", "\\n$HOME", "\"a' #b"};

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                _cleanup_(freep) char *line = xasprintf("X='%s'\n", values[i]);

                assert_value(line, "X", values[i]);
        }
}

static void a_name_with_spaces_before_the_sign_is_refused(void **state _unused_) {
        assert_env_says(
                "A B=1\n9A=1\nA-B=1\n=1\n",
                "lago.env:1: the name before '=' may have letters, digits and '_' only, and no space\n"
                "lago.env:2: the name before '=' may have letters, digits and '_' only, and no space\n"
                "lago.env:3: the name before '=' may have letters, digits and '_' only, and no space\n"
                "lago.env:4: the name before '=' may have letters, digits and '_' only, and no space\n");
}

static void what_other_dialects_mean_is_refused(void **state _unused_) {
        assert_env_says("export X=1\n", "lago.env:1: write KEY=VALUE without \"export\"\n");
        assert_env_says(
                "X=${Y}\n",
                "lago.env:1: X: \"${\" is not expanded here; write the value itself, in single quotes where "
                "that has a \"${\"\n");
        assert_env_says(
                "X=\"${Y:-z}\"\n",
                "lago.env:1: X: \"${\" is not expanded here; write the value itself, in single quotes where "
                "that has a \"${\"\n");
        assert_env_says(
                "X\n",
                "lago.env:1: no '=' in this line; write KEY=VALUE, and values of several lines as one line\n");
        assert_env_says(
                "X=\"a\nb\"\n",
                "lago.env:1: X: a quote is not closed; write values of several lines as one line\n"
                "lago.env:2: no '=' in this line; write KEY=VALUE, and values of several lines as one line\n");
        assert_env_says(
                "X='\n",
                "lago.env:1: X: a quote is not closed; write values of several lines as one line\n");
        assert_env_says(
                "X=a # b\n",
                "lago.env:1: X: \" #\" behind a value; write comments on lines of their own, or the value in "
                "quotes\n");
        assert_env_says("X=1\nY=2\nX=1\n",
                        "lago.env:3: X is set in line 1 already; keep one of the two\n");
        assert_env_says("X=a\033[1m\n",
                        "lago.env:1: control characters in this line; type it anew\n");
}

static void a_nul_byte_ends_nothing(void **state _unused_) {
        static const char bytes[] = "X=a\0b\nY=2\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(env_freep) Env *env = env_new();
        _cleanup_(freep) char *path = xasprintf("%s/x.env", scratch.path), *said = NULL;
        ConfigErrors errors = {0};

        scratch_put_bytes(&scratch, "x.env", bytes, sizeof(bytes) - 1);
        assert_int_equal(env_read(env, path, &errors), -EBADMSG);
        said = errors_text(&scratch, &errors);
        assert_string_equal(said, "x.env:1: control characters in this line; type it anew\n");
        assert_null(env_get(env, "X"));
        assert_string_equal(env_get(env, "Y"), "2");
        assert_int_equal(env_pair(env, "Y")->line, 2);
        config_errors_done(&errors);
        assert_int_equal(env_read(env, "/nonexistent/x.env", &errors), -ENOENT);
}

static void lago_env_wins_over_secrets(void **state _unused_) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said =
                load_both(RELEASE, "POSTGRES_PASSWORD=mine\n",
                          "POSTGRES_PASSWORD=made\nSECRET_KEY_BASE=made\n", &config);

        assert_string_equal(said, "");
        assert_string_equal(env_get(config->env, "POSTGRES_PASSWORD"), "mine");
        assert_string_equal(env_get(config->env, "SECRET_KEY_BASE"), "made");
        assert_int_equal(config->env->n, 2);
        assert_non_null(strstr(env_pair(config->env, "POSTGRES_PASSWORD")->file, "/lago.env"));
        assert_non_null(strstr(env_pair(config->env, "SECRET_KEY_BASE")->file, "/secrets.env"));
}

static void an_environment_can_be_changed(void **state _unused_) {
        _cleanup_(env_freep) Env *env = env_new(), *copy = NULL;

        env_set(env, "A", "1", "f");
        env_set(env, "B", "2", "f");
        copy = env_copy(env);
        env_set(env, "A", env_get(env, "A"), "g");
        env_set(env, "A", "3", "g");
        env_unset(env, "B");
        env_unset(env, "C");
        assert_string_equal(env_get(env, "A"), "3");
        assert_string_equal(env_pair(env, "A")->file, "g");
        assert_null(env_get(env, "B"));
        assert_int_equal(env->n, 1);
        assert_string_equal(env_get(copy, "A"), "1");
        assert_string_equal(env_get(copy, "B"), "2");
}

#define WHO_KNOWS                                                                                                          \
        "is the placeholder of Lago's compose file, which everybody knows; write a value of your own, or remove the line " \
        "where nothing was stored yet: lago-setup makes one\n"

static void placeholders_of_the_compose_file_are_refused(void **state _unused_) {
        assert_env_says("SECRET_KEY_BASE=your-secret-key-base-hex-64\n",
                        "lago.env:1: keys: SECRET_KEY_BASE " WHO_KNOWS);
        assert_env_says("SECRET_KEY_BASE=changeme\n",
                        "lago.env:1: keys: SECRET_KEY_BASE " WHO_KNOWS);
        assert_env_says("LAGO_ENCRYPTION_PRIMARY_KEY=your-encryption-primary-key\n",
                        "lago.env:1: keys: LAGO_ENCRYPTION_PRIMARY_KEY " WHO_KNOWS);
        assert_env_says("ENCRYPTION_DETERMINISTIC_KEY=your-encrpytion-deterministic-key\n",
                        "lago.env:1: keys: ENCRYPTION_DETERMINISTIC_KEY " WHO_KNOWS);
        assert_env_says("\nLAGO_ENCRYPTION_KEY_DERIVATION_SALT=your-encryption-derivation-salt\n",
                        "lago.env:2: keys: LAGO_ENCRYPTION_KEY_DERIVATION_SALT " WHO_KNOWS);
        assert_env_says(
                "ENCRYPTION_PRIMARY_KEY=\n",
                "lago.env:1: keys: ENCRYPTION_PRIMARY_KEY is empty; write its value, or remove the line\n");
        assert_external_says(
                "DATABASE_URL=postgresql://lago:changeme@pg.example.com/lago\n"
                "REDIS_URL=redis://redis.example.com\n",
                "lago.env:1: keys: DATABASE_URL has the password of Lago's compose file, which everybody "
                "knows; give the role another one\n");
}

static void an_encryption_key_has_two_names(void **state _unused_) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = load_both(
                RELEASE, "LAGO_ENCRYPTION_PRIMARY_KEY=mine\nENCRYPTION_DETERMINISTIC_KEY=too\n",
                "ENCRYPTION_PRIMARY_KEY=made\nLAGO_ENCRYPTION_PRIMARY_KEY=made\n"
                "ENCRYPTION_DETERMINISTIC_KEY=made\nLAGO_ENCRYPTION_DETERMINISTIC_KEY=made\n"
                "ENCRYPTION_KEY_DERIVATION_SALT=made\n",
                &config);

        assert_string_equal(said, "");
        /* Lago reads ENCRYPTION_* first: what was made must not hide what the operator wrote under the other name. */
        assert_string_equal(env_get(config->env, "ENCRYPTION_PRIMARY_KEY"), "mine");
        assert_string_equal(env_get(config->env, "LAGO_ENCRYPTION_PRIMARY_KEY"), "mine");
        assert_string_equal(env_get(config->env, "ENCRYPTION_DETERMINISTIC_KEY"), "too");
        assert_string_equal(env_get(config->env, "LAGO_ENCRYPTION_DETERMINISTIC_KEY"), "too");
        assert_string_equal(env_get(config->env, "ENCRYPTION_KEY_DERIVATION_SALT"), "made");
        assert_string_equal(env_get(config->env, "LAGO_ENCRYPTION_KEY_DERIVATION_SALT"), "made");
        assert_env_says(
                "ENCRYPTION_PRIMARY_KEY=a\nLAGO_ENCRYPTION_PRIMARY_KEY=b\n",
                "lago.env:2: keys: ENCRYPTION_PRIMARY_KEY and LAGO_ENCRYPTION_PRIMARY_KEY differ; Lago reads both, "
                "write the same value for both\n");
}

#define HOW_TO_WRITE "write the key as one line: base64 -w0 < private.pem\n"

static void an_rsa_key_is_one_line_of_base64(void **state _unused_) {
        /* "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n" */
        assert_env_says(
                "LAGO_RSA_PRIVATE_KEY=LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpBQUFBCi0tLS0tRU5EIFJTQSBQUklWQVRF"
                "IEtFWS0tLS0tCg==\n",
                "");
        assert_env_says(
                "LAGO_RSA_PRIVATE_KEY=-----BEGIN RSA PRIVATE KEY-----\n",
                "lago.env:1: keys: LAGO_RSA_PRIVATE_KEY is the PEM text itself, Lago wants its base64; " HOW_TO_WRITE);
        assert_env_says(
                "LAGO_RSA_PRIVATE_KEY=LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpBQU FBCi0=\n",
                "lago.env:1: keys: LAGO_RSA_PRIVATE_KEY is not base64, or only the first line of it; " HOW_TO_WRITE);
        assert_env_says(
                "LAGO_RSA_PRIVATE_KEY=LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpBQU\n",
                "lago.env:1: keys: LAGO_RSA_PRIVATE_KEY is not base64, or only the first line of it; " HOW_TO_WRITE);
        /* "-----BEGIN PUBLIC KEY-----\n" */
        assert_env_says(
                "LAGO_RSA_PRIVATE_KEY=LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0K\n",
                "lago.env:1: keys: LAGO_RSA_PRIVATE_KEY is not the base64 of a PEM private key; " HOW_TO_WRITE);
        assert_env_says(
                "LAGO_RSA_PRIVATE_KEY=\n",
                "lago.env:1: keys: LAGO_RSA_PRIVATE_KEY is empty; write its value, or remove the line\n");
}

static void base64_is_strict(void **state _unused_) {
        static const struct {
                const char *text, *bytes; /* NULL: refused */
        } cases[] = {{"QQ==", "A"}, {"QUI=", "AB"}, {"QUJD", "ABC"}, {"QUJDRA==", "ABCD"}, {"", NULL}, {"QQ=", NULL}, {"Q===", NULL}, {"QQ==QQ==", NULL}, {"Q=Q=", NULL}, {"QU D", NULL}, {"====", NULL}, {"QUJD\n", NULL}, {"QU-_", NULL}};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t size = 0;
                _cleanup_(freep) char *bytes = base64_decode(cases[i].text, &size);

                if (!cases[i].bytes && bytes)
                        fail_msg("\"%s\" was taken for base64", cases[i].text);
                if (!cases[i].bytes)
                        continue;
                assert_non_null(bytes);
                assert_int_equal(size, strlen(cases[i].bytes));
                assert_memory_equal(bytes, cases[i].bytes, size);
        }
}

static void clickhouse_needs_a_host(void **state _unused_) {
        assert_env_says("LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n",
                        "lago.env:1: LAGO_CLICKHOUSE_MIGRATIONS_ENABLED is set, but there is no LAGO_CLICKHOUSE_HOST; write "
                        "it, or remove this line\n");
}

/* What lago-migrate alone is told counts for the second database as what all are told. */
static void clickhouse_is_what_lago_migrate_is_told(void **state _unused_) {
        static const struct {
                const char *all, *migrate, *expected;
        } cases[] = {
                {NULL, "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n",
                 "env.d/migrate.env:1: LAGO_CLICKHOUSE_MIGRATIONS_ENABLED is set, but there is no LAGO_CLICKHOUSE_HOST; write "
                 "it, or remove this line\n"},
                {"LAGO_CLICKHOUSE_HOST=ch\n", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n", ""},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n", "LAGO_CLICKHOUSE_HOST=ch\n", ""},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=\n", ""},
                {"LAGO_CLICKHOUSE_HOST=ch\n", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=false\n",
                 "env.d/migrate.env:1: LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=false switches it on: Lago only looks whether it is "
                 "set; remove the line to switch it off\n"},
                {"LAGO_CLICKHOUSE_HOST=localhost\n", NULL, ""},
                {"LAGO_CLICKHOUSE_HOST=127.0.0.1\n", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\n",
                 "lago.env:1: LAGO_CLICKHOUSE_HOST names this very host, which inside a container is the container itself; "
                 "write an address at which other hosts reach the server\n"},
                {"LAGO_CLICKHOUSE_ENABLED=true\nLAGO_CLICKHOUSE_HOST=localhost\n", NULL,
                 "lago.env:2: LAGO_CLICKHOUSE_HOST names this very host, which inside a container is the container itself; "
                 "write an address at which other hosts reach the server\n"},
                {"LAGO_CLICKHOUSE_ENABLED=true\nLAGO_CLICKHOUSE_HOST=http://ch.example.com\n", NULL,
                 "lago.env:2: LAGO_CLICKHOUSE_HOST is the name of a host, and nothing else; the port is LAGO_CLICKHOUSE_PORT\n"},
                {"LAGO_CLICKHOUSE_ENABLED=true\nLAGO_CLICKHOUSE_HOST=ch.example.com:8123\n", NULL,
                 "lago.env:2: LAGO_CLICKHOUSE_HOST is the name of a host, and nothing else; the port is LAGO_CLICKHOUSE_PORT\n"},
                {"LAGO_CLICKHOUSE_ENABLED=true\nLAGO_CLICKHOUSE_HOST=2001:db8::1\n", NULL, ""},
                /* lago-setup and lago-migrate tell what is wrong with the file itself. */
                {NULL, "X\n", ""},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(scratch_done) Scratch scratch = scratch_new();
                _cleanup_(freep) char *said = NULL;

                scratch_put(&scratch, "lago.conf", RELEASE);
                scratch_put(&scratch, "lago.env", cases[i].all);
                scratch_put(&scratch, "env.d/migrate.env", cases[i].migrate);
                said = scratch_load(&scratch, NULL);
                assert_string_equal(said, cases[i].expected);
        }
}

static void set_means_yes_whatever_it_says(void **state _unused_) {
        static const char *const names[] = {
                "LAGO_CLICKHOUSE_ENABLED", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED",
                "LAGO_REDIS_STORE_SSL", "LAGO_REDIS_STORE_DISABLE_SSL_VERIFY",
                "RAILS_SERVE_STATIC_FILES"};
        static const char *const no[] = {"false", "False", "0", "no", "off"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *yes = xasprintf("%s=true\nLAGO_CLICKHOUSE_HOST=ch\n", names[i]),
                                      *empty = xasprintf("%s=\n", names[i]);

                assert_env_says(yes, "");
                assert_env_says(empty, "");
                for (size_t j = 0; j < ELEMENTSOF(no); j++) {
                        _cleanup_(freep) char *env = xasprintf("%s=%s\n", names[i], no[j]);
                        _cleanup_(freep) char *expected = xasprintf(
                                "lago.env:1: %s=%s switches it on: Lago only looks whether it is set; remove the "
                                "line to switch it off\n",
                                names[i], no[j]);

                        assert_env_says(env, expected);
                }
        }
}

static void only_true_means_yes(void **state _unused_) {
        static const char *const names[] = {"LAGO_SIDEKIQ_WEB", "LAGO_DISABLE_SEGMENT",
                                            "LAGO_USE_AWS_S3", "LAGO_USE_GCS",
                                            "LAGO_SIDEKIQ_PRO_REQUIRED", "LAGO_CREATE_ORG"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *env = xasprintf("%s=yes\n", names[i]),
                                      *no = xasprintf("%s=false\n", names[i]);
                _cleanup_(freep) char *expected = xasprintf(
                        "lago.env:1: %s: Lago takes only the word true for yes; write true or false\n",
                        names[i]);

                assert_env_says(env, expected);
                assert_env_says(no, "");
        }
}

static void a_bucket_is_needed(void **state _unused_) {
        assert_env_says(
                "LAGO_USE_AWS_S3=true\n",
                "lago.env:1: LAGO_USE_AWS_S3=true, but there is no LAGO_AWS_S3_BUCKET; write it, or remove "
                "LAGO_USE_AWS_S3\n"
                "lago.env:1: LAGO_USE_AWS_S3=true, but there is no LAGO_AWS_S3_REGION; write it, or remove "
                "LAGO_USE_AWS_S3\n");
        assert_env_says("LAGO_USE_AWS_S3=true\nLAGO_AWS_S3_BUCKET=b\nLAGO_AWS_S3_REGION=r\n", "");
        assert_env_says(
                "LAGO_USE_AWS_S3=true\nLAGO_AWS_S3_BUCKET=b\nLAGO_AWS_S3_REGION=r\n"
                "LAGO_AWS_S3_ACCESS_KEY_ID=azerty123456\n",
                "lago.env:4: LAGO_AWS_S3_ACCESS_KEY_ID is the placeholder of Lago's compose file; write that of your "
                "account\n");
        assert_env_says(
                "LAGO_USE_GCS=true\nLAGO_GCS_PROJECT=p\n",
                "lago.env:1: LAGO_USE_GCS=true, but there is no LAGO_GCS_BUCKET; write it, or remove LAGO_USE_GCS\n");
        assert_env_says("LAGO_USE_AWS_S3=false\n", "");
}

static void misspelt_names_get_the_nearest(void **state _unused_) {
        assert_env_says(
                "LAGO_FRNT_URL=x\nLAGO_LICENCE=x\nSIDEKIQ_PDF=true\nDATABSE_URL=x\nREDIS_ULR=x\n"
                "SECRET_KEY_BSAE=x\nPOSTGRES_PASWORD=x\nLAGO_USE_S3=true\n",
                "lago.env:1: Lago has no setting LAGO_FRNT_URL; did you mean LAGO_FRONT_URL?\n"
                "lago.env:2: Lago has no setting LAGO_LICENCE; did you mean LAGO_LICENSE?\n"
                "lago.env:3: Lago has no setting SIDEKIQ_PDF; did you mean SIDEKIQ_PDFS?\n"
                "lago.env:4: Lago has no setting DATABSE_URL; did you mean DATABASE_URL?\n"
                "lago.env:5: Lago has no setting REDIS_ULR; did you mean REDIS_URL?\n"
                "lago.env:6: Lago has no setting SECRET_KEY_BSAE; did you mean SECRET_KEY_BASE?\n"
                "lago.env:7: Lago has no setting POSTGRES_PASWORD; did you mean POSTGRES_PASSWORD?\n");
}

static void unknown_names_pass(void **state _unused_) {
        static const char *const names[] = {"LAGO_A_SWITCH_OF_NEXT_YEAR",
                                            "HTTP_PROXY",
                                            "TZ",
                                            "MALLOC_ARENA_MAX",
                                            "SSL_CERT_FILE",
                                            "RUBYOPT",
                                            "LAGO_REDIS_CACHE_READ_TIMEOUT",
                                            "ENVY",
                                            "LAGO_WEBHOOK_MAX_SIZE",
                                            "LAGO_SUPERSET_URL"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_null(env_name_meant(names[i]));
}

static void the_compose_files_url_of_the_bundled_database_works(void **state _unused_) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = load_both(
                RELEASE,
                "DATABASE_URL=postgresql://me:changeme@db:5432/billing?search_path=public\n",
                "POSTGRES_PASSWORD=made\n", &config);

        assert_string_equal(
                said,
                "lago.env:1: warning: the bundled database has the password of Lago's compose file, which "
                "everybody knows; it is not reachable from outside, still: change it with ALTER ROLE, then "
                "here\n");
        /* The server must be made with what Lago will log in with. */
        assert_string_equal(env_get(config->env, "POSTGRES_PASSWORD"), "changeme");
        assert_string_equal(env_get(config->env, "POSTGRES_USER"), "me");
        assert_string_equal(env_get(config->env, "POSTGRES_DB"), "billing");
}

static void a_bundled_store_is_not_elsewhere(void **state _unused_) {
        static const char elsewhere[] =
                "lago.env:1: DATABASE_URL names another server than the bundled one (db:5432); write mode = external below "
                "[database] in lago.conf, or remove this line\n";

        assert_env_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago\n", elsewhere);
        assert_env_says("DATABASE_URL=postgresql://u:p@localhost/lago\n", elsewhere);
        assert_env_says("DATABASE_URL=postgresql://u:p@db:5433/lago\n", elsewhere);
        assert_env_says("DATABASE_URL=postgresql:///lago\n", elsewhere);
        assert_env_says(
                "POSTGRES_PASSWORD=a\nDATABASE_URL=postgresql://lago:b@db/lago\n",
                "lago.env:1: POSTGRES_PASSWORD differs from the password in DATABASE_URL (line 2); remove one of the "
                "two lines\n");
        assert_env_says(
                "REDIS_URL=redis://cache.example.com:6379\n",
                "lago.env:1: REDIS_URL names another server than the bundled one (redis:6379); write mode = external "
                "below [redis] in lago.conf, or remove this line\n");
        assert_env_says("REDIS_URL=redis://redis:6379/1\n", "");
        assert_env_says("REDIS_PASSWORD=x\n", "");
        assert_env_says("REDIS_PASSWORD=\n", "");
}

/* To Lago it would stand before the one that the server wants. */
static void the_bundled_password_is_not_for_another_redis(void **state _unused_) {
        _cleanup_(config_freep) Config *of_url = NULL, *own = NULL, *alone = NULL;
        _cleanup_(freep) char *said = load_both(RELEASE "[redis]\nmode = external\n", "REDIS_URL=redis://:theirs@cache.example.com\n",
                                                "REDIS_PASSWORD=made\n", &of_url);
        _cleanup_(freep) char *both = load_both(RELEASE "[redis]\nmode = external\n",
                                                "REDIS_URL=redis://:theirs@cache.example.com\nREDIS_PASSWORD=own\n",
                                                "REDIS_PASSWORD=made\n", &own);
        _cleanup_(freep) char *none = load_both(RELEASE "[redis]\nmode = external\n", "REDIS_URL=redis://cache.example.com\n",
                                                "REDIS_PASSWORD=kept\n", &alone);

        assert_string_equal(said, "");
        assert_string_equal(both, "");
        assert_string_equal(none, "");
        assert_null(env_get(of_url->env, "REDIS_PASSWORD"));
        assert_string_equal(env_get(own->env, "REDIS_PASSWORD"), "own");
        assert_string_equal(env_get(alone->env, "REDIS_PASSWORD"), "kept");
}

static void the_bundled_redis_takes_the_password_that_lago_is_told(void **state _unused_) {
        _cleanup_(config_freep) Config *of_url = NULL, *of_secrets = NULL;
        _cleanup_(freep) char *said =
                load_both(RELEASE, "REDIS_URL=redis://:p%40ss@redis:6379/1\n", "REDIS_PASSWORD=made\n", &of_url);
        _cleanup_(freep) char *empty = load_both(RELEASE, "REDIS_PASSWORD=\n", "REDIS_PASSWORD=made\n", &of_secrets);

        assert_string_equal(said, "");
        assert_string_equal(empty, "");
        assert_string_equal(env_get(of_url->env, "REDIS_PASSWORD"), "p@ss");
        assert_string_equal(env_get(of_secrets->env, "REDIS_PASSWORD"), "made");
        assert_env_says("REDIS_PASSWORD=a\nREDIS_URL=redis://:b@redis\n",
                        "lago.env:1: REDIS_PASSWORD differs from the password in REDIS_URL (line 2); remove one of the "
                        "two lines\n");
        assert_env_says("REDIS_URL=redis://default:b@redis\n", "");
        assert_env_says("REDIS_URL=redis://me:b@redis\n",
                        "lago.env:1: REDIS_URL has a user, and the bundled Redis has none but \"default\"; write "
                        "redis://redis:6379, or remove this line\n");
}

static void the_port_of_a_redis_is_a_number(void **state _unused_) {
        static const char *const good[] = {"redis://redis", "redis://redis:", "redis://redis:6379/1", "redis://:p%40@redis:6379"};
        static const char *const bad[] = {"redis://redis:T6379", "redis://redis:6379x/1", "redis://redis:0", "redis://redis:65536",
                                          "redis://:p%40@redis:6379TABASE_URL=postgresql://lago:x@db:5432/lago"};

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(freep) char *env = xasprintf("REDIS_URL=%s\n", good[i]);

                assert_env_says(env, "");
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(freep) char *env = xasprintf("REDIS_URL=%s\n", bad[i]);

                assert_env_says(env, "lago.env:1: REDIS_URL: the port is not a number from 1 to 65535\n");
        }
}

static void the_url_of_the_bundled_database_is_whole(void **state _unused_) {
        assert_env_says("DATABASE_URL=postgresql://lago@db/lago\n",
                        "lago.env:1: DATABASE_URL has no password; write it as "
                        "postgresql://USER:PASSWORD@db:5432/DATABASE, or remove this line\n");
        assert_env_says("DATABASE_URL=postgresql://db\n",
                        "lago.env:1: DATABASE_URL has no user; write it as "
                        "postgresql://USER:PASSWORD@db:5432/DATABASE, or remove this line\n"
                        "lago.env:1: DATABASE_URL has no password; write it as "
                        "postgresql://USER:PASSWORD@db:5432/DATABASE, or remove this line\n"
                        "lago.env:1: DATABASE_URL has no database; write it as "
                        "postgresql://USER:PASSWORD@db:5432/DATABASE, or remove this line\n");
}

static void a_pool_gets_its_jobs(void **state _unused_) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said =
                load_both(RELEASE "[worker]\npools = events pdfs\n",
                          "SIDEKIQ_EVENTS=false\nSIDEKIQ_PDFS=true\n", NULL, &config);

        assert_string_equal(said,
                            "lago.env:1: SIDEKIQ_EVENTS=false, but lago.conf has the pool "
                            "events, which would get no job; remove this line, or the pool\n");
}

static void an_external_store_needs_its_url(void **state _unused_) {
        assert_external_says(
                "",
                "lago.conf:4: [database] mode = external, but lago.env has no DATABASE_URL; write there "
                "DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE\n"
                "lago.conf:6: [redis] mode = external, but lago.env has no REDIS_URL; write there "
                "REDIS_URL=redis://HOST:6379\n");
        assert_external_says(EXTERNAL_URLS, "");
}

/* By REDIS_URL this host asks whether a Redis answers, whatever Lago asks its sentinels. */
static void sentinels_need_a_redis_beside_them(void **state _unused_) {
        static const char url[] = "DATABASE_URL=postgresql://u:p@pg.example.com/lago\n";
        static const char any[] =
                "write redis://HOST:6379 of any server of the group: this host asks that one, Lago goes by "
                "the sentinels\n";
        static const char *const odd[] = {"s1:x", "s1:26379,s2:", "[fd00::1]:26379", "fd00::1", "redis://s1:26379", "s1:26379 s2:26379", ","};
        _cleanup_(freep) char *alone =
                xasprintf("%sLAGO_REDIS_SIDEKIQ_SENTINELS=s1:26379, s2:26379,s3\n", url);
        _cleanup_(freep) char *beside =
                xasprintf("%sREDIS_URL=redis://r1.example.com:6379\n", alone);
        _cleanup_(freep) char *group = xasprintf("%sREDIS_URL=redis://master\n", alone);
        _cleanup_(freep) char *named = xasprintf(
                "%sLAGO_REDIS_SIDEKIQ_MASTER_NAME=mymaster\nREDIS_URL=redis://mymaster\n", alone);
        _cleanup_(freep) char *needs = xasprintf(
                "lago.env:2: LAGO_REDIS_SIDEKIQ_SENTINELS needs a REDIS_URL beside it; %s", any);
        _cleanup_(freep) char *third =
                xasprintf("lago.env:3: REDIS_URL has the name of a group, not of a host; %s", any);
        _cleanup_(freep) char *fourth =
                xasprintf("lago.env:4: REDIS_URL has the name of a group, not of a host; %s", any);

        assert_external_says(alone, needs);
        assert_external_says(beside, "");
        for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
                _cleanup_(freep) char *env = xasprintf("%sLAGO_REDIS_SIDEKIQ_SENTINELS=%s\nREDIS_URL=redis://r1.example.com\n", url, odd[i]);

                assert_external_says(env, "lago.env:2: LAGO_REDIS_SIDEKIQ_SENTINELS is no list of HOST:PORT, separated by commas, as "
                                          "Lago takes it\n");
        }
        assert_external_says(group, third);
        assert_external_says(named, fourth);
        assert_env_says(
                "LAGO_REDIS_SIDEKIQ_SENTINELS=s1:26379\n",
                "lago.env:1: LAGO_REDIS_SIDEKIQ_SENTINELS names other servers than the bundled Redis; write mode = "
                "external below [redis] in lago.conf, or remove this line\n");
}

static void the_engines_name_for_its_host_is_no_address(void **state _unused_) {
#define OF_THE_ENGINE                                                                                                     \
        ", which only containers know, and this host asks the server too; write an address of this host at which others " \
        "reach it, and let the server listen there\n"
        assert_external_says("DATABASE_URL=postgresql://u:p@host.containers.internal:5432/lago\n"
                             "REDIS_URL=redis://Host.Docker.Internal:6379\n",
                             "lago.env:1: DATABASE_URL names host.containers.internal" OF_THE_ENGINE
                             "lago.env:2: REDIS_URL names Host.Docker.Internal" OF_THE_ENGINE);
}

static void the_hosts_own_name_may_be_a_loopback_address(void **state _unused_) {
        static const char hosts[] = "127.0.0.1\tlocalhost\n# 127.0.1.1 commented\n127.0.1.1 pg.example.com pg # Debian's\n"
                                    "192.0.2.7 there\n192.0.2.8 both\n127.0.0.1 both\n::1 six\n\n127.0.0.1\n";
        static const char *const cases[][2] = {{"pg", "127.0.1.1"}, {"PG.example.com", "127.0.1.1"}, {"there", NULL}, {"both", NULL}, {"six", "::1"}, {"commented", NULL}, {"Debian's", NULL}, {"absent", NULL}, {"127.0.1.1", NULL}};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *loopback = hosts_loopback(hosts, cases[i][0]);

                assert_true(!loopback == !cases[i][1]);
                if (loopback)
                        assert_string_equal(loopback, cases[i][1]);
        }
}

static void a_ca_that_nobody_looks_at_is_warned_of(void **state _unused_) {
        static const char conf[] = RELEASE
                "[database]\nmode = external\nca-file = /etc/ssl/pg.pem\n[redis]\nmode = external\n";
        static const struct {
                const char *parameter, *with;
        } cases[] = {
                {"", "no sslmode"},
                {"?sslmode=prefer", "sslmode=prefer"},
                {"?sslmode=disable", "sslmode=disable"},
                {"?sslmode=verify-full", NULL},
                {"?sslmode=verify-ca", NULL},
                {"?sslmode=require", NULL},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *env =
                        xasprintf("DATABASE_URL=postgresql://u:p@pg.example.com/lago%s\n"
                                  "REDIS_URL=redis://r.example.com\n",
                                  cases[i].parameter);
                _cleanup_(config_freep) Config *config = NULL;
                _cleanup_(freep) char *said = load_both(conf, env, NULL, &config), *expected = NULL;

                expected =
                        !cases[i].with
                                ? xstrdup("")
                                : xasprintf(
                                          "lago.env:1: warning: ca-file is not used: with %s the server's certificate "
                                          "is not looked at, and the connection need not be encrypted; add "
                                          "sslmode=verify-full to DATABASE_URL\n",
                                          cases[i].with);
                assert_string_equal(said, expected);
        }
}

#define ITSELF                                                                                                           \
        "names this very host, which inside a container is the container itself; write an address at which other hosts " \
        "reach the server\n"
#define ELSEWHERE "names this very host, which inside a container is the container itself; write another address"

/* Rails and the client of Redis read URLs by Ruby's rules, libpq by its own: what passes must work in both. */
static void a_url_is_one_to_ruby_too(void **state _unused_) {
        static const char *const characters[] = {"[", "]", "^", "|", "{", "}", "\"",
                                                 "<", ">", "\\", "`", "@", "%"};

        for (size_t i = 0; i < ELEMENTSOF(characters); i++) {
                const char *c = characters[i];
                _cleanup_(freep) char *env =
                        xasprintf("DATABASE_URL=postgresql://lago:p%sw@pg.example.com:5432/lago\n"
                                  "REDIS_URL=redis://:p%s1@redis.example.com\n",
                                  c, c);
                _cleanup_(freep) char *expected = xasprintf(
                        "lago.env:1: DATABASE_URL: the character %s in the user or password, which Ruby does not take; "
                        "write it as %%%02X\n"
                        "lago.env:2: REDIS_URL: the character %s in the user or password, which Ruby does not take; "
                        "write it as %%%02X\n",
                        c, (unsigned)*c, c, (unsigned)*c);

                assert_external_says(env, expected);
        }
        assert_external_says(
                "DATABASE_URL=postgresql://lago:p\xc3\xa4w@pg.example.com/lago\nREDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: a letter beyond ASCII in the user or password, which Ruby does not take; "
                "write it as %C3%A4\n");
        assert_external_says(
                "DATABASE_URL=postgresql://l:-_.!~*'();:&=+$,%5E@pg.example.com:5432/lago?sslmode=verify-full&x=[1]\n"
                "REDIS_URL=rediss://:-_.!~*'();:&=%2B$,%5E@redis_main:6380/0\n",
                "lago.env:1: warning: DATABASE_URL: the parameter x has no effect; take it away\n");
}

static void a_parameter_that_nobody_reads_is_warned_of(void **state _unused_) {
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago?ssl=true&pool=5&ssl_mode=require\n"
                "REDIS_URL=redis://r.example.com\n",
                "lago.env:1: warning: DATABASE_URL: the parameter ssl has no effect; did you mean sslmode?\n"
                "lago.env:1: warning: DATABASE_URL: the parameter ssl_mode has no effect; did you mean sslmode?\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago?sslmode=verify_full\n"
                "REDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: a value of sslmode that PostgreSQL's client does not know\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago?search_path=public&prepared_statements=false&pgbouncer=true&schema=x\n"
                "REDIS_URL=redis://r.example.com\n",
                "lago.env:1: warning: DATABASE_URL: the parameter pgbouncer has no effect; take it away\n"
                "lago.env:1: warning: DATABASE_URL: the parameter schema has no effect; the schema is written as "
                "POSTGRES_SCHEMA=NAME, a line of its own\n");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago?search_path=billing\nREDIS_URL=redis://r.example.com\n",
                             "lago.env:1: warning: DATABASE_URL: the parameter search_path has no effect; the schema is written as "
                             "POSTGRES_SCHEMA=NAME, a line of its own\n");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago?search_path=billing\nREDIS_URL=redis://r.example.com\n"
                             "POSTGRES_SCHEMA=billing\n",
                             "");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago/\nREDIS_URL=redis://r.example.com\n",
                             "lago.env:1: DATABASE_URL: the slash at the end is a part of the database's name; take it away\n");
        assert_external_says(
                EXTERNAL_URLS
                "LAGO_REDIS_CACHE_URL=redis://:p^1@r.example.com\nLAGO_REDIS_STORE_URL=r:6379\n",
                "lago.env:3: LAGO_REDIS_CACHE_URL: the character ^ in the user or password, which Ruby does not "
                "take; write it as %5E\n");
}

static void what_other_readers_turn_into_something_else_is_told(void **state _unused_) {
        static const char *const cases[][2] = {
                {"A=\"b\" # why", "\" #\" behind a quoted value; write comments on lines of their own"},
                {"A='b'\t#why", "\" #\" behind a quoted value; write comments on lines of their own"},
                {"A=\"b", "a quote is not closed; write values of several lines as one line"},
        };
        static const struct {
                const char *line, *value, *warning;
        } odd[] = {
                {"LAGO_SMTP_PASSWORD=\"a\\nb\"", "a\\nb",
                 "a backslash within double quotes stands for itself here; if Docker Compose read this line before, write what it "
                 "stood for, in single quotes"},
                {"LAGO_SMTP_PASSWORD='it'\\''s'", "it'\\''s",
                 "'\\'' stands for itself here; within single quotes a ' is written as it is"},
                {"LAGO_SMTP_PASSWORD=\xe2\x80\x9cs\xe2\x80\x9d", "\xe2\x80\x9cs\xe2\x80\x9d",
                 "the typographic quotes are a part of the value; write \" in place of them"},
                {"LAGO_SMTP_PASSWORD='a\\nb'", "a\\nb", NULL},
                {"LAGO_SMTP_PASSWORD=a\\nb", "a\\nb", NULL},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *expected = xasprintf("lago.env:1: A: %s\n", cases[i][1]);

                assert_env_says(cases[i][0], expected);
        }
        for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
                _cleanup_(freep) char *expected = odd[i].warning ? xasprintf("lago.env:1: warning: LAGO_SMTP_PASSWORD: %s\n", odd[i].warning)
                                                                 : xstrdup("");

                _cleanup_(config_freep) Config *config = NULL;
                _cleanup_(freep) char *said = load_both(RELEASE, odd[i].line, NULL, &config);

                assert_string_equal(said, expected);
                assert_string_equal(env_get(config->env, "LAGO_SMTP_PASSWORD"), odd[i].value);
        }
}

static void a_number_is_one_to_libpq_too(void **state _unused_) {
        static const char *const parameters[][2] = {
                {"connect_timeout", "5s"},
                {"connect_timeout", ""},
                {"keepalives_idle", "abc"},
                {"tcp_user_timeout", "1e3"},
                {"sslsni", "on"},
                {"ssl_min_protocol_version", "1.2"},
                {"connect_timeout", "99999999999"},
                {"hostaddr", "pg.example.com"},
                {"hostaddr", "10.0.0.300"},
                {"port", "abc"},
                {"port", "0"},
                {"port", "5432,x"},
        };

        for (size_t i = 0; i < ELEMENTSOF(parameters); i++) {
                _cleanup_(freep) char *env = xasprintf("DATABASE_URL=postgresql://u:p@pg.example.com/lago?%s=%s\n"
                                                       "REDIS_URL=redis://r.example.com\n",
                                                       parameters[i][0], parameters[i][1]);
                _cleanup_(freep) char *expected = xasprintf(
                        "lago.env:1: DATABASE_URL: a value of %s that PostgreSQL's client does not know\n", parameters[i][0]);

                assert_external_says(env, expected);
        }
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago?connect_timeout=-1&keepalives=0&"
                             "ssl_min_protocol_version=TLSv1.2\nREDIS_URL=redis://r.example.com\n",
                             "");
}

static void files_of_this_host_are_none_of_a_containers(void **state _unused_) {
        static const char *const names[] = {"passfile", "sslcert", "sslkey", "sslcrl", "service"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *env = xasprintf("DATABASE_URL=postgresql://u:p@pg.example.com/lago?%s=/root/x\n"
                                                       "REDIS_URL=redis://r.example.com\n",
                                                       names[i]);
                _cleanup_(freep) char *expected =
                        xasprintf("lago.env:1: DATABASE_URL: %s is read from a file, which Lago's containers do not have; write "
                                  "user and password into the URL, or name an image of your own that has it below [images]\n",
                                  names[i]);

                assert_external_says(env, expected);
        }
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago?sslmode=verify-full&sslrootcert=/etc/pg.pem\n"
                "REDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: sslrootcert names a file, which Lago's containers do not have; write ca-file = "
                "/etc/pg.pem below [database] in lago.conf instead: it is handed to them\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago?sslmode=verify-full&sslrootcert=system\n"
                "REDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: sslrootcert=system is known to PostgreSQL's client from version 16 on alone; write "
                "ca-file = /etc/ssl/certs/ca-certificates.crt (RHEL: /etc/pki/tls/certs/ca-bundle.crt) below [database] in "
                "lago.conf instead: it is handed to Lago's containers\n");
}

static void a_session_is_one_that_lago_can_work_in(void **state _unused_) {
        static const char *const cases[][2] = {
                {"target_session_attrs=standby", "target_session_attrs=standby looks for a server that takes no changes; write read-write"},
                {"target_session_attrs=prefer-standby",
                 "target_session_attrs=prefer-standby looks for a server that takes no changes; write read-write"},
                {"replication=database", "a session with replication=database takes no queries of Lago; remove that"},
                {"client_encoding=latin1", "client_encoding=latin1, but Lago's text is UTF-8; remove that"},
                {"port=5432,5433", "lists of hosts, addresses and ports that differ in length; write one of each, or as many"},
                {"host=a.example.com,b.example.com&hostaddr=192.0.2.1",
                 "lists of hosts, addresses and ports that differ in length; write one of each, or as many"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *env = xasprintf("DATABASE_URL=postgresql://u:p@pg.example.com/lago?%s\n"
                                                       "REDIS_URL=redis://r.example.com\n",
                                                       cases[i][0]);
                _cleanup_(freep) char *expected = xasprintf("lago.env:1: DATABASE_URL: %s\n", cases[i][1]);

                assert_external_says(env, expected);
        }
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago?host=a.example.com,b.example.com&port=5432,5433&"
                             "target_session_attrs=read-write&client_encoding=UTF8&replication=false\n"
                             "REDIS_URL=redis://r.example.com\n",
                             "");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/\nREDIS_URL=redis://r.example.com\n",
                             "lago.env:1: DATABASE_URL names no database; write "
                             "postgresql://USER:PASSWORD@HOST:5432/DATABASE\n");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/template1\nREDIS_URL=redis://r.example.com\n",
                             "lago.env:1: DATABASE_URL: of template1 every new database is a copy; make one for Lago, and name that\n");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com:6432/pgbouncer\nREDIS_URL=redis://r.example.com\n",
                             "lago.env:1: DATABASE_URL names the console of PgBouncer; name Lago's database, at the server itself\n");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago?hostaddr=127.0.0.1\n"
                             "REDIS_URL=redis://r.example.com\n",
                             "lago.env:1: DATABASE_URL " ITSELF);
}

static void a_login_has_a_user(void **state _unused_) {
        assert_external_says("DATABASE_URL=postgresql://pg.example.com/lago\nREDIS_URL=redis://r.example.com\n",
                             "lago.env:1: DATABASE_URL names no user; write "
                             "postgresql://USER:PASSWORD@HOST:5432/DATABASE\n");
        assert_external_says("DATABASE_URL=postgresql://pg.example.com/lago?user=u\nREDIS_URL=redis://r.example.com\n", "");
}

static void a_redis_has_one_host_a_port_and_a_number(void **state _unused_) {
        static const struct {
                const char *rest, *objection;
        } cases[] = {
                {"r.example.com:70000", "the port is not a number from 1 to 65535"},
                {"r.example.com:63x", "the port is not a number from 1 to 65535"},
                {":p@[fd00::1]:0/1", "the port is not a number from 1 to 65535"},
                {"r.example.com:6379/abc", "what stands behind the host is not the number of a database, such as /0"},
                {"r.example.com/08", "what stands behind the host is not the number of a database, such as /0"},
                {"r.example.com/1/", "what stands behind the host is not the number of a database, such as /0"},
                {"r.example.com/-1", "what stands behind the host is not the number of a database, such as /0"},
                {":a+b@r.example.com", "a + in the password, which Lago's client of Redis takes for a blank; write it as %2B"},
                {"a+b@r.example.com", "a + in the password, which Lago's client of Redis takes for a blank; write it as %2B"},
                {"a%40b:p@r.example.com", "a % in the user, which Lago's client of Redis does not decode; name a user without it"},
                {"a.example.com:1,b.example.com:1", "several hosts, which Lago does not take; for a group with sentinels "
                                                    "there is LAGO_REDIS_SIDEKIQ_SENTINELS"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *env = xasprintf("DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://%s\n",
                                                       cases[i].rest);
                _cleanup_(freep) char *expected = xasprintf("lago.env:2: REDIS_URL: %s\n", cases[i].objection);

                assert_external_says(env, expected);
        }
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://:p@[fd00::1]:6379/300\n", "");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://r.example.com?db=2\n",
                             "lago.env:2: warning: REDIS_URL: what stands behind the \"?\" has no effect; the number of a "
                             "database is written as /1\n");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://secret@r.example.com\n", "");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://lago:@r.example.com\n"
                             "REDIS_PASSWORD=a+b%\n",
                             "");
        assert_external_says("DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://lago@r.example.com\n"
                             "REDIS_PASSWORD=a+b%\n",
                             "lago.env:2: REDIS_URL: Lago takes a user only with a colon behind it, and logs in as \"default\" "
                             "here; write redis://USER:@HOST, or take what stands before the @ away\n");
        assert_env_says("REDIS_URL=redis://redis:6379/16\n",
                        "lago.env:1: REDIS_URL: the bundled Redis has the databases 0 to 15\n");
}

static void values_that_ruby_would_trip_over_are_refused(void **state _unused_) {
        static const char *const cases[][2] = {
                {"RAILS_MAX_THREADS=many", "RAILS_MAX_THREADS is not a whole number from 1 to 1000; write one, or remove this line"},
                {"WEB_CONCURRENCY=-1", "WEB_CONCURRENCY is not a whole number from 0 to 1000; write one, or remove this line"},
                {"DATABASE_POOL=0", "DATABASE_POOL is not a whole number from 1 to 10000; write one, or remove this line"},
                {"LAGO_SMTP_PORT=587/tcp", "LAGO_SMTP_PORT is not a whole number from 1 to 65535; write one, or remove this line"},
                {"LAGO_SMTP_ADDRESS=smtp://mail.example.com",
                 "LAGO_SMTP_ADDRESS is the name of a host, and nothing else; the port is LAGO_SMTP_PORT"},
                {"LAGO_SMTP_ADDRESS=mail.example.com:587",
                 "LAGO_SMTP_ADDRESS is the name of a host, and nothing else; the port is LAGO_SMTP_PORT"},
                {"LAGO_SMTP_ADDRESS=mail.example.com",
                 "warning: LAGO_SMTP_ADDRESS: Lago sends no mail without a login; write LAGO_SMTP_USERNAME and LAGO_SMTP_PASSWORD, "
                 "of a server that has AUTH LOGIN"},
                {"LAGO_SMTP_PORT=465", "warning: LAGO_SMTP_PORT=465: a server speaks TLS at once there, and Lago does not; write "
                                       "587, where both begin with STARTTLS"},
                {"LAGO_SMTP_ADDRESS=localhost", "LAGO_SMTP_ADDRESS " ELSEWHERE},
                {"LAGO_REDIS_STORE_URL=localhost:6379", "LAGO_REDIS_STORE_URL " ELSEWHERE},
                {"LAGO_KAFKA_BOOTSTRAP_SERVERS=k1:9092,127.0.0.1:9092", "LAGO_KAFKA_BOOTSTRAP_SERVERS " ELSEWHERE},
                {"HTTPS_PROXY=http://localhost:3128", "HTTPS_PROXY " ELSEWHERE},
                {"http_proxy=127.0.0.1:3128", "http_proxy " ELSEWHERE},
                {"LAGO_AWS_S3_ENDPOINT=http://localhost:9000", "LAGO_AWS_S3_ENDPOINT " ELSEWHERE},
                {"LAGO_REDIS_CACHE_URL=r.example.com:6379",
                 "LAGO_REDIS_CACHE_URL lacks its scheme; it begins with redis:// or rediss://"},
                {"LAGO_DATA_API_URL=data.example.com", "LAGO_DATA_API_URL lacks its scheme; it begins with http:// or https://"},
                {"POSTGRES_SCHEMA=l\xc3\xa4go",
                 "POSTGRES_SCHEMA is not a schema, or a list of them; write its name in ASCII letters, digits and \"_\""},
                {"DATABASE_PREPARED_STATEMENTS=0", "DATABASE_PREPARED_STATEMENTS: Rails takes only the word false for no; write "
                                                   "true or false"},
                {"LAGO_DISABLE_SIGNUP=yes", "LAGO_DISABLE_SIGNUP: Lago takes only the word true for yes; write true or false"},
                {"LAGO_MEMCACHE_SERVERS=cache.example.com:11211,localhost:11211", "LAGO_MEMCACHE_SERVERS " ELSEWHERE},
                {"LAGO_KAFKA_BOOTSTRAP_SERVERS=k1:9092, [::1]:9092", "LAGO_KAFKA_BOOTSTRAP_SERVERS " ELSEWHERE},
                {"LAGO_SIDEKIQ_STATSD_ENDPOINT=127.0.0.1:8125", "LAGO_SIDEKIQ_STATSD_ENDPOINT " ELSEWHERE},
                {"SENTRY_DSN=http://key@localhost:9000/1", "SENTRY_DSN " ELSEWHERE},
                {"DD_AGENT_HOST=localhost", "DD_AGENT_HOST " ELSEWHERE},
                {"all_proxy=socks5://127.0.0.1:1080", "all_proxy " ELSEWHERE},
                {"LAGO_LOG_LEVEL=verbose", "LAGO_LOG_LEVEL: Rails does not start with that; write debug, info, warn, error or fatal"},
                {"RAILS_LOG_TO_STDOUT=1", "RAILS_LOG_TO_STDOUT: Lago takes only the word true for yes; write true or false"},
                {"RAILS_LOG_TO_STDOUT=false", "warning: RAILS_LOG_TO_STDOUT=false: Lago's log is then a file in each container, and goes "
                                              "with it; remove this line, and the journal has it"},
                {"LAGO_REDIS_CACHE_HOST=redis", "warning: LAGO_REDIS_CACHE_HOST has no effect; remove this line"},
                {"LAGO_RAILS_STDOUT=true", "warning: LAGO_RAILS_STDOUT has no effect; remove this line"},
                {"LAGO_PDF_URL=http://pdf:99999", "LAGO_PDF_URL: the port is not a number from 1 to 65535"},
                {"LAGO_PDF_URL=http://", "LAGO_PDF_URL: it names no host"},
                {"LAGO_REDIS_CACHE_URL=redis://redis:x", "LAGO_REDIS_CACHE_URL: the port is not a number from 1 to 65535"},
                {"LAGO_REDIS_CACHE_URL=redis://redis:6379/abc",
                 "LAGO_REDIS_CACHE_URL: what stands behind the host is not the number of a database, such as /0"},
                {"LAGO_REDIS_CABLE_URL=redis://redis:6379/16", "LAGO_REDIS_CABLE_URL: the bundled Redis has the databases 0 to 15"},
                {"SENTRY_DSN=key@sentry.example.com/1", "SENTRY_DSN lacks its scheme; it begins with http:// or https://"},
                {"PGSSLMODE=require", "PGSSLMODE is read by PostgreSQL's client in Lago's containers alone, and not by what checks them; "
                                      "write what it says into DATABASE_URL, and remove this line"},
                {"PATH=/usr/bin", "PATH is the image's own: with another value its programs are not found; remove this line"},
                {"SIDEKIQ_CONCURRENCY=20", "warning: SIDEKIQ_CONCURRENCY=20: threads that get none of the 10 connections of "
                                           "DATABASE_POOL fail; write DATABASE_POOL=20"},
                {"DATABASE_POOL=9", "warning: SIDEKIQ_CONCURRENCY is 10: threads that get none of the 9 connections of DATABASE_POOL fail; "
                                    "write DATABASE_POOL=10"},
                {"LAGO_SIDEKIQ_MAX_DEAD_JOBS=0",
                 "LAGO_SIDEKIQ_MAX_DEAD_JOBS is not a whole number from 1 to 1000000000; write one, or remove this line"},
                {"LAGO_SIDEKIQ_AVERAGE_SCHEDULED_POLL_INTERVAL=5s",
                 "LAGO_SIDEKIQ_AVERAGE_SCHEDULED_POLL_INTERVAL is not a whole number from 1 to 86400; write one, or remove this line"},
                {"LAGO_FROM_EMAIL=billing", "warning: LAGO_FROM_EMAIL is no address, and mail servers refuse mail from it; "
                                            "write one, such as billing@example.com"},
                {"APP_ENV=development", "APP_ENV: Lago's images are built for production, and for nothing else; remove this line"},
                {"RACK_ENV=staging", "RACK_ENV: Lago's images are built for production, and for nothing else; remove this line"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *env = xasprintf("%s\n", cases[i][0]);
                _cleanup_(freep) char *expected = xasprintf("lago.env:1: %s\n", cases[i][1]);

                assert_env_says(env, expected);
        }
        assert_env_says("LAGO_DATABASE_STATEMENT_TIMEOUT=30s\n",
                        "lago.env:1: warning: LAGO_DATABASE_STATEMENT_TIMEOUT holds for migrations, too, and cancels one that "
                        "takes longer; write it into env.d/api.env and env.d/worker.env instead\n");
        assert_env_says("LAGO_LOG_LEVEL=WARN\nTZ=Europe/Paris\nDD_AGENT_HOST=host.containers.internal\n", "");
        assert_env_says("SIDEKIQ_CONCURRENCY=20\nDATABASE_POOL=20\nLAGO_FROM_EMAIL=Lago <billing@example.com>\nPGOPTIONS=-cjit=off\nLAGO_REDIS_CACHE_URL=redis://c.example.com/99\n", "");
        assert_env_says("SIDEKIQ_CONCURRENCY=4\nDATABASE_POOL=4\nRAILS_MAX_THREADS=4\nDATABASE_PREPARED_STATEMENTS=False\nLAGO_SMTP_ADDRESS=mail.example.com\n"
                        "LAGO_SMTP_USERNAME=u\nLAGO_SMTP_PASSWORD=p\n"
                        "LAGO_REDIS_STORE_URL=r.example.com:6379\nHTTPS_PROXY=http://proxy.example.com:3128\nWEB_CONCURRENCY=\n"
                        "POSTGRES_SCHEMA=billing\n",
                        "");
}

static void a_slash_in_a_password_is_not_a_port(void **state _unused_) {
        static const char *const passwords[] = {"12/ab", "s/ab", "s?b", "1#b"};

        for (size_t i = 0; i < ELEMENTSOF(passwords); i++) {
                _cleanup_(freep) char *env =
                        xasprintf("DATABASE_URL=postgresql://lago:%s@pg.example.com/lago\n"
                                  "REDIS_URL=redis://:%s@redis.example.com\n",
                                  passwords[i], passwords[i]);

                assert_external_says(
                        env,
                        "lago.env:1: DATABASE_URL: a /, ? or # in front of the \"@\"; in a password they "
                        "are written %2F, %3F and %23\n"
                        "lago.env:2: REDIS_URL: a /, ? or # in front of the \"@\"; in a password they "
                        "are written %2F, %3F and %23\n");
        }
}

static void rails_takes_one_host(void **state _unused_) {
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@a.example.com:5432,b.example.com:5432/lago?target_session_attrs=read-write\n"
                "REDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: several hosts, which Rails does not take in this place; write one there, and all "
                "behind: postgresql://USER:PASSWORD@HOST1/DATABASE?host=HOST1,HOST2\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@a.example.com/lago?host=a.example.com,b.example.com&"
                "target_session_attrs=read-write\nREDIS_URL=redis://r.example.com\n",
                "");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg_main:5432/lago\nREDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: the character _ in the host's name, which Rails does not take; write another name "
                "of it, or its address\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@[fd00::1]:5432/lago\nREDIS_URL=redis://r.example.com\n",
                "");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@[fe80::1%25eth0]/lago\nREDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: an address with a zone, which Rails does not take\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@/lago?host=pg.example.com\nREDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL: no host behind the \"@\"; Rails does not take that\n");
        assert_external_says(
                "DATABASE_URL=postgresql:///lago?host=pg.example.com&user=u\nREDIS_URL=redis://r.example.com\n",
                "");
}

static void this_host_is_no_external_server(void **state _unused_) {
        static const char *const hosts[] = {"localhost", "127.0.0.1", "127.1.2.3",
                                            "[::1]", "0.0.0.0", "LocalHost",
                                            "127.1", "0x7f.1", "2130706433",
                                            "localhost.", "localhost.localdomain",
                                            "pg.localhost", "ip6-loopback",
                                            "[::ffff:127.0.0.1]", "[::]"};

        for (size_t i = 0; i < ELEMENTSOF(hosts); i++) {
                _cleanup_(freep) char *env =
                        xasprintf("DATABASE_URL=postgresql://u:p@%s:5432/lago\n"
                                  "REDIS_URL=redis://%s:6379\n",
                                  hosts[i], hosts[i]);

                assert_external_says(env, "lago.env:1: DATABASE_URL " ITSELF
                                          "lago.env:2: REDIS_URL " ITSELF);
        }
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=cache:6379\n",
                "lago.env:2: REDIS_URL is no URL of a Redis; write redis://HOST:6379 or rediss://HOST:6379\n");
        assert_external_says(
                "DATABASE_URL=postgresql://u:p@pg.example.com/lago\nREDIS_URL=redis://\n",
                "lago.env:2: REDIS_URL is no URL; write redis://HOST:6379 or rediss://HOST:6379\n");
        assert_external_says(
                "DATABASE_URL=postgresql:///lago?host=/run/postgresql\nREDIS_URL=redis://r.example.com\n",
                "lago.env:1: DATABASE_URL names a socket of this host, which inside a container is the "
                "container itself; write an address at which other hosts reach the server\n");
        assert_env_says(
                "LAGO_REDIS_CACHE_URL=redis://localhost:6379\n",
                "lago.env:1: LAGO_REDIS_CACHE_URL names this very host, which inside a container is the container "
                "itself; write another address\n");
}

static void what_lago_conf_says_is_not_said_twice(void **state _unused_) {
        assert_env_says(
                "LAGO_FRONT_URL=http://localhost:8080\nLAGO_API_URL=http://localhost:3000\n", "");
        assert_env_says(
                "LAGO_FRONT_URL=https://other.example\n",
                "lago.env:1: LAGO_FRONT_URL differs from lago.conf; set front-url below [lago] there and remove this "
                "line\n");
        assert_env_says(
                "API_URL=https://other.example\n",
                "lago.env:1: API_URL differs from lago.conf; set api-url below [lago] there and remove this line\n");
        assert_env_says(
                "API_PORT=3001\nREDIS_PORT=6379\n",
                "lago.env:1: warning: API_PORT has no effect; set listen below [api] in lago.conf and remove this "
                "line\n"
                "lago.env:2: warning: REDIS_PORT has no effect; remove this line\n");
}

static void what_an_image_settles_is_not_set_otherwise(void **state _unused_) {
        static const char port[] =
                "PORT: the API listens on port 3000 in its container; set listen below [api] in "
                "lago.conf, and remove this line\n";
        static const char built[] =
                "RAILS_ENV: Lago's images are built for production, and for nothing else; remove this line\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(env_freep) Env *own = env_new();
        _cleanup_(freep) char *path = xasprintf("%s/env.d/api.env", scratch.path), *said = NULL;
        _cleanup_(freep) char *lines = xasprintf("lago.env:1: %slago.env:2: %s", port, built);
        _cleanup_(freep) char *member = xasprintf("env.d/api.env:1: %s", port);
        ConfigErrors errors = {0};

        assert_env_says("PORT=8000\nRAILS_ENV=development\n", lines);
        assert_env_says("PORT=\nRAILS_ENV=\n", lines);
        assert_env_says("PORT=3000\nRAILS_ENV=production\n", "");
        scratch_put(&scratch, "env.d/api.env", "PORT=80\nWEB_CONCURRENCY=2\n");
        assert_int_equal(env_read(own, path, &errors), 0);
        assert_int_equal(check_member_environment(own, &errors), -EBADMSG);
        said = errors_text(&scratch, &errors);
        assert_string_equal(said, member);
        config_errors_done(&errors);
}

static void an_organization_is_not_made_by_a_setting(void **state _unused_) {
        assert_env_says(
                "LAGO_CREATE_ORG=true\nLAGO_ORG_NAME=Acme\n",
                "lago.env:1: warning: LAGO_CREATE_ORG has no effect; when Lago serves, run: lagoctl create-org NAME "
                "EMAIL; and remove this line and those of LAGO_ORG_*\n");
}

static void jobs_for_a_pool_that_is_not_here_are_warned_of(void **state _unused_) {
        assert_env_says(
                "SIDEKIQ_EVENTS=true\nSIDEKIQ_AI_AGENT=false\n",
                "lago.env:1: warning: SIDEKIQ_EVENTS=true, but this host has no pool events: its jobs wait until a "
                "worker of another host takes them; add events to pools below [worker] in lago.conf, or remove this "
                "line\n");
}

/* No message may show a value of these files: they hold secrets. */
static void no_value_is_ever_shown(void **state _unused_) {
        static const char *const names[] = {
                "DATABASE_URL", "REDIS_URL", "LAGO_RSA_PRIVATE_KEY",
                "SECRET_KEY_BASE", "POSTGRES_PASSWORD", "ENCRYPTION_PRIMARY_KEY",
                "LAGO_FRONT_URL", "DATABASE_PROXY_URL", "LAGO_SIDEKIQ_WEB",
                "LAGO_LICENCE", "REDIS_PASSWORD", "LAGO_REDIS_CACHE_URL"};
        static const char *const forms[] = {"=Geh3im\n",
                                            "=\"Geh3im\n",
                                            "=postgresql://u:Geh3im@localhost/d\n",
                                            "=redis://:Geh3im@localhost\n",
                                            "=Geh3im # x\n",
                                            "=${Geh3im}\n",
                                            "=postgresql://u:Geh3im%zz@h:99999999/d\n",
                                            " Geh3im\n",
                                            "=your-Geh3im\n",
                                            "=://Geh3im@\n",
                                            "=postgresql://Geh3im\n"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                for (size_t j = 0; j < ELEMENTSOF(forms) * 2; j++) {
                        _cleanup_(freep) char *env = xasprintf("%s%s", names[i], forms[j / 2]),
                                              *said = NULL;
                        _cleanup_(config_freep) Config *config = NULL;

                        said = load_both(j % 2 ? EXTERNAL : RELEASE, env, NULL, &config);
                        if (strstr(said, "Geh3im"))
                                fail_msg("a secret is shown: %s", said);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_taken_as_they_stand),
                cmocka_unit_test(what_single_quotes_are_put_around_is_the_value),
                cmocka_unit_test(a_name_with_spaces_before_the_sign_is_refused),
                cmocka_unit_test(what_other_dialects_mean_is_refused),
                cmocka_unit_test(a_nul_byte_ends_nothing),
                cmocka_unit_test(lago_env_wins_over_secrets),
                cmocka_unit_test(an_environment_can_be_changed),
                cmocka_unit_test(placeholders_of_the_compose_file_are_refused),
                cmocka_unit_test(an_encryption_key_has_two_names),
                cmocka_unit_test(an_rsa_key_is_one_line_of_base64),
                cmocka_unit_test(base64_is_strict),
                cmocka_unit_test(set_means_yes_whatever_it_says),
                cmocka_unit_test(clickhouse_needs_a_host),
                cmocka_unit_test(clickhouse_is_what_lago_migrate_is_told),
                cmocka_unit_test(only_true_means_yes),
                cmocka_unit_test(a_bucket_is_needed),
                cmocka_unit_test(misspelt_names_get_the_nearest),
                cmocka_unit_test(unknown_names_pass),
                cmocka_unit_test(the_compose_files_url_of_the_bundled_database_works),
                cmocka_unit_test(the_bundled_password_is_not_for_another_redis),
                cmocka_unit_test(the_bundled_redis_takes_the_password_that_lago_is_told),
                cmocka_unit_test(a_bundled_store_is_not_elsewhere),
                cmocka_unit_test(the_port_of_a_redis_is_a_number),
                cmocka_unit_test(the_url_of_the_bundled_database_is_whole),
                cmocka_unit_test(a_pool_gets_its_jobs),
                cmocka_unit_test(an_external_store_needs_its_url),
                cmocka_unit_test(sentinels_need_a_redis_beside_them),
                cmocka_unit_test(the_engines_name_for_its_host_is_no_address),
                cmocka_unit_test(the_hosts_own_name_may_be_a_loopback_address),
                cmocka_unit_test(a_ca_that_nobody_looks_at_is_warned_of),
                cmocka_unit_test(a_url_is_one_to_ruby_too),
                cmocka_unit_test(a_parameter_that_nobody_reads_is_warned_of),
                cmocka_unit_test(what_other_readers_turn_into_something_else_is_told),
                cmocka_unit_test(a_number_is_one_to_libpq_too),
                cmocka_unit_test(files_of_this_host_are_none_of_a_containers),
                cmocka_unit_test(a_session_is_one_that_lago_can_work_in),
                cmocka_unit_test(a_login_has_a_user),
                cmocka_unit_test(a_redis_has_one_host_a_port_and_a_number),
                cmocka_unit_test(values_that_ruby_would_trip_over_are_refused),
                cmocka_unit_test(a_slash_in_a_password_is_not_a_port),
                cmocka_unit_test(rails_takes_one_host),
                cmocka_unit_test(this_host_is_no_external_server),
                cmocka_unit_test(what_lago_conf_says_is_not_said_twice),
                cmocka_unit_test(what_an_image_settles_is_not_set_otherwise),
                cmocka_unit_test(an_organization_is_not_made_by_a_setting),
                cmocka_unit_test(jobs_for_a_pool_that_is_not_here_are_warned_of),
                cmocka_unit_test(no_value_is_ever_shown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
