/* SPDX-License-Identifier: MIT */
/*
 * Redis asked as the supervisor asks it, over TLS too, for which the resident process has no library. Lago's client takes any
 * certificate of a Redis (ssl_params: VERIFY_NONE), so none is judged here.
 */
#include "gate/gate.h"

#include "base/util.h"
#include "config/address.h"
#include "config/redisurl.h"
#include "probe/redis.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (64U << 10)

typedef struct Session {
        int fd;
        SSL_CTX *context;
        SSL *ssl;               /* NULL: in the clear */
        bool wants_certificate; /* the server has asked for one */
        uint64_t deadline_msec;
        unsigned timeout_sec;
} Session;

static void session_done(Session *session) {
        SSL_free(session->ssl);
        SSL_CTX_free(session->context);
        closep(&session->fd);
}

/* --- the way there ------------------------------------------------------------------------------------- */

/* What is left of the time is that of the next call. */
static void arm(const Session *session) {
        uint64_t now = now_msec(), left = session->deadline_msec > now ? session->deadline_msec - now : 1;
        struct timeval tv = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)};

        (void)setsockopt(session->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
        (void)setsockopt(session->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

/* A time that is out is told as one by the kernel, and as two of these by what waits in it. */
static char *errno_cause(const Session *session, int error) {
        if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT)
                return xasprintf("no answer within %u s", session->timeout_sec);
        return xstrdup(error == ECONNREFUSED ? "connection refused" : error > 0 ? strerror(error)
                                                                                : "it closed the connection");
}

static char *connect_one(Session *session, const struct addrinfo *at) {
        closep(&session->fd);
        session->fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (session->fd < 0)
                return errno_cause(session, errno);
        arm(session);
        return connect(session->fd, at->ai_addr, at->ai_addrlen) == 0 ? NULL : errno_cause(session, errno);
}

static char *connect_to(Session *session, const char *host, uint16_t port) {
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
        _cleanup_(freep) char *service = xasprintf("%u", port);
        struct addrinfo *list = NULL;
        char *cause = NULL;

        if (getaddrinfo(host, service, &hints, &list) != 0 || !list)
                return xstrdup("its name is not known");
        for (const struct addrinfo *at = list; at; at = at->ai_next) {
                free(cause);
                cause = connect_one(session, at);
                if (!cause)
                        break;
        }
        freeaddrinfo(list);
        return cause;
}

/* --- TLS --------------------------------------------------------------------------------------------------- */

static char *no_certificate(void) {
        return xstrdup("it wants a certificate of its client, and Lago has none; tls-auth-clients no in its redis.conf");
}

/* OpenSSL's reason in words that say what to do; @error is errno as the call left it. */
static char *tls_cause(const Session *session, int result, int error) {
        unsigned long code = ERR_peek_error();
        const char *words = ERR_reason_error_string(code);

        /* Its alert may be lost to the reset that follows. */
        if (session->wants_certificate && (error == ECONNRESET || error == EPIPE))
                return no_certificate();
        if (SSL_get_error(session->ssl, result) == SSL_ERROR_WANT_READ || (code == 0 && error > 0))
                return errno_cause(session, error ? error : EAGAIN);
        switch (ERR_GET_REASON(code)) {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
                return no_certificate();
        /* So says TLS 1.2 of that, and of much else. */
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
                return session->wants_certificate ? no_certificate() : xasprintf("TLS: %s", words);
        case SSL_R_WRONG_VERSION_NUMBER:
                return xstrdup("it speaks no TLS at this port; write redis:// in REDIS_URL");
        case 0:
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
                if (session->wants_certificate)
                        return no_certificate();
                return xstrdup("it closed the connection; if it speaks no TLS, write redis:// in REDIS_URL");
        default:
                return xasprintf("TLS: %s", words ? words : "an error without words");
        }
}

/* It goes on without one, as Lago does: the server may only have wished for it. */
static int on_certificate_wanted(SSL *ssl, X509 **ret_certificate, EVP_PKEY **ret_key) {
        Session *session = SSL_get_app_data(ssl);

        (void)ret_certificate;
        (void)ret_key;
        session->wants_certificate = true;
        return 0;
}

/* Told the name, as a proxy before several servers goes by it; an address is none. */
static char *begin_tls(Session *session, char *host) {
        int r;

        session->context = SSL_CTX_new(TLS_client_method());
        session->ssl = session->context ? SSL_new(session->context) : NULL;
        if (!session->ssl || SSL_set_fd(session->ssl, session->fd) != 1 ||
            (!host_is_address(host) && SSL_set_tlsext_host_name(session->ssl, host) != 1))
                return xstrdup("no memory for TLS");
        SSL_set_verify(session->ssl, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_client_cert_cb(session->context, on_certificate_wanted);
        (void)SSL_set_app_data(session->ssl, session);
        arm(session);
        ERR_clear_error();
        errno = 0;
        r = SSL_connect(session->ssl);
        /* Redis without TLS waits for the end of a line. */
        if (r != 1 && SSL_get_error(session->ssl, r) == SSL_ERROR_WANT_READ)
                return xasprintf("no answer within %u s; if it speaks no TLS, write redis:// in REDIS_URL", session->timeout_sec);
        return r == 1 ? NULL : tls_cause(session, r, errno);
}

/* --- asking ------------------------------------------------------------------------------------------------ */

static char *say(Session *session, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n;

                arm(session);
                ERR_clear_error();
                errno = 0;
                n = session->ssl ? SSL_write(session->ssl, text, (int)size) : write(session->fd, text, size);
                if (n <= 0)
                        return session->ssl ? tls_cause(session, (int)n, errno) : errno_cause(session, errno);
                text += n;
                size -= (size_t)n;
        }
        return NULL;
}

/* Up to the whole of the answer. A server may also say what it has to say and close. */
static char *hear(Session *session, const ProbeTarget *target, ProbeReading *ret) {
        _cleanup_(freep) char *bytes = xcalloc(ANSWER_MAX, 1);
        size_t n = 0;

        for (*ret = (ProbeReading){0}; !ret->complete && n < ANSWER_MAX;) {
                ssize_t got;

                arm(session);
                ERR_clear_error();
                errno = 0;
                got = session->ssl ? SSL_read(session->ssl, bytes + n, (int)(ANSWER_MAX - n))
                                   : read(session->fd, bytes + n, ANSWER_MAX - n);
                /* So ends what was asked in the wrong language. */
                if (got < 0 && !session->ssl && errno == ECONNRESET)
                        got = 0;
                if (got < 0 || (got == 0 && n == 0 && session->ssl))
                        return session->ssl ? tls_cause(session, (int)got, errno) : errno_cause(session, errno);
                n += (size_t)got;
                *ret = redis_read(target, bytes, n, /* eof= */ got == 0);
        }
        return ret->complete ? NULL : xstrdup("a longer answer than Redis gives");
}

static char *ask(Session *session, const RedisTarget *target, const RedisUrl *url, ProbeReading *ret) {
        ProbeTarget question = {.question = ASK_REDIS,
                                .user = url->user,
                                .password = url->password,
                                .database = url->database,
                                .writes = true,
                                .grouped = target->grouped};
        _cleanup_(freep) char *request = redis_request(&question);
        char *cause = connect_to(session, target->address ? target->address : url->host, url->port);

        if (!cause && url->tls)
                cause = begin_tls(session, url->host);
        if (!cause)
                cause = say(session, request, strlen(request));
        if (!cause)
                cause = hear(session, &question, ret);
        explicit_bzero(request, strlen(request));
        return cause;
}

/* --- the answer -------------------------------------------------------------------------------------------- */

static const struct {
        const char *word, *before;
        int status;
} outcomes[] = {
        [PROBE_LATER] = {"unreachable", "Waiting for ", GATE_REDIS_UNREACHABLE},
        [PROBE_GOOD] = {"verified", "", 0},
        [PROBE_NEVER] = {"refused", "Refused: ", GATE_REDIS_REFUSED},
        [PROBE_UNABLE] = {"unable", "Waiting for ", GATE_REDIS_UNABLE},
};

static int tell(const RedisUrl *url, const ProbeReading *reading, Format format) {
        bool good = reading->verdict == PROBE_GOOD, plain = good && streq(reading->reason, "PONG");
        _cleanup_(ledger_freep) Ledger *ledger = ledger_new();
        _cleanup_(freep) char *sentence = xasprintf("%sRedis at %s:%u%s%s%s", outcomes[reading->verdict].before, url->host,
                                                    url->port, good ? " answers" : ": ", good && !plain ? ", and " : "",
                                                    plain ? "" : reading->reason);

        print_answer(outcomes[reading->verdict].word, sentence, ledger, format);
        if (format == FORMAT_EXPORT)
                printf("REASON=%s\n", reading->reason);
        return outcomes[reading->verdict].status;
}

int redis_run(const RedisTarget *target, Format format) {
        Session session = {.fd = -EBADF,
                           .deadline_msec = now_msec() + target->timeout_sec * 1000ULL,
                           .timeout_sec = target->timeout_sec};
        _cleanup_(redisurl_done) RedisUrl url = {0};
        ProbeReading reading = {0};
        char *cause;

        if (redisurl_parse(target->url, target->password, &url) < 0)
                return -EINVAL;
        /* A server that goes away is an answer, not an end. */
        (void)signal(SIGPIPE, SIG_IGN);
        cause = ask(&session, target, &url, &reading);
        session_done(&session);
        if (cause)
                (void)snprintf(reading.reason, sizeof(reading.reason), "%s", cause);
        free(cause);
        return tell(&url, &reading, format);
}
