/* SPDX-License-Identifier: MIT */
/* lago-setup: keys are made once, new ones never for old data, and the engine is asked for what lacks only. */
#include "config-scratch.h"

#include "engine/engine.h"
#include "setup/setup.h"
#include "stack/unfinished.h"

#include <ctype.h>

#define RELEASE  "[lago]\nrelease = v1.50.0\n"
#define EXTERNAL RELEASE "[database]\nmode = external\n[redis]\nmode = external\n"

static Config *load(const Scratch *scratch) {
        Config *config = NULL;
        _cleanup_(freep) char *said = scratch_load(scratch, &config);

        assert_string_equal(said, "");
        assert_non_null(config);
        return config;
}

static char *read_secrets(const Scratch *scratch) {
        _cleanup_(freep) char *path = xasprintf("%s/secrets.env", scratch->path);
        char *text = NULL;

        return file_read(path, 65536, &text, NULL) < 0 ? NULL : text;
}

static StepResult make_keys(const Scratch *scratch, bool data_exists) {
        _cleanup_(config_freep) Config *config = load(scratch);

        return setup_keys(scratch->path, config, data_exists);
}

static size_t length_of(const Config *config, const char *key) {
        const char *value = env_get(config->env, key);

        assert_non_null(value);
        for (const char *c = value; *c; c++)
                assert_true(isxdigit((unsigned char)*c));
        return strlen(value);
}

static void a_new_installation_gets_all_keys(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *path = xasprintf("%s/secrets.env", scratch.path);
        _cleanup_(strv_freep) char **missing = NULL;
        struct stat st;

        scratch_put(&scratch, "lago.conf", RELEASE);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        config = load(&scratch);
        missing = setup_missing_keys(config);
        assert_null(missing);
        assert_int_equal(length_of(config, "SECRET_KEY_BASE"), 128);
        assert_int_equal(length_of(config, "ENCRYPTION_PRIMARY_KEY"), 64);
        assert_int_equal(length_of(config, "POSTGRES_PASSWORD"), 48);
        assert_string_equal(env_get(config->env, "ENCRYPTION_DETERMINISTIC_KEY"),
                            env_get(config->env, "LAGO_ENCRYPTION_DETERMINISTIC_KEY"));
        assert_string_not_equal(env_get(config->env, "ENCRYPTION_DETERMINISTIC_KEY"),
                                env_get(config->env, "ENCRYPTION_PRIMARY_KEY"));
        assert_string_not_equal(env_get(config->env, "ENCRYPTION_KEY_DERIVATION_SALT"),
                                env_get(config->env, "ENCRYPTION_PRIMARY_KEY"));
        assert_null(setup_rsa_error(env_get(config->env, "LAGO_RSA_PRIVATE_KEY")));
}

static void both_names_are_in_the_file_itself(void **state _unused_) {
        static const char *const names[] = {"PRIMARY_KEY", "DETERMINISTIC_KEY",
                                            "KEY_DERIVATION_SALT"};
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        text = read_secrets(&scratch);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *old_name = xasprintf("\nENCRYPTION_%s=", names[i]);
                _cleanup_(freep) char *new_name = xasprintf("\nLAGO_ENCRYPTION_%s=", names[i]);

                assert_non_null(strstr(text, old_name));
                assert_non_null(strstr(text, new_name));
        }
}

static void keys_are_made_once(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *first = NULL, *second = NULL, *third = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        first = read_secrets(&scratch);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        second = read_secrets(&scratch);
        assert_int_equal(make_keys(&scratch, true), STEP_DONE);
        third = read_secrets(&scratch);
        assert_string_equal(first, second);
        assert_string_equal(first, third);
}

static void two_installations_share_no_key(void **state _unused_) {
        _cleanup_(scratch_done) Scratch a = scratch_new(), b = scratch_new();
        _cleanup_(config_freep) Config *config_a = NULL, *config_b = NULL;

        scratch_put(&a, "lago.conf", RELEASE);
        scratch_put(&b, "lago.conf", RELEASE);
        assert_int_equal(make_keys(&a, false), STEP_DONE);
        assert_int_equal(make_keys(&b, false), STEP_DONE);
        config_a = load(&a);
        config_b = load(&b);
        assert_true(config_a->env->n >= 9);
        for (size_t i = 0; i < config_a->env->n; i++)
                assert_string_not_equal(config_a->env->list[i].value,
                                        env_get(config_b->env, config_a->env->list[i].key));
}

static void what_lago_env_gives_is_not_made(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        scratch_put(
                &scratch, "lago.env",
                "LAGO_ENCRYPTION_PRIMARY_KEY=mine\nDATABASE_URL=postgresql://lago:pw@db/lago\n");
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        text = read_secrets(&scratch);
        assert_null(strstr(text, "ENCRYPTION_PRIMARY_KEY"));
        assert_null(strstr(text, "POSTGRES_PASSWORD"));
        assert_non_null(strstr(text, "\nENCRYPTION_DETERMINISTIC_KEY="));
        assert_non_null(strstr(text, "\nSECRET_KEY_BASE="));
}

static void an_external_server_gets_no_password(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = NULL;

        scratch_put(&scratch, "lago.conf", EXTERNAL);
        scratch_put(&scratch, "lago.env",
                    "DATABASE_URL=postgresql://u:p@pg.example.com/lago\n"
                    "REDIS_URL=redis://r.example.com\n");
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        text = read_secrets(&scratch);
        assert_null(strstr(text, "POSTGRES_PASSWORD"));
        assert_null(strstr(text, "REDIS_PASSWORD"));
}

