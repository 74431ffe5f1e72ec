/* SPDX-License-Identifier: MIT */
/* Keys are made once. What a database was filled with can be read with the same keys only, so in doubt none is made. */
#include "setup/setup.h"

#include "base/file.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/util.h"
#include "config/admitted.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <unistd.h>

#define SECRETS_MAX_BYTES (1024 * 1024)
#define RSA_BITS          2048

/* In the order in which they are written. */
static const struct {
        const char *name, *second_name;
        size_t n_bytes; /* of randomness, written in hexadecimal; 0: an RSA key */
} keys[] = {
        {"SECRET_KEY_BASE", NULL, 64},
        {"ENCRYPTION_PRIMARY_KEY", "LAGO_ENCRYPTION_PRIMARY_KEY", 32},
        {"ENCRYPTION_DETERMINISTIC_KEY", "LAGO_ENCRYPTION_DETERMINISTIC_KEY", 32},
        {"ENCRYPTION_KEY_DERIVATION_SALT", "LAGO_ENCRYPTION_KEY_DERIVATION_SALT", 32},
        {"LAGO_RSA_PRIVATE_KEY", NULL, 0},
        {"POSTGRES_PASSWORD", NULL, 24},
        {"REDIS_PASSWORD", NULL, 24},
};

static const char header[] =
        "# Made by lago-setup, once, and never changed by it. Keep a copy in a safe place: "
        "without these keys what Lago\n"
        "# stored encrypted (credentials of payment providers and integrations) cannot be read "
        "again.\n"
        "# What lago.env sets wins over what stands here.\n";

static char **missing_keys(const Config *config) {
        char **missing = NULL;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                if (!isempty(env_get(config->env, keys[i].name)))
                        continue;
                /* An external server has the password that its URL says. */
                if (streq(keys[i].name, "POSTGRES_PASSWORD") && config->database_external)
                        continue;
                if (streq(keys[i].name, "REDIS_PASSWORD") && config->redis_external)
                        continue;
                strv_add(&missing, keys[i].name);
        }
        return missing;
}

static char **without(char *const *names, const char *name) {
        char **kept = NULL;

        STRV_FOREACH(i, names)
                if (!streq(*i, name))
                        strv_add(&kept, *i);
        return kept;
}

char **setup_missing_keys(const Config *config) {
        _cleanup_(strv_freep) char **all = missing_keys(config);

        return without(all, "REDIS_PASSWORD");
}

static char *random_hex(size_t n_bytes) {
        static const char digits[] = "0123456789abcdef";
        unsigned char bytes[64];
        char *text = xcalloc(n_bytes * 2 + 1, 1);

        if (n_bytes > sizeof(bytes) || RAND_bytes(bytes, (int)n_bytes) != 1) {
                free(text);
                return NULL;
        }
        for (size_t i = 0; i < n_bytes; i++) {
                text[2 * i] = digits[bytes[i] >> 4];
                text[2 * i + 1] = digits[bytes[i] & 15];
        }
        explicit_bzero(bytes, sizeof(bytes));
        return text;
}

static char *base64_line(const char *data, size_t size) {
        char *text = xcalloc((size + 2) / 3 * 4 + 1, 1);

        (void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)data, (int)size);
        return text;
}

static char *random_rsa_key(void) {
        EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
        BIO *bio = BIO_new(BIO_s_secmem());
        char *pem = NULL, *line = NULL;
        long size;

        if (key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
                size = BIO_get_mem_data(bio, &pem);
                if (size > 0)
                        line = base64_line(pem, (size_t)size);
        }
        (void)BIO_free(bio);
        EVP_PKEY_free(key);
        return line;
}

static void erase(char **text) {
        if (*text)
                explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
}

static void append(char **text, const char *name, const char *value) {
        char *longer = xasprintf("%s%s=%s\n", *text, name, value);

        erase(text);
        *text = longer;
}

static int append_new_keys(char **text, char *const *missing) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(erase) char *value = NULL;

                if (!strv_contains(missing, keys[i].name))
                        continue;
                value = keys[i].n_bytes > 0 ? random_hex(keys[i].n_bytes) : random_rsa_key();
                if (!value)
                        return -EIO;
                append(text, keys[i].name, value);
                if (keys[i].second_name)
                        append(text, keys[i].second_name, value);
        }
        return 0;
}

