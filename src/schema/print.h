/* SPDX-License-Identifier: MIT */
#pragma once
/* A verdict on standard output, in the forms that lago-gate(8) describes. */

#include "schema/verdict.h"

typedef enum Format {
        FORMAT_TEXT,
        FORMAT_EXPORT,
        FORMAT_JSON,
} Format;

/** format_parse() - "text", "export", "json". Errors: -EINVAL for any other word. */
int format_parse(const char *word, Format *ret);
/** print_finding() - to standard output; warnings in text form to standard error. */
void print_finding(const Finding *finding, const Manifest *manifest, const Ledger *ledger, Format format);
/** print_answer() - the same, where there is a sentence alone: of a login, or of a change that was asked for. */
void print_answer(const char *verdict, const char *sentence, const Ledger *ledger, Format format);
/** print_end() - the exit status of @program: @status, or EXIT_OSERR, told, when the answer is not all out, as on a full disk. */
int print_end(const char *program, int status);
