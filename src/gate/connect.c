/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/file.h"
#include "base/passing.h"
#include "base/util.h"

#include <ctype.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <time.h>

#define CA_FILE_MAX (4U << 20)
#define ANSWER_MAX  (64U << 20) /* of memory; a hundred thousand versions take ten */
#define TEXT_BYTES  500         /* of what a server says of an error */
#define ENDLESS     "an answer without end"

char *endpoint_of(const DbUrl *url) {
        const char *host = dburl_get(url, "host"), *port = dburl_get(url, "port");
        const char *address = dburl_get(url, "hostaddr"), *service = dburl_get(url, "service");

        host = !isempty(host) ? host : address;
        if (isempty(host) && service)
                return xasprintf("service %s", service);
        if (isempty(host))
                return xstrdup("the local socket");
        if (*host == '/' || *host == '@')
                return xstrdup(host);
        if (strchr(host, ','))
                return xstrdup(host);
        return xasprintf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, isempty(port) ? "5432" : port);
}

void conn_finishp(PGconn **conn) {
        if (*conn)
                PQfinish(*conn);
}

void result_clearp(PGresult **result) {
        PQclear(*result);
}

void query_error_done(QueryError *error) {
        free(error->text);
        *error = (QueryError){};
}

/* --- why a login failed -------------------------------------------------------------------------------- */

/*
 * The SQLSTATE in a verbose message, "FATAL:  28P01: password …"; libpq keeps it nowhere else when a login fails. The
 * severity may be in the server's language, the code never is. With several hosts the last one counts.
 */
static const char *find_sqlstate(const char *message, char ret[static 6]) {
        const char *found = NULL;

        for (const char *s = message; (s = strstr(s, ":  ")); s++) {
                size_t n = strspn(s + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

                if (n == 5 && s[8] == ':' && s[9] == ' ') {
                        memcpy(ret, s + 3, 5);
                        ret[5] = '\0';
                        found = s + 10;
                }
        }
        return found;
}

/* The last "failed: …" of the message, up to the end of its line; as a clause: "connection refused". */
static char *short_cause(const char *message) {
        const char *text = message;
        char *cause;

        for (const char *s = message; (s = strstr(s, "failed: ")); s++)
                text = s + 8;
        cause = xstrndup(text, strcspn(text, "\n"));
        if (isupper((unsigned char)cause[0]) && islower((unsigned char)cause[1]))
                cause[0] = (char)tolower((unsigned char)cause[0]);
        if (cause[0] == '\0')
                free_and_strdup(&cause, "the connection ended without a reason");
        return cause;
}

static int failed(Ledger *ledger, Contact contact, char *cause) {
        if (strlen(cause) > TEXT_BYTES)
                cause[TEXT_BYTES] = '\0';
        free(ledger->cause);
        ledger->contact = contact;
        ledger->cause = escape_line(cause);
        free(cause);
        return -ENOTCONN;
}

static int explain_sqlstate(Ledger *ledger, PGconn *conn, const char *sqlstate, const char *text) {
        char *line = xstrndup(text, strcspn(text, "\n"));

        if (streq(sqlstate, "28P01")) {
                free(line);
                return failed(ledger, CONTACT_DENIED, xasprintf("password rejected for \"%s\"", PQuser(conn)));
        }
        if (startswith(sqlstate, "28") || streq(sqlstate, "42501"))
                return failed(ledger, CONTACT_DENIED, line);
        if (streq(sqlstate, "3D000"))
                return failed(ledger, CONTACT_NO_DATABASE, line);
        return failed(ledger, CONTACT_UNREACHABLE, line);
}

static char *ca_file_of(PGconn *conn) {
        PQconninfoOption *list = PQconninfo(conn);
        char *path = NULL;

        for (PQconninfoOption *option = list; option && option->keyword; option++)
                if (streq(option->keyword, "sslrootcert") && !isempty(option->val))
                        free_and_strdup(&path, option->val);
        PQconninfoFree(list);
        return path;
}

/*
 * The CA file could not be read, for a reason that says nothing of it. OpenSSL tells of an error of the system by number (in
 * which its highest bit is set), and takes a file whose reading ends in an error for an empty one.
 */
static bool is_about_system(PGconn *conn, const char *message) {
        static const char number[] = "SSL error code ";
        const char *code = strstr(message, number);
        _cleanup_(freep) char *path = NULL, *text = NULL;

        if (!strstr(message, "could not read root certificate file"))
                return false;
        if (text_is_passing(message) ||
            (code && errno_is_passing(-(int)(strtoul(code + sizeof(number) - 1, NULL, 10) & INT_MAX))))
                return true;
        path = ca_file_of(conn);
        return path && errno_is_passing(file_read(path, CA_FILE_MAX, &text, NULL));
}

/* OpenSSL's and libpq's own words, which are never translated: the gate does not call setlocale(). */
static bool is_about_trust(const char *message) {
        return strstr(message, "certificate verify failed") || strstr(message, "does not match host name") ||
               strstr(message, "root certificate file");
}

static PGconn *greet(const Target *target, const Endpoints *endpoints);

static int distrusted(Ledger *ledger, PGconn *conn, const Target *target, const Endpoints *endpoints) {
        _cleanup_(freep) char *ca_file = ca_file_of(conn);
        char *cause = gate_distrust(target, endpoints, ca_file, PQerrorMessage(conn), greet, &ledger->trust);

        /* A clock that is wrong after a power cut is set soon, and the certificate then is valid. */
        return failed(ledger, ledger->trust == TRUST_NOT_YET ? CONTACT_UNREACHABLE : CONTACT_UNTRUSTED, cause);
}

static int explain(Ledger *ledger, PGconn *conn, const Target *target, const Endpoints *endpoints) {
        const char *message = PQerrorMessage(conn), *text;
        char sqlstate[6] = "";

        if (is_about_system(conn, message))
                return failed(ledger, CONTACT_UNREACHABLE, xstrdup("the CA file cannot be read for the moment"));
        if (is_about_trust(message))
                return distrusted(ledger, conn, target, endpoints);
        if (PQconnectionNeedsPassword(conn))
                return failed(ledger, CONTACT_DENIED, xasprintf("\"%s\" needs a password", PQuser(conn)));
        text = find_sqlstate(message, sqlstate);
        if (text)
                return explain_sqlstate(ledger, conn, sqlstate, text);
        return failed(ledger, CONTACT_UNREACHABLE, short_cause(message));
}

/* --- logging in ---------------------------------------------------------------------------------------- */

/* How long a server is listened to, and how much it may have us keep. */
typedef struct Patience {
        uint64_t deadline_msec;
        size_t max_bytes;
} Patience;

static size_t heap_bytes(void) {
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

/* libpq keeps what it is sent until it is whole, and makes room for what is announced. */
static Patience patience_for(uint64_t msec) {
        return (Patience){.deadline_msec = now_msec() + msec, .max_bytes = heap_bytes() + ANSWER_MAX};
}

/* Waits until the socket is ready, or the deadline. Answer: 1 ready, 0 time is up. Errors: -errno, -EMSGSIZE. */
static int wait_socket(PGconn *conn, short events, const Patience *patience) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = events};
        uint64_t now = now_msec();
        int r;

        if (fd.fd < 0)
                return -ENOTCONN;
        if (heap_bytes() > patience->max_bytes)
                return -EMSGSIZE;
        if (now >= patience->deadline_msec)
                return 0;
        r = poll(&fd, 1, (int)(patience->deadline_msec - now));
        return r >= 0 ? r : errno == EINTR ? 1
                                           : -errno;
}

