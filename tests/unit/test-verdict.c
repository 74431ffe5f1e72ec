/* SPDX-License-Identifier: MIT */
/* The verdict: each state and the order between them, and what must hold of any sets whatever. */
#include "schema/verdict.h"

#include "schema/case.h"

#include "stack/stack.h"
#include "supervisor/policy.h"

#include "ledger-data.h"
#include "release-data.h"

#include <ctype.h>

static ReleaseData *data;

static Finding *judge(const char *release, const Ledger *ledger) {
        return verdict_of(release_data_find(data, release), ledger, &(Policy){});
}

static Ledger *database_of(const char *release) {
        return ledger_of(release_data_find(data, release));
}

static void expect(const char *release, const Ledger *ledger, const char *verdict, const char *sentence) {
        _cleanup_(finding_freep) Finding *finding = judge(release, ledger);

        assert_string_equal(verdict_name(finding->verdict), verdict);
        assert_string_equal(finding->sentence, sentence);
        assert_true(strlen(finding->sentence) <= FINDING_SENTENCE);
}

static void set(char **p, const char *s) {
        free_and_strdup(p, s);
}

static void expect_warning(const Ledger *ledger, const char *warning) {
        _cleanup_(finding_freep) Finding *finding = judge("v1.49.0", ledger);

        assert_int_equal(strv_length(finding->warnings), warning ? 1 : 0);
        if (warning)
                assert_string_equal(finding->warnings[0], warning);
}

#define WRITE_VERSION "UPDATE pg_database SET datcollversion = pg_database_collation_actual_version(oid) WHERE datname = " \
                      "current_database()"

/* Of the bundled server the command works as it stands on the host, and no shell is run beside the server. */
static void a_database_of_another_c_library_is_warned_of(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.49.0"), *empty = ledger_ready();

        (void)state;
        set(&ledger->locale, "en_US.utf8");
        expect_warning(ledger, NULL);
        set(&ledger->collation_here, "2.36");
        expect_warning(ledger, "indexes on text of database \"lago\" may miss rows: it was made by a server that sorts by bytes "
                               "(musl, as in Alpine's images), and this one sorts by en_US.utf8 2.36; mend them with: podman exec "
                               "lago-db psql -U lago -d lago -c 'REINDEX DATABASE \"lago\"' -c '" WRITE_VERSION
                               "' (writers wait meanwhile)");
        set(&ledger->collation_made, "2.36");
        expect_warning(ledger, NULL);
        set(&ledger->collation_made, "2.31");
        set(&ledger->endpoint, "pg.example.com:5432");
        expect_warning(ledger, "indexes on text of database \"lago\" may miss rows: it was made sorting by en_US.utf8 2.31, and "
                               "this server sorts by 2.36; mend them with: REINDEX DATABASE \"lago\"; ALTER DATABASE \"lago\" "
                               "REFRESH COLLATION VERSION; (writers wait meanwhile)");
        set(&ledger->collation_here, NULL);
        expect_warning(ledger, "indexes on text of database \"lago\" may miss rows: it was made sorting by en_US.utf8 2.31, and "
                               "this server sorts by bytes (musl, as in Alpine's images); mend them with: REINDEX DATABASE "
                               "\"lago\"; " WRITE_VERSION "; (writers wait meanwhile)");
        set(&ledger->endpoint, "db:5432");
        set(&ledger->role, "o'neil");
        expect_warning(ledger, "indexes on text of database \"lago\" may miss rows: it was made sorting by en_US.utf8 2.31, and "
                               "this server sorts by bytes (musl, as in Alpine's images); mend them with: REINDEX DATABASE "
                               "\"lago\"; " WRITE_VERSION "; (writers wait meanwhile)");
        /* One without a row has no index that could be wrong, and what cannot tell its locale cannot tell the rest. */
        set(&empty->locale, "en_US.utf8");
        set(&empty->collation_here, "2.36");
        expect_warning(empty, NULL);
        set(&ledger->locale, NULL);
        expect_warning(ledger, NULL);
}

/* --- each state ---------------------------------------------------------------------------------------- */

static void nothing_read_is_never_a_permission(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();

        (void)state;
        ledger->endpoint = xstrdup("db:5432");
        set(&ledger->cause, "connection refused");
        expect("v1.50.0", ledger, "unreachable", "Waiting for PostgreSQL at db:5432: connection refused");
        ledger->contact = CONTACT_DENIED;
        set(&ledger->cause, "password rejected for \"lago\"");
        expect("v1.50.0", ledger, "denied", "Waiting for PostgreSQL at db:5432: password rejected for \"lago\"");
        ledger->contact = CONTACT_NO_DATABASE;
        set(&ledger->cause, "database \"lago\" does not exist");
        expect("v1.50.0", ledger, "no-database", "Waiting for PostgreSQL at db:5432: database \"lago\" does not exist");
        ledger->contact = CONTACT_UNTRUSTED;
        set(&ledger->cause, "its certificate is not trusted");
        expect("v1.50.0", ledger, "untrusted", "Refused: PostgreSQL at db:5432: its certificate is not trusted");
}