static void new_keys_for_old_data_are_refused(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        assert_int_equal(make_keys(&scratch, true), STEP_KEYS);
        text = read_secrets(&scratch);
        assert_null(text);
        /* All but one: still somebody has used the one that lacks. */
        scratch_put(
                &scratch, "lago.env",
                "SECRET_KEY_BASE=a\nENCRYPTION_PRIMARY_KEY=b\nENCRYPTION_DETERMINISTIC_KEY=c\n"
                "LAGO_RSA_PRIVATE_KEY=LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpBQUFBCi0tLS0tRU5EIFJTQSBQUklWQVRFIEtFWS0t"
                "LS0tCg==\nPOSTGRES_PASSWORD=d\n");
        assert_int_equal(make_keys(&scratch, true), STEP_KEYS);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
}

static void keys_that_were_there_once_are_not_made_anew(void **state _unused_) {
        static const char partial[] = "SECRET_KEY_BASE=a\nPOSTGRES_PASSWORD=b\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        scratch_put(&scratch, "secrets.env", partial);
        assert_int_equal(make_keys(&scratch, false), STEP_KEYS);
        text = read_secrets(&scratch);
        assert_string_equal(text, partial);
}

/* From an external database to a bundled one that is still to be made. */
static void a_password_is_added_and_the_rest_left_alone(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *before = NULL, *after = NULL;
        const char *added;

        scratch_put(&scratch, "lago.conf", EXTERNAL);
        scratch_put(&scratch, "lago.env",
                    "DATABASE_URL=postgresql://u:p@pg.example.com/lago\n"
                    "REDIS_URL=redis://r.example.com\n");
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        before = read_secrets(&scratch);
        scratch_put(&scratch, "lago.conf", RELEASE);
        scratch_put(&scratch, "lago.env", "");
        assert_int_equal(make_keys(&scratch, true), STEP_KEYS);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        after = read_secrets(&scratch);
        added = startswith(after, before);
        assert_non_null(added);
        assert_non_null(startswith(added, "POSTGRES_PASSWORD="));
        assert_non_null(startswith(strchr(added, '\n'), "\nREDIS_PASSWORD="));
        assert_int_equal(strlen(added), strlen("POSTGRES_PASSWORD=\nREDIS_PASSWORD=\n") + 2 * 48);
}

/* An installation from before Redis had one: its jobs are as readable as before, and the other keys stay. */
static void a_running_installation_gets_a_password_for_redis(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *text = NULL, *before = NULL, *after = NULL;
        char *line;

        scratch_put(&scratch, "lago.conf", RELEASE);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        text = read_secrets(&scratch);
        line = strstr(text, "REDIS_PASSWORD=");
        assert_non_null(line);
        *line = '\0';
        before = xstrdup(text);
        scratch_put(&scratch, "secrets.env", before);
        assert_int_equal(make_keys(&scratch, true), STEP_DONE);
        after = read_secrets(&scratch);
        assert_non_null(startswith(after, before));
        assert_non_null(startswith(after + strlen(before), "REDIS_PASSWORD="));
        assert_int_equal(strlen(after), strlen(before) + strlen("REDIS_PASSWORD=\n") + 48);
}

/* Whatever an operator calls a copy of the keys, no start takes it away; half a file of ours goes. */
static void copies_of_the_keys_stay_and_half_a_file_goes(void **state _unused_) {
        static const char *const copies[] = {"secrets.env.backup", "secrets.env.251126", "secrets.env.aB3xYz",
                                             "secrets.env.bak", ".secrets.env.backup"};
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *unfinished = xasprintf("%s/.secrets.env.new", scratch.path);

        scratch_put(&scratch, "lago.conf", RELEASE);
        scratch_put(&scratch, ".secrets.env.new", "SECRET_KEY_BASE=");
        for (size_t i = 0; i < ELEMENTSOF(copies); i++)
                scratch_put(&scratch, copies[i], "SECRET_KEY_BASE=a\n");
        assert_int_equal(make_keys(&scratch, true), STEP_KEYS);
        assert_int_equal(access(unfinished, F_OK), -1);
        assert_int_equal(make_keys(&scratch, false), STEP_DONE);
        for (size_t i = 0; i < ELEMENTSOF(copies); i++) {
                _cleanup_(freep) char *path = xasprintf("%s/%s", scratch.path, copies[i]);

                assert_int_equal(access(path, F_OK), 0);
        }
}

static void keys_that_cannot_be_written_are_tried_again(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        config = load(&scratch);
        assert_int_equal(setup_keys("/nonexistent", config, false), STEP_LATER);
}

static char *pem_base64(const char *pem) {
        _cleanup_(freep) char *command = xasprintf("printf '%%s' '%s' | base64 -w0", pem);
        FILE *pipe = popen(command, "re");
        char *line = NULL;
        size_t size = 0;

        assert_non_null(pipe);
        assert_true(getline(&line, &size, pipe) > 0);
        (void)pclose(pipe);
        return line;
}

static void only_an_rsa_key_without_passphrase_will_do(void **state _unused_) {
        static const char ec[] =
                "-----BEGIN PRIVATE KEY-----\n"
                "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                "-----END PRIVATE KEY-----\n";
        static const char damaged[] =
                "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        static const char locked[] =
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        _cleanup_(freep) char *a = pem_base64(ec), *b = pem_base64(damaged),
                              *c = pem_base64(locked);

        assert_string_equal(setup_rsa_error(a), "it is no RSA key");
        assert_string_equal(setup_rsa_error(b), "its text is damaged");
        assert_string_equal(setup_rsa_error(c), "it has a passphrase, which Lago cannot give");
        assert_string_equal(setup_rsa_error("?"), "it is not base64 in one line");
}