static void on_notice(void *userdata, const PGresult *result) {
        /* A server's notices are of no use here, and libpq would print them as they come. */
        (void)userdata;
        (void)result;
}

/* @endpoints takes the place of the URL's hosts, unless it is empty; @unchecked: whatever the certificate is. */
static PGconn *start(const Target *target, const Endpoints *endpoints, bool unchecked) {
        _cleanup_(freep) char *hosts = strv_join(endpoints->hosts, ","), *ports = strv_join(endpoints->ports, ",");
        _cleanup_(freep) char *addresses = strv_join(endpoints->addresses, ",");
        size_t n = strv_length(target->url->keywords);
        const char **keywords = xcalloc(n + 7, sizeof(char *)), **values = xcalloc(n + 7, sizeof(char *));
        PGconn *conn;

        for (size_t i = 0; i < n; i++) {
                keywords[i] = target->url->keywords[i];
                values[i] = target->url->values[i];
        }
        /* Of two values of one keyword libpq takes the last. */
        for (size_t i = 0; endpoints->hosts && i < 3; i++) {
                keywords[n] = (const char *[]){"host", "hostaddr", "port"}[i];
                values[n++] = (const char *[]){hosts, addresses, ports}[i];
        }
        for (size_t i = 0; unchecked && i < 2; i++) {
                keywords[n] = (const char *[]){"sslmode", "sslrootcert"}[i];
                values[n++] = (const char *[]){"require", "/nonexistent"}[i];
        }
        keywords[n] = "application_name";
        values[n] = GATE_APPLICATION;
        conn = PQconnectStartParams(keywords, values, /* expand_dbname= */ 0);
        free(keywords);
        free(values);
        return conn;
}

static int log_in(PGconn *conn, const Target *target, const Endpoints *endpoints, const Patience *patience, Ledger *ledger) {
        PostgresPollingStatusType want = PGRES_POLLING_WRITING;

        while (want == PGRES_POLLING_WRITING || want == PGRES_POLLING_READING) {
                int r = wait_socket(conn, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, patience);

                if (r == 0)
                        return failed(ledger, CONTACT_UNREACHABLE,
                                      xasprintf("no answer within %u s", target->timeout_sec));
                if (r == -EMSGSIZE)
                        return failed(ledger, CONTACT_UNREACHABLE, xstrdup(ENDLESS));
                if (r < 0)
                        break;
                want = PQconnectPoll(conn);
        }
        return want == PGRES_POLLING_OK ? 0 : explain(ledger, conn, target, endpoints);
}