static void a_server_must_be_new_enough_and_writable(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");
        _cleanup_(ledger_freep) Ledger *older = database_of("v1.40.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger->standby = true;
        expect("v1.50.0", ledger, "read-only", "Waiting for PostgreSQL at db:5432: it is a standby");
        ledger->standby = false;
        ledger->read_only = true;
        expect("v1.50.0", ledger, "read-only", "Waiting for PostgreSQL at db:5432: it is read-only");
        ledger->read_only = false;
        ledger->server_major = 14;
        set(&ledger->server, "14.9");
        expect("v1.50.0", ledger, "wrong-major", "Refused: PostgreSQL 14.9 is too old for v1.50.0, which needs 15");
        older->server_major = 14;
        finding = judge("v1.40.0", older);
        assert_int_equal(finding->verdict, VERDICT_VERIFIED);
        assert_non_null(strstr(finding->warnings[0], "PostgreSQL 15"));
        older->server_major = 13;
        expect("v1.40.0", older, "wrong-major", "Refused: PostgreSQL 15.6 is too old for v1.40.0, which needs 14");
}

static void lagos_tables_without_a_visible_ledger_are_not_touched(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

        (void)state;
        set(&ledger->lago_schema, "public");
        set(&ledger->search_path, "billing");
        set(&ledger->schema, "billing");
        expect("v1.51.0", ledger, "invisible",
               "Refused: Lago's tables are in schema \"public\", but no schema_migrations is visible");
}

static void an_empty_ledger_beside_tables_is_half_loaded(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

        (void)state;
        ledger->has_migrations = true;
        ledger->n_objects = 126;
        set(&ledger->first_object, "add_ons");
        expect("v1.51.0", ledger, "half-loaded", "Refused: schema_migrations is empty, but there are 126 tables (\"add_ons\")");
}

static void somebody_elses_tables_are_not_touched(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

        (void)state;
        ledger->n_objects = 1;
        set(&ledger->first_object, "wp_posts");
        expect("v1.51.0", ledger, "occupied", "Refused: the database holds 1 tables of somebody else (\"wp_posts\")");
        ledger->lago_objects = true;
        set(&ledger->first_object, "add_ons");
        expect("v1.51.0", ledger, "occupied", "Refused: 1 tables, some of Lago's (\"add_ons\"), and no schema_migrations");
}

static void another_applications_ledger_is_foreign(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

        (void)state;
        ledger->has_migrations = true;
        ledger_row(ledger, 20010101000000);
        expect("v1.51.0", ledger, "foreign", "Refused: database \"lago\" belongs to another application than Lago");
        /* One version that any release knows makes it Lago's: then the other one is from a newer release. */
        ledger_row(ledger, 20220525122759);
        expect("v1.6.0", ledger, "ahead",
               "Refused: database is newer than v1.6.0 (1 unknown, newest 20010101000000); set release > v1.51.0");
        ledger->odd_migrations = true;
        expect("v1.51.0", ledger, "foreign", "Refused: schema_migrations in \"lago\" is not a table of Rails");
}

static void rows_that_are_no_versions_are_no_lago(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();
        _cleanup_(ledger_freep) Ledger *lago = database_of("v1.49.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger->has_migrations = true;
        ledger->n_garbage = 2;
        expect("v1.51.0", ledger, "foreign", "Refused: database \"lago\" belongs to another application than Lago");
        lago->n_garbage = 2;
        finding = judge("v1.49.0", lago);
        assert_int_equal(finding->verdict, VERDICT_VERIFIED);
        assert_string_equal(finding->warnings[0], "2 rows of schema_migrations are not versions");
}

/* What a load leaves half done looks like a ruin, as long as it goes on. */
static void while_somebody_loads_it_is_busy(void **state) {
        (void)state;
        for (unsigned shape = 0; shape < 5; shape++) {
                _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

                ledger->has_migrations = shape == 1 || shape == 2;
                ledger->n_objects = shape == 0 || shape == 2 ? 0 : 12;
                ledger->lago_objects = shape == 3;
                if (shape == 4)
                        set(&ledger->lago_schema, "public");
                set(&ledger->first_object, "add_ons");
                ledger->loader.pid = 812;
                set(&ledger->loader.address, "10.0.0.7");
                set(&ledger->loader.since, "14:03");
                expect("v1.51.0", ledger, "busy", "Waiting for another first load (psql): backend 812 from 10.0.0.7 since 14:03");
                ledger->migrator.pid = 813;
                set(&ledger->migrator.since, "14:04");
                if (shape != 0)
                        expect("v1.51.0", ledger, "busy", "Waiting for another migrator: backend 813 from unknown since 14:04");
                ledger->loader.pid = 0;
                expect("v1.51.0", ledger, "busy", "Waiting for another migrator: backend 813 from unknown since 14:04");
                ledger->migrator.pid = 0;
                if (shape == 1)
                        expect("v1.51.0", ledger, "half-loaded",
                               "Refused: schema_migrations is empty, but there are 12 tables (\"add_ons\")");
        }
}

/* Somebody's psql beside a ledger with rows is nobody's first load; nor is a table that is not Rails'. */
static void a_psql_beside_a_ledger_does_not_matter(void **state) {
        _cleanup_(ledger_freep) Ledger *full = database_of("v1.50.0"), *odd = ledger_ready();

        (void)state;
        full->loader.pid = 812;
        expect("v1.50.0", full, "verified", "Schema verified: v1.50.0, 1046 of 1046");
        odd->has_migrations = odd->odd_migrations = true;
        odd->loader.pid = 812;
        expect("v1.51.0", odd, "foreign", "Refused: schema_migrations in \"lago\" is not a table of Rails");
}

static void a_newer_database_is_refused_with_the_release_to_use(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.51.0");

        (void)state;
        expect("v1.50.0", ledger, "ahead",
               "Refused: database is newer than v1.50.0 (29 unknown, newest 20260721180721); set release = v1.51.0");
}

static void accepted_tombstones_are_only_warned_of(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.49.0");
        _cleanup_(finding_freep) Finding *finding = NULL;
        uint64_t version = 20240101010101;
        Policy policy = {.tombstones = {.list = &version, .n = 1}};

        (void)state;
        ledger_row(ledger, version);
        finding = verdict_of(release_data_find(data, "v1.49.0"), ledger, &policy);
        assert_int_equal(finding->verdict, VERDICT_VERIFIED);
        assert_string_equal(finding->warnings[0], "version 20240101010101 is in the ledger, of no release, and accepted");
}

static void what_a_release_carries_is_no_tombstone(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.51.0");
        _cleanup_(finding_freep) Finding *finding = NULL;
        uint64_t version = 20260721180721;
        Policy policy = {.tombstones = {.list = &version, .n = 1}};

        (void)state;
        finding = verdict_of(release_data_find(data, "v1.50.0"), ledger, &policy);
        assert_int_equal(finding->verdict, VERDICT_AHEAD);
        assert_int_equal(finding->extra, 29);
        assert_string_equal(finding->warnings[0], "version 20260721180721 is no tombstone: it comes with v1.51.0");
}

/* A version that nobody knows looks newer than every bridge. */
static void a_tombstone_hides_no_bridge(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.44.0"), *there = database_of("v1.42.0");
        _cleanup_(finding_freep) Finding *finding = NULL, *warned = NULL;
        _cleanup_(questions_done) Questions questions = {};
        uint64_t version = 20240101010101;
        Policy policy = {.tombstones = {.list = &version, .n = 1}};

        (void)state;
        ledger_row(ledger, version);
        finding = verdict_of(release_data_find(data, "v1.49.0"), ledger, &policy);
        assert_string_equal(finding->sentence, "Refused: v1.49.0 must not be reached without stopping at v1.45.0");
        ledger_row(there, version);
        verdict_questions(release_data_find(data, "v1.42.0"), there, &policy, &questions);
        assert_non_null(questions.rows);
        warned = verdict_of(release_data_find(data, "v1.42.0"), there, &policy);
        assert_int_equal(warned->verdict, VERDICT_VERIFIED);
        assert_int_equal(strv_length(warned->warnings), 2);
}

static void what_only_structure_sql_knows_must_be_applied(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");
        _cleanup_(ledger_freep) Ledger *old = database_of("v1.6.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger_drop(ledger, 20220530091046);
        expect("v1.50.0", ledger, "gap", "Refused: v1.50.0 lacks the files of 1 migrations not run yet; v1.30.0 has them");
        finding = judge("v1.50.0", old);
        assert_int_equal(finding->verdict, VERDICT_GAP);
        assert_non_null(strstr(finding->remedy, "one after the other: v1.20.0, v1.25.0, v1.28.1, v1.30.0."));
}

static void a_bridge_is_not_jumped(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.44.0");
        _cleanup_(finding_freep) Finding *finding = NULL;
        char *passed[] = {(char[]){"v1.45.0"}, NULL};
        Policy policy = {.passed_bridges = passed};

        (void)state;
        expect("v1.49.0", ledger, "stop", "Refused: v1.49.0 must not be reached without stopping at v1.45.0");
        finding = verdict_of(release_data_find(data, "v1.49.0"), ledger, &policy);
        assert_int_equal(finding->verdict, VERDICT_PENDING);
}

/* The first @n files of an image, run one by one on an empty database. */
static Ledger *replayed_up_to(const Manifest *image, size_t n) {
        Ledger *ledger = ledger_ready();

        ledger->has_migrations = true;
        set(&ledger->lago_schema, "public");
        for (size_t i = 0; i < n; i++)
                ledger_row(ledger, image->versions.list[i]);
        return ledger;
}

static void a_first_replay_that_was_cut_off_goes_on(void **state) {
        static const char *const images[] = {"v1.26.0", "v1.50.0", "v1.51.0"};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(images); i++) {
                const Manifest *image = release_data_find(data, images[i]);

                for (size_t n = 1; n < image->versions.n; n++) {
                        _cleanup_(ledger_freep) Ledger *ledger = replayed_up_to(image, n);
                        _cleanup_(finding_freep) Finding *finding = NULL, *filled = NULL;
                        _cleanup_(questions_done) Questions questions = {};

                        verdict_questions(image, ledger, &(Policy){}, &questions);
                        filled = judge(images[i], ledger);
                        /* It is asked where it matters, and nowhere else. */
                        assert_int_equal(questions.any_row, filled->verdict == VERDICT_STOP);
                        ledger->rows = ROWS_NONE;
                        finding = judge(images[i], ledger);
                        assert_int_equal(finding->verdict, VERDICT_PENDING);
                        assert_int_equal(finding->missing, image->versions.n - n);
                }
        }
}

static void with_a_row_in_it_a_database_does_not_jump_a_bridge(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger =
                replayed_up_to(release_data_find(data, "v1.50.0"), 300);
        const char *refused = "Refused: v1.50.0 must not be reached without stopping at v1.44.0";

        (void)state;
        expect("v1.50.0", ledger, "stop", refused);
        ledger->rows = ROWS_SOME;
        expect("v1.50.0", ledger, "stop", refused);
        ledger->rows = ROWS_NONE;
        ledger->may_create = false;
        expect("v1.50.0", ledger, "extension",
               "Refused: role \"lago\" may not create tables in schema \"public\"");
}

/* A migrator has locks on what we would look into. */
static void a_first_replay_that_goes_on_elsewhere_is_busy(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger =
                replayed_up_to(release_data_find(data, "v1.50.0"), 300);

        (void)state;
        ledger->migrator.pid = 812;
        set(&ledger->migrator.since, "14:03");
        expect("v1.50.0", ledger, "busy",
               "Waiting for another migrator: backend 812 from unknown since 14:03");
        ledger->rows = ROWS_SOME;
        expect("v1.50.0", ledger, "stop",
               "Refused: v1.50.0 must not be reached without stopping at v1.44.0");
}

static void an_image_of_ones_own_is_before_the_bridges_of_its_base(void **state) {
        const Manifest *base = release_data_find(data, "v1.6.0");
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.6.0");
        _cleanup_(manifest_freep) Manifest *own = manifest_new();
        _cleanup_(finding_freep) Finding *finding = NULL;
        _cleanup_(freep) char *error = NULL;
        Policy policy = {0};

        (void)state;
        manifest_set_release(own, "v1.6.0");
        for (size_t i = 0; i < base->versions.n; i++) {
                _cleanup_(freep) char *file = xasprintf("%llu_x.rb", (unsigned long long)base->versions.list[i]);

                assert_true(manifest_add_file(own, file));
        }
        assert_true(manifest_add_file(own, "20991231000000_of_ones_own.rb"));
        assert_int_equal(manifest_finish(own, &error), 0);
        finding = verdict_of(own, ledger, &policy);
        assert_int_equal(finding->verdict, VERDICT_PENDING);
        assert_string_equal(finding->sentence, "Waiting for the schema: 1 of 317 missing, first 20991231000000");
}

/* So that a host which waits can say what the others run. */
static void what_is_pending_names_the_release_of_the_schema(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.49.0");
        _cleanup_(finding_freep) Finding *whole = judge("v1.50.0", ledger), *partly = NULL;

        (void)state;
        assert_int_equal(whole->verdict, VERDICT_PENDING);
        assert_string_equal(whole->schema_of, "v1.49.0");
        /* One of its rows is not there: it is no release's. */
        ledger_drop(ledger, ledger->versions.list[ledger->versions.n - 1]);
        ledger_drop(ledger, ledger->versions.list[ledger->versions.n / 2]);
        partly = judge("v1.50.0", ledger);
        assert_null(partly->schema_of);
}

static void a_bridge_is_left_only_with_its_task_done(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.42.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        expect("v1.43.0", ledger, "pending", "Waiting for the schema: 7 of 940 missing, first 20251229153718");
        ledger->rows_left = 12;
        expect("v1.43.0", ledger, "stop", "Refused: the task of v1.42.0 has 12 rows left");
        finding = judge("v1.42.0", ledger);
        assert_int_equal(finding->verdict, VERDICT_VERIFIED);
        assert_non_null(strstr(finding->warnings[0], "12 rows left"));
        ledger->rows_left = 0;
        expect("v1.43.0", ledger, "pending", "Waiting for the schema: 7 of 940 missing, first 20251229153718");
}

/* The host has no bundle, and what stands before a command does not reach its container. */
static void every_task_is_a_command_of_the_host(void **state) {
        (void)state;
        for (size_t i = 0; i < n_bridges; i++) {
                const char *run = strstr(bridges[i].task, "run: ");

                assert_null(strstr(bridges[i].task, "bundle"));
                assert_null(strstr(bridges[i].task, "console"));
                if (run)
                        assert_non_null(startswith(run, "run: lagoctl rails "));
                /* It stands inside a sentence: "…, start, and TASK; then go on." */
                assert_true(islower((unsigned char)bridges[i].task[0]));
        }
}

static void what_is_to_be_done_before_a_bridge_is_said_so(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.19.0");
        _cleanup_(finding_freep) Finding *finding = judge("v1.21.0", ledger),
                                         *next = judge("v1.20.0", ledger), *few = NULL;

        (void)state;
        assert_string_equal(
                finding->remedy,
                "Set release = v1.20.0, start, and go on; before that, with more than a million fees of no "
                "amount and no units, delete them in SQL: its migration takes a thousand at a time. Done "
                "elsewhere: passed-bridges = v1.20.0.");
        assert_int_equal(strv_length(next->warnings), 1);
        ledger->rows_left = BRIDGE_MANY;
        few = judge("v1.20.0", ledger);
        assert_int_equal(strv_length(few->warnings), 0);
}

static void a_bridge_newer_than_the_table_is_known_by_its_number(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.51.0");
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(freep) char *error = NULL;
        _cleanup_(finding_freep) Finding *finding = NULL, *ours = NULL;

        (void)state;
        for (size_t i = 0; i < ledger->versions.n; i++) {
                _cleanup_(freep) char *base = xasprintf("%llu_x.rb", (unsigned long long)ledger->versions.list[i]);

                manifest_add_file(manifest, base);
        }
        manifest_add_file(manifest, "20261231000000_new.rb");
        manifest_set_release(manifest, "v1.53.0\n");
        assert_int_equal(manifest_finish(manifest, &error), 0);
        finding = verdict_of(manifest, ledger, &(Policy){});
        assert_int_equal(finding->verdict, VERDICT_STOP);
        assert_non_null(strstr(finding->sentence, "v1.52.0"));
        manifest_set_release(manifest, "v1.52.0");
        ours = verdict_of(manifest, ledger, &(Policy){});
        assert_int_equal(ours->verdict, VERDICT_PENDING);
}

static void a_replayed_database_is_whole(void **state) {
        const Manifest *image = release_data_find(data, "v1.50.0");
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

        (void)state;
        ledger->has_migrations = true;
        versions_or(&image->versions, &image->versions, &ledger->versions);
        expect("v1.50.0", ledger, "verified", "Schema verified: v1.50.0, 597 of 597");
        ledger_drop(ledger, 20260706173746);
        expect("v1.50.0", ledger, "pending", "Waiting for the schema: 1 of 597 missing, first 20260706173746");
        /* Without the first file it is no replay but a hole of 450. */
        ledger_drop(ledger, 20250122112050);
        expect("v1.50.0", ledger, "gap", "Refused: v1.50.0 lacks the files of 449 migrations not run yet; v1.30.0 has them");
}

static void what_the_pending_steps_need_is_asked_before_they_run(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.47.0");
        _cleanup_(ledger_freep) Ledger *fresh = ledger_ready();

        (void)state;
        ledger_add_extension(ledger, "pg_trgm", false, true, true);
        ledger_add_extension(ledger, "btree_gin", false, false, false);
        expect("v1.48.0", ledger, "extension", "Refused: v1.48.0 needs the extension btree_gin, and the server does not have it");
        ledger->extensions[1].installed = true;
        expect("v1.48.0", ledger, "pending", "Waiting for the schema: 18 of 1022 missing, first 20260422085615");
        ledger->may_create = false;
        expect("v1.48.0", ledger, "extension", "Refused: role \"lago\" may not create tables in schema \"public\"");
        set(&fresh->schema, "billing");
        expect("v1.51.0", fresh, "extension", "Refused: v1.51.0 can be installed in schema public only, not in \"billing\"");
        expect("v1.20.0", fresh, "fresh", "Waiting for the schema: the database is empty, 450 migrations to run");
        set(&fresh->schema, NULL);
        expect("v1.20.0", fresh, "extension", "Refused: no schema of \"public\" exists in the database");
}

/* A server's pg_partman, seen by a role that may create it; installed: the version in the database. */
static ExtensionFact *partman(Ledger *ledger, const char *installed, const char *offered) {
        ExtensionFact *fact = ledger_add_extension(ledger, PARTMAN, installed != NULL, true, true);

        fact->version = xstrdup(installed ? installed : offered);
        fact->offered = xstrdup(offered);
        fact->in_partman = installed != NULL;
        return fact;
}

static void expect_partman(const char *from, const char *to, const char *installed,
                           const char *offered, const char *sentence, const char *remedy) {
        _cleanup_(ledger_freep) Ledger *ledger = from ? database_of(from) : ledger_ready();
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)partman(ledger, installed, offered);
        finding = verdict_of(release_data_find(data, to), ledger,
                             &(Policy){.fresh = FRESH_WAY_REPLAY});
        if (!sentence) {
                assert_true(finding->verdict == VERDICT_PENDING ||
                            finding->verdict == VERDICT_FRESH);
                return;
        }
        assert_string_equal(verdict_name(finding->verdict), "extension");
        assert_string_equal(finding->sentence, sentence);
        assert_non_null(strstr(finding->remedy, remedy));
}

static void pg_partman_4_is_known_before_anything_runs(void **state) {
        (void)state;
        expect_partman("v1.40.0", "v1.42.0", NULL, "4.7.2",
                       "Refused: v1.42.0 needs pg_partman 5, and the server offers 4.7.2",
                       "or remove its package there");
        expect_partman("v1.40.0", "v1.42.0", "4.7.2", "4.7.2",
                       "Refused: v1.42.0 needs pg_partman 5, and the database has 4.7.2",
                       "Install version 5");
        expect_partman("v1.40.0", "v1.42.0", "4.7.2", "5.4.0",
                       "Refused: v1.42.0 needs pg_partman 5, and the database has 4.7.2",
                       "As a superuser in this database: ALTER EXTENSION pg_partman UPDATE.");
        expect_partman(NULL, "v1.50.0", NULL, "4.7.2",
                       "Refused: v1.50.0 needs pg_partman 5, and the server offers 4.7.2",
                       "or remove its package there");
        expect_partman("v1.40.0", "v1.42.0", NULL, "5.4.0", NULL, NULL);
        expect_partman("v1.40.0", "v1.42.0", "5.0.1", "5.4.0", NULL, NULL);
        expect_partman(NULL, "v1.50.0", NULL, "5.4.0", NULL, NULL);
        /* Where its migrations have run, or are not there yet, nobody asks. */
        expect_partman("v1.41.0", "v1.42.0", "4.7.2", "4.7.2", NULL, NULL);
        expect_partman("v1.39.0", "v1.40.0", NULL, "4.7.2", NULL, NULL);
}

static void pg_partman_must_be_open_to_the_role(void **state) {
        const char *remedy =
                "CREATE EXTENSION IF NOT EXISTS pg_partman SCHEMA partman; GRANT ALL ON SCHEMA partman TO lago;";
        _cleanup_(ledger_freep) Ledger *closed = database_of("v1.40.0"),
                                       *elsewhere = database_of("v1.40.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        partman(closed, NULL, "5.4.0")->allowed = false;
        finding = judge("v1.42.0", closed);
        assert_string_equal(
                finding->sentence,
                "Refused: v1.42.0 needs the extension pg_partman, and the role may not create it");
        assert_non_null(strstr(finding->remedy, remedy));
        partman(elsewhere, "5.4.0", "5.4.0")->in_partman = false;
        expect("v1.42.0", elsewhere, "extension",
               "Refused: v1.42.0 needs pg_partman in schema partman, open to role \"lago\"");
        elsewhere->extensions[0].available = elsewhere->extensions[0].installed = false;
        expect("v1.42.0", elsewhere, "pending",
               "Waiting for the schema: 28 of 933 missing, first 20251224152732");
}

/* structure.sql takes either version: nothing in it calls the extension. */
static void a_load_takes_pg_partman_as_it_is(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();
        _cleanup_(finding_freep) Finding *finding = NULL;
        Manifest image = *release_data_find(data, "v1.50.0");
        char *extensions[] = {(char[]){PARTMAN}, NULL};

        (void)state;
        image.extensions = extensions;
        (void)partman(ledger, NULL, "4.7.2");
        finding = verdict_of(&image, ledger, &(Policy){});
        assert_int_equal(finding->verdict, VERDICT_FRESH);
        assert_int_equal(finding->fresh, FRESH_WAY_LOAD);
}

static void a_fresh_database_gets_its_tables_in_the_way_that_works(void **state) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();
        _cleanup_(finding_freep) Finding *replay = NULL, *load = NULL, *refused = NULL, *plain = NULL;
        _cleanup_(freep) char *error = NULL;

        (void)state;
        manifest_set_release(manifest, "v1.51.0");
        manifest_add_file(manifest, "20250122112050_initial_migration.rb");
        manifest_add_structure(manifest, "CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;\n"
                                         "INSERT INTO \"schema_migrations\" (version) VALUES\n('20250122112050');\n");
        assert_int_equal(manifest_finish(manifest, &error), 0);
        ledger_add_extension(ledger, "pg_partman", false, true, false);
        replay = verdict_of(manifest, ledger, &(Policy){});
        assert_int_equal(replay->verdict, VERDICT_FRESH);
        assert_int_equal(replay->fresh, FRESH_WAY_REPLAY);
        refused = verdict_of(manifest, ledger, &(Policy){.fresh = FRESH_WAY_LOAD});
        assert_int_equal(refused->verdict, VERDICT_EXTENSION);
        assert_string_equal(refused->sentence, "Refused: v1.51.0 needs the extension pg_partman, and the role may not create it");
        ledger->extensions[0].allowed = true;
        load = verdict_of(manifest, ledger, &(Policy){});
        assert_int_equal(load->fresh, FRESH_WAY_LOAD);
        manifest_set_release(manifest, "v1.27.0");
        plain = verdict_of(manifest, ledger, &(Policy){});
        assert_int_equal(plain->fresh, FRESH_WAY_PLAIN);
}

static void another_migrator_is_waited_for(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");

        (void)state;
        ledger->migrator.pid = 812;
        set(&ledger->migrator.address, "10.0.0.7");
        set(&ledger->migrator.since, "14:03");
        expect("v1.51.0", ledger, "busy", "Waiting for another migrator: backend 812 from 10.0.0.7 since 14:03");
        expect("v1.49.0", ledger, "ahead",
               "Refused: database is newer than v1.49.0 (8 unknown, newest 20260706173746); set release = v1.50.0");
}

static void half_a_restore_is_no_database(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger->loose = true;
        finding = judge("v1.50.0", ledger);
        assert_int_equal(strv_length(finding->warnings), 2);
        assert_non_null(strstr(finding->warnings[1], "foreign keys are missing that Lago always makes"));
        ledger->keyless = xstrdup("schema_migrations");
        expect("v1.50.0", ledger, "unfinished", "Refused: table \"schema_migrations\" has no primary key: a restore was not finished");
        expect("v1.49.0", ledger, "unfinished", "Refused: table \"schema_migrations\" has no primary key: a restore was not finished");
        finding_freep(&finding);
        finding = judge("v1.50.0", ledger);
        assert_non_null(strstr(finding->remedy, "podman exec lago-db psql -U lago -d lago -c 'ALTER TABLE schema_migrations ADD "
                                                "PRIMARY KEY (version)'"));
}

static void a_table_that_was_made_is_there(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");

        (void)state;
        ledger->absent = xstrdup("fees");
        expect("v1.50.0", ledger, "unfinished", "Refused: table \"fees\" is not there, though it was made: a restore was not finished");
        expect("v1.51.0", ledger, "unfinished", "Refused: table \"fees\" is not there, though it was made: a restore was not finished");
}

static void what_is_anothers_is_told_before_it_is_changed(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger->n_not_owned = 31;
        ledger->not_owned = xstrdup("invoices");
        ledger->owner = xstrdup("restorer");
        expect("v1.50.0", ledger, "verified", "Schema verified: v1.50.0, 1046 of 1046");
        expect("v1.51.0", ledger, "owner", "Refused: \"invoices\" and 30 others belong to role \"restorer\", not to \"lago\"");
        finding = judge("v1.51.0", ledger);
        assert_non_null(strstr(finding->remedy, "REASSIGN OWNED BY \"restorer\" TO \"lago\";"));
}

static void nothing_is_migrated_through_a_pooler(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0"), *fresh = ledger_ready();

        (void)state;
        ledger->pooled = fresh->pooled = true;
        expect("v1.50.0", ledger, "verified", "Schema verified: v1.50.0, 1046 of 1046");
        expect("v1.51.0", ledger, "pooled", "Refused: a pooler answers at db:5432, and would keep no lock while migrating");
        expect("v1.6.0", fresh, "pooled", "Refused: a pooler answers at db:5432, and would keep no lock while migrating");
}

static void an_empty_ledger_alone_is_empty(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();

        (void)state;
        expect("v1.6.0", ledger, "fresh", "Waiting for the schema: the database is empty, 316 migrations to run");
        ledger->has_migrations = true;
        expect("v1.6.0", ledger, "empty", "Waiting for the schema: the database is empty, 316 migrations to run");
}

static void what_is_verified_may_still_need_a_hand(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.49.0");
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger->roles = ROLES_MISSING;
        strv_add(&ledger->invalid_indexes, "invoices: index_invoices_on_x");
        finding = judge("v1.49.0", ledger);
        assert_int_equal(finding->verdict, VERDICT_VERIFIED);
        assert_int_equal(strv_length(finding->warnings), 2);
        assert_non_null(strstr(finding->warnings[0], "roles:seed_predefined"));
        assert_non_null(strstr(finding->warnings[1], "index_invoices_on_x"));
}

static void roles_are_required_of_an_image_that_seeds_them(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.49.0");
        /* What it points to stays the other's. */
        Manifest manifest = *release_data_find(data, "v1.49.0");
        static const struct {
                bool required, seeds;
                RolesState roles;
                Verdict verdict;
        } cases[] = {
                {true, true, ROLES_MISSING, VERDICT_PENDING},
                {true, true, ROLES_PRESENT, VERDICT_VERIFIED},
                {true, false, ROLES_MISSING, VERDICT_VERIFIED},
                {false, true, ROLES_MISSING, VERDICT_VERIFIED},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(finding_freep) Finding *finding = NULL;

                manifest.seeds_roles = cases[i].seeds;
                ledger->roles = cases[i].roles;
                finding = verdict_of(&manifest, ledger, &(Policy){.require_roles = cases[i].required});
                assert_int_equal(finding->verdict, cases[i].verdict);
        }
}

static void the_bogus_release_is_told_by_its_set(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.16.0");

        (void)state;
        expect("v1.16.1", ledger, "stop", "Refused: v1.16.1 must not be reached without stopping at v1.20.0");
        assert_true(release_number("v1.16.1") > release_number("v1.26.0"));
        assert_true(release_number("v1.9.0") < release_number("v1.10.0"));
        assert_int_equal(release_number("1.2"), 0);
        assert_int_equal(release_number("v1.2.3-rc1"), 0);
        assert_int_equal(release_number("da39a3ee5e6b4b0d3255bfef95601890afd80709"), 0);
}

static void an_image_without_a_number_is_told_by_its_set(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");
        _cleanup_(finding_freep) Finding *finding = NULL;
        Manifest copy = *release_data_find(data, "v1.50.0");
        char none[] = "-";

        (void)state;
        copy.release = none;
        ledger->server_major = 14;
        finding = verdict_of(&copy, ledger, &(Policy){});
        assert_string_equal(finding->sentence, "Refused: PostgreSQL 15.6 is too old for this image, which needs 15");
}

static void nothing_of_a_server_reaches_a_terminal_raw(void **state) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_ready();
        _cleanup_(finding_freep) Finding *finding = NULL;

        (void)state;
        ledger->n_objects = 1;
        set(&ledger->first_object, "\x1b[2J\xc2\x9b\nPWNED=1 \xff\xe2\x82");
        finding = judge("v1.51.0", ledger);
        for (const char *c = finding->sentence; *c; c++)
                assert_true(isprint((unsigned char)*c));
        set(&ledger->first_object, "ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää");
        finding_free(finding);
        finding = judge("v1.51.0", ledger);
        assert_true(strlen(finding->sentence) <= FINDING_SENTENCE);
}

