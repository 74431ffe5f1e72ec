/* SPDX-License-Identifier: MIT */
/*
 * Whether the keys at hand are those that this database was filled with: one of the values that Lago keeps encrypted is opened
 * as Rails would (ActiveRecord::Encryption, AES-256-GCM, the key derived by PBKDF2). What is in it is forgotten.
 */
#include "gate/gate.h"

#include "base/util.h"

#include <openssl/evp.h>

#define KEY_BYTES  32
#define IV_BYTES   12
#define TAG_BYTES  16
#define ITERATIONS 65536 /* ActiveSupport::KeyGenerator's own */
#define VALUES_MAX "5"   /* of each table: one that is damaged proves nothing */

static const char query[] =
        "BEGIN READ ONLY; SET LOCAL statement_timeout = '%us'; SET LOCAL lock_timeout = '%us'; "
        "SELECT set_config('search_path', %s, true); "
        "DO $lago$\n"
        "DECLARE name text; found text; stored text := '';\n"
        "BEGIN\n"
        "  FOREACH name IN ARRAY ARRAY['payment_providers', 'integrations'] LOOP\n"
        "    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(name) AND attname = 'secrets'\n"
        "                 AND NOT attisdropped) THEN\n"
        "      EXECUTE format('SELECT string_agg(left(secrets::text, 65536), E''\\n'') FROM (SELECT secrets FROM %%I'\n"
        "                     ' WHERE secrets::text LIKE ''{\"p\":%%%%'' LIMIT " VALUES_MAX ") AS rows', name) INTO found;\n"
        "      stored := stored || coalesce(found || E'\\n', '');\n"
        "    END IF;\n"
        "  END LOOP;\n"
        "  PERFORM set_config('lago_gate.stored', stored, true);\n"
        "END $lago$; SELECT current_setting('lago_gate.stored') AS stored; COMMIT";

/* The bytes of the text that follows "@name":" in @value. Answer: how many, or -EBADMSG; the caller frees them. */
static int field_bytes(const char *value, const char *name, unsigned char **ret) {
        _cleanup_(freep) char *head = xasprintf("\"%s\":\"", name);
        const char *text = strstr(value, head);
        size_t n, padding = 0;
        unsigned char *bytes;
        int length;

        if (!text)
                return -EBADMSG;
        text += strlen(head);
        n = strcspn(text, "\"");
        for (size_t i = n; i > 0 && text[i - 1] == '='; i--)
                padding++;
        bytes = xcalloc(n + 4, 1);
        length = n % 4 == 0 && padding <= 2 ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n) : -1;
        if (length < 0) {
                free(bytes);
                return -EBADMSG;
        }
        *ret = bytes;
        return length - (int)padding;
}

static void cipher_freep(EVP_CIPHER_CTX **cipher) {
        EVP_CIPHER_CTX_free(*cipher);
}

/* {"p":"…","h":{"iv":"…","at":"…"}}, each in base64: the text, the initialization vector, the tag that only the key makes good. */
static bool opens(const char *value, const unsigned char key[static KEY_BYTES]) {
        _cleanup_(cipher_freep) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
        unsigned char *text = NULL, *iv = NULL, *tag = NULL, *out = NULL;
        int n = field_bytes(value, "p", &text), n_iv = field_bytes(value, "iv", &iv), n_tag = field_bytes(value, "at", &tag), done;
        bool good = false;

        if (cipher && n >= 0 && n_iv == IV_BYTES && n_tag == TAG_BYTES) {
                out = xcalloc((size_t)n + KEY_BYTES, 1);
                good = EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
                       EVP_DecryptUpdate(cipher, out, &done, text, n) == 1 &&
                       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 &&
                       EVP_DecryptFinal_ex(cipher, out + done, &done) == 1;
                explicit_bzero(out, (size_t)n + KEY_BYTES);
        }
        free(text);
        free(iv);
        free(tag);
        free(out);
        return good;
}

OpenAnswer open_judge(const char *stored, const char *primary_key, const char *salt) {
        _cleanup_(strv_freep) char **values = strv_split(stored, "\n");
        /* Lago says the first; Rails' own choice changed between its releases. */
        const EVP_MD *digests[] = {EVP_sha1(), EVP_sha256()};
        bool good = false;

        if (strv_length(values) == 0)
                return OPEN_NOTHING;
        for (size_t d = 0; d < ELEMENTSOF(digests) && !good; d++) {
                unsigned char key[KEY_BYTES];

                if (PKCS5_PBKDF2_HMAC(primary_key, (int)strlen(primary_key), (const unsigned char *)salt, (int)strlen(salt),
                                      ITERATIONS, digests[d], KEY_BYTES, key) != 1)
                        return OPEN_UNKNOWN;
                for (size_t i = 0; values[i] && !good; i++)
                        good = opens(values[i], key);
                explicit_bzero(key, sizeof(key));
        }
        return good ? OPEN_GOOD : OPEN_CLOSED;
}

static int read_stored(PGconn *conn, const Target *target, Ledger *ledger, char **ret) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(result_clearp) PGresult *row = NULL;
        _cleanup_(freep) char *sql = NULL;
        char *path = PQescapeLiteral(conn, target->search_path, strlen(target->search_path));
        int r;

        if (!path)
                return -EPROTO;
        sql = xasprintf(query, target->timeout_sec, target->timeout_sec, path);
        PQfreemem(path);
        r = gate_query(conn, sql, target->timeout_sec + 2, &row, &error);
        if (r < 0 || !row || PQntuples(row) != 1 || PQnfields(row) != 1) {
                free(ledger->cause);
                ledger->cause = escape_line(error.text ? error.text : "an answer that PostgreSQL does not give");
                return r < 0 ? r : -EPROTO;
        }
        *ret = xstrdup(PQgetvalue(row, 0, 0));
        return 0;
}

static void say(Format format, const char *verdict, const char *sentence) {
        if (format == FORMAT_EXPORT)
                printf("VERDICT=%s\nSENTENCE=%s\n", verdict, sentence);
        else if (format == FORMAT_JSON)
                printf("{\"verdict\":\"%s\",\"sentence\":\"%s\"}\n", verdict, sentence);
        else
                printf("%s\n", sentence);
}

int open_run(const Target *target, const char *primary_key, const char *salt, Format format) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        _cleanup_(freep) char *stored = NULL;

        if (gate_connect(target, ledger, &conn) < 0 || read_stored(conn, target, ledger, &stored) < 0) {
                fprintf(stderr, "lago-gate: %s\n", ledger->cause ? ledger->cause : "no answer");
                return EXIT_TEMPFAIL;
        }
        switch (open_judge(stored, primary_key, salt)) {
        case OPEN_GOOD:
                say(format, "opens", "The encryption keys open what is stored in the database");
                return 0;
        case OPEN_NOTHING:
                say(format, "nothing", "Nothing in the database is encrypted yet");
                return 0;
        case OPEN_CLOSED:
                say(format, "closed", "Refused: the encryption keys do not open what is stored in the database");
                return EXIT_KEYS;
        case OPEN_UNKNOWN:
                break;
        }
        return EXIT_TEMPFAIL;
}
