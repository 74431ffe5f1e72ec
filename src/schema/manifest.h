/* SPDX-License-Identifier: MIT */
#pragma once
/* A manifest: the migration versions that an image of Lago carries, and how its processes are started. Pure. */

#include "schema/versions.h"

typedef struct ManifestFile {
        uint64_t version;
        char *name; /* as in the file's name, a scope included: "create_x.active_storage" */
} ManifestFile;

typedef struct ManifestScript {
        char *path;    /* "scripts/start.api.sh" */
        char *command; /* its last command, when it lacks "exec"; NULL when it has it */
} ManifestScript;

typedef struct Manifest {
        char *release; /* what the image says of itself: "v1.50.0", a commit's number, or "-" for nothing */
        ManifestFile *files;
        size_t n_files;
        Versions versions;        /* of the files */
        Versions structure;       /* what db/structure.sql records; empty when there is none */
        char **extensions;        /* what db/structure.sql creates */
        ManifestFile *clickhouse; /* the files of its second database, below db/clickhouse_migrate */
        size_t n_clickhouse;
        ManifestScript *scripts;
        size_t n_scripts;
        bool seeds_roles; /* its own way of migrating runs SEED_TASK, so it has that task */
} Manifest;

#define MANIFEST_HEADER "lago-manifest 4" /* its first line; 1 knew nothing of ClickHouse, 2 of tasks, 3 had no count */

/* Makes the three predefined roles; v1.40.1, v1.41.1 and later have it. The table they stand in is older. */
#define SEED_TASK "roles:seed_predefined"

Manifest *manifest_new(void);
Manifest *manifest_free(Manifest *manifest);
void manifest_freep(Manifest **manifest);

/*
 * Collecting: the files of an image one by one, then manifest_finish(). A name or a text that Rails would ignore is ignored
 * here, too; it is no error.
 */

/** manifest_add_file() - @base is a file's name below db/migrate. Answer: whether it is a migration for Rails. */
bool manifest_add_file(Manifest *manifest, const char *base);
/** manifest_add_clickhouse() - the same below db/clickhouse_migrate. */
bool manifest_add_clickhouse(Manifest *manifest, const char *base);
/** manifest_add_structure() - the text of db/structure.sql: versions it inserts, extensions it creates. */
void manifest_add_structure(Manifest *manifest, const char *text);
/** manifest_add_script() - the text of a start script; @path is relative to the application. */
void manifest_add_script(Manifest *manifest, const char *path, const char *text);
/** manifest_add_migrate() - the text of scripts/migrate.sh: the tasks that it runs. */
void manifest_add_migrate(Manifest *manifest, const char *text);
/** manifest_set_release() - the text of LAGO_VERSION. */
void manifest_set_release(Manifest *manifest, const char *text);

/**
 * manifest_finish() - sorts, and refuses what no image can mean.
 *
 * @reterr  a sentence; the caller frees it.
 * Errors:  -EBADMSG for two files of one version, no file at all, or more extensions than can be meant.
 */
int manifest_finish(Manifest *manifest, char **reterr);

/*
 * The manifest file: lines of words, in this order.
 *
 *   lago-manifest 4
 *   release v1.50.0
 *   file VERSION NAME           sorted by version
 *   structure VERSION           sorted
 *   extension NAME              sorted
 *   clickhouse VERSION NAME     sorted by version
 *   script PATH exec            its last command is "exec …", or
 *   script PATH COMMAND …       the last command, to be run in its place
 *   task roles:seed_predefined  when its scripts/migrate.sh runs it
 *   lines N                     how many there are above this one
 *   end
 */

/**
 * manifest_parse_line() - one line between the first and the count, without its end, becomes part of @manifest.
 * Answer: false for what is not understood.
 */
bool manifest_parse_line(Manifest *manifest, const char *line);

/** manifest_print() - the same manifest gives the same bytes, all of them. */
char *manifest_print(const Manifest *manifest);

/**
 * manifest_parse() - the reverse; strict: what manifest_print() would not write is refused.
 *
 * @size    bytes of @text, which may hold anything.
 * @reterr  what is wrong, with its line; the caller frees it.
 * Errors:  -EBADMSG.
 */
int manifest_parse(const char *text, size_t size, Manifest **ret, char **reterr);

/** manifest_of_clickhouse() - a new manifest of the same release whose files are @manifest's of ClickHouse, and nothing else. */
Manifest *manifest_of_clickhouse(const Manifest *manifest);

/** manifest_file() - the file of @version, or NULL. */
const ManifestFile *manifest_file(const Manifest *manifest, uint64_t version);
