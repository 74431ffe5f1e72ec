/* SPDX-License-Identifier: MIT */
/* A manifest file: what is taken is what would have been written, byte for byte. */
#include "schema/manifest.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(manifest_freep) Manifest *manifest = NULL;
        _cleanup_(freep) char *reason = NULL, *again = NULL;
        int r = manifest_parse(size > 0 ? (const char *)data : "", size, &manifest, &reason);

        REQUIRE((r >= 0) == (manifest != NULL) && (r >= 0) == (reason == NULL));
        if (!manifest) {
                REQUIRE(fuzz_is_line(reason));
                return 0;
        }
        again = manifest_print(manifest);
        REQUIRE(strlen(again) == size && memcmp(again, data, size) == 0);
        for (size_t i = 0; i < manifest->n_files; i++)
                REQUIRE(manifest_file(manifest, manifest->files[i].version) == &manifest->files[i]);
        return 0;
}
