/* SPDX-License-Identifier: MIT */
/* Who is run how, with what, and who sees which secret. */
#include "engine/engine.h"
#include "stack/stack.h"

#include "base/util.h"

#include "check.h"

#define SECRET "s3cret-that-nobody-else-may-see"

static Config *config_of(const char *ini_pool) {
        Config *c = xcalloc(1, sizeof(Config));

        c->release = xstrdup("v1.50.0");
        c->front_url = xstrdup("http://localhost:8080");
        c->api_url = xstrdup("http://localhost:3000");
        c->api_listen = (Listen){.address = xstrdup("127.0.0.1"), .port = 3000};
        c->front_listen = (Listen){.address = xstrdup("::1"), .port = 8080};
        c->api_enabled = c->front_enabled = c->worker_enabled = c->clock_enabled = c->pdf_enabled = true;
        c->database_volume = xstrdup("lago_postgres_data");
        c->redis_volume = xstrdup("lago_redis_data");
        c->storage_volume = xstrdup("lago_storage_data");
        c->redis_append_only = true;
        c->registry = xstrdup("docker.io");
        c->image_api = xstrdup("getlago/api");
        c->image_front = xstrdup("registry.example:5000/front@sha256:0123");
        c->image_database = xstrdup("getlago/postgres-partman:15.0-alpine");
        c->image_redis = xstrdup("library/redis:7-alpine");
        c->image_pdf = xstrdup("localhost/pdf");
        c->network = xstrdup("lago");
        c->env = env_new();
        if (ini_pool)
                strv_add(&c->pools, ini_pool);
        env_set(c->env, "POSTGRES_PASSWORD", SECRET, "test");
        env_set(c->env, "SECRET_KEY_BASE", SECRET, "test");
        env_set(c->env, "LAGO_DATABASE_STATEMENT_TIMEOUT", "5000", "test");
        return c;
}

static bool mentions(char *const *v, const char *text) {
        STRV_FOREACH(i, v)
                if (strstr(*i, text))
                        return true;
        return false;
}

static void names_go_both_ways(void **state) {
        static const char *const names[] = {"db", "redis", "migrate", "api", "worker", "worker@events", "worker@events-2", "worker@ai_agent-16", "clock", "front", "pdf"};
        Member m;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *name = NULL;

                assert_int_equal(member_parse(names[i], &m), 0);
                name = member_name(&m);
                assert_string_equal(name, names[i]);
        }
        assert_int_equal(member_parse("worker@", &m), -EINVAL);
        assert_int_equal(member_parse("worker@../etc", &m), -EINVAL);
        assert_int_equal(member_parse("api ", &m), -EINVAL);
        assert_int_equal(member_parse("worker@events-1", &m), -EINVAL);
        assert_int_equal(member_parse("worker@events-17", &m), -EINVAL);
        assert_int_equal(member_parse("worker@events-", &m), -EINVAL);
        assert_int_equal(member_parse("worker@events-2x", &m), -EINVAL);
}

static void members_come_upstream_first(void **state) {
        _cleanup_(config_freep) Config *c = config_of("events");
        _cleanup_(freep) char *names = NULL;
        _cleanup_(strv_freep) char **list = NULL;
        size_t n;
        Member *members;

        (void)state;
        c->pdf_enabled = false;
        members = stack_members(c, &n);
        for (size_t i = 0; i < n; i++)
                strv_take(&list, member_name(&members[i]));
        free(members);
        names = strv_join(list, " ");
        assert_string_equal(names, "db redis migrate api worker worker@events clock front");
}

static void each_process_of_a_pool_is_a_member(void **state) {
        _cleanup_(config_freep) Config *c = config_of("events");
        Member second = {.kind = MEMBER_WORKER, .pool = "events-2"}, third = {.kind = MEMBER_WORKER, .pool = "events-3"};
        _cleanup_(freep) char *container = member_container(&second), *unit = member_unit(&second),
                              *environment = member_environment_name(&second);
        _cleanup_(strv_freep) char **scripts = stack_scripts(&second), **env = NULL;

        (void)state;
        strv_add(&c->pools, "events-2");
        assert_true(stack_is_enabled(c, &second));
        assert_false(stack_is_enabled(c, &third));
        assert_string_equal(container, "lago-worker-events-2");
        assert_string_equal(unit, "lago-worker@events-2.service");
        assert_string_equal(environment, "worker@events");
        assert_string_equal(scripts[0], "scripts/start.events.worker.sh");
        env = stack_environment(c, &second, NULL);
        assert_true(mentions(env, "SIDEKIQ_EVENTS=true"));
        assert_false(mentions(env, "SIDEKIQ_EVENTS-2"));
}

static void what_is_left_to_other_hosts_is_no_member(void **state) {
        _cleanup_(config_freep) Config *c = config_of("events");
        Member api = {.kind = MEMBER_API};
        _cleanup_(strv_freep) char **list = NULL, **env = NULL;
        _cleanup_(freep) char *names = NULL;
        Member *members;
        size_t n;

        (void)state;
        c->worker_enabled = false;
        env = stack_environment(c, &api, NULL);
        assert_true(mentions(env, "SIDEKIQ_EVENTS=true"));
        members = stack_members(c, &n);
        for (size_t i = 0; i < n; i++)
                strv_take(&list, member_name(&members[i]));
        free(members);
        names = strv_join(list, " ");
        assert_string_equal(names, "db redis migrate api clock front pdf");
        assert_true(stack_awaits_api(c, MEMBER_CLOCK));
        c->api_enabled = false;
        assert_false(stack_awaits_api(c, MEMBER_CLOCK));
        assert_false(stack_is_enabled(c, &api));
}

