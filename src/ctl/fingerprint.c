/* SPDX-License-Identifier: MIT */
#include "ctl/fingerprint.h"

#include "base/util.h"

#include <openssl/evp.h>

#define ROUNDS 200000

char *fingerprint(const char *name, const char *value) {
        _cleanup_(freep) char *salt = xasprintf("lago-supervisor fingerprint of %s", name);
        unsigned char digest[8];
        char *text = NULL;

        if (PKCS5_PBKDF2_HMAC(value, (int)strlen(value), (const unsigned char *)salt, (int)strlen(salt), ROUNDS,
                              EVP_sha256(), sizeof(digest), digest) != 1)
                return NULL;
        text = xcalloc(2 * sizeof(digest) + 1, 1);
        for (size_t i = 0; i < sizeof(digest); i++) {
                text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
                text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
        }
        return text;
}

char *fingerprints(const Env *env) {
        static const char *const names[] = {
                "SECRET_KEY_BASE", "ENCRYPTION_PRIMARY_KEY", "ENCRYPTION_DETERMINISTIC_KEY",
                "ENCRYPTION_KEY_DERIVATION_SALT", "LAGO_RSA_PRIVATE_KEY",
        };
        _cleanup_(strv_freep) char **lines = NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                const char *value = env_get(env, names[i]);
                _cleanup_(freep) char *digits = isempty(value) ? xstrdup("none") : fingerprint(names[i], value);

                if (!digits)
                        return NULL;
                strv_addf(&lines, "%s %s\n", names[i], digits);
        }
        return strv_join(lines, "");
}
