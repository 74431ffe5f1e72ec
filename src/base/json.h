/* SPDX-License-Identifier: MIT */
#pragma once
/* Just enough to write JSON. */

/** json_quote() - @s as a JSON string with its quotes, or null for NULL; what is no UTF-8 becomes '?'. The caller frees it. */
char *json_quote(const char *s);
