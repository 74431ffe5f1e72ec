/* SPDX-License-Identifier: MIT */
/* A manifest as text: what lago-gate prints of an image, and reads again at every verdict. */
#include "schema/manifest.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>

/* --- printed: without a stream, which could fail half way; without memory the process ends --------------- */

typedef struct Output {
        char *text;
        size_t size, room, n_lines;
} Output;

static void put(Output *output, const char *bytes, size_t n) {
        if (output->room - output->size < n) {
                output->room = 2 * output->room + n;
                output->text = xrealloc(output->text, output->room);
        }
        memcpy(output->text + output->size, bytes, n);
        output->size += n;
}

/* "WORD A B", of which @b may be NULL. */
static void put_line(Output *output, const char *word, const char *a, const char *b) {
        put(output, word, strlen(word));
        put(output, " ", 1);
        put(output, a, strlen(a));
        if (b) {
                put(output, " ", 1);
                put(output, b, strlen(b));
        }
        put(output, "\n", 1);
        output->n_lines++;
}

/* The same of a number; every verdict begins with the printing of the manifest it parsed, so no printf(). */
static void put_number(Output *output, const char *word, uint64_t number, const char *b) {
        char digits[21], *s = digits + sizeof(digits) - 1;

        *s = '\0';
        do
                *--s = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        put_line(output, word, s, b);
}

char *manifest_print(const Manifest *manifest) {
        Output out = {.n_lines = 1};

        put(&out, MANIFEST_HEADER "\n", strlen(MANIFEST_HEADER "\n"));
        put_line(&out, "release", manifest->release, NULL);
        for (size_t i = 0; i < manifest->n_files; i++)
                put_number(&out, "file", manifest->files[i].version, manifest->files[i].name);
        for (size_t i = 0; i < manifest->structure.n; i++)
                put_number(&out, "structure", manifest->structure.list[i], NULL);
        STRV_FOREACH(extension, manifest->extensions)
                put_line(&out, "extension", *extension, NULL);
        for (size_t i = 0; i < manifest->n_clickhouse; i++)
                put_number(&out, "clickhouse", manifest->clickhouse[i].version, manifest->clickhouse[i].name);
        for (size_t i = 0; i < manifest->n_scripts; i++)
                put_line(&out, "script", manifest->scripts[i].path,
                         manifest->scripts[i].command ? manifest->scripts[i].command : "exec");
        if (manifest->seeds_roles)
                put_line(&out, "task", SEED_TASK, NULL);
        put_number(&out, "lines", out.n_lines, NULL);
        put(&out, "end\n", sizeof("end\n"));
        return out.text;
}

/* --- read back ------------------------------------------------------------------------------------------- */

static int _printf_(2, 3) bad(char **reterr, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        if (vasprintf(reterr, format, ap) < 0)
                *reterr = xstrdup("out of memory");
        va_end(ap);
        return -EBADMSG;
}

/* The number of the first line in which the two texts differ. */
static unsigned first_difference(const char *a, const char *b) {
        unsigned line = 1;

        for (; *a && *a == *b; a++, b++)
                line += *a == '\n';
        return line;
}

/* What stands last says how many lines there are above it, so that one that got lost is missed. */
static int check_count(const char *count, unsigned n_lines, char **reterr) {
        uint64_t announced;

        if (!count || parse_uint(count, UINT32_MAX, &announced) < 0)
                return bad(reterr, "damaged: no count of lines before \"end\"");
        if (announced != n_lines)
                return bad(reterr, "damaged: %u lines where %s were written", n_lines, count);
        return 0;
}

static int parse_lines(Manifest *manifest, char *text, char **reterr) {
        unsigned number = 1;
        const char *count = NULL;

        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, number++) {
                *end = '\0';
                if (number == 1 && !streq(line, MANIFEST_HEADER))
                        return bad(reterr, "line 1: not a manifest (\"" MANIFEST_HEADER "\" expected)");
                if (streq(line, "end"))
                        return check_count(count, number - 2, reterr);
                if (number > 1 && !(count = startswith(line, "lines ")) && !manifest_parse_line(manifest, line))
                        return bad(reterr, "line %u: not understood", number);
        }
        return bad(reterr, "truncated: no \"end\" after line %u", number - 1);
}

int manifest_parse(const char *text, size_t size, Manifest **ret, char **reterr) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        _cleanup_(freep) char *copy = xstrndup(text, size), *again = NULL;
        int r;

        if (strlen(copy) != size)
                return bad(reterr, "not text: it holds a byte of value zero");
        r = parse_lines(manifest, copy, reterr);
        if (r < 0)
                return r;
        r = manifest_finish(manifest, reterr);
        if (r < 0)
                return r;
        /* What is sorted, complete and without duplicates is what we would have written. */
        again = manifest_print(manifest);
        if (strlen(again) != size || memcmp(again, text, size) != 0) {
                free(copy);
                copy = xstrndup(text, size);
                return bad(reterr, "line %u: twice, out of order, or behind the end",
                           first_difference(again, copy));
        }
        *ret = TAKE_PTR(manifest);
        return 0;
}
