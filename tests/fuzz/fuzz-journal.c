/* SPDX-License-Identifier: MIT */
/* What journalctl prints of a run that failed: a run before excuses nothing, and no excuse comes from nowhere. */
#include "base/time.h"
#include "supervisor/excuse.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        Excuse all = {0}, late = {0}, never = {0};

        excuse_begin(&late, 100 * USEC_PER_SEC);
        excuse_begin(&never, UINT64_MAX);
        excuse_find(&all, text);
        excuse_find(&late, text);
        excuse_find(&never, text);
        REQUIRE(all.known && late.known && never.known);
        REQUIRE(all.why || !late.why);
        REQUIRE(!all.why || strchr(text, '['));
        return 0;
}
