/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-gate-clickhouse: the verdict on Lago's second database, over HTTP. The only room with libcurl. */

#include "schema/print.h"

#define CLICKHOUSE_ANSWER_MAX (1U << 20) /* bytes; ten thousand migrations would fit */

/* Where it is, as Lago is told by LAGO_CLICKHOUSE_HOST and so on. */
typedef struct Settings {
        char *host, *database, *username, *password;
        unsigned port;
        bool tls;
        const char *ca_file; /* NULL: what the system trusts */
        unsigned timeout_sec;
} Settings;

/* --- settings.c ---------------------------------------------------------------------------------------- */

/**
 * settings_parse() - the lines "LAGO_CLICKHOUSE_NAME=VALUE" of @text; other lines are passed over.
 *
 * @reterr  a sentence without any secret; the caller frees it.
 * Errors:  -EINVAL.
 */
int settings_parse(const char *text, Settings *settings, char **reterr);

/** settings_of_environment() - the same lines out of our own environment; the caller frees them. */
char *settings_of_environment(void);

void settings_done(Settings *settings);

/* --- http.c -------------------------------------------------------------------------------------------- */

/* What came back. */
typedef struct Answer {
        long status;         /* of HTTP */
        long exception_code; /* ClickHouse's own, of its header; 0: none */
        char *body;          /* NUL-terminated, at most CLICKHOUSE_ANSWER_MAX bytes */
        size_t size;
} Answer;

void answer_done(Answer *answer);

/**
 * http_ask() - asks for the ledger, once, within the settings' time.
 * Errors: -ENOTCONN, and @ledger's contact and cause say why.
 */
int http_ask(const Settings *settings, Ledger *ledger, Answer *ret);

/* --- answer.c ------------------------------------------------------------------------------------------ */

/* One line: how many versions, the versions with commas between, the server's version. So a cut one is seen to be cut. */
extern const char clickhouse_query[];

/** answer_read() - what the answer means, into @ledger. Pure. */
void answer_read(const Answer *answer, const Settings *settings, Ledger *ledger);
