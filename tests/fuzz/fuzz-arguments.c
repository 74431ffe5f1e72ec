/* SPDX-License-Identifier: MIT */
/* The command line of lago-gate, a word a line, and a list of schemas. */
#include "../../src/gate/arguments.c"

#include "fuzz.h"

#include <getopt.h>

static void schemas(const char *word) {
        const char *taken = NULL;

        /* It becomes part of a connection's options. */
        if (parse_schema(word, &taken) >= 0)
                REQUIRE(taken && !strpbrk(taken, "\n'\\;") && *taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        _cleanup_(strv_freep) char **words = strv_split(text, "\n"), **argv = NULL;
        Arguments arguments = {0};
        int r;

        strv_add(&argv, "lago-gate");
        STRV_FOREACH(word, words)
                strv_add(&argv, *word);
        optind = 0;
        r = arguments_parse((int)strv_length(argv), argv, &arguments);
        REQUIRE(r == 1 || r == 0 || r == -EINVAL);
        REQUIRE(r != 1 || (arguments.command >= 0 && arguments.command < _COMMAND_MAX));
        strv_free(arguments.passed_bridges);
        versions_done(&arguments.policy.tombstones);
        if (words)
                schemas(words[0]);
        return 0;
}
