/* SPDX-License-Identifier: MIT */
/* What is exported for others: whole, without a secret in it, the same bytes twice. */
#include "export/export.h"

#include "base/util.h"
#include "config-scratch.h"
#include "schema/finding.h"

#include "check.h"

#define SECRET "s3cret$with'quotes\"and#more"

static const char environment[] = "POSTGRES_PASSWORD='s3cret$with'quotes\"and#more'\n"
                                  "SECRET_KEY_BASE="
                                  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                  "\n"
                                  "LAGO_ENCRYPTION_PRIMARY_KEY=pppppppppppppppppppppppppppppppp\n"
                                  "LAGO_ENCRYPTION_DETERMINISTIC_KEY=dddddddddddddddddddddddddddddddd\n"
                                  "LAGO_ENCRYPTION_KEY_DERIVATION_SALT=ssssssssssssssssssssssssssssssss\n"
                                  "LAGO_FROM_EMAIL=billing@example.com\n";

/* @conf behind the least there can be. */
static Config *config_with(const char *conf, const char *more) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = xasprintf("[lago]\nrelease = v1.50.0\nfront-url = http://localhost:8080\n"
                                                "api-url = http://localhost:3000\n%s",
                                                conf);
        _cleanup_(freep) char *errors = NULL, *env = xasprintf("%s%s", environment, more);
        Config *config = NULL;

        scratch_put(&scratch, "lago.conf", text);
        scratch_put(&scratch, "lago.env", env);
        errors = scratch_load(&scratch, &config);
        if (!config)
                fail_msg("%s", errors);
        return config;
}

static Config *config_of(const char *conf) {
        return config_with(conf, "");
}

static Export *export_of(ExportKind kind, const char *conf) {
        _cleanup_(config_freep) Config *config = config_of(conf);

        return export_make(kind, &(ExportInput){.config = config});
}

static const char *text_of(const Export *export, const char *name) {
        for (size_t i = 0; i < export->n; i++)
                if (streq(export->files[i].name, name))
                        return export->files[i].text;
        return NULL;
}

static void no_secret_is_in_a_file_that_others_read(void **state _unused_) {
        static const char *const secrets[] = {"s3cret", "0123456789abcdef0123", "pppppppp", "dddddddd", "ssssssss"};

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_of(kind, "");
                size_t n_secret = 0;

                assert_true(export->n > 1);
                assert_false(export->files[0].secret);
                for (size_t i = 0; i < export->n; i++) {
                        n_secret += export->files[i].secret;
                        for (size_t s = 0; !export->files[i].secret && s < ELEMENTSOF(secrets); s++)
                                if (strstr(export->files[i].text, secrets[s]))
                                        fail_msg("%s has %s", export->files[i].name, secrets[s]);
                }
                assert_true(n_secret > 0);
        }
}

static void the_same_twice(void **state _unused_) {
        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                static const char conf[] = "[worker]\npools = webhook events\n";
                _cleanup_(export_freep) Export *one = export_of(kind, conf), *two = export_of(kind, conf);

                assert_int_equal(one->n, two->n);
                for (size_t i = 0; i < one->n; i++) {
                        assert_string_equal(one->files[i].name, two->files[i].name);
                        assert_string_equal(one->files[i].text, two->files[i].text);
                        assert_true(strlen(one->files[i].text) > 0);
                }
        }
}

/* How many lines of @b are not in @a, one by one from the top. */
static size_t lines_changed(const char *a, const char *b) {
        _cleanup_(strv_freep) char **old = strv_split(a, "\n"), **new = strv_split(b, "\n");
        size_t n = 0;

        STRV_FOREACH(line, new)
                n += !strv_contains(old, *line);
        return n;
}

static size_t changed_by(ExportKind kind, const char *conf) {
        _cleanup_(export_freep) Export *before = export_of(kind, ""), *after = export_of(kind, conf);
        size_t n = 0;

        for (size_t i = 0; i < after->n; i++) {
                const char *old = text_of(before, after->files[i].name);

                n += lines_changed(old ? old : "", after->files[i].text);
        }
        return n;
}