static void images_get_registry_and_release(void **state) {
        static const struct {
                MemberKind kind;
                const char *image;
        } cases[] = {
                {MEMBER_API, "docker.io/getlago/api:v1.50.0"},
                {MEMBER_CLOCK, "docker.io/getlago/api:v1.50.0"},
                {MEMBER_FRONT, "registry.example:5000/front@sha256:0123"},
                {MEMBER_DB, "docker.io/getlago/postgres-partman:15.0-alpine"},
                {MEMBER_REDIS, "docker.io/library/redis:7-alpine"},
                {MEMBER_PDF, "localhost/pdf:v1.50.0"},
        };
        _cleanup_(config_freep) Config *c = config_of(NULL);

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *image = stack_image(c, cases[i].kind);

                assert_string_equal(image, cases[i].image);
        }
}

/* Lago has tagged some releases for the API alone. */
static void the_front_is_the_one_that_belongs_to_the_release(void **state) {
        static const struct {
                const char *release, *image, *front;
        } cases[] = {
                {"v1.50.0", "getlago/front", "docker.io/getlago/front:v1.50.0"},
                {"v1.58.1", "getlago/front", "docker.io/getlago/front:v1.58.1"},
                {"v1.16.1", "getlago/front", "docker.io/getlago/front:v1.26.1"},
                {"v1.41.0", "getlago/front", "docker.io/getlago/front:v1.41.0"},
                {"v1.41.1", "getlago/front", "docker.io/getlago/front:v1.41.0"},
                {"v1.41.2", "getlago/front", "docker.io/getlago/front:v1.41.0"},
                {"v1.41.3", "getlago/front", "docker.io/getlago/front:v1.41.0"},
                {"v1.47.1", "getlago/front", "docker.io/getlago/front:v1.47.0"},
                {"v1.47.2", "getlago/front", "docker.io/getlago/front:v1.47.0"},
                {"v1.47.2", "mirror.example/front", "mirror.example/front:v1.47.0"},
                {"v1.47.2", "getlago/front:v1.46.0", "docker.io/getlago/front:v1.46.0"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) Config *c = config_of(NULL);
                _cleanup_(freep) char *front = NULL, *api = NULL, *expected = NULL;

                free_and_strdup(&c->release, cases[i].release);
                free_and_strdup(&c->image_front, cases[i].image);
                front = stack_image(c, MEMBER_FRONT);
                api = stack_image(c, MEMBER_API);
                expected = xasprintf("docker.io/getlago/api:%s", cases[i].release);
                assert_string_equal(front, cases[i].front);
                assert_string_equal(api, expected);
        }
}

static void a_release_without_a_front_runs_that_of_the_patch_before(void **state) {
        static const struct {
                const char *release, *image, *reference, *before;
        } cases[] = {
                {"v1.58.2", "getlago/front", "docker.io/getlago/front:v1.58.2", "docker.io/getlago/front:v1.58.1"},
                {"v1.58.2", "getlago/front", "docker.io/getlago/front:v1.58.1", "docker.io/getlago/front:v1.58.0"},
                {"v1.58.2", "getlago/front", "docker.io/getlago/front:v1.58.0", NULL},
                {"v1.58.12", "r.example:5000/front", "r.example:5000/front:v1.58.10", "r.example:5000/front:v1.58.9"},
                /* What the table knows is so; what the operator names is meant. */
                {"v1.48.1", "getlago/front", "docker.io/getlago/front:v1.48.1", NULL},
                {"v1.58.2", "getlago/front:v1.58.2", "docker.io/getlago/front:v1.58.2", NULL},
                {"v1.58.2", "getlago/front@sha256:0123", "docker.io/getlago/front@sha256:0123", NULL},
                {"mine", "getlago/front", "docker.io/getlago/front:mine", NULL},
                {"v1.58.x", "getlago/front", "docker.io/getlago/front:v1.58.x", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) Config *c = config_of(NULL);
                _cleanup_(freep) char *before = NULL;

                free_and_strdup(&c->release, cases[i].release);
                free_and_strdup(&c->image_front, cases[i].image);
                before = stack_front_before(c, cases[i].reference);
                if (cases[i].before)
                        assert_string_equal(before, cases[i].before);
                else
                        assert_null(before);
        }
}

static void each_member_sees_what_it_needs_and_no_more(void **state) {
        _cleanup_(config_freep) Config *c = config_of("events");
        static const struct {
                MemberKind kind;
                bool secrets;
        } cases[] = {{MEMBER_DB, true}, {MEMBER_REDIS, false}, {MEMBER_MIGRATE, true}, {MEMBER_API, true}, {MEMBER_WORKER, true}, {MEMBER_CLOCK, true}, {MEMBER_FRONT, false}, {MEMBER_PDF, false}};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Member m = {.kind = cases[i].kind};
                _cleanup_(strv_freep) char **env = stack_environment(c, &m, NULL);

                assert_int_equal(mentions(env, SECRET), cases[i].secrets);
                assert_int_equal(mentions(env, "SIDEKIQ_EVENTS=true"), member_info(m.kind)->backend);
                assert_int_equal(mentions(env, "LAGO_DATABASE_STATEMENT_TIMEOUT"),
                                 member_info(m.kind)->backend && m.kind != MEMBER_MIGRATE);
                assert_int_equal(mentions(env, "POSTGRES_PASSWORD="), m.kind == MEMBER_DB);
                /* Of the migrations nothing goes on in the server once their container is gone. */
                assert_int_equal(strv_contains(env, "PGOPTIONS=-c client_connection_check_interval=5s"), m.kind == MEMBER_MIGRATE);
        }
}