/* They cannot be written to where they come from. */
static StepResult refuse_credential(char *const *missing) {
        _cleanup_(freep) char *names = strv_join(missing, ", ");

        log_message(LOG_ERR, MESSAGE_KEYS,
                    "Keys refused: %s missing in the credential secrets.env of lago-setup.service; add it there. For new ones take "
                    "the drop-in away, and they are made in " CONFIG_DIRECTORY "/secrets.env",
                    names);
        setup_refused("keys missing in the credential secrets.env; see \"journalctl -u lago-setup\"");
        return STEP_KEYS;
}

static StepResult refuse(const char *path, char *const *missing, const char *because) {
        _cleanup_(freep) char *names = strv_join(missing, ", ");

        log_message(LOG_ERR, MESSAGE_KEYS,
                    "Keys refused: %s missing, and %s; put the old values into lago.env or the old "
                    "file back to %s. New "
                    "keys could not read what is stored",
                    names, because, path);
        setup_refused("keys missing for existing data; see \"journalctl -u lago-setup\"");
        return STEP_KEYS;
}

/* Whether these keys may be made new; the password of a server that does not exist yet always may. */
static StepResult judge(const char *path, const Config *config, char *const *all, bool file_exists, bool data_exists) {
        _cleanup_(strv_freep) char **missing = without(all, "REDIS_PASSWORD");
        _cleanup_(freep) char *reason = NULL;

        if (!missing)
                return STEP_DONE;
        if (data_exists) {
                reason = xasprintf("the volume %s holds data already", config->database_volume);
                return refuse(path, missing, reason);
        }
        if (file_exists && !(strv_length(missing) == 1 && streq(missing[0], "POSTGRES_PASSWORD")))
                return refuse(path, missing, "keys have been made for this installation before");
        return STEP_DONE;
}

/*
 * What Redis holds opens with any password. But those who use one without go on with the URL that they were started with, and
 * what was admitted has none: so Redis gets its first one while nobody runs, in an act that admits what is written here.
 */
static bool redis_may_get_one(const char *directory) {
        if (setup_runs() || streq(directory, ADMITTED_KEPT_DIRECTORY) || access(CONFIG_CREDENTIAL, F_OK) == 0)
                return false;
        return !streq(directory, CONFIG_DIRECTORY) || access(APPLY_FILE, F_OK) == 0 ||
               admitted_state(ADMITTED_KEPT_DIRECTORY) == ADMITTED_NONE;
}

StepResult setup_keys(const char *directory, const Config *config, bool data_exists) {
        _cleanup_(strv_freep) char **missing = missing_keys(config);
        _cleanup_(freep) char *path = xasprintf("%s/secrets.env", directory), *names = NULL;
        _cleanup_(erase) char *text = NULL;
        StepResult result;
        int r;

        /* Half a file still holds keys, of no use to anybody but a thief. Copies of the operator's have other names. */
        file_forget_unfinished(path);
        if (strv_contains(missing, "REDIS_PASSWORD") && !redis_may_get_one(directory)) {
                char **others = without(missing, "REDIS_PASSWORD");

                strv_free(missing);
                missing = others;
                log_info("Redis has no password here yet; the next \"systemctl restart lago.target\" gives it one");
        }
        if (!missing)
                return STEP_DONE;
        if (access(CONFIG_CREDENTIAL, F_OK) == 0)
                return refuse_credential(missing);
        r = file_read(path, SECRETS_MAX_BYTES, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return setup_later(NULL, "Cannot read %s: %s", path, strerror(-r));
        result = judge(path, config, missing, r >= 0, data_exists);
        if (result != STEP_DONE)
                return result;
        if (!text)
                text = xstrdup(header);
        r = append_new_keys(&text, missing);
        if (r >= 0)
                r = file_write(path, text, 0600);
        if (r < 0)
                return setup_later(MESSAGE_KEYS, "Cannot write new keys to %s: %s", path, strerror(-r));
        names = strv_join(missing, ", ");
        log_message(LOG_NOTICE, MESSAGE_KEYS, "Keys made in %s: %s. Keep a copy in a safe place",
                    path, names);
        return STEP_DONE;
}