static void a_key_changes_what_it_should(void **state _unused_) {
        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                assert_int_equal(changed_by(kind, "[api]\nlisten = 127.0.0.1:3000\n"), 0);
                /* The value alone: of the database's volume in its declaration, and where it is mounted. */
                assert_in_range(changed_by(kind, "[database]\nvolume = another\n"), 1, 3);
                assert_int_equal(changed_by(kind, "[images]\nredis = library/redis:8-alpine\n"), 1);
                /* It goes to the gate's options and nowhere else; the chart has a script of its own, and each of four pods and
                   the name of the Job say that the script is another. */
                assert_int_equal(changed_by(kind, "[migrate]\nfresh = replay\n"), kind == EXPORT_KUBERNETES ? 7 : 1);
                assert_true(changed_by(kind, "[worker]\npools = events\n") > 5);
        }
}

static void compose_has_the_edges(void **state _unused_) {
        _cleanup_(export_freep) Export *export = export_of(EXPORT_COMPOSE, "[worker]\npools = events\n");
        const char *text = text_of(export, "compose.yaml"), *api, *clock, *pool;
        _cleanup_(freep) char *clock_alone = NULL;

        assert_non_null(api = strstr(text, "\n  api:\n"));
        assert_non_null(clock = strstr(text, "\n  api-clock:\n"));
        assert_non_null(pool = strstr(text, "\n  api-events-worker:\n"));
        assert_non_null(strstr(api, "gate: {condition: service_completed_successfully}"));
        /* Behind the schema; behind the API, which an engine asks seldom, is the front alone. */
        clock_alone = xstrndup(clock, (size_t)(strstr(clock, "\n\n") - clock));
        assert_null(strstr(clock_alone, "api: "));
        assert_null(strstr(text, "api: {condition: service_healthy}"));
        assert_non_null(strstr(strstr(text, "\n  front:\n"), "await-api: {condition: service_completed_successfully}"));
        assert_non_null(strstr(pool, "scripts/start.events.worker.sh"));
        assert_non_null(strstr(text, "\"127.0.0.1:3000:3000\""));
        assert_non_null(strstr(text_of(export, "run"), "--target=v1.50.0"));
        assert_non_null(strstr(text_of(export, "secrets/api"), "DATABASE_URL='postgresql://lago:"));
        assert_string_equal(text_of(export, "secrets/db-password"), SECRET);
}

static void a_host_for_a_part_is_exported_as_that(void **state _unused_) {
        static const char conf[] = "[api]\nenabled = no\n[front]\nenabled = no\n[worker]\npools = events*2\n"
                                   "[database]\nmode = external\n[redis]\nmode = external\n";
        static const char env[] = "DATABASE_URL=postgresql://u:pass@pg.example/lago\nREDIS_URL=redis://cache.example:6379\n";
        static const char *const main_file[] = {"compose.yaml", "lago_api-clock.container", "lago.yaml"};

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(config_freep) Config *config = config_with(conf, env);
                _cleanup_(export_freep) Export *export = export_make(kind, &(ExportInput){.config = config});
                const char *text = text_of(export, main_file[kind]);

                assert_null(strstr(text, "service_healthy"));
                assert_null(strstr(text, "lago_api.service"));
                assert_null(strstr(text, "name: api\n"));
                if (kind == EXPORT_KUBERNETES)
                        assert_non_null(strstr(text, "storage: 10Gi"));
                if (kind == EXPORT_COMPOSE)
                        assert_non_null(strstr(text, "\n  api-events-2-worker:\n"));
        }
}

/* An orphan of a shell that ends with 2, which is pg_isready's word for no answer, makes PostgreSQL cut all its sessions. */
static void no_shell_waits_beside_postgresql(void **state _unused_) {
        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_of(kind, "");
                size_t n = 0;

                for (size_t i = 0; i < export->n; i++) {
                        const char *text = export->files[i].text, *at = text;

                        for (; (at = strstr(at, "pg_isready")); at += strlen("pg_isready"), n++)
                                assert_true((size_t)(at - text) > strlen("exec ") && startswith(at - strlen("exec "), "exec "));
                }
                assert_int_equal(n, 1);
        }
}

