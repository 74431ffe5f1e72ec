/* SPDX-License-Identifier: MIT */
/*
 * The files of an image: names below db/migrate (one a line), then behind a 0xff each structure.sql, a start script, and
 * LAGO_VERSION. Whatever they are, the manifest that comes of them can be read again.
 */
#include "schema/manifest.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new(), *read = NULL;
        _cleanup_(freep) char *reason = NULL, *text = NULL, *again = NULL;
        _cleanup_(strv_freep) char **names = NULL;
        char *parts[4];

        fuzz_parts(data, size, ELEMENTSOF(parts), parts);
        names = strv_split(parts[0], "\n");
        STRV_FOREACH(name, names)
                (void)manifest_add_file(manifest, *name);
        manifest_add_structure(manifest, parts[1]);
        manifest_add_script(manifest, "scripts/start.api.sh", parts[2]);
        manifest_set_release(manifest, parts[3]);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                free(parts[i]);
        if (manifest_finish(manifest, &reason) < 0) {
                REQUIRE(fuzz_is_line(reason));
                return 0;
        }
        text = manifest_print(manifest);
        REQUIRE(manifest_parse(text, strlen(text), &read, &reason) >= 0);
        again = manifest_print(read);
        REQUIRE(streq(text, again));
        return 0;
}