static void what_the_loader_cannot_judge_is_checked(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *said = NULL, *lago_env = xasprintf("%s/lago.env", scratch.path),
                              *expected = NULL;
        ConfigErrors errors = {0};

        scratch_put(&scratch, "lago.conf", RELEASE "[database]\nca-file = /nonexistent/ca.pem\n"
                                                   "[clickhouse]\nca-file = /dev/null\n");
        scratch_put(
                &scratch, "lago.env",
                "\nLAGO_RSA_PRIVATE_KEY=LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpBQUFBCi0tLS0tRU5EIFJTQSBQUklWQVRFIEtFWS0t"
                "LS0tCg==\n");
        scratch_put(&scratch, "env.d/api.env", "X=1\n");
        scratch_put(&scratch, "env.d/worker@events.env", "X\n");
        scratch_put(&scratch, "env.d/clock.env",
                    "LAGO_LICENSE=x\nDATABASE_URL=postgresql://u:secret@elsewhere/lago\nLAGO_LICENCE=x\nPOSTGRES_SCHEMA=x\n");
        scratch_put(&scratch, "env.d/worker@events-2.env", "X=1\n");
        scratch_put(&scratch, "env.d/wroker.env", "X=1\n");
        assert_int_equal(chmod(lago_env, 0640), 0);
        config = load(&scratch);
        setup_check(scratch.path, config, &errors);
        said = errors_text(&scratch, &errors);
        expected = xasprintf(
                "lago.env:0: warning: others than root may read or write this file; run chmod 0600 %s\n"
                "lago.env:2: keys: LAGO_RSA_PRIVATE_KEY: its text is damaged; write the key as one line: base64 -w0 < "
                "private.pem\n"
                "/nonexistent/ca.pem:0: the ca-file of [database] cannot be read: No such file or directory\n"
                "/dev/null:0: the ca-file of [clickhouse] holds no certificate; it must be PEM text\n"
                "env.d/clock.env:2: DATABASE_URL is the same for every member; write it into lago.env\n"
                "env.d/clock.env:3: Lago has no setting LAGO_LICENCE; did you mean LAGO_LICENSE?\n"
                "env.d/clock.env:4: POSTGRES_SCHEMA is the same for every member; write it into lago.env\n"
                "env.d/worker@events-2.env:0: all processes of a pool have one environment; rename the file to "
                "worker@events.env, or remove it\n"
                "env.d/worker@events.env:1: no '=' in this line; write KEY=VALUE, and values of several lines as one line\n"
                "env.d/wroker.env:0: there is no member wroker; rename the file to worker.env, or remove it\n",
                lago_env);
        assert_string_equal(said, expected);
        config_errors_done(&errors);
}

static void what_the_check_cannot_read_now_is_not_refused(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        struct rlimit old;

        scratch_put(&scratch, "lago.conf", RELEASE);
        scratch_put(&scratch, "env.d/api.env", "X=1\n");
        config = load(&scratch);
        old = no_more_descriptors();
        setup_check(scratch.path, config, &errors);
        descriptors_again(old);
        assert_int_equal(config_errors_status(&errors), EXIT_OSERR);
        config_errors_done(&errors);
        scratch_put_damaged(&scratch, "env.d/api.env");
        errors = (ConfigErrors){0};
        setup_check(scratch.path, config, &errors);
        assert_int_equal(config_errors_status(&errors), EXIT_TEMPFAIL);
        config_errors_done(&errors);
}

static void the_inventory_reads_what_podman_prints(void **state _unused_) {
        static const char networks[] =
                "podman|bridge|false|false|\nlago|bridge|true|false|io.lago-supervisor=1\n"
                "lago2|macvlan|true|false|\nlago3|bridge|false|false|x=y\n"
                "lago4|bridge|true|true|\nlago5\n";
        static const struct {
                const char *network, *problem;
                bool exists, ours;
        } cases[] = {
                {"lago", NULL, true, true},
                {"lag", NULL, false, false},
                {"lago2", "its driver is macvlan, not bridge", true, false},
                {"lago3", "its containers cannot find each other by name (no DNS)", true, false},
                {"lago4", "it is internal: no port can be reached, nothing be sent", true, false},
                {"lago5", "its driver is unknown, not bridge", true, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Inventory inventory = {0};

                inventory_parse(&inventory, "a|/x\nb\n", networks, cases[i].network, NULL);
                assert_int_equal(inventory.network.exists, cases[i].exists);
                assert_int_equal(inventory.network.is_ours, cases[i].ours);
                assert_true(!inventory.network.problem == !cases[i].problem);
                if (cases[i].problem)
                        assert_string_equal(inventory.network.problem, cases[i].problem);
                assert_int_equal(strv_length(inventory.volumes), 2);
                assert_string_equal(inventory.mountpoints[0], "/x");
                assert_string_equal(inventory.mountpoints[1], "");
                inventory_done(&inventory);
        }
}

static void an_empty_volume_has_no_data(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *volumes =
                xasprintf("full|%s\nempty|%s/env.d\nunknown|\n", scratch.path, scratch.path);
        Inventory inventory = {0};
        struct rlimit old;
        int seen;

        inventory_parse(&inventory, volumes, "", "lago", NULL);
        assert_true(inventory_volume_has_data(&inventory, "full"));
        assert_false(inventory_volume_has_data(&inventory, "empty"));
        assert_true(inventory_volume_has_data(&inventory, "unknown"));
        assert_false(inventory_volume_has_data(&inventory, "absent"));
        old = no_more_descriptors();
        seen = inventory_volume_has_data(&inventory, "empty");
        descriptors_again(old);
        /* It is not known to be empty, and no reason to refuse keys. */
        assert_int_equal(seen, -EMFILE);
        inventory_done(&inventory);
}

/* Its own directory is empty while no container has it. */
static void a_volume_with_options_is_looked_at_where_it_leads(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *volumes = xasprintf("bound|%s/env.d|map[device:%s o:bind type:none]\n"
                                                   "plain|%s/env.d|map[]\n"
                                                   "disk|%s/env.d|map[device:/dev/vdb1 type:ext4]\n",
                                                   scratch.path, scratch.path, scratch.path, scratch.path);
        Inventory inventory = {0};

        inventory_parse(&inventory, volumes, "", "lago", NULL);
        assert_int_equal(inventory_volume_has_data(&inventory, "bound"), 1);
        assert_int_equal(inventory_volume_has_data(&inventory, "plain"), 0);
        assert_int_equal(inventory_volume_has_data(&inventory, "disk"), 1);
        assert_string_equal(inventory_mountpoint(&inventory, "bound"), scratch.path);
        assert_string_equal(inventory_mountpoint(&inventory, "disk"), INVENTORY_UNMOUNTED);
        inventory_done(&inventory);
}

static void the_engines_directory_is_seen_from_a_volume(void **state _unused_) {
        static const struct {
                const char *volumes, *store;
        } cases[] = {
                {"", "/var/lib/containers/storage"},
                {"a|/srv/podman/volumes/a/_data\n", "/srv/podman"},
                {"nfs|/mnt/x\nb|/srv/b/volumes/b/_data\n", "/srv/b"},
                {"a|/srv/volumes/b/_data\n", "/var/lib/containers/storage"},
                {"a|/volumes/a/_data\nb|\n", "/var/lib/containers/storage"},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Inventory inventory = {0};
                _cleanup_(freep) char *store = NULL;

                inventory_parse(&inventory, cases[i].volumes, "", "lago", NULL);
                store = inventory_store(&inventory);
                assert_string_equal(store, cases[i].store);
                inventory_done(&inventory);
        }
}

static void touch(const char *directory, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);

        assert_int_equal(file_write(path, "x", 0600), 0);
}