/* Else PostgreSQL writes into a volume without a name, and a container that is made again finds an empty one. */
static void the_database_is_kept_in_its_volume(void **state _unused_) {
        static const char *const files[] = {"compose.yaml", "lago_db.container", "lago.yaml"};
        static const char *const places[] = {"PGDATA: \"/data/postgres\"", "Environment=\"PGDATA=/data/postgres\"",
                                             "{name: PGDATA, value: \"/data/postgres\"}"};

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_of(kind, "");

                assert_non_null(strstr(text_of(export, files[kind]), places[kind]));
        }
}

static void the_chart_gets_the_same_gate(void **state _unused_) {
        _cleanup_(export_freep) Export *export = export_of(EXPORT_KUBERNETES, ""), *with_clickhouse = NULL;
        _cleanup_(config_freep) Config *config = config_with("", "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\nLAGO_CLICKHOUSE_HOST=ch.example\n");
        const char *text = text_of(export, "helm/kustomization.yaml");

        assert_non_null(strstr(text, "name: lago-api\n            image: docker.io/getlago/api:v1.50.0\n"
                                     "            command: [/bin/sh, /lago/run, start]\n"));
        assert_non_null(strstr(text, "command: [/bin/sh, /lago/run, clock]\n"));
        assert_non_null(strstr(text, "strategy: {type: Recreate}\n"));
        assert_non_null(strstr(text, "/lago/run, gate, \"3600\"]"));
        assert_non_null(strstr(text_of(export, "helm/run"), "--target=v1.50.0"));
        assert_non_null(strstr(text, "command: [/bin/sh, /lago/run]\n            args: [migrate]\n"));
        assert_non_null(strstr(text, "\"/metadata/name\", \"value\": \"lago-migrate-v1-50-0\""));
        with_clickhouse = export_make(EXPORT_KUBERNETES, &(ExportInput){.config = config});
        assert_non_null(strstr(text_of(with_clickhouse, "helm/kustomization.yaml"), "/usr/lib/lago/lago-gate-clickhouse"));
        assert_null(strstr(text_of(with_clickhouse, "helm/kustomization.yaml"), "/lago/run, gate"));
}

/* The gate checks a certificate, so it has to have its authority wherever it is asked. */
static void the_authorities_go_along(void **state _unused_) {
        static const char conf[] = "[database]\nmode = external\nca-file = /etc/ssl/pg.pem\n[clickhouse]\nca-file = /etc/ssl/ch.pem\n";
        static const char env[] = "DATABASE_URL=postgresql://u:pass@pg.example/lago?sslmode=verify-full\n"
                                  "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED=true\nLAGO_CLICKHOUSE_HOST=ch.example\n";
        static const struct {
                const char *file, *mount;
                size_t times;
        } places[] = {
                [EXPORT_COMPOSE] = {"compose.yaml", "/etc/ssl/ch.pem:" EXPORT_CLICKHOUSE_CA ":ro", 5},
                [EXPORT_QUADLET] = {"lago_gate.container", "Volume=/etc/ssl/ch.pem:" EXPORT_CLICKHOUSE_CA ":ro\n", 1},
                [EXPORT_KUBERNETES] = {"lago.yaml", "{name: clickhouse-ca, mountPath: " EXPORT_CLICKHOUSE_CA ",", 7},
        };
        _cleanup_(config_freep) Config *config = config_with(conf, env);

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_make(kind, &(ExportInput){.config = config});
                const char *text = text_of(export, places[kind].file), *run = text_of(export, kind == EXPORT_KUBERNETES ? "helm/run" : "run");
                size_t n = 0;

                assert_non_null(strstr(run, " --ca-file=" EXPORT_CLICKHOUSE_CA "'"));
                assert_non_null(strstr(text, STACK_CA_FILE));
                for (const char *at = text; (at = strstr(at, places[kind].mount)); at++)
                        n++;
                assert_int_equal(n, places[kind].times);
        }
}

static void an_external_store_has_no_service(void **state _unused_) {
        _cleanup_(config_freep) Config *config = config_with("[redis]\nmode = external\n", "REDIS_URL=redis://:pass@cache.example:6379\n");
        _cleanup_(export_freep) Export *export = NULL;

        export = export_make(EXPORT_COMPOSE, &(ExportInput){.config = config});
        assert_null(strstr(text_of(export, "compose.yaml"), "\n  redis:"));
        assert_null(strstr(text_of(export, "compose.yaml"), "redis: {condition"));
}

