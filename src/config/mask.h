/* SPDX-License-Identifier: MIT */
#pragma once
/* What may be shown of an environment variable. Pure. */

/**
 * mask_value() - the value when it can be no secret, else what may be told of it: "(set, 64 characters)", or a URL without
 * its password, path and parameters. The caller frees it.
 *
 * What is not known to be harmless is masked: names that end in _ENABLED, values that are a number or a yes, and the like
 * are shown.
 */
char *mask_value(const char *name, const char *value);