static void a_snapshot_without_a_log_is_not_given_to_a_redis_that_logs(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(config_freep) Config *config = xcalloc(1, sizeof(Config));
        _cleanup_(freep) char *volumes = xasprintf("r|%s\n", scratch.path);
        Inventory inventory = {0};

        inventory_parse(&inventory, volumes, "", "lago", NULL);
        free_and_strdup(&config->redis_volume, "r");
        config->redis_append_only = true;
        assert_int_equal(setup_redis(config, &inventory), STEP_DONE);
        touch(scratch.path, "dump.rdb");
        assert_int_equal(setup_redis(config, &inventory), STEP_CONFIG);
        config->redis_append_only = false;
        assert_int_equal(setup_redis(config, &inventory), STEP_DONE);
        config->redis_append_only = true;
        config->redis_external = true;
        assert_int_equal(setup_redis(config, &inventory), STEP_DONE);
        config->redis_external = false;
        free_and_strdup(&config->redis_volume, "not-there-yet");
        assert_int_equal(setup_redis(config, &inventory), STEP_DONE);
        free_and_strdup(&config->redis_volume, scratch.path);
        assert_int_equal(setup_redis(config, &inventory), STEP_CONFIG);
        touch(scratch.path, "appendonly.aof");
        assert_int_equal(setup_redis(config, &inventory), STEP_DONE);
        inventory_done(&inventory);
}

static Config *keyed(const char *value) {
        Config *config = xcalloc(1, sizeof(Config));

        config->env = env_new();
        config->database_volume = xstrdup("lago_postgres_data");
        env_set(config->env, "ENCRYPTION_PRIMARY_KEY", value, "test");
        env_set(config->env, "ENCRYPTION_DETERMINISTIC_KEY", "b", "test");
        env_set(config->env, "ENCRYPTION_KEY_DERIVATION_SALT", "c", "test");
        return config;
}

static void new_keys_are_new_until_others_stand_in_their_place(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *note = xasprintf("%s/new-keys", scratch.path), *prints = xasprintf("%s/prints", scratch.path);
        _cleanup_(config_freep) Config *made = keyed("made"), *old = keyed("old");
        _cleanup_(freep) char *text = fingerprints_make(made, "salt");

        assert_false(new_keys_judge(note, prints, made));
        assert_int_equal(unfinished_note(note, "volume lago_postgres_data"), 0);
        scratch_put(&scratch, "prints", text);
        assert_true(new_keys_judge(note, prints, made));
        assert_true(new_keys_judge(note, prints, made));
        assert_true(new_keys_judge(note, prints, old));
        assert_false(new_keys_judge(note, prints, old));
}

typedef struct Place {
        Scratch scratch;
        char *volumes, *fingerprints, *unfinished, *jobs;
        PlaceNotes notes;
        Config *config;
} Place;

static int unlink_in(const Scratch *scratch, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", scratch->path, name);

        return unlink(path);
}

static Place place_new(void) {
        Place p = {.scratch = scratch_new()};

        p.volumes = xasprintf("%s/volumes", p.scratch.path);
        p.fingerprints = xasprintf("%s/fingerprints", p.scratch.path);
        p.unfinished = xasprintf("%s/unfinished", p.scratch.path);
        p.jobs = xasprintf("%s/jobs", p.scratch.path);
        p.notes = (PlaceNotes){p.volumes, p.fingerprints, p.unfinished, p.jobs};
        scratch_put(&p.scratch, "lago.conf", RELEASE);
        p.config = load(&p.scratch);
        return p;
}

static void place_done(Place *p) {
        scratch_done(&p->scratch);
        config_free(p->config);
        free(p->volumes);
        free(p->fingerprints);
        free(p->unfinished);
        free(p->jobs);
}

