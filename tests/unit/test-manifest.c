/* SPDX-License-Identifier: MIT */
/* The manifest file: printed, read back, and refused when it is anything else. */
#include "base/util.h"
#include "schema/manifest.h"

#include "check.h"

#define WHOLE                                                                        \
        "lago-manifest 4\n"                                                          \
        "release v1.50.0\n"                                                          \
        "file 20220525122759 init_schema\n"                                          \
        "file 20220613130634 create_active_storage_tables.active_storage\n"          \
        "structure 20220525122759\n"                                                 \
        "structure 20220613130634\n"                                                 \
        "extension pg_partman\n"                                                     \
        "extension pgcrypto\n"                                                       \
        "script scripts/start.api.sh exec\n"                                         \
        "script scripts/start.worker.sh bundle exec sidekiq -C config/sidekiq.yml\n" \
        "task roles:seed_predefined\n"                                               \
        "lines 11\n"                                                                 \
        "end\n"

static void expect_refusal(const char *text, const char *expected) {
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        _cleanup_(freep) char *error = NULL;

        assert_int_equal(manifest_parse(text, strlen(text), &manifest, &error), -EBADMSG);
        assert_null(manifest);
        assert_string_equal(error, expected);
}

/* WHOLE with @from replaced by @to. */
static char *changed(const char *from, const char *to) {
        const char *at = strstr(WHOLE, from);

        assert_non_null(at);
        return xasprintf("%.*s%s%s", (int)(at - WHOLE), WHOLE, to, at + strlen(from));
}

static void expect_damage_seen(const char *from, const char *to, const char *expected) {
        _cleanup_(freep) char *text = changed(from, to);

        expect_refusal(text, expected);
}

/* The same with the count that belongs to it: it is well written, and still refused. */
static void expect_change_refused(const char *from, const char *to, const char *expected) {
        _cleanup_(freep) char *text = changed(from, to), *whole = NULL;
        char *count = strstr(text, "lines 11\n");
        unsigned n = 0;

        assert_non_null(count);
        for (const char *c = text; c < count; c++)
                n += *c == '\n';
        whole = xasprintf("%.*slines %u\n%s", (int)(count - text), text, n, count + strlen("lines 11\n"));
        expect_refusal(whole, expected);
}

static void what_is_printed_can_be_read_back(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        _cleanup_(freep) char *error = NULL, *again = NULL;

        (void)state;
        assert_int_equal(manifest_parse(WHOLE, strlen(WHOLE), &manifest, &error), 0);
        assert_string_equal(manifest->release, "v1.50.0");
        assert_int_equal(manifest->n_files, 2);
        assert_string_equal(manifest_file(manifest, 20220613130634)->name, "create_active_storage_tables.active_storage");
        assert_null(manifest_file(manifest, 1));
        assert_null(manifest->scripts[0].command);
        assert_true(manifest->seeds_roles);
        assert_string_equal(manifest->scripts[1].command, "bundle exec sidekiq -C config/sidekiq.yml");
        again = manifest_print(manifest);
        assert_string_equal(again, WHOLE);
}

static void what_is_not_a_whole_manifest_is_refused(void **state) {
        (void)state;
        expect_refusal("", "truncated: no \"end\" after line 0");
        expect_refusal("hello\n", "line 1: not a manifest (\"lago-manifest 4\" expected)");
        expect_refusal("lago-manifest 3\nend\n", "line 1: not a manifest (\"lago-manifest 4\" expected)");
        expect_refusal("lago-manifest 4\nrelease -\nlines 2\nend\n", "no migration file");
        expect_change_refused("end\n", "", "truncated: no \"end\" after line 12");
        expect_change_refused("end\n", "end", "truncated: no \"end\" after line 12");
        expect_change_refused("end\n", "end\nend\n", "line 14: twice, out of order, or behind the end");
        expect_change_refused("end\n", "garbage\nend\n", "line 13: not understood");
        expect_change_refused("release v1.50.0\n", "", "line 2: twice, out of order, or behind the end");
        expect_change_refused("release v1.50.0", "release v1.50.0\nrelease v1.50.0",
                              "line 3: twice, out of order, or behind the end");
        expect_change_refused("extension pg_partman\n", "extension pg_partman\nextension pg_partman\n", "line 8: not understood");
        expect_change_refused("structure 20220613130634\n", "structure 20220525122759\n",
                              "line 6: twice, out of order, or behind the end");
        expect_change_refused("structure 20220525122759\n", "structure 30220525122759\n",
                              "line 5: twice, out of order, or behind the end");
        expect_change_refused("file 20220613130634 create", "file 20220525122759 create",
                              "two migration files of version 20220525122759: init_schema and "
                              "create_active_storage_tables.active_storage");
        expect_change_refused("20220525122759 init_schema", "0020220525122759 init_schema",
                              "line 3: twice, out of order, or behind the end");
}

