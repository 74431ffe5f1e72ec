/* SPDX-License-Identifier: MIT */
/* DATABASE_URL. */
#include "config/dburl.h"

#include "fuzz.h"

/* libpq gets two vectors of one length, and each keyword once. */
static void check(const DbUrl *url) {
        REQUIRE(strv_length(url->keywords) == strv_length(url->values));
        for (size_t i = 0; url->keywords && url->keywords[i]; i++) {
                REQUIRE(*url->keywords[i] != '\0');
                REQUIRE(dburl_get(url, url->keywords[i]) == url->values[i]);
        }
}

/* The reason may be shown to anybody: what stands before the "@" is not in it. */
static void check_reason(const char *text, const char *reason) {
        const char *at = strrchr(text, '@'), *colon = at ? memrchr(text, ':', (size_t)(at - text)) : NULL;
        _cleanup_(freep) char *password = colon ? xstrndup(colon + 1, (size_t)(at - colon) - 1) : NULL;

        REQUIRE(fuzz_is_line(reason));
        REQUIRE(!password || strlen(password) < 12 || !strstr(reason, password));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size), *reason = NULL;
        _cleanup_(dburl_freep) DbUrl *url = NULL;
        int r = dburl_parse(text, &url, &reason);

        REQUIRE((r >= 0) == (url != NULL) && (r >= 0) == (reason == NULL));
        if (url)
                check(url);
        else
                check_reason(text, reason);
        return 0;
}