/* @expected: how the sentence begins; NULL: there is none. */
static void place_says(const Place *p, const char *volumes, const char *expected) {
        Inventory inventory = {0};
        _cleanup_(freep) char *text = NULL;
        int error;

        inventory_parse(&inventory, volumes, "", "lago", NULL);
        text = place_objection(p->config, &inventory, &p->notes, &error);
        inventory_done(&inventory);
        assert_int_equal(error, 0);
        if (!expected != !text || (text && !startswith(text, expected)))
                fail_msg("%s: %s", volumes, text ? text : "no objection");
}

static void an_empty_place_is_no_new_beginning_where_there_was_a_database(void **state _unused_) {
        Place p = place_new();
        _cleanup_(freep) char *full = xasprintf("lago_postgres_data|%s\n", p.scratch.path);
        _cleanup_(freep) char *empty = xasprintf("lago_postgres_data|%s/env.d\n", p.scratch.path);

        touch(p.scratch.path, "PG_VERSION");
        place_says(&p, "", NULL);
        scratch_put(&p.scratch, "fingerprints", "DATABASE=volume lago_postgres_data\nSALT=1\n");
        place_says(&p, full, NULL);
        place_says(&p, "", "the volume lago_postgres_data, which this host had, is gone. If its disk is not mounted");
        place_says(&p, empty, "the volume lago_postgres_data, which this host had, is empty. If its disk");
        place_says(&p, "lago_postgres_data|/nonexistent\n", "the volume lago_postgres_data, which this host had, is gone");
        /* A first start that was cut off had none yet, nor had a database of another name. */
        assert_int_equal(unfinished_note(p.unfinished, "lago_postgres_data"), 0);
        place_says(&p, "", NULL);
        (void)unlink(p.unfinished);
        scratch_put(&p.scratch, "fingerprints", "DATABASE=volume other\nSALT=1\n");
        place_says(&p, "", NULL);
        place_done(&p);
}

/* What this host had cannot be told then: nothing is begun anew, and nothing refused. */
static void a_place_whose_notes_cannot_be_read_is_waited_for(void **state _unused_) {
        static const char *const notes[] = {"fingerprints", "unfinished", "volumes", "jobs"};

        for (size_t i = 0; i < ELEMENTSOF(notes); i++) {
                Place p = place_new();
                Inventory inventory = {0};
                int error;

                scratch_put_damaged(&p.scratch, notes[i]);
                inventory_parse(&inventory, "lago_redis_data|/nonexistent\n", "", "lago", NULL);
                assert_null(place_objection(p.config, &inventory, &p.notes, &error));
                assert_int_equal(error, -EIO);
                inventory_done(&inventory);
                place_done(&p);
        }
}

static void a_volume_that_this_host_had_is_missed(void **state _unused_) {
        Place p = place_new();

        scratch_put(&p.scratch, "volumes", "lago_redis_data\nof_another_configuration\nlago_postgres_data\n");
        place_says(&p, "lago_redis_data|\nlago_postgres_data|\n", NULL);
        place_says(&p, "lago_postgres_data|\n", "the volume lago_redis_data, which this host had, is gone");
        place_says(&p, "lago_redis_data|\n", "the volume lago_postgres_data, which this host had, is gone");
        assert_int_equal(unfinished_note(p.unfinished, "lago_postgres_data"), 0);
        place_says(&p, "lago_redis_data|\n", NULL);
        place_done(&p);
}

static void a_volume_that_held_jobs_and_is_empty_is_missed(void **state _unused_) {
        Place p = place_new();
        _cleanup_(freep) char *here = xasprintf("lago_redis_data|%s/jobs-here\n", p.scratch.path);
        _cleanup_(freep) char *found = xasprintf("%s/jobs-here/lost+found", p.scratch.path);
        _cleanup_(freep) char *disk = xasprintf("lago_redis_data|%s/env.d|map[device:/dev/sdb1 type:ext4]\n", p.scratch.path);

        /* A disk that is there, and has nothing on it yet. */
        assert_int_equal(make_dirs(found, 0700), 0);
        place_says(&p, here, NULL);
        scratch_put(&p.scratch, "jobs", "lago_redis_data");
        place_says(&p, here, "the volume lago_redis_data, which this host had, is empty. If its disk is not mounted");
        place_says(&p, disk, NULL);
        place_says(&p, "", NULL);
        /* Of either kind, as append-only may be another than it was. */
        touch(p.scratch.path, "jobs-here/dump.rdb");
        place_says(&p, here, NULL);
        assert_int_equal(unlink_in(&p.scratch, "jobs-here/dump.rdb"), 0);
        touch(p.scratch.path, "jobs-here/appendonly.aof");
        place_says(&p, here, NULL);
        assert_int_equal(unlink_in(&p.scratch, "jobs-here/appendonly.aof"), 0);
        scratch_put(&p.scratch, "jobs", "of_another_configuration");
        place_says(&p, here, NULL);
        place_done(&p);
}

static void a_database_is_made_in_a_folder_and_not_on_top_of_a_disk(void **state _unused_) {
        Place p = place_new();
        _cleanup_(freep) char *here = xasprintf("lago_postgres_data|%s/pg\n", p.scratch.path);
        _cleanup_(freep) char *found = xasprintf("%s/pg/lost+found", p.scratch.path);
        _cleanup_(freep) char *below = xasprintf("%s/pg/18/docker", p.scratch.path);
        Inventory inventory = {0};

        assert_int_equal(make_dirs(found, 0700), 0);
        inventory_parse(&inventory, here, "", "lago", NULL);
        assert_int_equal(inventory_volume_has_data(&inventory, "lago_postgres_data"), 0);
        inventory_done(&inventory);
        place_says(&p, here, "the volume lago_postgres_data is itself the top of a disk");
        assert_int_equal(make_dirs(below, 0700), 0);
        touch(below, "PG_VERSION");
        place_says(&p, here, "the files of PostgreSQL are one folder deeper than the volume lago_postgres_data, in /tmp/");
        touch(p.scratch.path, "pg/PG_VERSION");
        place_says(&p, here, NULL);
        place_done(&p);
}

