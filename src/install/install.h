/* SPDX-License-Identifier: MIT */
#pragma once
/* A program that copies itself, with all that it is linked to, to where another C library is or none. */

/**
 * install_run() - "@name install DIR": afterwards DIR/@name can be run in any image of this processor that DIR is mounted into.
 *
 * @name  of the program, which is the one that runs.
 *
 * What DIR has already stays as it is when it is the same, and is changed for the new one in one step when it is not.
 * Answer: the exit status, EXIT_OSERR after a message.
 */
int install_run(const char *name, const char *directory);