/* --- the order between them ---------------------------------------------------------------------------- */

/* Puts a ledger into a state that alone gives the verdict; some take the state of others along. */
static void make(Verdict verdict, Ledger *ledger) {
        switch (verdict) {
        case VERDICT_UNREACHABLE:
                ledger->contact = CONTACT_UNREACHABLE;
                break;
        case VERDICT_READ_ONLY:
                ledger->standby = true;
                break;
        case VERDICT_WRONG_MAJOR:
                ledger->server_major = 13;
                break;
        case VERDICT_INVISIBLE:
                ledger->has_migrations = false;
                set(&ledger->lago_schema, "public");
                break;
        case VERDICT_FOREIGN:
                ledger->odd_migrations = true;
                break;
        case VERDICT_AHEAD:
                ledger_row(ledger, 20260721180721);
                break;
        case VERDICT_GAP:
                ledger_drop(ledger, 20220530091046);
                break;
        case VERDICT_EXTENSION:
                ledger->may_create = false;
                ledger_drop(ledger, 20260706173746);
                break;
        case VERDICT_BUSY:
                ledger->migrator.pid = 1;
                break;
        case VERDICT_PENDING:
                ledger_drop(ledger, 20260706173746);
                break;
        default:
                break;
        }
}

static void of_two_states_the_graver_one_is_told(void **state) {
        static const Verdict order[] = {
                VERDICT_UNREACHABLE,
                VERDICT_READ_ONLY,
                VERDICT_WRONG_MAJOR,
                VERDICT_INVISIBLE,
                VERDICT_FOREIGN,
                VERDICT_AHEAD,
                VERDICT_GAP,
                VERDICT_EXTENSION,
                VERDICT_BUSY,
                VERDICT_PENDING,
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                for (size_t j = i; j < ELEMENTSOF(order); j++) {
                        _cleanup_(ledger_freep) Ledger *ledger = database_of("v1.50.0");
                        _cleanup_(finding_freep) Finding *finding = NULL;

                        make(order[j], ledger);
                        make(order[i], ledger);
                        finding = judge("v1.50.0", ledger);
                        assert_string_equal(verdict_name(finding->verdict), verdict_name(order[i]));
                }
}

static void statuses_are_the_documented_ones(void **state) {
        static const int statuses[_VERDICT_MAX] = {
                [VERDICT_VERIFIED] = 0,
                [VERDICT_PENDING] = 10,
                [VERDICT_FRESH] = 11,
                [VERDICT_EMPTY] = 12,
                [VERDICT_BUSY] = 13,
                [VERDICT_UNREACHABLE] = 20,
                [VERDICT_DENIED] = 21,
                [VERDICT_NO_DATABASE] = 22,
                [VERDICT_READ_ONLY] = 23,
                [VERDICT_AHEAD] = 30,
                [VERDICT_GAP] = 31,
                [VERDICT_STOP] = 32,
                [VERDICT_INVISIBLE] = 33,
                [VERDICT_HALF_LOADED] = 34,
                [VERDICT_OCCUPIED] = 35,
                [VERDICT_FOREIGN] = 36,
                [VERDICT_WRONG_MAJOR] = 37,
                [VERDICT_EXTENSION] = 38,
                [VERDICT_UNTRUSTED] = 39,
                [VERDICT_POOLED] = 40,
                [VERDICT_UNFINISHED] = 41,
                [VERDICT_OWNER] = 42,
        };

        (void)state;
        for (Verdict i = 0; i < _VERDICT_MAX; i++)
                assert_int_equal(verdict_status(i), statuses[i]);
}

/* --- any sets ------------------------------------------------------------------------------------------ */

/* A few hundred versions, some of releases, some not; about a third of them in the image, squashed or not. */
static Manifest *random_image(uint64_t *seed) {
        Manifest *manifest = manifest_new();
        _cleanup_(freep) char *error = NULL;
        unsigned n = 3 + (unsigned)(next_random(seed) % 60);

        manifest_set_release(manifest, "-");
        for (unsigned i = 0; i < n; i++) {
                uint64_t version = 20300101000000 + next_random(seed) % 200 * 2;
                _cleanup_(freep) char *base = xasprintf("%llu_x.rb", (unsigned long long)version);

                if (next_random(seed) % 4 != 0 && !versions_has(&manifest->versions, version)) {
                        manifest_add_file(manifest, base);
                        (void)versions_sort(&manifest->versions);
                }
                versions_add(&manifest->structure, version);
        }
        if (manifest_finish(manifest, &error) < 0)
                return manifest_free(manifest);
        return manifest;
}

static Ledger *random_ledger(const Manifest *manifest, uint64_t *seed) {
        Ledger *ledger = ledger_ready();

        ledger->has_migrations = true;
        for (size_t i = 0; i < manifest->structure.n; i++)
                if (next_random(seed) % 16 != 0)
                        versions_add(&ledger->versions, manifest->structure.list[i]);
        if (next_random(seed) % 8 == 0)
                versions_add(&ledger->versions, 20300101000001 + next_random(seed) % 200 * 2);
        (void)versions_sort(&ledger->versions);
        return ledger;
}

static void verified_is_exactly_every_needed_row_and_no_other(void **state) {
        uint64_t seed = 4;
        unsigned n_verified = 0;

        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                _cleanup_(manifest_freep) Manifest *manifest = random_image(&seed);
                _cleanup_(ledger_freep) Ledger *ledger = manifest ? random_ledger(manifest, &seed) : NULL;
                _cleanup_(finding_freep) Finding *finding = NULL;
                Versions needed;
                bool whole;

                if (!manifest)
                        continue;
                versions_or(&manifest->versions, &manifest->structure, &needed);
                whole = versions_is_subset(&needed, &ledger->versions) && versions_is_subset(&ledger->versions, &needed);
                finding = verdict_of(manifest, ledger, &(Policy){});
                /* A ledger with none of the squashed rows is a replayed one: needed are the files. */
                if (finding->verdict == VERDICT_VERIFIED && finding->needed < needed.n)
                        whole = versions_is_subset(&manifest->versions, &ledger->versions);
                assert_int_equal(finding->verdict == VERDICT_VERIFIED, whole);
                n_verified += whole;
                versions_done(&needed);
        }
        assert_true(n_verified > 500);
}