/*
 * A podman that writes down its arguments and answers from files beside it. Of its two lists each ends when the other was
 * asked for too, as both are at the same time; which of them is written down first is settled here.
 */
static void put_podman(const Scratch *scratch, const char *volumes, const char *networks,
                       const char *create) {
        _cleanup_(freep) char *path = xasprintf("%s/podman", scratch->path), *script = NULL;

        script = xasprintf(
                "#!/bin/sh\ncd %s\n"
                "until_there() { n=0; until [ -e $1 ]; do sleep 0.01; n=$((n + 1)); [ $n -lt 500 ] || exit 1; done; rm $1; }\n"
                "case \"$*\" in\n"
                "*'volume ls'*) echo \"$*\" >>calls; : >one; until_there two; printf '%s';;\n"
                "*'network ls'*) until_there one; echo \"$*\" >>calls; : >two; printf '%s';;\n"
                "*create*) echo \"$*\" >>calls; %s;;\n*) echo \"$*\" >>calls;;\nesac\n",
                scratch->path, volumes, networks, create);
        scratch_put(scratch, "podman", script);
        assert_int_equal(chmod(path, 0700), 0);
}

static StepResult run_engine_noting(const Scratch *scratch, const char *note, char **ret_calls) {
        _cleanup_(freep) char *old_path = xstrdup(getenv("PATH")), *path = NULL, *calls = NULL;
        _cleanup_(config_freep) Config *config = load(scratch);
        Inventory inventory = {0};
        StepResult result;

        path = xasprintf("%s:%s", scratch->path, old_path);
        assert_int_equal(setenv("PATH", path, 1), 0);
        result = setup_look(config, &inventory);
        if (result == STEP_DONE)
                result = setup_engine(config, &inventory, note);
        assert_int_equal(setenv("PATH", old_path, 1), 0);
        inventory_done(&inventory);
        calls = xasprintf("%s/calls", scratch->path);
        assert_int_equal(file_read(calls, 65536, ret_calls, NULL), 0);
        return result;
}

static StepResult run_engine(const Scratch *scratch, char **ret_calls) {
        return run_engine_noting(scratch, NULL, ret_calls);
}

#define BOTH "lago|bridge|true|false|\\nlago-pdf|bridge|true|false|\\n"
#define LOOK                                                                                \
        "--events-backend=none volume ls --format {{.Name}}|{{.Mountpoint}}|{{.Options}}\n" \
        "--events-backend=none network ls --format "                                        \
        "{{.Name}}|{{.Driver}}|{{.DNSEnabled}}|{{.Internal}}|{{.Labels}}|{{.Options}}\n"
#define MAKE_NETWORK(name) \
        "--events-backend=none network create --opt=isolate=true --label io.lago-supervisor=1 " name "\n"
#define MAKE(kind, name) \
        "--events-backend=none " kind " create --label io.lago-supervisor=1 " name "\n"

static void only_what_lacks_is_made(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        put_podman(&scratch, "lago_redis_data|/x\\n", BOTH, "true");
        assert_int_equal(run_engine(&scratch, &calls), STEP_DONE);
        assert_string_equal(calls, LOOK MAKE("volume", "lago_postgres_data")
                                           MAKE("volume", "lago_storage_data"));
}

/* As where a power cut emptied the engine's record, or the folders were brought from another host. */
static void a_volume_that_the_engine_forgot_is_made_known_again(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *volumes = xasprintf("lago_redis_data|%s/volumes/lago_redis_data/_data\\n", scratch.path);
        _cleanup_(freep) char *data = xasprintf("%s/volumes/lago_postgres_data/_data", scratch.path);
        _cleanup_(freep) char *empty = xasprintf("%s/volumes/lago_storage_data/_data", scratch.path);
        _cleanup_(freep) char *old_path = xstrdup(getenv("PATH")), *path = xasprintf("%s:%s", scratch.path, old_path), *calls = NULL;
        _cleanup_(config_freep) Config *config = NULL;
        Inventory inventory = {0};

        scratch_put(&scratch, "lago.conf", RELEASE);
        config = load(&scratch);
        assert_int_equal(make_dirs(data, 0700), 0);
        assert_int_equal(make_dirs(empty, 0700), 0);
        touch(data, "PG_VERSION");
        put_podman(&scratch, volumes, BOTH, "true");
        assert_int_equal(setenv("PATH", path, 1), 0);
        assert_int_equal(setup_look(config, &inventory), STEP_DONE);
        assert_int_equal(inventory_volume_has_data(&inventory, "lago_postgres_data"), 0);
        assert_int_equal(setup_known(config, &inventory), STEP_DONE);
        assert_int_equal(setup_known(config, &inventory), STEP_DONE);
        assert_int_equal(setenv("PATH", old_path, 1), 0);
        assert_int_equal(inventory_volume_has_data(&inventory, "lago_postgres_data"), 1);
        assert_int_equal(inventory_volume_has_data(&inventory, "lago_storage_data"), 0);
        assert_non_null(inventory_mountpoint(&inventory, "lago_storage_data"));
        inventory_done(&inventory);
        path = (free(path), xasprintf("%s/calls", scratch.path));
        assert_int_equal(file_read(path, 65536, &calls, NULL), 0);
        assert_string_equal(calls, LOOK MAKE("volume", "lago_postgres_data") MAKE("volume", "lago_storage_data"));
}