/* A piece that got lost on the way to the disk, with an "end" behind it that looks whole. */
static void a_line_that_got_lost_is_missed(void **state) {
        (void)state;
        expect_damage_seen("file 20220613130634 create_active_storage_tables.active_storage\n", "",
                           "damaged: 10 lines where 11 were written");
        expect_damage_seen("extension pgcrypto\n", "", "damaged: 10 lines where 11 were written");
        expect_damage_seen("structure 20220613130634\nextension pg_partman\n", "", "damaged: 9 lines where 11 were written");
        expect_damage_seen("lines 11\n", "", "damaged: no count of lines before \"end\"");
        expect_damage_seen("lines 11\n", "lines x\n", "damaged: no count of lines before \"end\"");
        expect_damage_seen("lines 11\n", "lines 11\nlines 11\n", "damaged: 12 lines where 11 were written");
        expect_damage_seen("lines 11\n", "lines 011\n", "line 12: twice, out of order, or behind the end");
}

/* Each takes a moment, and would take minutes if a line cost as much as all before it. */
static void a_large_image_is_read_in_one_pass(void **state) {
        size_t n = 300000;
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(strv_freep) char **lines = xcalloc(n + 1, sizeof(char *)), **words = NULL;
        _cleanup_(freep) char *text = NULL, *error = NULL;

        (void)state;
        for (size_t i = 0; i < n; i++)
                lines[i] = i % 2 ? xasprintf("CREATE EXTENSION e%zu;", i) : xstrdup("INSERT INTO x");
        text = strv_join(lines, "\n");
        manifest_add_structure(manifest, text);
        manifest_add_script(manifest, "scripts/start.sh", text);
        words = strv_split(text, "\n");
        assert_int_equal(strv_length(words), n);
        manifest_add_file(manifest, "3_x.rb");
        assert_int_equal(manifest_finish(manifest, &error), -EBADMSG);
        assert_string_equal(error, "more than 500 extensions");
}

static void words_are_checked(void **state) {
        (void)state;
        expect_change_refused("init_schema", "init schema", "line 3: not understood");
        expect_change_refused("init_schema", "", "line 3: not understood");
        expect_change_refused("init_schema", "init\x1bschema", "line 3: not understood");
        expect_change_refused("20220525122759 init", "2022052512275x init", "line 3: not understood");
        expect_change_refused("20220525122759 init", "1234567890123456789 init", "line 3: not understood");
        expect_change_refused("bundle exec", "bundle \x01 exec", "line 10: not understood");
        expect_change_refused(" exec\n", "\n", "line 9: not understood");
}

static void a_zero_byte_is_refused(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        _cleanup_(freep) char *error = NULL;
        char text[] = WHOLE;

        (void)state;
        text[40] = '\0';
        assert_int_equal(manifest_parse(text, sizeof(text) - 1, &manifest, &error), -EBADMSG);
}

static void only_what_rails_takes_for_a_migration_counts(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();

        (void)state;
        assert_true(manifest_add_file(manifest, "20220525122759_init_schema.rb"));
        assert_true(manifest_add_file(manifest, "20220613130634_create_active_storage_tables.active_storage.rb"));
        assert_false(manifest_add_file(manifest, "20220525122759_init_schema.rb~"));
        assert_false(manifest_add_file(manifest, "20220525122759_.rb"));
        assert_false(manifest_add_file(manifest, "20220525122759.rb"));
        assert_false(manifest_add_file(manifest, "_x.rb"));
        assert_false(manifest_add_file(manifest, ".keep"));
        assert_false(manifest_add_file(manifest, "20220525122759_Init.rb"));
        assert_false(manifest_add_file(manifest, "README.md"));
        assert_false(manifest_add_file(manifest, ""));
        assert_int_equal(manifest->n_files, 2);
}

static void structure_sql_tells_versions_and_extensions(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(freep) char *error = NULL;

        (void)state;
        manifest_add_file(manifest, "3_x.rb");
        manifest_add_structure(manifest, "DROP EXTENSION IF EXISTS hstore;\n"
                                         "CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;\n"
                                         "CREATE EXTENSION \"uuid-ossp\";\n"
                                         "COMMENT ON EXTENSION pg_partman IS 'x';\n"
                                         "INSERT INTO \"users\" VALUES ('99');\n"
                                         "SET search_path TO public;\n"
                                         "INSERT INTO \"schema_migrations\" (version) VALUES\n('3'),\n('1'),\n('x'),('2');\n"
                                         "SELECT '77';\n");
        assert_int_equal(manifest_finish(manifest, &error), 0);
        assert_int_equal(manifest->structure.n, 3);
        assert_true(versions_has(&manifest->structure, 1) && versions_has(&manifest->structure, 2) &&
                    versions_has(&manifest->structure, 3));
        assert_int_equal(strv_length(manifest->extensions), 2);
        assert_string_equal(manifest->extensions[0], "pg_partman");
        assert_string_equal(manifest->extensions[1], "uuid-ossp");
}