static void a_row_taken_away_is_always_missed(void **state) {
        uint64_t seed = 5;

        (void)state;
        for (unsigned round = 0; round < 3000; round++) {
                _cleanup_(manifest_freep) Manifest *manifest = random_image(&seed);
                _cleanup_(ledger_freep) Ledger *ledger = manifest ? ledger_of(manifest) : NULL;
                _cleanup_(finding_freep) Finding *before = NULL, *after = NULL;
                uint64_t version;

                if (!manifest)
                        continue;
                before = verdict_of(manifest, ledger, &(Policy){});
                assert_int_equal(before->verdict, VERDICT_VERIFIED);
                version = ledger->versions.list[next_random(&seed) % ledger->versions.n];
                ledger_drop(ledger, version);
                after = verdict_of(manifest, ledger, &(Policy){});
                assert_true(after->verdict != VERDICT_VERIFIED);
        }
}

static void a_row_more_never_makes_verified_pending(void **state) {
        uint64_t seed = 6;

        (void)state;
        for (unsigned round = 0; round < 3000; round++) {
                _cleanup_(manifest_freep) Manifest *manifest = random_image(&seed);
                _cleanup_(ledger_freep) Ledger *ledger = manifest ? random_ledger(manifest, &seed) : NULL;
                _cleanup_(finding_freep) Finding *before = NULL, *after = NULL;

                if (!manifest)
                        continue;
                before = verdict_of(manifest, ledger, &(Policy){});
                ledger_row(ledger, 20300101000000 + next_random(&seed) % 400);
                after = verdict_of(manifest, ledger, &(Policy){});
                if (before->verdict == VERDICT_VERIFIED)
                        assert_true(after->verdict != VERDICT_PENDING);
        }
}