static void what_damages_the_engines_record_is_told_apart(void **state _unused_) {
        static const struct {
                const char *words, *damage, *record;
        } cases[] = {
                {"opening database /var/lib/containers/storage/libpod/bolt_state.db: invalid database", "invalid database",
                 "/var/lib/containers/storage/libpod/bolt_state.db"},
                {"beginning transaction: file is not a database", "file is not a database", "/var/lib/containers/storage/db.sql"},
                {"beginning transaction: database disk image is malformed", "database disk image is malformed",
                 "/var/lib/containers/storage/db.sql"},
                {"beginning transaction: database is locked", NULL, NULL},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *record, *damage = engine_record_damage(cases[i].words, &record);

                assert_int_equal(damage != NULL, cases[i].damage != NULL);
                if (damage) {
                        assert_string_equal(damage, cases[i].damage);
                        assert_string_equal(record, cases[i].record);
                }
        }
}

static void nothing_is_made_when_all_is_there(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        put_podman(&scratch, "lago_redis_data|\\nlago_postgres_data|\\nlago_storage_data|\\n",
                   BOTH, "true");
        assert_int_equal(run_engine(&scratch, &calls), STEP_DONE);
        assert_string_equal(calls, LOOK);
}

static void external_stores_need_no_volume(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL;

        scratch_put(&scratch, "lago.conf", EXTERNAL);
        scratch_put(&scratch, "lago.env",
                    "DATABASE_URL=postgresql://u:p@pg.example.com/lago\n"
                    "REDIS_URL=redis://r.example.com\n");
        put_podman(&scratch, "", BOTH, "true");
        assert_int_equal(run_engine(&scratch, &calls), STEP_DONE);
        assert_string_equal(calls, LOOK MAKE("volume", "lago_storage_data"));
}

