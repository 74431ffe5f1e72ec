/* SPDX-License-Identifier: MIT */
/*
 * libcrypto answers with the same NULL for a key that is damaged and for memory that ran out. The one is a refusal that stays,
 * the other passes: so its memory ends the process as ours does.
 */
#include "setup/setup.h"

#include "base/util.h"

#include <openssl/crypto.h>

static void *take(size_t size, _unused_ const char *file, _unused_ int line) {
        return xrealloc(NULL, size);
}

static void *resize(void *p, size_t size, _unused_ const char *file, _unused_ int line) {
        return xrealloc(p, size);
}

static void give_back(void *p, _unused_ const char *file, _unused_ int line) {
        free(p);
}

void setup_crypto(void) {
        (void)CRYPTO_set_mem_functions(take, resize, give_back);
}