static PGconn *greet(const Target *target, const Endpoints *endpoints) {
        Patience patience = patience_for(target->timeout_sec * 1000ULL);
        _cleanup_(conn_finishp) PGconn *conn = start(target, endpoints, /* unchecked= */ true);
        PostgresPollingStatusType want = PGRES_POLLING_WRITING;

        if (!conn || PQstatus(conn) == CONNECTION_BAD)
                return NULL;
        while (want == PGRES_POLLING_WRITING || want == PGRES_POLLING_READING) {
                /* TLS is agreed on, and the next step would be the login. */
                if (PQstatus(conn) == CONNECTION_MADE && PQsslInUse(conn))
                        return TAKE_PTR(conn);
                if (wait_socket(conn, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, &patience) <= 0)
                        return NULL;
                want = PQconnectPoll(conn);
        }
        return NULL;
}

int gate_connect(const Target *target, Ledger *ledger, PGconn **ret) {
        Patience patience = patience_for(target->timeout_sec * 1000ULL);
        _cleanup_(endpoints_done) Endpoints endpoints = {};
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        Contact contact;
        char *cause = NULL;
        int r = gate_resolve(target->url, target->timeout_sec, &endpoints, &cause);

        if (r < 0)
                return failed(ledger, CONTACT_UNREACHABLE, cause);
        cause = gate_ca_fault(target, &contact, &ledger->trust);
        if (cause)
                return failed(ledger, contact, cause);
        conn = start(target, &endpoints, /* unchecked= */ false);
        if (!conn)
                return failed(ledger, CONTACT_UNREACHABLE, xstrdup("out of memory"));
        (void)PQsetNoticeReceiver(conn, on_notice, NULL);
        (void)PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
        if (PQstatus(conn) == CONNECTION_BAD)
                return explain(ledger, conn, target, &endpoints);
        r = log_in(conn, target, &endpoints, &patience, ledger);
        if (r < 0)
                return r;
        (void)PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
        *ret = TAKE_PTR(conn);
        return 0;
}

/* --- asking -------------------------------------------------------------------------------------------- */

/* No statement list of ours has as many; a server that goes on answering is no PostgreSQL. */
#define RESULTS_MAX 64

static int lost(QueryError *error, int r, const char *text) {
        query_error_done(error);
        error->text = xstrdup(text);
        return r;
}

/* Waits for the next answer to be complete. */
static int wait_result(PGconn *conn, const Patience *patience, QueryError *error) {
        while (PQisBusy(conn)) {
                int r = wait_socket(conn, POLLIN, patience);

                if (r == 0)
                        return lost(error, -ETIMEDOUT, "no answer to a query");
                if (r == -EMSGSIZE)
                        return lost(error, -EPROTO, ENDLESS);
                if (r < 0 || !PQconsumeInput(conn))
                        return lost(error, -ECONNRESET, "the connection was lost during a query");
        }
        return 0;
}

static int refused(const PGresult *result, QueryError *error) {
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

        if (!sqlstate || strlen(sqlstate) != 5)
                return lost(error, -ECONNRESET, "the connection was lost during a query");
        query_error_done(error);
        memcpy(error->sqlstate, sqlstate, 6);
        error->text = xstrndup(text ? text : "refused without a reason", TEXT_BYTES);
        return -EREMOTEIO;
}

/* Sorts one answer; @r is what the earlier ones came to. */
static int take_result(PGresult *result, int r, PGresult **rows, QueryError *error) {
        switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
                PQclear(*rows);
                *rows = result;
                return r;
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
        case PGRES_NONFATAL_ERROR:
                PQclear(result);
                return r;
        case PGRES_FATAL_ERROR:
                /* The first error is the cause; what follows says that the transaction is over. */
                r = r < 0 ? r : refused(result, error);
                PQclear(result);
                return r;
        default:
                /* COPY and the like: asking on would never end. */
                PQclear(result);
                return lost(error, -EPROTO, "an answer that PostgreSQL does not give");
        }
}

int gate_query(PGconn *conn, const char *sql, unsigned timeout_sec, PGresult **ret, QueryError *error) {
        _cleanup_(result_clearp) PGresult *rows = NULL;
        Patience patience = patience_for(timeout_sec * 1000ULL);
        int r = 0;

        if (!PQsendQuery(conn, sql))
                return lost(error, -ECONNRESET, "the connection was lost before a query");
        for (unsigned i = 0; i < RESULTS_MAX; i++) {
                PGresult *result;
                int waited = wait_result(conn, &patience, error);

                if (waited < 0)
                        return waited;
                result = PQgetResult(conn);
                if (!result) {
                        if (r >= 0)
                                *ret = TAKE_PTR(rows);
                        return r;
                }
                r = take_result(result, r, &rows, error);
                if (r == -EPROTO)
                        return r;
        }
        return lost(error, -EPROTO, "more answers than questions");
}