/* Nothing gives it the file in which it would find one. */
static void an_exported_redis_has_no_password(void **state _unused_) {
        _cleanup_(config_freep) Config *config = config_with("", "REDIS_URL=redis://:Geh3im@redis:6379/2\n");

        stack_forget_redis_password(config);
        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_make(kind, &(ExportInput){.config = config});
                bool found = false;

                for (size_t i = 0; i < export->n; i++) {
                        assert_null(strstr(export->files[i].text, "Geh3im"));
                        assert_null(strstr(export->files[i].text, STACK_REDIS_CONF));
                        found = found || strstr(export->files[i].text, "redis://redis:6379/2");
                }
                assert_true(found);
        }
}

/* Whatever status a verdict has that no time changes: a Job that tried it again would only be told so once more. */
static void a_job_is_not_tried_again_where_that_is_no_use(void **state _unused_) {
        _cleanup_(export_freep) Export *export = export_of(EXPORT_KUBERNETES, "");
        const char *rule = strstr(text_of(export, "lago.yaml"), "{action: FailJob,"), *end;
        _cleanup_(freep) char *list = NULL;

        assert_non_null(rule);
        assert_non_null(end = strstr(rule, "]}}"));
        list = xstrndup(rule, (size_t)(end - rule));
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++) {
                _cleanup_(freep) char *in_list = xasprintf(" %d,", verdict_status(verdict));

                if (verdict != VERDICT_VERIFIED && verdict != VERDICT_PENDING)
                        assert_int_equal(strstr(list, in_list) != NULL, !verdict_may_change(verdict));
        }
        assert_non_null(strstr(list, "[10, "));
        assert_non_null(strstr(list, ", 83"));
}

static void a_value_is_quoted_for_its_reader(void **state _unused_) {
        char *const pairs[] = {(char[]){"A=it's $HOME"}, (char[]){"B="}, NULL};
        _cleanup_(freep) char *shell = export_shell(pairs), *yaml = export_quote("a\"b\\c$d\te", true), *plain = export_quote("$d", false);

        assert_string_equal(shell, "A='it'\\''s $HOME'\nB=''\n");
        assert_string_equal(yaml, "\"a\\\"b\\\\c$$d\\u0009e\"");
        assert_string_equal(plain, "\"$d\"");
}

/* YAML takes neither other bytes than UTF-8 nor the controls of ISO 8859. */
static void what_yaml_cannot_hold_is_told(void **state _unused_) {
        _cleanup_(config_freep) Config *good = config_with("", "OWN_NAME=M\xc3\xbcller\n"), *bad = config_with("", "OWN_NAME=M\xfcller\n"),
                                       *secret = config_with("", "OWN_KEY=M\xc2\x9fller\n"), *word = config_with("[database]\narguments = -c a=\xfc\n", "");
        _cleanup_(freep) char *none = export_unfit(&(ExportInput){.config = good}), *name = export_unfit(&(ExportInput){.config = bad}),
                              *key = export_unfit(&(ExportInput){.config = secret}), *arguments = export_unfit(&(ExportInput){.config = word});

        assert_null(none);
        assert_string_equal(name, "OWN_NAME");
        assert_string_equal(key, "OWN_KEY");
        assert_string_equal(arguments, "arguments below [database]");
}

/* "$", "${NAME}" and "$(NAME)" are something to compose, to systemd in the line that Podman makes of it, and to Kubernetes. */
static void a_dollar_stays_one(void **state _unused_) {
        static const char *const files[] = {"compose.yaml", "lago_api.container", "lago.yaml"},
                                 *const commands[] = {"compose.yaml", "lago_db.container", "lago.yaml"};
        _cleanup_(config_freep) Config *config =
                config_with("[database]\narguments = -c \"log_line_prefix=$(PGDATA)\"\n", "OWN_NAME='a$$b ${HOME} $(REDIS_URL)'\n");

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_make(kind, &(ExportInput){.config = config});

                assert_non_null(strstr(text_of(export, files[kind]), "a$$$$b $${HOME} $$(REDIS_URL)"));
                assert_non_null(strstr(text_of(export, commands[kind]), "log_line_prefix=$$(PGDATA)"));
        }
}

