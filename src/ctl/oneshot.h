/* SPDX-License-Identifier: MIT */
#pragma once
/* Containers for one command, beside the stack: with its image, its network, and what it may know. */

#include "ctl/ctl.h"

typedef struct Oneshot {
        const char *purpose;                  /* label and part of the name: "rails" */
        const char *image;                    /* id, or name of an image that is here */
        const char *network, *second_network; /* the second may be NULL */
        char *const *environment;             /* "KEY=VALUE" */
        char *const *volumes;
        char *const *command;
        bool terminal;
} Oneshot;

/**
 * oneshot_run() - the command from start to end, its container gone after it.
 *
 * The environment is handed over in memory: no file holds it, and no argument.
 *
 * Errors: -errno, told; else the command's exit status (125 and more: the engine's) with *@ret as of run_child().
 */
int oneshot_run(const Oneshot *oneshot, const RunOptions *options, RunResult *ret);

/**
 * rails_run() - "rails @arguments" with the release's image and the environment of lago-migrate.
 *
 * @own      variables on top of it; NULL for none.
 * @shown    on our terminal; else nothing is read, its output is kept in *@ret and its errors are ours.
 *
 * Errors: -errno, told; else as oneshot_run().
 */
int rails_run(const Release *release, char *const *arguments, const Env *own, bool shown,
              RunResult *ret);
