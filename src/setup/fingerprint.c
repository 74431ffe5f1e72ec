/* SPDX-License-Identifier: MIT */
/*
 * What a database was first used with. The credentials of payment providers in it can be read with the same encryption
 * keys only; other keys are noticed here, before a container starts, and not by the first failing payment.
 */
#include "setup/setup.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/util.h"
#include "stack/stack.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>

#define SALT_BYTES 32
#define HASH_BYTES 32
#define FILE_MAX   4096

/* SECRET_KEY_BASE and the RSA key are left out: a change of those ends sessions and signatures, but loses nothing. */
static const char *const fingerprinted[] = {
        "ENCRYPTION_PRIMARY_KEY",
        "ENCRYPTION_DETERMINISTIC_KEY",
        "ENCRYPTION_KEY_DERIVATION_SALT",
};

static char *hex(const unsigned char *bytes, size_t n) {
        char *text = xcalloc(n * 2 + 1, 1);

        for (size_t i = 0; i < n; i++)
                (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
        return text;
}

/* Keyed with a salt that never leaves the host, so the file tells nobody whether a guess is right elsewhere. */
static char *fingerprint_of(const char *salt, const char *value) {
        unsigned char hash[HASH_BYTES];
        unsigned size = 0;

        if (!HMAC(EVP_sha256(), salt, (int)strlen(salt), (const unsigned char *)value, strlen(value), hash, &size))
                return NULL;
        return hex(hash, size);
}

char *fingerprints_make(const Config *config, const char *salt) {
        _cleanup_(freep) char *database = stack_database_identity(config);
        char *text = NULL;

        keyfile_add(&text, "DATABASE", database);
        keyfile_add(&text, "SALT", salt);
        for (size_t i = 0; i < ELEMENTSOF(fingerprinted); i++) {
                const char *value = env_get(config->env, fingerprinted[i]);
                _cleanup_(freep) char *print = value ? fingerprint_of(salt, value) : NULL;

                keyfile_add(&text, fingerprinted[i], print);
        }
        return text;
}

char **fingerprints_changed(const Config *config, const char *text) {
        _cleanup_(freep) char *salt = keyfile_get(text, "SALT");
        _cleanup_(freep) char *now = fingerprints_make(config, salt ? salt : "");
        _cleanup_(freep) char *database = keyfile_get(text, "DATABASE"), *database_now = keyfile_get(now, "DATABASE");
        char **changed = NULL;

        if (!database || !streq(database, database_now)) {
                strv_add(&changed, FINGERPRINTS_OTHER_DATABASE);
                return changed;
        }
        for (size_t i = 0; i < ELEMENTSOF(fingerprinted); i++) {
                _cleanup_(freep) char *old = keyfile_get(text, fingerprinted[i]);
                _cleanup_(freep) char *new = keyfile_get(now, fingerprinted[i]);

                if (old && (!new || !streq(old, new)))
                        strv_add(&changed, fingerprinted[i]);
        }
        return changed;
}

static StepResult write_fingerprints(const char *path, const Config *config) {
        unsigned char bytes[SALT_BYTES];
        _cleanup_(freep) char *salt = NULL, *text = NULL;
        int r = RAND_bytes(bytes, sizeof(bytes)) == 1 ? 0 : -EIO;

        if (r >= 0) {
                salt = hex(bytes, sizeof(bytes));
                text = fingerprints_make(config, salt);
                r = make_dirs(STATE_DIRECTORY, 0755);
        }
        if (r >= 0)
                r = file_write(path, text, 0600);
        return r < 0 ? setup_later(MESSAGE_KEYS, "Cannot write %s: %s", path, strerror(-r)) : STEP_DONE;
}

/* From here on other keys than these are refused, so that nobody may take them for right without a word. */
static void tell_unproven(const Config *config) {
        _cleanup_(freep) char *database = stack_database_identity(config);

        log_message(LOG_WARNING, MESSAGE_KEYS,
                    "Nothing here proves that these are the keys that %s was filled with. If it holds data of Lago, compare "
                    "ENCRYPTION_PRIMARY_KEY, ENCRYPTION_DETERMINISTIC_KEY and ENCRYPTION_KEY_DERIVATION_SALT in lago.env or "
                    "secrets.env with those of the installation that filled it",
                    database);
}

StepResult setup_fingerprints(const char *path, const Config *config, bool data_exists) {
        _cleanup_(freep) char *text = NULL, *names = NULL;
        _cleanup_(strv_freep) char **changed = NULL;
        int r = file_read(path, FILE_MAX, &text, NULL);

        if (r == -ENOENT && data_exists)
                tell_unproven(config);
        if (r == -ENOENT)
                return write_fingerprints(path, config);
        if (r < 0)
                return setup_later(MESSAGE_KEYS, "Cannot read %s: %s", path, strerror(-r));
        changed = fingerprints_changed(config, text);
        if (!changed)
                return STEP_DONE;
        if (data_exists && strv_contains(changed, FINGERPRINTS_OTHER_DATABASE))
                tell_unproven(config);
        if (!data_exists || strv_contains(changed, FINGERPRINTS_OTHER_DATABASE))
                return write_fingerprints(path, config);
        names = strv_join(changed, ", ");
        log_message(LOG_ERR, MESSAGE_KEYS,
                    "Keys refused: %s changed since this database was first used; what is stored encrypted could not be "
                    "read. Put the old value back into lago.env or secrets.env. If you mean it, and will enter the "
                    "credentials of payment providers and integrations anew, remove %s",
                    names, path);
        setup_refused("other encryption keys than the database was filled with; see \"journalctl -u lago-setup\"");
        return STEP_KEYS;
}
