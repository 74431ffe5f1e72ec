/* SPDX-License-Identifier: MIT */
#pragma once
/* Which program a process runs. */

#include <sys/types.h>

typedef enum ProgramPlace {
        PROGRAM_UNKNOWN, /* no such process, or it cannot be told */
        PROGRAM_OWN,     /* it lies below the process's own root directory */
        PROGRAM_FOREIGN, /* it does not */
} ProgramPlace;

/**
 * program_place() - where the program that @pid runs lies. The first process of a container whose start is not over runs the
 * engine's runtime, which is no file of the image.
 */
ProgramPlace program_place(pid_t pid);