/* Of one file for all, the front has its names and nobody else has those. */
static void what_is_the_fronts_reaches_the_front_alone(void **state) {
        static const MemberKind backend[] = {MEMBER_MIGRATE, MEMBER_API, MEMBER_WORKER,
                                             MEMBER_CLOCK};
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(strv_freep) char **front = NULL;
        _cleanup_(env_freep) Env *own = env_new();

        (void)state;
        env_set(c->env, "APP_ENV", "staging", "test");
        env_set(c->env, "LAGO_SUPERSET_URL", "https://superset.example", "test");
        env_set(own, "APP_ENV", "development", "test");
        front = stack_environment(c, &(Member){.kind = MEMBER_FRONT}, NULL);
        assert_true(strv_contains(front, "APP_ENV=staging"));
        assert_true(strv_contains(front, "LAGO_SUPERSET_URL=https://superset.example"));
        for (size_t i = 0; i < ELEMENTSOF(backend); i++) {
                _cleanup_(strv_freep) char **env =
                        stack_environment(c, &(Member){.kind = backend[i]}, own);

                assert_false(mentions(env, "APP_ENV="));
                assert_true(strv_contains(env, "RAILS_ENV=production"));
        }
}

static void assert_backend_has(Config *c, const char *key, const char *given, const char *pair);

/* Without these Lago runs, and does not refresh the balance of wallets, nor connect an account with a payment provider. */
static void what_lagos_compose_file_always_gives_is_given(void **state) {
        static const char *const chosen[] = {"LAGO_REDIS_CACHE_URL", "LAGO_MEMCACHE_SERVERS", "LAGO_REDIS_CACHE_SENTINELS"};
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(strv_freep) char **front = NULL, **external = NULL;

        (void)state;
        env_set(c->env, "REDIS_PASSWORD", "pw/1", "test");
        env_set(c->env, "SENTRY_DSN", "https://secret@sentry.example/1", "test");
        env_set(c->env, "SENTRY_DSN_FRONT", "https://public@sentry.example/2", "test");
        assert_backend_has(c, "X", NULL, "LAGO_REDIS_CACHE_URL=redis://:pw%2F1@redis:6379");
        assert_backend_has(c, "X", NULL, "LAGO_OAUTH_PROXY_URL=https://proxy.getlago.com");
        assert_backend_has(c, "X", NULL, "SENTRY_DSN=https://secret@sentry.example/1");
        front = stack_environment(c, &(Member){.kind = MEMBER_FRONT}, NULL);
        assert_true(strv_contains(front, "LAGO_OAUTH_PROXY_URL=https://proxy.getlago.com"));
        /* A page has a project of its own to tell of its errors, or none. */
        assert_true(strv_contains(front, "SENTRY_DSN=https://public@sentry.example/2"));
        for (size_t i = 0; i < ELEMENTSOF(chosen); i++) {
                _cleanup_(config_freep) Config *other = config_of(NULL);
                _cleanup_(strv_freep) char **env = NULL;

                env_set(other->env, chosen[i], "", "test");
                env = stack_environment(other, &(Member){.kind = MEMBER_CLOCK}, NULL);
                assert_false(mentions(env, "redis://redis:6379") && mentions(env, "LAGO_REDIS_CACHE_URL=redis"));
        }
        c->redis_external = true;
        env_set(c->env, "REDIS_URL", "rediss://u:x@r.example.com:6380/2", "test");
        external = stack_environment(c, &(Member){.kind = MEMBER_API}, NULL);
        assert_true(strv_contains(external, "LAGO_REDIS_CACHE_URL=rediss://u:x@r.example.com:6380/2"));
        assert_true(strv_contains(external, "LAGO_REDIS_CACHE_PASSWORD=pw/1"));
}

static void a_password_is_encoded_in_the_url(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(freep) char *url = NULL;

        (void)state;
        env_set(c->env, "POSTGRES_PASSWORD", "a@b/c:d%e", "test");
        url = stack_database_url(c);
        assert_string_equal(url, "postgresql://lago:a%40b%2Fc%3Ad%25e@db:5432/lago");
}

static void the_database_has_a_place_and_no_secret(void **state) {
        static const struct {
                const char *url, *place;
        } cases[] = {
                {NULL, "\"lago\" at db:5432"},
                {"postgresql://u:secret@pg.example/billing", "\"billing\" at pg.example:5432"},
                {"postgresql://u:secret@pg.example:6000/billing", "\"billing\" at pg.example:6000"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) Config *c = config_of(NULL);
                _cleanup_(freep) char *place = NULL;

                env_set(c->env, "POSTGRES_PASSWORD", "secret", "test");
                if (cases[i].url)
                        env_set(c->env, "DATABASE_URL", cases[i].url, "test");
                c->database_external = cases[i].url != NULL;
                place = stack_database_place(c);
                assert_string_equal(place, cases[i].place);
        }
}

static void the_ca_file_is_named_as_the_containers_see_it(void **state) {
        static const struct {
                const char *given, *inside;
        } urls[] = {
                {"postgresql://u:p@h/d", "DATABASE_URL=postgresql://u:p@h/d?sslrootcert=" STACK_CA_FILE},
                {"postgresql://u:p@h/d?sslmode=verify-full",
                 "DATABASE_URL=postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=" STACK_CA_FILE},
                {"postgresql://u:p@h/d?sslrootcert=/etc/x.pem&sslmode=verify-full&pool=5",
                 "DATABASE_URL=postgresql://u:p@h/d?sslmode=verify-full&pool=5&sslrootcert=" STACK_CA_FILE},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                _cleanup_(config_freep) Config *c = config_of(NULL);
                _cleanup_(strv_freep) char **environment = NULL, **plain = NULL, **volumes = NULL;

                c->database_external = true;
                env_set(c->env, "DATABASE_URL", urls[i].given, "test");
                plain = stack_environment(c, &(Member){.kind = MEMBER_API}, NULL);
                assert_false(mentions(plain, STACK_CA_FILE));
                c->ca_file = xstrdup("/etc/lago/ca.pem");
                environment = stack_environment(c, &(Member){.kind = MEMBER_MIGRATE}, NULL);
                assert_true(strv_contains(environment, urls[i].inside));
                /* There may be a pooler in between, which refuses options that it does not know. */
                assert_false(strv_contains(environment, "PGOPTIONS=-c client_connection_check_interval=5s"));
                volumes = stack_volumes(c, MEMBER_MIGRATE);
                assert_true(strv_contains(volumes, "/etc/lago/ca.pem:" STACK_CA_FILE ":ro"));
        }
}

