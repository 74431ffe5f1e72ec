/* SPDX-License-Identifier: MIT */
/* What a member, a Redis, a name server answers: the first byte chooses the question, the rest comes in pieces of any size. */
#include "probe/name.h"
#include "probe/probe.h"

#include "fuzz.h"

static ProbeTarget target_of(uint8_t choice) {
        return (ProbeTarget){
                .question = choice % 5,
                .port = 3000,
                .path = "/health",
                .version = choice & 8 ? "v1.50.0" : NULL,
                .user = choice & 16 ? "lago" : NULL,
                .password = choice & 32 ? "changeme" : NULL,
        };
}

/* Good is what says so, and nothing that was never heard. */
static void check(const ProbeTarget *target, const ProbeReading *reading, const char *bytes, size_t n) {
        if (!reading->complete)
                return;
        REQUIRE(memchr(reading->reason, '\0', sizeof(reading->reason)) && !strchr(reading->reason, '\n'));
        REQUIRE(reading->verdict != PROBE_GOOD || n > 0);
        if (reading->verdict == PROBE_GOOD && target->question == ASK_HTTP)
                REQUIRE(memmem(bytes, n, " 200", 4) && (!target->version || memmem(bytes, n, target->version, 7)));
        if (reading->verdict == PROBE_GOOD && target->question == ASK_REDIS)
                REQUIRE(memmem(bytes, n, "PONG", 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ProbeTarget target;
        const char *bytes;

        if (size < 1)
                return 0;
        target = target_of(data[0]);
        bytes = (const char *)data + 1;
        size--;
        /* Each length once, short answers at least: the reader is asked anew behind each piece. */
        for (size_t n = size > 64 ? size - 64 : 0; n <= size; n++) {
                ProbeReading open = probe_read(&target, bytes, n, /* eof= */ false), closed = probe_read(&target, bytes, n, true);

                REQUIRE(closed.complete);
                check(&target, &open, bytes, n);
                check(&target, &closed, bytes, n);
        }
        (void)name_answer(bytes, size);
        return 0;
}
