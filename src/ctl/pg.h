/* SPDX-License-Identifier: MIT */
#pragma once
/* PostgreSQL's own programs, run where they fit the server: in its container, or in one of the same image. */

#include "ctl/ctl.h"

/**
 * pg_environment() - DATABASE_URL as the variables that libpq reads, with the place of the CA file inside the container.
 * Pure. NULL, with a sentence in *@reterr, for a URL that cannot be read. The caller frees both.
 */
char **pg_environment(const char *url, const char *ca_file_inside, char **reterr);

/** shell_word() - @s as one word of a shell, in quotes where it needs them. Pure; the caller frees it. */
char *shell_word(const char *s);

/** pg_user(), pg_database() - of the bundled server, or of one that would be bundled. Borrowed. */
const char *pg_user(const Config *config);
const char *pg_database(const Config *config);

/**
 * pg_run() - runs @command, such as "pg_dump -Fc": it finds user, database and password by itself.
 *
 * Errors: -errno, told; else the command's exit status with *@ret as of run_child().
 */
int pg_run(const Config *config, char *const *command, const RunOptions *options, RunResult *ret);