/* --- the bundled Redis ---------------------------------------------------------------------------------- */

static void redis_is_told_its_password_by_a_file_alone(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        Member redis = {.kind = MEMBER_REDIS};
        _cleanup_(strv_freep) char **before = stack_command(c, &redis, NULL, NULL, true), **after = NULL, **env = NULL;
        _cleanup_(freep) char *none = stack_redis_conf(c), *conf = NULL, *plain = strv_join(before, " "), *words = NULL;

        (void)state;
        assert_null(none);
        assert_string_equal(plain, "redis-server --appendonly yes");
        env_set(c->env, "REDIS_PASSWORD", "a b\"\\\xc3", "test");
        conf = stack_redis_conf(c);
        assert_string_equal(conf, "requirepass \"a\\x20b\\x22\\x5c\\xc3\"\n");
        after = stack_command(c, &redis, NULL, NULL, true);
        words = strv_join(after, " ");
        assert_string_equal(words, "redis-server " STACK_REDIS_CONF " --appendonly yes");
        env = stack_environment(c, &redis, NULL);
        assert_int_equal(strv_length(env), 1);
        assert_true(strv_contains(env, "REDISCLI_AUTH=a b\"\\\xc3"));
}

static void assert_backend_has(Config *c, const char *key, const char *given, const char *pair) {
        _cleanup_(strv_freep) char **env = NULL;

        if (given)
                env_set(c->env, key, given, "test");
        env = stack_environment(c, &(Member){.kind = MEMBER_WORKER}, NULL);
        if (!strv_contains(env, pair))
                fail_msg("no %s", pair);
        assert_false(mentions(env, "REDIS_PASSWORD=pw/1"));
}

static void lago_knows_the_password_of_the_bundled_redis(void **state) {
        static const char *const keys[] = {"REDIS_URL", "LAGO_REDIS_CACHE_URL", "LAGO_REDIS_CABLE_URL"};
        _cleanup_(config_freep) Config *c = config_of(NULL);

        (void)state;
        env_set(c->env, "REDIS_PASSWORD", "pw/1", "test");
        assert_backend_has(c, "REDIS_URL", NULL, "REDIS_URL=redis://:pw%2F1@redis:6379");
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(freep) char *bare = xasprintf("%s=redis://:pw%%2F1@redis:6379/1", keys[i]);

                assert_backend_has(c, keys[i], "redis://redis:6379/1", bare);
                assert_backend_has(c, keys[i], "redis://:old@redis:6379/1", bare);
        }
        assert_backend_has(c, "LAGO_REDIS_CACHE_URL", "redis://:p@cache.example.com/1",
                           "LAGO_REDIS_CACHE_URL=redis://:p@cache.example.com/1");
        assert_backend_has(c, "LAGO_REDIS_STORE_URL", "redis:6379", "LAGO_REDIS_STORE_PASSWORD=pw/1");
}

/* As long as there is none, and where Redis is another one, all is as it is written. */
static void other_redis_passwords_are_left_alone(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(strv_freep) char **env = NULL;
        _cleanup_(freep) char *bare = stack_redis_url(c), *external = NULL;

        (void)state;
        assert_string_equal(bare, "redis://redis:6379");
        c->redis_external = true;
        env_set(c->env, "REDIS_PASSWORD", "theirs", "test");
        env_set(c->env, "REDIS_URL", "redis://redis:6379", "test");
        env_set(c->env, "LAGO_REDIS_STORE_URL", "redis:6379", "test");
        external = stack_redis_url(c);
        assert_string_equal(external, "redis://redis:6379");
        assert_null(stack_redis_conf(c));
        env = stack_environment(c, &(Member){.kind = MEMBER_WORKER}, NULL);
        assert_true(strv_contains(env, "REDIS_PASSWORD=theirs"));
        assert_false(mentions(env, "LAGO_REDIS_STORE_PASSWORD"));
}

static void who_renders_pages_is_in_a_network_of_its_own(void **state) {
        static const char *const apart[_MEMBER_KIND_MAX] = {
                [MEMBER_DB] = "lago",
                [MEMBER_REDIS] = "lago",
                [MEMBER_MIGRATE] = "lago",
                [MEMBER_API] = "lago lago-pdf",
                [MEMBER_CLOCK] = "lago",
                [MEMBER_WORKER] = "lago lago-pdf",
                [MEMBER_FRONT] = "lago",
                [MEMBER_PDF] = "lago-pdf",
        };
        _cleanup_(config_freep) Config *c = config_of(NULL);

        (void)state;
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++) {
                _cleanup_(strv_freep) char **now = stack_networks(c, kind, "lago-pdf"), **before = stack_networks(c, kind, NULL),
                                           **other = stack_networks(c, kind, "x-pdf");
                _cleanup_(freep) char *text = strv_join(now, " "), *old = strv_join(before, " "), *kept = strv_join(other, " ");

                assert_string_equal(text, apart[kind]);
                assert_string_equal(old, "lago");
                assert_string_equal(kept, "lago");
        }
        c->pdf_enabled = false;
        assert_null(stack_pages_network(c));
}

