/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The copy of /etc/lago that was admitted last, kept across reboots, and how /etc/lago differs from it. lago-migrate writes
 * it (supervisor/admit.h).
 */

#include <stdbool.h>

#define ADMITTED_IMAGES "images" /* in it, written last: the image ids */

/* Of what an admission is a copy: the files below /etc/lago, and those directly in its directories. End with NULL. */
extern const char *const admitted_files[];
extern const char *const admitted_directories[];

typedef enum AdmittedState {
        ADMITTED_NONE, /* nothing was admitted on this host yet */
        ADMITTED_WHOLE,
        ADMITTED_BAD, /* somebody else may write in it, or the image ids are not there: not to be believed */
} AdmittedState;

/** admitted_state() - of the directory @path. An error of reading it is told as ADMITTED_BAD. */
AdmittedState admitted_state(const char *path);

/**
 * admitted_boot_directory() - what those start from that lago-migrate does not stand before: /etc/lago, but at a boot of the
 * host, with which nobody has asked for anything, what was admitted. Never NULL.
 */
const char *admitted_boot_directory(void);

/**
 * admitted_edited() - the files below @etc that are not as in @admitted: changed, new or gone; "lago.conf", "env.d/api.env".
 * A string vector, NULL for none; the caller frees it.
 */
char **admitted_edited(const char *etc, const char *admitted);
