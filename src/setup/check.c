/* SPDX-License-Identifier: MIT */
#include "setup/setup.h"

#include "base/file.h"
#include "base/util.h"
#include "config/check.h"
#include "stack/stack.h"

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#define CA_MAX_BYTES (4 * 1024 * 1024)

/* A key with a passphrase would ask for it on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *userdata) {
        (void)buffer;
        (void)size;
        (void)writing;
        (void)userdata;
        return -1;
}

const char *setup_rsa_error(const char *base64) {
        size_t size = 0;
        _cleanup_(freep) char *pem = base64_decode(base64, &size);
        BIO *bio = pem ? BIO_new_mem_buf(pem, (int)size) : NULL;
        EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
        const char *error = NULL;

        if (!pem)
                error = "it is not base64 in one line";
        else if (!key)
                error = memmem(pem, size, "ENCRYPTED", 9)
                                ? "it has a passphrase, which Lago cannot give"
                                : "its text is damaged";
        else if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA)
                error = "it is no RSA key";
        EVP_PKEY_free(key);
        (void)BIO_free(bio);
        ERR_clear_error();
        if (pem)
                explicit_bzero(pem, size);
        return error;
}

static void check_rsa_key(const Config *config, ConfigErrors *errors) {
        const EnvPair *pair = env_pair(config->env, "LAGO_RSA_PRIVATE_KEY");
        const char *error = pair ? setup_rsa_error(pair->value) : NULL;

        if (error)
                config_errors_add_kind(
                        errors, CONFIG_ERROR_KEYS, pair->file, pair->line,
                        "LAGO_RSA_PRIVATE_KEY: %s; write the key as one line: base64 -w0 < "
                        "private.pem",
                        error);
}

static void check_ca_file(const char *path, const char *section, ConfigErrors *errors) {
        _cleanup_(freep) char *text = NULL;
        int r;

        if (!path)
                return;
        r = file_read(path, CA_MAX_BYTES, &text, NULL);
        if (r < 0)
                config_errors_add_errno(errors, path, r, "the ca-file of [%s] cannot be read", section);
        else if (!strstr(text, "-----BEGIN CERTIFICATE-----"))
                config_errors_add(
                        errors, path, 0,
                        "the ca-file of [%s] holds no certificate; it must be PEM text", section);
}

/* Passwords that every user of the host can read. */
static void check_mode(const char *path, ConfigErrors *errors) {
        struct stat st;

        if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
                config_errors_add_kind(
                        errors, CONFIG_WARNING, path, 0,
                        "others than root may read or write this file; run chmod 0600 %s", path);
}

static void check_member_name(const char *path, const char *file_name, ConfigErrors *errors) {
        _cleanup_(freep) char *name = xstrndup(file_name, strlen(file_name) - strlen(".env"));
        const char *known[_MEMBER_KIND_MAX], *nearest;
        Member member;

        if (member_parse(name, &member) >= 0) {
                _cleanup_(freep) char *shared = member_environment_name(&member);

                if (!streq(shared, name))
                        config_errors_add(errors, path, 0,
                                          "all processes of a pool have one environment; rename the file to %s.env, or "
                                          "remove it",
                                          shared);
                return;
        }
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++)
                known[kind] = member_info(kind)->name;
        nearest = nearest_word(name, known, ELEMENTSOF(known));
        config_errors_add(errors, path, 0,
                          "there is no member %s; rename the file%s%s%s, or remove it", name,
                          nearest ? " to " : "", nearest ? nearest : "", nearest ? ".env" : "");
}

static int is_environment_file(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 4 && streq(entry->d_name + n - 4, ".env");
}

static void check_member_files(const char *directory, ConfigErrors *errors) {
        _cleanup_(freep) char *path = xasprintf("%s/env.d", directory);
        struct dirent **entries = NULL;
        int n = scandir(path, &entries, is_environment_file, alphasort);

        if (n < 0 && errno != ENOENT)
                config_errors_add_errno(errors, path, -errno, "cannot be read");
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *file = xasprintf("%s/%s", path, entries[i]->d_name);
                _cleanup_(env_freep) Env *env = env_new();
                int r = env_read(env, file, errors);

                if (r < 0 && r != -EBADMSG)
                        config_errors_add_errno(errors, file, r, "cannot be read");
                (void)check_member_environment(env, errors);
                check_member_name(file, entries[i]->d_name, errors);
                check_mode(file, errors);
                free(entries[i]);
        }
        free(entries);
}

void setup_check(const char *directory, const Config *config, ConfigErrors *errors) {
        static const char *const secret[] = {"lago.env", "secrets.env"};

        for (size_t i = 0; i < ELEMENTSOF(secret); i++) {
                _cleanup_(freep) char *path = xasprintf("%s/%s", directory, secret[i]);

                check_mode(path, errors);
        }
        check_rsa_key(config, errors);
        check_ca_file(config->ca_file, "database", errors);
        check_ca_file(config->clickhouse_ca_file, "clickhouse", errors);
        check_member_files(directory, errors);
}