static void a_script_that_does_not_exec_is_not_run_itself(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        Member m = {.kind = MEMBER_WORKER};
        _cleanup_(strv_freep) char **good = stack_command(c, &m, "scripts/start.worker.sh", "exec", /* ipv6= */ true);
        _cleanup_(strv_freep) char **old = stack_command(c, &m, "scripts/start.worker.sh",
                                                         "bundle exec sidekiq -C config/sidekiq.yml", /* ipv6= */ true);
        _cleanup_(freep) char *a = strv_join(good, "|"), *b = strv_join(old, "|");

        (void)state;
        assert_string_equal(a, "./scripts/start.worker.sh");
        assert_string_equal(b, "/bin/sh|-c|exec bundle exec sidekiq -C config/sidekiq.yml");
}

static char *command_text(MemberKind kind, const char *script, const char *command, bool ipv6) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(strv_freep) char **argv = stack_command(c, &(Member){.kind = kind}, script, command, ipv6);

        return argv ? strv_join(argv, "|") : NULL;
}

static void without_ipv6_the_api_and_the_front_listen_on_ipv4(void **state) {
        static const char serve[] = "/bin/sh|-c|exec bundle exec rails s -b 0.0.0.0";
        _cleanup_(freep) char *api = command_text(MEMBER_API, "scripts/start.api.sh", "exec", false);
        _cleanup_(freep) char *old = command_text(MEMBER_API, "scripts/start.sh", "bundle exec rails s -b ::", false);
        _cleanup_(freep) char *both = command_text(MEMBER_API, "scripts/start.sh", "bundle exec rails s -b ::", true);
        _cleanup_(freep) char *worker = command_text(MEMBER_WORKER, "scripts/start.worker.sh", "exec", false);
        _cleanup_(freep) char *front = command_text(MEMBER_FRONT, NULL, NULL, false);

        (void)state;
        assert_string_equal(api, serve);
        assert_string_equal(old, serve);
        assert_string_equal(both, "/bin/sh|-c|exec bundle exec rails s -b ::");
        assert_string_equal(worker, "./scripts/start.worker.sh");
        assert_string_equal(front, "/bin/sh|-c|sed -i '/listen *\\[::\\]/d' /etc/nginx/conf.d/default.conf; "
                                   "./.env.sh && exec nginx -g 'daemon off;'");
        assert_null(command_text(MEMBER_FRONT, NULL, NULL, true));
        assert_null(command_text(MEMBER_API, NULL, NULL, false));
}

/* 8640 lines a day, of a probe every ten seconds. */
static void a_probe_of_the_page_renderer_is_not_logged(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(freep) char *another = command_text(MEMBER_PDF, NULL, NULL, true), *command = NULL;
        _cleanup_(strv_freep) char **argv = NULL;

        (void)state;
        free_and_strdup(&c->image_pdf, "getlago/lago-gotenberg:7.8.2");
        argv = stack_command(c, &(Member){.kind = MEMBER_PDF}, NULL, NULL, true);
        command = strv_join(argv, " ");
        assert_string_equal(command, "gotenberg --api-disable-health-check-logging=true");
        assert_null(another);
}

static void an_entry_point_stays_where_the_image_needs_it(void **state) {
        static const struct {
                MemberKind kind;
                bool none;
        } cases[] = {{MEMBER_DB, false}, {MEMBER_REDIS, false}, {MEMBER_MIGRATE, true}, {MEMBER_API, true}, {MEMBER_WORKER, true}, {MEMBER_CLOCK, true}, {MEMBER_FRONT, true}, {MEMBER_PDF, false}};
        char *command[] = {(char[]){"program"}, NULL};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *entrypoint = stack_entrypoint(cases[i].kind, command);

                assert_true(cases[i].none ? entrypoint && *entrypoint == '\0' : !entrypoint);
                assert_null(stack_entrypoint(cases[i].kind, NULL));
        }
}

static void published_addresses_are_as_configured(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(freep) char *api = stack_publish(c, MEMBER_API, 3000), *front = stack_publish(c, MEMBER_FRONT, 80);

        (void)state;
        assert_string_equal(api, "127.0.0.1:3000:3000");
        assert_string_equal(front, "[::1]:8080:80");
        assert_null(stack_publish(c, MEMBER_DB, 5432));
        assert_null(stack_publish(c, MEMBER_REDIS, 6379));
}

static void the_fronts_port_is_what_its_image_exposes(void **state) {
        static const struct {
                const char *text;
                uint16_t exposed, front;
        } cases[] = {
                {"{\"80/tcp\":{}}\n", 80, 80},
                {"{\"8080/tcp\":{}}\n", 8080, 8080},
                {"{\"8080\":{}}", 8080, 8080},
                {"{\"53/udp\":{},\"8080/tcp\":{}}", 8080, 8080},
                {"{\"80/tcp\":{},\"443/tcp\":{}}", 0, 80},
                {"{\"8080-8090/tcp\":{}}", 0, 80},
                {"{\"8080/tcp\":{},\"9000-9010/tcp\":{}}", 0, 80},
                {"{\"0/tcp\":{}}", 0, 80},
                {"{\"65536/tcp\":{}}", 0, 80},
                {"{\"53/udp\":{}}", 0, 80},
                {"{\"8080/tcp", 0, 80},
                {"{}", 0, 80},
                {"null\n", 0, 80},
                {"", 0, 80},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(engine_exposed_port(cases[i].text), cases[i].exposed);
                assert_int_equal(stack_port(MEMBER_FRONT, cases[i].exposed), cases[i].front);
                /* Puma and the others listen where they are told, and that is in the table. */
                assert_int_equal(stack_port(MEMBER_API, cases[i].exposed), 3000);
        }
}

