/* SPDX-License-Identifier: MIT */
/* A database that was never ready: what is noted about it, and that nothing of anybody's is ever taken for its remains. */
#include "config-scratch.h"

#include "stack/unfinished.h"

static void put(const Scratch *scratch, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", scratch->path, name), *parent = NULL;

        parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
        assert_int_equal(make_dirs(parent, 0700), 0);
        scratch_put(scratch, name, "15\n");
}

/* As initdb makes it, and the image's start script after it. */
static Scratch bare_cluster(void) {
        static const char *const files[] = {
                "PG_VERSION",
                "postgresql.conf",
                "pg_hba.conf",
                "pg_wal/000000010000000000000001",
                "base/1/PG_VERSION",
                "base/1/1259_vm",
                "base/1/pg_filenode.map",
                "base/5/16383",
                "base/16384/1259",
                "base/16384/2619_fsm",
                "global/pg_control",
                "postmaster.pid",
        };
        Scratch scratch = {.path = "/tmp/lago-unit-XXXXXX"};
        _cleanup_(freep) char *tablespaces = NULL;

        assert_non_null(mkdtemp(scratch.path));
        tablespaces = xasprintf("%s/pg_tblspc", scratch.path);
        assert_int_equal(make_dirs(tablespaces, 0700), 0);
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                put(&scratch, files[i]);
        return scratch;
}

static void what_initdb_makes_is_bare(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = bare_cluster();
        _cleanup_(freep) char *doubt = NULL, *error = NULL;

        assert_true(unfinished_is_bare(scratch.path, &doubt));
        assert_null(doubt);
        assert_true(unfinished_empty(scratch.path, &error));
        assert_true(unfinished_is_bare(scratch.path, &doubt));
        assert_int_equal(rmdir(scratch.path), 0);
}

/* Each of these alone, in an otherwise bare directory, keeps all of it. */
static void anything_of_anybody_is_kept(void **state _unused_) {
        static const char *const theirs[] = {
                "base/5/16384",
                "base/16384/16385",
                "base/16384/24576_vm",
                "base/5/99999.1",
                "base/1/t3_16390",
                "base/5/notes.txt",
                "base/readme",
                "pg_tblspc/16400",
                "backup.sql",
                "15/PG_VERSION",
                "postgresql.conf.d/x",
                "lost+found/x",
                "base/template/1259",
                "base/pgsql_tmp/x",
        };

        for (size_t i = 0; i < ELEMENTSOF(theirs); i++) {
                _cleanup_(scratch_done) Scratch scratch = bare_cluster();
                _cleanup_(freep) char *doubt = NULL;

                put(&scratch, theirs[i]);
                if (unfinished_is_bare(scratch.path, &doubt))
                        fail_msg("%s would be lost", theirs[i]);
                assert_non_null(doubt);
        }
}

static void links_and_what_cannot_be_read_are_kept(void **state _unused_) {
        static const char *const links[] = {"pg_wal2", "pg_x", "base/7", "postgresql.auto.conf"};
        _cleanup_(freep) char *doubt = NULL;

        for (size_t i = 0; i < ELEMENTSOF(links); i++) {
                _cleanup_(scratch_done) Scratch scratch = bare_cluster();
                _cleanup_(freep) char *path = xasprintf("%s/%s", scratch.path, links[i]),
                                      *why = NULL;

                assert_int_equal(symlink("/etc", path), 0);
                assert_false(unfinished_is_bare(scratch.path, &why));
        }
        assert_false(unfinished_is_bare("/nonexistent/lago", &doubt));
        assert_non_null(doubt);
}

static void the_note_is_about_one_volume(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = xasprintf("%s/note", scratch.path);

        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NO);
        assert_int_equal(unfinished_note(path, "data"), 0);
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NEW);
        assert_int_equal(unfinished_state(path, "data2"), UNFINISHED_NO);
        assert_int_equal(unfinished_over(path, "data2"), 0);
        assert_int_equal(unfinished_begun(path, "data"), 0);
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_BEGUN);
        assert_int_equal(unfinished_state(path, "dat"), UNFINISHED_NO);
        /* Emptied by the operator, it is new once more. */
        assert_int_equal(unfinished_note(path, "data"), 0);
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NEW);
        assert_int_equal(unfinished_over(path, "data"), 0);
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NO);
        assert_int_not_equal(access(path, F_OK), 0);
        scratch_put(&scratch, "note", "WHAT=");
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NO);
        scratch_put(&scratch, "note", "BEGUN=yes\n");
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NO);
}

/* A read error is no word about what is noted: who takes it for one makes new keys for old data. */
static void a_note_that_cannot_be_read_is_not_taken_for_none(void **state _unused_) {
        _cleanup_(scratch_done) Scratch scratch = scratch_new();
        _cleanup_(freep) char *path = xasprintf("%s/note", scratch.path);

        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_NO);
        scratch_put_damaged(&scratch, "note");
        assert_int_equal(unfinished_state(path, "data"), UNFINISHED_UNREAD);
        assert_int_equal(errno, EIO);
        assert_int_equal(unfinished_over(path, "data"), -EIO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_initdb_makes_is_bare),
                cmocka_unit_test(anything_of_anybody_is_kept),
                cmocka_unit_test(links_and_what_cannot_be_read_are_kept),
                cmocka_unit_test(the_note_is_about_one_volume),
                cmocka_unit_test(a_note_that_cannot_be_read_is_not_taken_for_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
