/* SPDX-License-Identifier: MIT */
#pragma once
/* /run/lago/state/MEMBER: what each supervisor tells the others, and lagoctl. */

#include <stdbool.h>

#define RUN_DIRECTORY "/run/lago/state"

typedef struct Supervisor Supervisor;

/** runfile_prepare() - makes the directory. Errors: -errno. */
int runfile_prepare(void);

/** runfile_write() - STATE, STATUS, ADDRESS, RELEASE, IMAGE_ID, SINCE, CONTAINER as they are now. Failures are told, once. */
void runfile_write(const Supervisor *s);

/** runfile_ended() - the member's last word: no container is left. */
void runfile_ended(const char *member, const char *status);

/** runfile_read() - the text of another member's file, NULL when it has none. */
char *runfile_read(const char *member);

/** runfile_address() - where @member serves, NULL while it does not. */
char *runfile_address(const char *member);

/** runfile_watch() - has LIFE_ON_WAKE fed when one of the members that this one stands on changes its file. */
int runfile_watch(Supervisor *s);
