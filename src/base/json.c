/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/util.h"

char *json_quote(const char *s) {
        _cleanup_(freep) char *line = s ? escape_line(s) : NULL;
        char *quoted, *out;

        if (!line)
                return xstrdup("null");
        quoted = out = xcalloc(2 * strlen(line) + 3, 1);
        *out++ = '"';
        for (const char *c = line; *c; c++) {
                if (*c == '"' || *c == '\\')
                        *out++ = '\\';
                *out++ = *c;
        }
        *out = '"';
        return quoted;
}