static void the_engines_words_are_these(void **state) {
        char *volumes[] = {(char[]){"lago_storage_data:/app/storage"}, NULL};
        char *command[] = {(char[]){"./scripts/start.api.sh"}, NULL};
        const ContainerSpec spec = {
                .name = "lago-api",
                .member = "api",
                .image = "0123",
                .env_file = "/run/lago/engine/api.env",
                .network = "lago",
                .alias = "api",
                .publish = "127.0.0.1:3000:3000",
                .volumes = volumes,
                .command = command,
                .grace_sec = 45,
                .id_file = "/run/lago/engine/api.id",
                .conmon_pid_file = "/run/lago/engine/api.conmon.pid",
                .pid_file = "/run/lago/engine/api.pid",
        };
        _cleanup_(strv_freep) char **argv = engine_podman.start(&spec);
        _cleanup_(freep) char *text = strv_join(argv, " ");

        (void)state;
        assert_string_equal(text, "podman --events-backend=none --log-level=error run --detach --name=lago-api --label=io.lago-supervisor.member=api"
                                  " --pull=never --cgroups=split --log-driver=passthrough --sdnotify=ignore"
                                  " --no-healthcheck --restart=no --http-proxy=false --stop-timeout=45 --network=lago --network-alias=api"
                                  " --publish=127.0.0.1:3000:3000 --env-file=/run/lago/engine/api.env"
                                  " --volume=lago_storage_data:/app/storage --cidfile=/run/lago/engine/api.id"
                                  " --conmon-pidfile=/run/lago/engine/api.conmon.pid --pidfile=/run/lago/engine/api.pid"
                                  " 0123 ./scripts/start.api.sh");
}

/* With one of its own, what we run would only be its arguments: every member would migrate and serve. */
static void no_entry_point_of_an_image_comes_between(void **state) {
        char *command[] = {(char[]){"bundle"}, (char[]){"exec"}, NULL};
        const ContainerSpec spec = {
                .name = "n", .member = "m", .image = "0123", .entrypoint = "", .command = command, .grace_sec = 45};
        const ContainerSpec own = {.name = "n", .member = "m", .image = "0123", .grace_sec = 45};
        _cleanup_(strv_freep) char **start = engine_podman.start(&spec), **run = engine_podman.run(&spec),
                                   **kept = engine_podman.start(&own);

        (void)state;
        assert_true(strv_contains(start, "--entrypoint="));
        assert_true(strv_contains(run, "--entrypoint="));
        assert_false(mentions(kept, "--entrypoint"));
}

static void the_gate_is_asked_with_what_lago_conf_says(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(freep) char *line = NULL, *alone = NULL;
        StackGate gate = {.manifest = "/m", .address = "192.0.2.7", .export = true}, ping = {.export = true};
        char **argv;

        (void)state;
        strv_add(&c->passed_bridges, "v1.44.0");
        strv_add(&c->passed_bridges, "v1.45.0");
        strv_add(&c->tombstones, "20240102030405");
        strv_add(&c->tombstones, "20250102030405");
        env_set(c->env, "POSTGRES_SCHEMA", "billing", "test");
        argv = stack_gate_command(c, "check", &gate);
        line = strv_join(argv, " ");
        strv_free(argv);
        assert_string_equal(line, "lago-gate check --url-file=- --format=export --hostaddr=192.0.2.7 --schema=billing"
                                  " --manifest=/m --target=v1.50.0 --tombstones=20240102030405,20250102030405"
                                  " --fresh=auto --passed-bridges=v1.44.0,v1.45.0");
        argv = stack_gate_command(c, "ping", &ping);
        alone = strv_join(argv, " ");
        strv_free(argv);
        assert_string_equal(alone, "lago-gate ping --url-file=- --format=export --schema=billing");
}

static void clickhouse_is_asked_where_its_variable_is_set_at_all(void **state) {
        static const struct {
                const char *name, *value;
                const char *release; /* of the image; NULL: v1.50.0 of lago.conf */
                bool asked;
        } cases[] = {
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "", NULL, false},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", " ", NULL, false},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "true", NULL, true},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "false", NULL, true},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "true", "v1.6.3", true},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "true", "v1.6.2", false},
                {"LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "true", "1b1c24a", true},
                {"LAGO_CLICKHOUSE_ENABLED", "true", NULL, false},
                {"LAGO_CLICKHOUSE_ENABLED", "true", "v1.6.3", false},
                {"LAGO_CLICKHOUSE_ENABLED", "true", "v1.6.2", true},
                {"LAGO_CLICKHOUSE_ENABLED", "false", "v1.0.0", true},
                {"LAGO_CLICKHOUSE_ENABLED", " ", "v1.0.0", false},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) Config *c = config_of(NULL);

                assert_false(stack_has_clickhouse(c, cases[i].release));
                env_set(c->env, cases[i].name, cases[i].value, "test");
                assert_int_equal(stack_has_clickhouse(c, cases[i].release), cases[i].asked);
        }
}