static const char *kubernetes_text(const Export *export) {
        return text_of(export, "lago.yaml");
}

/* A disk has "lost+found" in it, and so PostgreSQL would not begin; and 64 MiB are all of /dev/shm that a pod has by itself. */
static void a_pod_of_the_database_fits_a_disk(void **state _unused_) {
        _cleanup_(export_freep) Export *export = export_of(EXPORT_KUBERNETES, "[database]\nshm-size = 1G\nvolume = Lago.Data_\n");
        const char *text = kubernetes_text(export);

        assert_non_null(strstr(text, "{name: data, mountPath: /data}\n        - {name: shm, mountPath: /dev/shm}\n"));
        assert_non_null(strstr(text, "{name: PGDATA, value: \"/data/postgres\"}"));
        assert_non_null(strstr(text, "{name: shm, emptyDir: {medium: Memory, sizeLimit: 1Gi}}"));
        assert_non_null(strstr(text, "metadata: {name: lago-data}\n"));
        assert_non_null(strstr(text, "claimName: lago-data}"));
        assert_null(strstr(text, "Lago.Data_"));
}

static char *name_of_job(const Export *export) {
        const char *name = strstr(kubernetes_text(export), "{name: lago-migrate-") + strlen("{name: ");

        return xstrndup(name, strcspn(name, ","));
}

/* What Kubernetes cannot change in a Job, and what it would not start a pod anew for. */
static void a_changed_setting_is_another_job_and_other_pods(void **state _unused_) {
        static const struct {
                const char *conf, *env;
        } changes[] = {{"[images]\napi = another/api\n", ""}, {"", "OWN_NAME=other\n"}, {"", "LAGO_LICENSE=another\n"}};
        _cleanup_(export_freep) Export *before = export_of(EXPORT_KUBERNETES, "");
        _cleanup_(freep) char *job = name_of_job(before);

        assert_true(startswith(job, "lago-migrate-v1-50-0-"));
        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                _cleanup_(config_freep) Config *config = config_with(changes[i].conf, changes[i].env);
                _cleanup_(export_freep) Export *after = export_make(EXPORT_KUBERNETES, &(ExportInput){.config = config});
                _cleanup_(freep) char *other = name_of_job(after);

                assert_string_not_equal(job, other);
                /* Of a secret all that others read is this: in four pods, of which the database is none. */
                if (startswith(changes[i].env, "LAGO_LICENSE="))
                        assert_int_equal(lines_changed(kubernetes_text(before), kubernetes_text(after)), 5);
        }
}

static void files_in_a_bucket_need_no_claim(void **state _unused_) {
        static const char env[] = "LAGO_USE_AWS_S3=true\nLAGO_AWS_S3_BUCKET=b\nLAGO_AWS_S3_REGION=eu-west-1\n";
        _cleanup_(config_freep) Config *config = config_with("", env);
        _cleanup_(export_freep) Export *with = export_make(EXPORT_KUBERNETES, &(ExportInput){.config = config}),
                                       *without = export_of(EXPORT_KUBERNETES, "");

        assert_non_null(strstr(kubernetes_text(without), "lago-storage-data"));
        assert_null(strstr(kubernetes_text(with), "lago-storage-data"));
        assert_null(strstr(kubernetes_text(with), "/app/storage"));
        assert_non_null(strstr(kubernetes_text(with), "lago-postgres-data"));
}

static void what_the_front_has_is_no_secret(void **state _unused_) {
        _cleanup_(config_freep) Config *config = config_with("", "SENTRY_DSN_FRONT=https://abc@sentry.example/1\n");

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_make(kind, &(ExportInput){.config = config});
                bool found = false;

                for (size_t i = 0; i < export->n; i++)
                        found |= !export->files[i].secret && strstr(export->files[i].text, "https://abc@sentry.example/1") != NULL;
                assert_true(found);
        }
}

static void a_pin_is_used_as_it_stands(void **state _unused_) {
        _cleanup_(config_freep) Config *config = config_of("");
        char *pins[_MEMBER_KIND_MAX] = {[MEMBER_API] = (char[]){"sha256:abc"}};

        for (ExportKind kind = 0; kind < _EXPORT_KIND_MAX; kind++) {
                _cleanup_(export_freep) Export *export = export_make(kind, &(ExportInput){.config = config, .pins = pins});
                bool found = false;

                for (size_t i = 0; i < export->n; i++)
                        found |= strstr(export->files[i].text, "sha256:abc") != NULL;
                assert_true(found);
        }
}