static void the_last_command_of_a_script_is_found(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();

        (void)state;
        manifest_add_script(manifest, "scripts/start.a.sh", "#!/bin/bash\nset -e\n  exec bundle exec rails s  \n\n# end\n");
        manifest_add_script(manifest, "scripts/start.b.sh", "#!/bin/bash\nif x; then\n  bundle exec b\nfi\n");
        manifest_add_script(manifest, "scripts/start.c.sh", "#!/bin/bash\n");
        manifest_add_script(manifest, "scripts/start d.sh", "exec x\n");
        manifest_add_script(manifest, "scripts/start.e.sh", "b\x1b[2J\n");
        assert_int_equal(manifest->n_scripts, 2);
        assert_null(manifest->scripts[0].command);
        assert_string_equal(manifest->scripts[1].command, "bundle exec b");
}

static void a_task_counts_when_migrate_sh_runs_it(void **state) {
        static const struct {
                const char *text;
                bool seeds;
        } cases[] = {
                {"#!/bin/bash\nset -e\nbundle exec rails db:migrate\n", false},
                {"bundle exec rails db:migrate\n  # bundle exec rails roles:seed_predefined\n", false},
                {"bundle exec rails db:migrate\nbundle exec rails roles:seed_predefined\n", true},
                {"", false},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(manifest_freep) Manifest *manifest = manifest_new();

                manifest_add_migrate(manifest, cases[i].text);
                assert_int_equal(manifest->seeds_roles, cases[i].seeds);
        }
}

static void the_release_is_a_word_or_none(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();

        (void)state;
        assert_string_equal(manifest->release, "-");
        manifest_set_release(manifest, "v1.50.0\n");
        assert_string_equal(manifest->release, "v1.50.0");
        manifest_set_release(manifest, "v1.50.0 \x1b[2J");
        assert_string_equal(manifest->release, "-");
}

/* Anything may stand in the file: nothing may break, and what is accepted is what would be written. */
static void no_bytes_break_the_parser(void **state) {
        uint64_t seed = 8;
        unsigned n_accepted = 0;

        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                _cleanup_(manifest_freep) Manifest *manifest = NULL;
                _cleanup_(freep) char *error = NULL, *again = NULL;
                /* The heap, exactly as long as the text: a read too far is seen by the sanitizer. */
                size_t size = next_random(&seed) % (sizeof(WHOLE) + 20);
                _cleanup_(freep) char *text = xcalloc(size, 1);
                unsigned n_changes = (unsigned)(next_random(&seed) % 4);

                memcpy(text, WHOLE, size < sizeof(WHOLE) - 1 ? size : sizeof(WHOLE) - 1);
                if (round % 4 == 0)
                        n_changes = (unsigned)size;
                for (unsigned i = 0; i < n_changes && size > 0; i++)
                        text[next_random(&seed) % size] = (char)next_random(&seed);
                if (manifest_parse(text, size, &manifest, &error) < 0) {
                        assert_true(strlen(error) > 0);
                        continue;
                }
                again = manifest_print(manifest);
                assert_int_equal(strlen(again), size);
                assert_memory_equal(again, text, size);
                n_accepted++;
        }
        assert_true(n_accepted > 0);
}

static void no_bytes_break_the_readers_of_an_image(void **state) {
        static const char words[][24] = {"INSERT INTO ", "\"schema_migrations\"", "('1')", ";", "\n", "CREATE EXTENSION ",
                                         "IF NOT EXISTS ", "'", "\"", "99999999999999999999", "exec ", "#", "fi", " "};
        uint64_t seed = 9;

        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
                char text[400] = "";

                for (unsigned i = 0; i < 12; i++) {
                        char any[2] = {(char)(1 + next_random(&seed) % 255), '\0'};

                        strcat(text, next_random(&seed) % 5 ? words[next_random(&seed) % ELEMENTSOF(words)] : any);
                }
                manifest_add_structure(manifest, text);
                manifest_add_script(manifest, "scripts/start.sh", text);
                (void)manifest_add_file(manifest, text);
                manifest_set_release(manifest, text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_printed_can_be_read_back),
                cmocka_unit_test(what_is_not_a_whole_manifest_is_refused),
                cmocka_unit_test(a_line_that_got_lost_is_missed),
                cmocka_unit_test(a_large_image_is_read_in_one_pass),
                cmocka_unit_test(words_are_checked),
                cmocka_unit_test(a_zero_byte_is_refused),
                cmocka_unit_test(only_what_rails_takes_for_a_migration_counts),
                cmocka_unit_test(structure_sql_tells_versions_and_extensions),
                cmocka_unit_test(the_last_command_of_a_script_is_found),
                cmocka_unit_test(a_task_counts_when_migrate_sh_runs_it),
                cmocka_unit_test(the_release_is_a_word_or_none),
                cmocka_unit_test(no_bytes_break_the_parser),
                cmocka_unit_test(no_bytes_break_the_readers_of_an_image),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