static void the_order_of_rows_does_not_matter(void **state) {
        uint64_t seed = 7;

        (void)state;
        for (unsigned round = 0; round < 2000; round++) {
                _cleanup_(manifest_freep) Manifest *manifest = random_image(&seed);
                _cleanup_(ledger_freep) Ledger *one = manifest ? random_ledger(manifest, &seed) : NULL;
                _cleanup_(ledger_freep) Ledger *other = ledger_ready();
                _cleanup_(finding_freep) Finding *a = NULL, *b = NULL;

                if (!manifest)
                        continue;
                other->has_migrations = true;
                for (size_t i = one->versions.n; i > 0; i--) {
                        versions_add(&other->versions, one->versions.list[i - 1]);
                        if (next_random(&seed) % 8 == 0)
                                versions_add(&other->versions, one->versions.list[i - 1]);
                }
                (void)versions_sort(&other->versions);
                a = verdict_of(manifest, one, &(Policy){});
                b = verdict_of(manifest, other, &(Policy){});
                assert_string_equal(a->sentence, b->sentence);
                assert_int_equal(a->verdict, b->verdict);
        }
}

static int load(void **state) {
        (void)state;
        data = release_data_new();
        return 0;
}

static int unload(void **state) {
        (void)state;
        release_data_free(data);
        return 0;
}

