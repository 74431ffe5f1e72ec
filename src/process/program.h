/* SPDX-License-Identifier: MIT */
#pragma once
/* Which program a process runs. */

#include <stdbool.h>
#include <sys/types.h>

/**
 * program_is_of_its_root() - whether the program that @pid runs lies below its own root directory. The first process of a
 * container whose start is not over runs the engine's runtime, which is no file of the image; false for no process.
 */
bool program_is_of_its_root(pid_t pid);