/* It holds the environment of every container, create-org's among them. A link in its place is not followed. */
static void what_podman_keeps_is_read_by_root_alone(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *volumes = xasprintf("lago_redis_data|%s/volumes/lago_redis_data/_data\\n", scratch.path);
        _cleanup_(freep) char *path = xasprintf("%s/db.sql", scratch.path), *other = xasprintf("%s/other", scratch.path);
        _cleanup_(freep) char *calls = NULL, *again = NULL;
        struct stat st;

        scratch_put(&scratch, "lago.conf", RELEASE);
        put_podman(&scratch, volumes, BOTH, "true");
        assert_int_equal(file_write(path, "x", 0644), 0);
        assert_int_equal(run_engine(&scratch, &calls), STEP_DONE);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(file_write(other, "x", 0644), 0);
        assert_int_equal(symlink(other, path), 0);
        assert_int_equal(run_engine(&scratch, &again), STEP_DONE);
        assert_int_equal(stat(other, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_strangers_network_is_left_alone(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        put_podman(&scratch, "", "lago|macvlan|true|false|\\n", "true");
        assert_int_equal(run_engine(&scratch, &calls), STEP_STRANGER);
        assert_string_equal(calls, LOOK);
}

static void a_network_without_names_is_told_when_it_is_made(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL, *made = xasprintf("touch %s/made", scratch.path);
        _cleanup_(freep) char *networks =
                xasprintf("'; test ! -e %s/made || printf 'lago|bridge|false|false|"
                          "io.lago-supervisor=1\\n",
                          scratch.path);

        scratch_put(&scratch, "lago.conf", RELEASE);
        put_podman(&scratch, "", networks, made);
        assert_int_equal(run_engine(&scratch, &calls), STEP_ENGINE);
        assert_string_equal(calls, LOOK MAKE_NETWORK("lago") LOOK);
}

/* From before PDF rendering had a network of its own: podman isolates a network only when it makes it. */
static void a_network_from_before_is_made_again_when_nobody_runs(void **state _unused_) {
        static const char old[] = "lago|bridge|true|false|io.lago-supervisor=1|map[]\\n";
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL, *later = NULL, *text = NULL, *note = xasprintf("%s/note", scratch.path);

        scratch_put(&scratch, "lago.conf", EXTERNAL "[pdf]\nenabled = yes\n");
        scratch_put(&scratch, "lago.env",
                    "DATABASE_URL=postgresql://u:p@pg.example.com/lago\n"
                    "REDIS_URL=redis://r.example.com\n");
        put_podman(&scratch, "lago_storage_data|\\n", old, "true");
        assert_int_equal(run_engine(&scratch, &calls), STEP_DONE);
        assert_string_equal(calls, LOOK MAKE_NETWORK("lago-pdf") LOOK);
        scratch_put(&scratch, "calls", "");
        assert_int_equal(run_engine_noting(&scratch, note, &later), STEP_DONE);
        assert_string_equal(later, LOOK "--events-backend=none network rm lago\n" MAKE_NETWORK("lago")
                                           LOOK MAKE_NETWORK("lago-pdf") LOOK);
        assert_true(file_read(note, 4096, &text, NULL) >= 0);
        assert_string_equal(text, "lago-pdf");
}

static void one_of_somebody_else_or_isolated_is_kept(void **state _unused_) {
        static const char *const networks[] = {
                "lago|bridge|true|false||map[]\\nlago-pdf|bridge|true|false||map[]\\n",
                "lago|bridge|true|false|io.lago-supervisor=1|map[isolate:true]\\nlago-pdf|bridge|true|false||map[]\\n"};

        for (size_t i = 0; i < ELEMENTSOF(networks); i++) {
                _cleanup_(scratch_done) Scratch scratch = scratch_new();
                _cleanup_(freep) char *calls = NULL, *note = xasprintf("%s/note", scratch.path);

                scratch_put(&scratch, "lago.conf", RELEASE);
                put_podman(&scratch, "lago_redis_data|\\nlago_postgres_data|\\nlago_storage_data|\\n", networks[i], "true");
                assert_int_equal(run_engine_noting(&scratch, note, &calls), STEP_DONE);
                assert_string_equal(calls, LOOK);
        }
}

static void a_busy_engine_is_asked_again(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *calls = NULL;

        scratch_put(&scratch, "lago.conf", RELEASE);
        put_podman(&scratch, "", BOTH,
                   "echo no space left on device >&2; exit 125");
        assert_int_equal(run_engine(&scratch, &calls), STEP_LATER);
        assert_string_equal(calls, LOOK MAKE("volume", "lago_postgres_data"));
}

static void a_changed_or_missing_key_is_named(void **state) {
        _cleanup_(config_freep) Config *first = keyed("a"), *same = keyed("a"), *other = keyed("x");
        _cleanup_(freep) char *text = fingerprints_make(first, "salt"), *names = NULL;
        _cleanup_(strv_freep) char **none = fingerprints_changed(same, text), **changed = NULL;

        (void)state;
        assert_null(none);
        env_unset(other->env, "ENCRYPTION_DETERMINISTIC_KEY");
        changed = fingerprints_changed(other, text);
        names = strv_join(changed, " ");
        assert_string_equal(names, "ENCRYPTION_PRIMARY_KEY ENCRYPTION_DETERMINISTIC_KEY");
}

static void a_fingerprint_tells_no_key_and_differs_from_host_to_host(void **state) {
        _cleanup_(config_freep) Config *config = keyed("a-key-that-is-long-enough-to-find");
        _cleanup_(freep) char *here = fingerprints_make(config, "1"), *there = fingerprints_make(config, "2");

        (void)state;
        assert_null(strstr(here, "a-key"));
        assert_string_not_equal(strstr(here, "ENCRYPTION"), strstr(there, "ENCRYPTION"));
}

static void a_new_database_takes_new_keys_and_one_with_data_refuses_them(void **state) {
        _cleanup_(config_freep) Config *first = keyed("a"), *other = keyed("x");
        _cleanup_(freep) char *path = xasprintf("/tmp/lago-fingerprints-%d", (int)getpid());

        (void)state;
        (void)unlink(path);
        assert_int_equal(setup_fingerprints(path, first, /* data_exists= */ false), STEP_DONE);
        assert_int_equal(setup_fingerprints(path, first, true), STEP_DONE);
        assert_int_equal(setup_fingerprints(path, other, true), STEP_KEYS);
        assert_int_equal(setup_fingerprints(path, first, true), STEP_DONE);
        assert_int_equal(setup_fingerprints(path, other, false), STEP_DONE);
        assert_int_equal(setup_fingerprints(path, first, true), STEP_KEYS);
        free_and_strdup(&first->database_volume, "another_volume");
        assert_int_equal(setup_fingerprints(path, first, true), STEP_DONE);
        (void)unlink(path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_new_installation_gets_all_keys),
                cmocka_unit_test(both_names_are_in_the_file_itself),
                cmocka_unit_test(keys_are_made_once),
                cmocka_unit_test(two_installations_share_no_key),
                cmocka_unit_test(what_lago_env_gives_is_not_made),
                cmocka_unit_test(an_external_server_gets_no_password),
                cmocka_unit_test(new_keys_for_old_data_are_refused),
                cmocka_unit_test(keys_that_were_there_once_are_not_made_anew),
                cmocka_unit_test(a_password_is_added_and_the_rest_left_alone),
                cmocka_unit_test(a_running_installation_gets_a_password_for_redis),
                cmocka_unit_test(copies_of_the_keys_stay_and_half_a_file_goes),
                cmocka_unit_test(keys_that_cannot_be_written_are_tried_again),
                cmocka_unit_test(only_an_rsa_key_without_passphrase_will_do),
                cmocka_unit_test(what_the_loader_cannot_judge_is_checked),
                cmocka_unit_test(what_the_check_cannot_read_now_is_not_refused),
                cmocka_unit_test(the_inventory_reads_what_podman_prints),
                cmocka_unit_test(an_empty_volume_has_no_data),
                cmocka_unit_test(a_snapshot_without_a_log_is_not_given_to_a_redis_that_logs),
                cmocka_unit_test(an_empty_place_is_no_new_beginning_where_there_was_a_database),
                cmocka_unit_test(a_place_whose_notes_cannot_be_read_is_waited_for),
                cmocka_unit_test(a_volume_that_this_host_had_is_missed),
                cmocka_unit_test(a_volume_that_held_jobs_and_is_empty_is_missed),
                cmocka_unit_test(a_database_is_made_in_a_folder_and_not_on_top_of_a_disk),
                cmocka_unit_test(new_keys_are_new_until_others_stand_in_their_place),
                cmocka_unit_test(only_what_lacks_is_made),
                cmocka_unit_test(a_volume_that_the_engine_forgot_is_made_known_again),
                cmocka_unit_test(what_damages_the_engines_record_is_told_apart),
                cmocka_unit_test(nothing_is_made_when_all_is_there),
                cmocka_unit_test(external_stores_need_no_volume),
                cmocka_unit_test(what_podman_keeps_is_read_by_root_alone),
                cmocka_unit_test(a_strangers_network_is_left_alone),
                cmocka_unit_test(a_network_without_names_is_told_when_it_is_made),
                cmocka_unit_test(a_network_from_before_is_made_again_when_nobody_runs),
                cmocka_unit_test(one_of_somebody_else_or_isolated_is_kept),
                cmocka_unit_test(a_busy_engine_is_asked_again),
                cmocka_unit_test(a_changed_or_missing_key_is_named),
                cmocka_unit_test(a_fingerprint_tells_no_key_and_differs_from_host_to_host),
                cmocka_unit_test(a_new_database_takes_new_keys_and_one_with_data_refuses_them),
                cmocka_unit_test(a_volume_with_options_is_looked_at_where_it_leads),
                cmocka_unit_test(the_engines_directory_is_seen_from_a_volume),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
