/* SPDX-License-Identifier: MIT */
/* The keys that Lago signs and encrypts with. */
#include "config/check-pair.h"

#include "base/util.h"

/* An empty ENCRYPTION_* is not "unset" to Lago: it wins over the LAGO_ENCRYPTION_* next to it. */
static bool check_key(const Check *check, const char *name) {
        const EnvPair *pair = env_pair(check->config->env, name);

        if (!pair)
                return false;
        if (*pair->value == '\0')
                REFUSE_KEY(check, pair, "%s is empty; write its value, or remove the line", name);
        else if (check_is_placeholder(pair->value))
                REFUSE_KEY(check, pair,
                           "%s is the placeholder of Lago's compose file, which everybody knows; "
                           "write a value of "
                           "your own, or remove the line where nothing was stored yet: lago-setup "
                           "makes one",
                           name);
        else
                return true;
        return false;
}

/* One of the two names is enough; lago.env is read first and so wins over secrets.env whatever name it uses. */
static void pair_up_key(const Check *check, const char *suffix) {
        _cleanup_(freep) char *new_name = xasprintf("LAGO_ENCRYPTION_%s", suffix);
        const char *old_name = new_name + strlen("LAGO_");
        Env *env = check->config->env;
        const EnvPair *a = env_pair(env, old_name), *b = env_pair(env, new_name);
        bool a_is_usable = check_key(check, old_name), b_is_usable = check_key(check, new_name);

        if (!a_is_usable && !b_is_usable)
                return;
        if (a && b && streq(a->file, b->file)) {
                if (!streq(a->value, b->value))
                        REFUSE_KEY(check, a->line > b->line ? a : b,
                                   "%s and %s differ; Lago reads both, write the same value for "
                                   "both",
                                   old_name, new_name);
                return;
        }
        /* Of two files the one read first stands first in the list. */
        if (a && (!b || a < b))
                env_set_from(env, new_name, a->value, a);
        else
                env_set_from(env, old_name, b->value, b);
}

static int base64_digit(char c) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = c ? strchr(digits, c) : NULL;

        return found ? (int)(found - digits) : -1;
}

char *base64_decode(const char *s, size_t *ret_size) {
        size_t n = strlen(s), size = 0;
        _cleanup_(freep) char *bytes = xcalloc(n + 1, 1);
        unsigned bits = 0, value = 0;

        if (n == 0 || n % 4 != 0)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                int digit = base64_digit(s[i]);

                if (s[i] == '=' && i >= n - 2 && (i == n - 1 || s[n - 1] == '='))
                        break;
                if (digit < 0)
                        return NULL;
                value = (value << 6 | (unsigned)digit) & 0xffffff;
                bits += 6;
                if (bits >= 8) {
                        bits -= 8;
                        bytes[size++] = (char)(value >> bits & 0xff);
                }
        }
        *ret_size = size;
        return TAKE_PTR(bytes);
}

static void check_rsa_key(const Check *check) {
        static const char how[] = "write the key as one line: base64 -w0 < private.pem";
        const EnvPair *pair = env_pair(check->config->env, "LAGO_RSA_PRIVATE_KEY");
        _cleanup_(freep) char *pem = NULL;
        size_t size = 0;

        if (!pair || !check_key(check, pair->key))
                return;
        if (startswith(pair->value, "-----BEGIN")) {
                REFUSE_KEY(check, pair, "%s is the PEM text itself, Lago wants its base64; %s",
                           pair->key, how);
                return;
        }
        pem = base64_decode(pair->value, &size);
        if (!pem)
                REFUSE_KEY(check, pair, "%s is not base64, or only the first line of it; %s",
                           pair->key, how);
        else if (!startswith(pem, "-----BEGIN ") || !memmem(pem, size, "PRIVATE KEY-----", 16))
                REFUSE_KEY(check, pair,
                           "%s is not the base64 of a PEM private key; "
                           "%s",
                           pair->key, how);
        if (pem)
                explicit_bzero(pem, size);
}

void check_keys(const Check *check) {
        (void)check_key(check, "SECRET_KEY_BASE");
        pair_up_key(check, "PRIMARY_KEY");
        pair_up_key(check, "DETERMINISTIC_KEY");
        pair_up_key(check, "KEY_DERIVATION_SALT");
        check_rsa_key(check);
}
