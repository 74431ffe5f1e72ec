/* SPDX-License-Identifier: MIT */
#pragma once
/* Text of "KEY=VALUE" lines that our programs write for each other: run files, lago-gate's answers. */

/** keyfile_get() - a copy of the value of the first line "@key=…" in @text, or NULL; the caller frees it. */
char *keyfile_get(const char *text, const char *key);
/** keyfile_all() - the values of every line "@key=…", as a string vector. */
char **keyfile_all(const char *text, const char *key);
/** keyfile_number() - the value as a number, @fallback when it is absent or none. */
unsigned keyfile_number(const char *text, const char *key, unsigned fallback);
/** keyfile_add() - appends a line to *@text (NULL at first); line breaks in @value become spaces; a NULL @value adds none. */
void keyfile_add(char **text, const char *key, const char *value);
