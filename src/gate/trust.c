/* SPDX-License-Identifier: MIT */
/*
 * Why a server's certificate was not taken. libpq hands on "certificate verify failed" and loses OpenSSL's reason, and the
 * reasons differ in what helps: one that is not valid yet says that this host's clock is wrong, which passes. So the server is
 * asked for its certificate once more, and let go before anything of ours is sent.
 */
#include "gate/gate.h"

#include "base/file.h"
#include "base/passing.h"
#include "base/util.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <time.h>

#define CA_FILE_MAX (4U << 20)

typedef struct Failing {
        int code;  /* X509_V_ERR_… */
        int depth; /* of the certificate that it is about: 0 the server's own, else of an authority */
        char date[32];
} Failing;

static void write_date(const ASN1_TIME *at, char ret[static 32]) {
        struct tm tm = {};

        if (!at || ASN1_TIME_to_tm(at, &tm) != 1 || strftime(ret, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
                (void)snprintf(ret, 32, "a date that cannot be read");
}

/* As libpq checked it: the chain against the CA file, by this host's clock. */
static Failing verify(SSL *ssl, const char *ca_file) {
        STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
        X509 *leaf = chain && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *context = X509_STORE_CTX_new();
        Failing failing = {.code = X509_V_ERR_UNSPECIFIED};

        if (leaf && store && context && X509_STORE_load_locations(store, ca_file, NULL) == 1 &&
            X509_STORE_CTX_init(context, store, leaf, chain) == 1) {
                X509 *at;

                (void)X509_STORE_CTX_set_default(context, "ssl_server");
                X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), SSL_get_security_level(ssl));
                (void)X509_verify_cert(context);
                failing.code = X509_STORE_CTX_get_error(context);
                failing.depth = X509_STORE_CTX_get_error_depth(context);
                at = X509_STORE_CTX_get_current_cert(context);
                if (failing.code == X509_V_ERR_CERT_HAS_EXPIRED)
                        write_date(at ? X509_get0_notAfter(at) : NULL, failing.date);
                else if (failing.code == X509_V_ERR_CERT_NOT_YET_VALID)
                        write_date(at ? X509_get0_notBefore(at) : NULL, failing.date);
        }
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        return failing;
}

/* Of the CA file itself: it is not there, or not what it should be. NULL: it is not to blame. */
static char *file_fault(const char *path, Trust *ret) {
        _cleanup_(freep) char *text = NULL;
        int r = file_read(path, CA_FILE_MAX, &text, NULL);

        if (streq(path, "system") && PQlibVersion() < 160000) {
                *ret = TRUST_NO_FILE;
                return xstrdup("sslrootcert=system is not known to this host's libpq, which is older than 16");
        }
        if (r == -ENOENT || r == -ENOTDIR) {
                *ret = TRUST_NO_FILE;
                return xasprintf("no CA file to check its certificate");
        }
        if (r >= 0 && !strstr(text, "-----BEGIN CERTIFICATE-----")) {
                *ret = TRUST_FORMAT;
                return xasprintf("the CA file is no PEM text with a certificate");
        }
        return NULL;
}

/*
 * Looked at before libpq does: of an error of the system its message is a buffer that it has not filled (libpq 15 with OpenSSL
 * 3), and reading that may go beyond its end.
 */
char *gate_ca_fault(const Target *target, Contact *ret_contact, Trust *ret) {
        const char *mode = dburl_get(target->url, "sslmode"), *path = dburl_get(target->url, "sslrootcert");
        _cleanup_(freep) char *text = NULL;
        int r = 0;

        if (mode && !isempty(path) && (streq(mode, "require") || startswith(mode, "verify-")))
                r = file_read(path, CA_FILE_MAX, &text, NULL);
        if (r < 0 && errno_is_passing(r)) {
                *ret_contact = CONTACT_UNREACHABLE;
                return xstrdup("the CA file cannot be read for the moment");
        }
        if (r != -EACCES && r != -EPERM)
                return NULL;
        *ret_contact = CONTACT_UNTRUSTED;
        *ret = TRUST_UNREADABLE;
        return xstrdup("the CA file may not be read by user lago-gate");
}

/* What has no advice of its own, in OpenSSL's words: too weak, not made for servers, not made by an authority. */
static char *other_fault(int code) {
        switch (code) {
        case X509_V_OK:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_UNSPECIFIED:
                return xstrdup("its certificate is of another authority than the CA file");
        default:
                return xasprintf("its certificate is not trusted: %s", X509_verify_cert_error_string(code));
        }
}

static char *chain_fault(const Failing *failing, Trust *ret) {
        char now[32];
        time_t clock = time(NULL);
        struct tm tm;

        switch (failing->code) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
                *ret = failing->depth > 0 ? TRUST_AUTHORITY : TRUST_EXPIRED;
                if (failing->depth > 0)
                        return xasprintf("the certificate of its authority expired on %s", failing->date);
                return xasprintf("its certificate expired on %s", failing->date);
        case X509_V_ERR_CERT_NOT_YET_VALID:
                (void)strftime(now, sizeof(now), "%Y-%m-%d %H:%M", gmtime_r(&clock, &tm));
                *ret = TRUST_NOT_YET;
                return xasprintf("its certificate is not valid before %s; here it is %s", failing->date, now);
        default:
                *ret = TRUST_AUTHORITY;
                return other_fault(failing->code);
        }
}

char *gate_distrust(const Target *target, const Endpoints *endpoints, const char *ca_file, const char *message,
                    Greet greet, Trust *ret) {
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        Failing failing = {.code = X509_V_ERR_UNSPECIFIED};
        char *fault = isempty(ca_file) ? NULL : file_fault(ca_file, ret);
        SSL *ssl;

        if (fault)
                return fault;
        if (strstr(message, "does not match")) {
                *ret = TRUST_NAME;
                return xstrdup("the certificate is for another host name");
        }
        if (strstr(message, "root certificate file")) {
                *ret = isempty(ca_file) || strstr(message, "does not exist") ? TRUST_NO_FILE : TRUST_FORMAT;
                return xstrdup(*ret == TRUST_FORMAT ? "the CA file is no PEM text with a certificate"
                                                    : "no CA file to check its certificate");
        }
        conn = greet(target, endpoints);
        ssl = conn ? PQsslStruct(conn, "OpenSSL") : NULL;
        if (ssl && !isempty(ca_file))
                failing = verify(ssl, ca_file);
        return chain_fault(&failing, ret);
}
