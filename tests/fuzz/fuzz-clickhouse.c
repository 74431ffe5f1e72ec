/* SPDX-License-Identifier: MIT */
/* ClickHouse's answer: the first byte chooses the HTTP status, the second the exception, the rest is the body. */
#include "clickhouse/clickhouse.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const long statuses[] = {200, 404, 500, 403}, codes[] = {0, 60, 81, 516, 241, 47};
        Settings settings = {.username = (char[]){"lago"}, .database = (char[]){"lago"}};
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(finding_freep) Finding *finding = NULL;
        _cleanup_(manifest_freep) Manifest *manifest = manifest_new();
        Policy policy = {0};
        Answer answer = {0};

        if (size < 2)
                return 0;
        answer.status = statuses[data[0] % ELEMENTSOF(statuses)];
        answer.exception_code = codes[data[1] % ELEMENTSOF(codes)];
        answer.size = size - 2;
        answer.body = xcalloc(size - 1, 1);
        memcpy(answer.body, data + 2, size - 2);
        ledger->clickhouse = true;
        ledger->endpoint = xstrdup("clickhouse:8123");
        answer_read(&answer, &settings, ledger);
        finding = verdict_of_clickhouse(manifest, ledger, &policy);
        REQUIRE(fuzz_is_line(finding->sentence) && strlen(finding->sentence) <= FINDING_SENTENCE);
        /* An error is never a ledger, and what is no ledger never opens. */
        REQUIRE(!ledger->has_migrations || ledger->odd_migrations || (answer.status == 200 && answer.exception_code == 0));
        REQUIRE(finding->verdict != VERDICT_VERIFIED || ledger->contact == CONTACT_READ);
        free(answer.body);
        return 0;
}
