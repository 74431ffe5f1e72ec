/* SPDX-License-Identifier: MIT */
#pragma once
/* String vectors: a growing, NULL-terminated array, born NULL. Every function takes NULL for an empty one. */

#include "base/mem.h"

#include <stdbool.h>

size_t strv_length(char *const *v);
bool strv_contains(char *const *v, const char *s);
void strv_add(char ***v, const char *s);
/** strv_take() - like strv_add(), but @s itself becomes part of the vector. */
void strv_take(char ***v, char *s);
void strv_addf(char ***v, const char *format, ...) _printf_(2, 3);
void strv_extend(char ***v, char *const *more);
/** strv_split() - words of @s between any of @separators; empty words are skipped. */
char **strv_split(const char *s, const char *separators);
/** strv_join() - all words with @separator between them, empty ones too; "" without any. The caller frees it. */
char *strv_join(char *const *v, const char *separator);
char **strv_free(char **v);
void strv_freep(char ***v);

#define STRV_FOREACH(i, v) for (char *const *i = (v); i && *i; i++)
