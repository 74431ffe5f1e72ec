/* SPDX-License-Identifier: MIT */
/* A key, a value and a text: of a run file, and of an environment that is shown. Cut at 0xff. */
#include "base/json.h"
#include "base/keyfile.h"
#include "base/passing.h"
#include "config/mask.h"

#include "fuzz.h"

/* Whatever the value, it is one line, and nothing else than before is in the file. */
static void write_and_read(const char *text, const char *value) {
        _cleanup_(freep) char *file = NULL, *back = NULL, *other = NULL, *wanted = xstrdup(value);

        keyfile_add(&file, "STATE", "serving");
        keyfile_add(&file, "STATUS", value);
        keyfile_add(&file, "VERDICT", text);
        for (char *c = wanted; *c; c++)
                if (*c == '\n' || *c == '\r')
                        *c = ' ';
        back = keyfile_get(file, "STATUS");
        other = keyfile_get(file, "STATE");
        REQUIRE(back && !strchr(back, '\n') && strlen(back) == strlen(wanted));
        REQUIRE(streq(other, "serving"));
}

static void show(const char *name, const char *value) {
        _cleanup_(freep) char *shown = mask_value(name, value), *quoted = json_quote(value), *line = escape_line(value);

        REQUIRE(shown && quoted && quoted[0] == '"' && quoted[strlen(quoted) - 1] == '"' && !strchr(quoted, '\n'));
        for (const char *c = line; *c; c++)
                REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
        if (strstr(name, "PASSWORD") && strlen(value) > 11)
                REQUIRE(!strstr(shown, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *parts[3];

        fuzz_parts(data, size, ELEMENTSOF(parts), parts);
        write_and_read(parts[2], parts[1]);
        show(parts[0], parts[1]);
        if (*parts[0]) {
                _cleanup_(freep) char *value = keyfile_get(parts[2], parts[0]);
                _cleanup_(strv_freep) char **all = keyfile_all(parts[2], parts[0]);

                REQUIRE((value != NULL) == (all && *all));
                REQUIRE(!value || (streq(value, *all) && !strchr(value, '\n')));
        }
        (void)keyfile_number(parts[2], "SINCE", 7);
        (void)text_is_passing(parts[2]);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                free(parts[i]);
        return 0;
}
