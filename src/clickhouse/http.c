/* SPDX-License-Identifier: MIT */
#include "clickhouse/clickhouse.h"

#include "base/file.h"
#include "base/passing.h"
#include "base/util.h"

#include <ctype.h>
#include <curl/curl.h>
#include <strings.h>

#define CA_FILE_MAX (4U << 20)

void answer_done(Answer *answer) {
        free(answer->body);
        *answer = (Answer){};
}

/* --- what libcurl calls -------------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        Answer *answer = userdata;

        (void)size; /* always 1 */
        if (n > CLICKHOUSE_ANSWER_MAX - answer->size)
                return 0; /* which ends the transfer */
        answer->body = xrealloc(answer->body, answer->size + n + 1);
        memcpy(answer->body + answer->size, data, n);
        answer->size += n;
        answer->body[answer->size] = '\0';
        return n;
}

static size_t on_header(char *data, size_t size, size_t n, void *userdata) {
        static const char name[] = "X-ClickHouse-Exception-Code:";
        Answer *answer = userdata;
        _cleanup_(freep) char *line = xstrndup(data, n);
        uint64_t code;

        (void)size;
        if (strncasecmp(line, name, sizeof(name) - 1) == 0 &&
            parse_uint(strip(line + sizeof(name) - 1), INT32_MAX, &code) >= 0)
                answer->exception_code = (long)code;
        return n;
}

/* --- why there was no answer --------------------------------------------------------------------------- */

static char *lower_first(const char *text) {
        char *copy = xstrdup(text);

        if (isupper((unsigned char)copy[0]) && islower((unsigned char)copy[1]))
                copy[0] = (char)tolower((unsigned char)copy[0]);
        return copy;
}

static char *cause_of(CURL *curl, CURLcode code, unsigned timeout_sec) {
        long os_errno = 0;

        switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
                return xstrdup("its name is not known");
        case CURLE_OPERATION_TIMEDOUT:
                return xasprintf("no answer within %u s", timeout_sec);
        case CURLE_COULDNT_CONNECT:
                (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
                return lower_first(os_errno > 0 ? strerror((int)os_errno) : "no connection");
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
                return xstrdup("the connection was lost before the answer was whole");
        case CURLE_WRITE_ERROR: /* it is longer than any */
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL: /* what begins like no HTTP at all */
        case CURLE_BAD_CONTENT_ENCODING:
                return xstrdup("an answer that ClickHouse does not give");
        case CURLE_SSL_CONNECT_ERROR:
                return xstrdup("it does not speak TLS on this port");
        default:
                return lower_first(curl_easy_strerror(code));
        }
}

/* libcurl says of a CA file only that it is bad, whatever the reason was. */
static const char *why_unread(const char *path) {
        _cleanup_(freep) char *text = NULL;
        int r = path ? file_read(path, CA_FILE_MAX, &text, NULL) : 0;

        return errno_is_passing(r) ? strerror(-r) : NULL;
}

/* OpenSSL's words, which libcurl hands on, and ours; one that is not valid yet may be so by a clock that is set soon. */
static char *distrust(const char *detail, bool *ret_passing) {
        static const struct {
                const char *theirs, *ours;
        } table[] = {
                {"match", "the certificate is for another host name"},
                {"has expired", "its certificate has expired"},
                {"not yet valid", "its certificate is not valid yet, by this host's clock"},
        };

        *ret_passing = strstr(detail, "not yet valid") != NULL;
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strstr(detail, table[i].theirs))
                        return xstrdup(table[i].ours);
        return xstrdup("its certificate is not trusted");
}

static int failed(Ledger *ledger, CURL *curl, CURLcode code, const char *detail, const Settings *settings) {
        const char *unread = code == CURLE_SSL_CACERT_BADFILE ? why_unread(settings->ca_file) : NULL;
        bool untrusted = !unread && (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE);
        _cleanup_(freep) char *cause = NULL;
        bool passing = false;

        if (unread)
                cause = xasprintf("its CA file cannot be read: %s", unread);
        else if (code == CURLE_SSL_CACERT_BADFILE)
                cause = xstrdup("no CA file to check its certificate");
        else if (untrusted)
                cause = distrust(detail, &passing);
        else
                cause = cause_of(curl, code, settings->timeout_sec);
        free(ledger->cause);
        ledger->contact = untrusted && !passing ? CONTACT_UNTRUSTED : CONTACT_UNREACHABLE;
        ledger->cause = escape_line(cause);
        return -ENOTCONN;
}

/* --- asking -------------------------------------------------------------------------------------------- */

/* Neither name nor password is in it: servers and proxies write URLs down. */
static char *url_of(CURL *curl, const Settings *settings) {
        char *database = curl_easy_escape(curl, settings->database, 0), *query = curl_easy_escape(curl, clickhouse_query, 0);
        bool v6 = strchr(settings->host, ':') != NULL;
        char *url = NULL;

        /* Without wait_end_of_query an error in the middle comes behind a 200. */
        if (database && query)
                url = xasprintf("%s://%s%s%s:%u/?database=%s&wait_end_of_query=1&query=%s", settings->tls ? "https" : "http",
                                v6 ? "[" : "", settings->host, v6 ? "]" : "", settings->port, database, query);
        curl_free(database);
        curl_free(query);
        return url;
}

static struct curl_slist *headers_of(const Settings *settings) {
        _cleanup_(freep) char *user = xasprintf("X-ClickHouse-User: %s", settings->username);
        _cleanup_(freep) char *key = xasprintf("X-ClickHouse-Key: %s", settings->password);
        struct curl_slist *list = curl_slist_append(NULL, user);

        if (*settings->password)
                list = curl_slist_append(list, key);
        explicit_bzero(key, strlen(key));
        return list;
}

/* A GET, which ClickHouse lets change nothing. No redirect is followed and no proxy asked: the password goes along. */
static CURLcode perform(CURL *curl, const Settings *settings, const char *url, char *detail, Answer *answer) {
        struct curl_slist *headers = headers_of(settings);
        CURLcode code;

        (void)curl_easy_setopt(curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
        (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)settings->timeout_sec);
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "lago-gate-clickhouse");
        (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
        (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
        if (settings->ca_file)
                (void)curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
        code = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
        curl_slist_free_all(headers);
        return code;
}

static void curl_cleanupp(CURL **curl) {
        curl_easy_cleanup(*curl);
}

int http_ask(const Settings *settings, Ledger *ledger, Answer *ret) {
        _cleanup_(answer_done) Answer answer = {};
        _cleanup_(curl_cleanupp) CURL *curl = NULL;
        _cleanup_(freep) char *url = NULL;
        char detail[CURL_ERROR_SIZE] = "";
        CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

        curl = code == CURLE_OK ? curl_easy_init() : NULL;
        url = curl ? url_of(curl, settings) : NULL;
        if (!url)
                return failed(ledger, curl, CURLE_OUT_OF_MEMORY, detail, settings);
        code = perform(curl, settings, url, detail, &answer);
        if (code != CURLE_OK)
                return failed(ledger, curl, code, detail, settings);
        if (!answer.body)
                answer.body = xstrdup("");
        *ret = answer;
        answer = (Answer){};
        return 0;
}
