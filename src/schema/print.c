/* SPDX-License-Identifier: MIT */
#include "schema/print.h"

#include "base/json.h"
#include "base/util.h"

#include <inttypes.h>
#include <stdio.h>

int format_parse(const char *word, Format *ret) {
        static const char *const words[] = {
                [FORMAT_TEXT] = "text",
                [FORMAT_EXPORT] = "export",
                [FORMAT_JSON] = "json",
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(words[i], word)) {
                        *ret = (Format)i;
                        return 0;
                }
        return -EINVAL;
}

/* What a finding says, one field at a time, in the order of every format. */
typedef void (*EmitFunc)(const char *key, const char *value, bool is_number);

static void emit_export(const char *key, const char *value, bool is_number) {
        _cleanup_(freep) char *line = escape_line(value);

        (void)is_number;
        printf("%s=%s\n", key, line);
}

static bool json_first;

static void emit_json(const char *key, const char *value, bool is_number) {
        _cleanup_(freep) char *quoted = json_quote(value);

        printf("%s\"", json_first ? "{" : ",");
        json_first = false;
        for (const char *c = key; *c; c++)
                putchar(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
        printf("\":%s", is_number ? value : quoted);
}

static void emit_number(EmitFunc emit, const char *key, uint64_t value) {
        char text[24];

        (void)snprintf(text, sizeof(text), "%" PRIu64, value);
        emit(key, text, true);
}

static void emit_text(EmitFunc emit, const char *key, const char *value) {
        if (value)
                emit(key, value, false);
}

static void emit_counts(EmitFunc emit, const Finding *finding, const Manifest *manifest, bool as_text) {
        char version[24];

        emit_number(emit, "NEEDED", finding->needed);
        emit_number(emit, "APPLIED", finding->applied);
        emit_number(emit, "MISSING", finding->missing);
        (void)snprintf(version, sizeof(version), "%" PRIu64, finding->first);
        if (finding->first > 0) {
                const ManifestFile *file = manifest_file(manifest, finding->first);

                emit("FIRST", version, !as_text);
                emit_text(emit, "FIRST_NAME", file ? file->name : NULL);
        }
        emit_number(emit, "EXTRA", finding->extra);
        (void)snprintf(version, sizeof(version), "%" PRIu64, finding->newest);
        if (finding->newest > 0)
                emit("NEWEST", version, !as_text);
}

static void emit_warnings(EmitFunc emit, const Finding *finding, bool as_list) {
        if (!as_list) {
                STRV_FOREACH(warning, finding->warnings)
                        emit("WARNING", *warning, false);
                return;
        }
        printf(",\"warnings\":[");
        STRV_FOREACH(warning, finding->warnings) {
                _cleanup_(freep) char *line = escape_line(*warning);

                printf("%s\"", warning == finding->warnings ? "" : ",");
                for (const char *c = line; *c; c++) {
                        if (*c == '"' || *c == '\\')
                                putchar('\\');
                        putchar(*c);
                }
                putchar('"');
        }
        putchar(']');
}

static void emit_all(EmitFunc emit, const Finding *finding, const Manifest *manifest, const Ledger *ledger, bool json) {
        static const char *const ways[] = {
                [FRESH_WAY_LOAD] = "load",
                [FRESH_WAY_REPLAY] = "replay",
                [FRESH_WAY_PLAIN] = "plain",
        };
        static const char *const roles[] = {
                [ROLES_NONE] = "none",
                [ROLES_MISSING] = "missing",
                [ROLES_PRESENT] = "present",
        };
        bool was_read = ledger->contact == CONTACT_READ;

        emit_text(emit, "VERDICT", verdict_name(finding->verdict));
        emit_text(emit, "SENTENCE", finding->sentence);
        emit_text(emit, "REMEDY", finding->remedy);
        emit_text(emit, "SERVER", was_read ? ledger->server : NULL);
        if (was_read)
                emit_counts(emit, finding, manifest, !json);
        emit_text(emit, "SCHEMA_OF", finding->schema_of);
        if (finding->fresh != FRESH_WAY_AUTO)
                emit_text(emit, "FRESH", ways[finding->fresh]);
        if (was_read && !ledger->clickhouse)
                emit_text(emit, "ROLES", roles[ledger->roles]);
        emit_text(emit, "SEEDS", manifest && manifest->seeds_roles ? SEED_TASK : NULL);
        emit_warnings(emit, finding, json);
}

static void print_text(const Finding *finding) {
        _cleanup_(freep) char *remedy = escape_line(finding->remedy ? finding->remedy : "");

        printf("%s\n", finding->sentence);
        if (*remedy)
                printf("%s\n", remedy);
        (void)fflush(stdout);
        STRV_FOREACH(warning, finding->warnings) {
                _cleanup_(freep) char *line = escape_line(*warning);

                fprintf(stderr, "lago-gate: warning: %s\n", line);
        }
}

void print_finding(const Finding *finding, const Manifest *manifest, const Ledger *ledger, Format format) {
        switch (format) {
        case FORMAT_TEXT:
                print_text(finding);
                break;
        case FORMAT_EXPORT:
                emit_all(emit_export, finding, manifest, ledger, false);
                break;
        case FORMAT_JSON:
                json_first = true;
                emit_all(emit_json, finding, manifest, ledger, true);
                printf("}\n");
                break;
        }
        (void)fflush(stdout);
}

void print_answer(const char *verdict, const char *sentence, const Ledger *ledger, Format format) {
        EmitFunc emit = format == FORMAT_JSON ? emit_json : emit_export;

        json_first = true;
        if (format == FORMAT_TEXT) {
                _cleanup_(freep) char *line = escape_line(sentence);

                printf("%s\n", line);
        } else {
                emit_text(emit, "VERDICT", verdict);
                emit_text(emit, "SENTENCE", sentence);
                emit_text(emit, "SERVER", ledger->server);
                printf(format == FORMAT_JSON ? "}\n" : "%s", "");
        }
        (void)fflush(stdout);
}

int print_end(const char *program, int status) {
        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        fprintf(stderr, "%s: cannot write the answer: %s\n", program, strerror(errno));
        return status < EXIT_USAGE ? EXIT_OSERR : status;
}