static void secrets_are_written_for_root_alone(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(export_freep) Export *export = export_of(EXPORT_COMPOSE, "");
        _cleanup_(strv_freep) char **removed = NULL;
        _cleanup_(freep) char *error = NULL, *secret = xasprintf("%s/out/secrets/api", scratch.path),
                              *plain = xasprintf("%s/out/compose.yaml", scratch.path), *out = xasprintf("%s/out", scratch.path);
        struct stat st;

        assert_int_equal(export_write(export, out, &removed, &error), 0);
        assert_int_equal(stat(secret, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(stat(plain, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_int_equal(export_write(export, "/proc/nowhere", &removed, &error) < 0, true);
        assert_non_null(error);
}

static bool is_there(const char *directory, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);

        return access(path, F_OK) == 0;
}

/* @kind of @conf into @directory. Answers what was removed there. */
static char **written(ExportKind kind, const char *conf, const char *directory) {
        _cleanup_(export_freep) Export *export = export_of(kind, conf);
        _cleanup_(freep) char *error = NULL;
        char **removed = NULL;

        if (export_write(export, directory, &removed, &error) < 0)
                fail_msg("%s", error);
        return removed;
}

/* Podman starts whatever unit lies in that folder: a clock as well that this host is to have no more. */
static void what_is_exported_no_more_is_removed(void **state _unused_) {
        static const char without[] = "[clock]\nenabled = no\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *out = xasprintf("%s/out", scratch.path), *own = xasprintf("%s/lago_own.container", out), *names = NULL;
        _cleanup_(strv_freep) char **first = written(EXPORT_QUADLET, "", out), **second = NULL, **third = NULL, **fourth = NULL;

        assert_null(first);
        assert_true(is_there(out, "lago_api-clock.container"));
        assert_int_equal(symlink("/dev/null", own), 0);
        second = written(EXPORT_COMPOSE, "", out);
        assert_null(second);
        /* Compose has that clock still, and its secret. */
        third = written(EXPORT_QUADLET, without, out);
        names = strv_join(third, " ");
        assert_string_equal(names, "lago_api-clock.container");
        assert_true(is_there(out, "secrets/api-clock"));
        assert_true(is_there(out, "lago_own.container"));
        fourth = written(EXPORT_COMPOSE, without, out);
        assert_int_equal(strv_length(fourth), 1);
        assert_false(is_there(out, "secrets/api-clock"));
        assert_true(is_there(out, "run"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_secret_is_in_a_file_that_others_read),
                cmocka_unit_test(the_same_twice),
                cmocka_unit_test(a_key_changes_what_it_should),
                cmocka_unit_test(compose_has_the_edges),
                cmocka_unit_test(a_host_for_a_part_is_exported_as_that),
                cmocka_unit_test(no_shell_waits_beside_postgresql),
                cmocka_unit_test(the_database_is_kept_in_its_volume),
                cmocka_unit_test(the_chart_gets_the_same_gate),
                cmocka_unit_test(the_authorities_go_along),
                cmocka_unit_test(an_external_store_has_no_service),
                cmocka_unit_test(an_exported_redis_has_no_password),
                cmocka_unit_test(a_job_is_not_tried_again_where_that_is_no_use),
                cmocka_unit_test(a_value_is_quoted_for_its_reader),
                cmocka_unit_test(what_yaml_cannot_hold_is_told),
                cmocka_unit_test(a_dollar_stays_one),
                cmocka_unit_test(a_pod_of_the_database_fits_a_disk),
                cmocka_unit_test(a_changed_setting_is_another_job_and_other_pods),
                cmocka_unit_test(files_in_a_bucket_need_no_claim),
                cmocka_unit_test(what_the_front_has_is_no_secret),
                cmocka_unit_test(a_pin_is_used_as_it_stands),
                cmocka_unit_test(secrets_are_written_for_root_alone),
                cmocka_unit_test(what_is_exported_no_more_is_removed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
