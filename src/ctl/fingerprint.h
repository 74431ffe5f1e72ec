/* SPDX-License-Identifier: MIT */
#pragma once
/* Tells keys apart without telling them. */

#include "config/env.h"

/**
 * fingerprint() - 16 hexadecimal digits of @name's @value: the same for the same value, and slow to make, so that not even
 * a key that somebody thought up is found by trying. The caller frees it; NULL: the crypto library does not work.
 */
char *fingerprint(const char *name, const char *value);

/** fingerprints() - a line "NAME DIGITS" for each key that Lago's data needs; of keys that are not set "NAME none". */
char *fingerprints(const Env *env);