static void who_calls_the_gate_knows_its_statuses(void **state) {
        (void)state;
        assert_int_equal(verdict_status(VERDICT_VERIFIED), GATE_VERIFIED);
        assert_int_equal(verdict_status(VERDICT_PENDING), GATE_PENDING);
        assert_int_equal(verdict_status(VERDICT_FRESH), GATE_FRESH);
        assert_int_equal(verdict_status(VERDICT_EMPTY), GATE_EMPTY);
        assert_int_equal(verdict_status(VERDICT_UNREACHABLE), GATE_UNREACHABLE);
        assert_int_equal(verdict_status(VERDICT_DENIED), GATE_DENIED);
        assert_int_equal(verdict_status(VERDICT_AHEAD), GATE_AHEAD);
        assert_int_equal(verdict_status(VERDICT_INVISIBLE), GATE_INVISIBLE);
        assert_int_equal(verdict_status(VERDICT_HALF_LOADED), GATE_HALF_LOADED);
        assert_int_equal(verdict_status(VERDICT_OCCUPIED), GATE_OCCUPIED);
        assert_int_equal(verdict_status(VERDICT_WRONG_MAJOR), GATE_WRONG_MAJOR);
        assert_int_equal(verdict_status(VERDICT_POOLED), GATE_POOLED);
        assert_int_equal(verdict_status(VERDICT_UNFINISHED), GATE_UNFINISHED);
        for (int status = 0; status < 128; status++)
                assert_int_equal(gate_refuses(status), status >= 30 && status <= 42);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_calls_the_gate_knows_its_statuses),
                cmocka_unit_test(nothing_read_is_never_a_permission),
                cmocka_unit_test(a_server_must_be_new_enough_and_writable),
                cmocka_unit_test(lagos_tables_without_a_visible_ledger_are_not_touched),
                cmocka_unit_test(an_empty_ledger_beside_tables_is_half_loaded),
                cmocka_unit_test(somebody_elses_tables_are_not_touched),
                cmocka_unit_test(another_applications_ledger_is_foreign),
                cmocka_unit_test(rows_that_are_no_versions_are_no_lago),
                cmocka_unit_test(a_newer_database_is_refused_with_the_release_to_use),
                cmocka_unit_test(while_somebody_loads_it_is_busy),
                cmocka_unit_test(a_psql_beside_a_ledger_does_not_matter),
                cmocka_unit_test(accepted_tombstones_are_only_warned_of),
                cmocka_unit_test(what_a_release_carries_is_no_tombstone),
                cmocka_unit_test(a_tombstone_hides_no_bridge),
                cmocka_unit_test(what_only_structure_sql_knows_must_be_applied),
                cmocka_unit_test(a_bridge_is_not_jumped),
                cmocka_unit_test(a_first_replay_that_was_cut_off_goes_on),
                cmocka_unit_test(with_a_row_in_it_a_database_does_not_jump_a_bridge),
                cmocka_unit_test(a_first_replay_that_goes_on_elsewhere_is_busy),
                cmocka_unit_test(an_image_of_ones_own_is_before_the_bridges_of_its_base),
                cmocka_unit_test(what_is_pending_names_the_release_of_the_schema),
                cmocka_unit_test(a_bridge_is_left_only_with_its_task_done),
                cmocka_unit_test(every_task_is_a_command_of_the_host),
                cmocka_unit_test(what_is_to_be_done_before_a_bridge_is_said_so),
                cmocka_unit_test(a_bridge_newer_than_the_table_is_known_by_its_number),
                cmocka_unit_test(a_replayed_database_is_whole),
                cmocka_unit_test(what_the_pending_steps_need_is_asked_before_they_run),
                cmocka_unit_test(pg_partman_4_is_known_before_anything_runs),
                cmocka_unit_test(pg_partman_must_be_open_to_the_role),
                cmocka_unit_test(a_load_takes_pg_partman_as_it_is),
                cmocka_unit_test(a_fresh_database_gets_its_tables_in_the_way_that_works),
                cmocka_unit_test(another_migrator_is_waited_for),
                cmocka_unit_test(half_a_restore_is_no_database),
                cmocka_unit_test(a_table_that_was_made_is_there),
                cmocka_unit_test(what_is_anothers_is_told_before_it_is_changed),
                cmocka_unit_test(nothing_is_migrated_through_a_pooler),
                cmocka_unit_test(an_empty_ledger_alone_is_empty),
                cmocka_unit_test(what_is_verified_may_still_need_a_hand),
                cmocka_unit_test(roles_are_required_of_an_image_that_seeds_them),
                cmocka_unit_test(the_bogus_release_is_told_by_its_set),
                cmocka_unit_test(an_image_without_a_number_is_told_by_its_set),
                cmocka_unit_test(nothing_of_a_server_reaches_a_terminal_raw),
                cmocka_unit_test(of_two_states_the_graver_one_is_told),
                cmocka_unit_test(a_database_of_another_c_library_is_warned_of),
                cmocka_unit_test(statuses_are_the_documented_ones),
                cmocka_unit_test(verified_is_exactly_every_needed_row_and_no_other),
                cmocka_unit_test(a_row_taken_away_is_always_missed),
                cmocka_unit_test(a_row_more_never_makes_verified_pending),
                cmocka_unit_test(the_order_of_rows_does_not_matter),
        };

        return cmocka_run_group_tests(tests, load, unload);
}