/* It is lago-migrate's container that migrates, so what its own file says goes before lago.env, and an empty value is one. */
static void clickhouse_is_what_lago_migrate_is_told(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(freep) char *settings = NULL;

        (void)state;
        c->migrate_env = env_new();
        env_set(c->env, "LAGO_CLICKHOUSE_HOST", "ch", "test");
        env_set(c->env, "LAGO_CLICKHOUSE_USERNAME", "reader", "test");
        assert_false(stack_has_clickhouse(c, NULL));
        env_set(c->migrate_env, "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "true", "test");
        env_set(c->migrate_env, "LAGO_CLICKHOUSE_USERNAME", "owner", "test");
        assert_true(stack_has_clickhouse(c, NULL));
        settings = stack_clickhouse_settings(c);
        assert_string_equal(settings, "LAGO_CLICKHOUSE_HOST=ch\nLAGO_CLICKHOUSE_USERNAME=owner\n");
        env_set(c->env, "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "true", "test");
        env_set(c->migrate_env, "LAGO_CLICKHOUSE_MIGRATIONS_ENABLED", "", "test");
        assert_false(stack_has_clickhouse(c, NULL));
}

static void the_gate_of_clickhouse_is_told_the_image_and_the_ca(void **state) {
        _cleanup_(config_freep) Config *c = config_of(NULL);
        _cleanup_(freep) char *line = NULL, *settings = NULL;
        StackGate gate = {.manifest = "/m", .address = "192.0.2.7", .export = true};
        char **argv;

        (void)state;
        env_set(c->env, "LAGO_CLICKHOUSE_HOST", "ch", "test");
        env_set(c->env, "LAGO_CLICKHOUSE_PASSWORD", SECRET, "test");
        strv_add(&c->tombstones, "20240102030405");
        argv = stack_clickhouse_command(c, &gate);
        line = strv_join(argv, " ");
        strv_free(argv);
        assert_string_equal(line, CLICKHOUSE_GATE " check --settings-file=- --format=export --manifest=/m --target=v1.50.0"
                                                  " --tombstones=20240102030405");
        /* PostgreSQL's CA is nobody's but PostgreSQL's. */
        c->ca_file = xstrdup("/etc/lago/postgres.pem");
        c->clickhouse_ca_file = xstrdup("/etc/lago/clickhouse.pem");
        argv = stack_clickhouse_command(c, &gate);
        assert_true(strv_contains(argv, "--ca-file=/etc/lago/clickhouse.pem"));
        assert_false(mentions(argv, "postgres.pem"));
        strv_free(argv);
        settings = stack_clickhouse_settings(c);
        assert_string_equal(settings, "LAGO_CLICKHOUSE_HOST=ch\nLAGO_CLICKHOUSE_PASSWORD=" SECRET "\n");
}

static void a_processor_has_another_name_to_the_engine(void **state) {
        (void)state;
        assert_string_equal(engine_machine("x86_64"), "amd64");
        assert_string_equal(engine_machine("aarch64"), "arm64");
        assert_string_equal(engine_machine("s390x"), "s390x");
}

static void the_engines_failures_are_told_apart(void **state) {
        static const struct {
                const char *text;
                EngineFailure failure;
        } cases[] = {
                {"Error: creating container storage: the container name \"lago-api\" is already in use by 4f", ENGINE_NAME_TAKEN},
                {"Error: docker.io/getlago/api:v9: image not known", ENGINE_IMAGE_ABSENT},
                {"Error: unable to find network with name or ID lago: network not found", ENGINE_NETWORK_ABSENT},
                {"Error: initializing source docker://x: reading manifest v9: manifest unknown", ENGINE_NO_SUCH_IMAGE},
                {"Error: writing blob: storing blob: no space left on device", ENGINE_DISK_FULL},
                {"Error: x: requested access to the resource is denied", ENGINE_DENIED},
                {"Error: choosing an image from manifest list docker://x:v9: no image found in image index for architecture "
                 "\"arm64\", variant \"v8\", OS \"linux\"",
                 ENGINE_OTHER_MACHINE},
                {"Error: choosing an image from manifest list docker://x:v9: no image found in manifest list for architecture "
                 "arm64, variant \"v8\", OS linux",
                 ENGINE_OTHER_MACHINE},
                {"exec /usr/bin/tini: exec format error", ENGINE_OTHER_MACHINE},
                {"Error: netavark: error while applying dns entries: IO error: aardvark-dns failed to start: Error from child "
                 "process\nError starting server failed to bind udp listener on 10.89.0.1:53: IO error: Address already in use "
                 "(os error 98)",
                 ENGINE_NAMES_TAKEN},
                {"Error: OCI runtime error: crun: exec container process `/bin/sh`: Exec format error", ENGINE_OTHER_MACHINE},
                {"Error: readlink /var/lib/containers/storage/overlay: invalid argument", ENGINE_IMAGE_DAMAGED},
                {"Error: readlink /var/lib/containers/storage/overlay/l/2F5HPQVJ3LXK7WZT4ABCDEFGH2: no such file or directory",
                 ENGINE_IMAGE_DAMAGED},
                {"Error: readlink /var/lib/containers/storage/overlay/l/SHORT: no such file or directory", ENGINE_FAILED},
                {"Error: determining size of layer with ID \"aa6b\": readlink /var/lib/containers/storage/overlay/l: invalid argument",
                 ENGINE_IMAGE_DAMAGED},
                {"Error: stat /var/lib/containers/storage/overlay/c78ba37c6a7e4ccb7c33ad3edccdf430d14ff810ed659e970e13cd91b6070205: "
                 "no such file or directory",
                 ENGINE_IMAGE_DAMAGED},
                {"Error: stat /var/lib/containers/storage/overlay/l: no such file or directory", ENGINE_FAILED},
                {"Error: creating read-write layer with ID \"7c06\": Stat /var/lib/containers/storage/overlay/"
                 "01988bd4b638455bd30dc8acecea951cd7ecacc920c1bc709604ee487f490c04/diff: no such file or directory",
                 ENGINE_IMAGE_DAMAGED},
                {"Error: name \"lago-redis\" is in use: container already exists", ENGINE_NAME_TAKEN},
                {"Error: creating container storage: creating read-write layer with ID \"927e\": recreating the links: 1 error "
                 "occurred:\n\t* reached 10 iterations in overlay graph driver's recreateSymlink, giving up\n\n",
                 ENGINE_IMAGE_DAMAGED},
                {"Error: Download config.json digest sha256:e3b0 does not match expected sha256:7ff6", ENGINE_IMAGE_DAMAGED},
                {"Error: unexpected end of JSON input", ENGINE_IMAGE_DAMAGED},
                {"Error: mounting storage for container 7c06: creating overlay mount to /var/lib/containers/storage/overlay/7c06/merged, "
                 "mount_data=\"lowerdir=/var/lib/containers/storage/overlay/l/2F5H\": no such file or directory",
                 ENGINE_IMAGE_DAMAGED},
                {"Error: creating overlay mount to /x/merged, mount_data=\"lowerdir=l/2F5H\": permission denied", ENGINE_FAILED},
                {"Error: open /var/lib/containers/storage/overlay-images/7ff6/manifest: no such file or directory", ENGINE_IMAGE_DAMAGED},
                {"Error: invalid character '\\x00' looking for beginning of value", ENGINE_IMAGE_DAMAGED},
                {"Error: dial tcp 192.0.2.1:443: i/o timeout", ENGINE_FAILED},
                {"", ENGINE_FAILED},
        };
        _cleanup_(freep) char *whole = engine_reason("Error: it broke\n", 70);
        _cleanup_(freep) char *part = engine_reason("Error: a long beginning: with parts: the cause", 12);
        _cleanup_(freep) char *end = engine_reason("Error: a line without any part \xc3\xa4\xc3\xa4 at all", 10);
        _cleanup_(freep) char *line = engine_last_line("warning\nError: it \x1b[1m broke\n");

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(engine_failure(cases[i].text), cases[i].failure);
        assert_true(engine_other_platform("time=\"2026-11-26T05:49:00Z\" level=warning msg=\"image platform ({arm64 linux  [] }) "
                                          "does not match the expected platform ({amd64 linux  [] })\"\n"));
        assert_true(engine_other_platform("time=\"2026-11-26T05:33:09Z\" level=warning msg=\"image platform (linux/arm64) does "
                                          "not match the expected platform (linux/amd64)\"\n"));
        assert_false(engine_other_platform(""));
        assert_string_equal(line, "it ?[1m broke");
        assert_string_equal(whole, "it broke");
        assert_string_equal(part, "the cause");
        assert_string_equal(end, "... at all");
}

static void a_monitor_says_where_it_writes_the_end(void **state) {
        static const struct {
                const char *words; /* with "|" for the NUL behind each */
                const char *file;
        } cases[] = {
                {"/usr/bin/conmon|--api-version|1|-c|f00|-u|f00|-r|/usr/bin/crun|--exit-dir|/run/libpod/exits|--full-attach|",
                 "/run/libpod/exits/f00"},
                {"/usr/bin/conmon|-c|f00|--exit-dir|", NULL},
                {"/usr/bin/conmon|--exit-dir|/run/libpod/exits|-c|", NULL},
                {"/usr/bin/conmon|--exit-dir|/run/libpod/exits|-c||", NULL},
                {"/usr/bin/conmon|-c|../f00|--exit-dir|/run/libpod/exits|", NULL},
                {"/usr/bin/conmon|-c|..|--exit-dir|/run/libpod/exits|", NULL},
                {"/usr/bin/conmon|-c|f00|--exit-dir|exits|", NULL},
                {"/usr/bin/conmon|-c|f00|--exit-dir|/run/libpod/ex", NULL},
                {"postgres|", NULL},
                {"", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *words = xstrdup(cases[i].words), *file = NULL;
                size_t size = strlen(words);

                for (char *c = words; *c; c++)
                        if (*c == '|')
                                *c = '\0';
                file = engine_exit_file(words, size);
                if (cases[i].file)
                        assert_string_equal(file, cases[i].file);
                else
                        assert_null(file);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_go_both_ways),
                cmocka_unit_test(members_come_upstream_first),
                cmocka_unit_test(each_process_of_a_pool_is_a_member),
                cmocka_unit_test(what_is_left_to_other_hosts_is_no_member),
                cmocka_unit_test(images_get_registry_and_release),
                cmocka_unit_test(the_front_is_the_one_that_belongs_to_the_release),
                cmocka_unit_test(a_release_without_a_front_runs_that_of_the_patch_before),
                cmocka_unit_test(each_member_sees_what_it_needs_and_no_more),
                cmocka_unit_test(what_is_the_fronts_reaches_the_front_alone),
                cmocka_unit_test(what_lagos_compose_file_always_gives_is_given),
                cmocka_unit_test(a_password_is_encoded_in_the_url),
                cmocka_unit_test(the_database_has_a_place_and_no_secret),
                cmocka_unit_test(the_ca_file_is_named_as_the_containers_see_it),
                cmocka_unit_test(redis_is_told_its_password_by_a_file_alone),
                cmocka_unit_test(lago_knows_the_password_of_the_bundled_redis),
                cmocka_unit_test(other_redis_passwords_are_left_alone),
                cmocka_unit_test(who_renders_pages_is_in_a_network_of_its_own),
                cmocka_unit_test(a_script_that_does_not_exec_is_not_run_itself),
                cmocka_unit_test(without_ipv6_the_api_and_the_front_listen_on_ipv4),
                cmocka_unit_test(a_probe_of_the_page_renderer_is_not_logged),
                cmocka_unit_test(an_entry_point_stays_where_the_image_needs_it),
                cmocka_unit_test(published_addresses_are_as_configured),
                cmocka_unit_test(the_fronts_port_is_what_its_image_exposes),
                cmocka_unit_test(the_engines_words_are_these),
                cmocka_unit_test(no_entry_point_of_an_image_comes_between),
                cmocka_unit_test(the_gate_is_asked_with_what_lago_conf_says),
                cmocka_unit_test(clickhouse_is_asked_where_its_variable_is_set_at_all),
                cmocka_unit_test(clickhouse_is_what_lago_migrate_is_told),
                cmocka_unit_test(the_gate_of_clickhouse_is_told_the_image_and_the_ca),
                cmocka_unit_test(the_engines_failures_are_told_apart),
                cmocka_unit_test(a_processor_has_another_name_to_the_engine),
                cmocka_unit_test(a_monitor_says_where_it_writes_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
