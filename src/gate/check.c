/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include "base/box.h"
#include "base/util.h"
#include "gate/row.h"

#include <time.h>

static Ledger *ledger_for(const Target *target) {
        Ledger *ledger = ledger_new();

        ledger->endpoint = endpoint_of(target->url);
        return ledger;
}

Finding *check_once(const Target *target, const Manifest *manifest, const Policy *policy, Ledger **ret_ledger) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_for(target);
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        Finding *finding;

        if (gate_connect(target, ledger, &conn) >= 0 && gate_read(conn, target, ledger) >= 0) {
                _cleanup_(questions_done) Questions questions = {};

                verdict_questions(manifest, ledger, policy, &questions);
                gate_ask(conn, target, &questions, ledger);
        }
        finding = verdict_of(manifest, ledger, policy);
        if (ret_ledger)
                *ret_ledger = TAKE_PTR(ledger);
        return finding;
}

int check_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format) {
        _cleanup_(ledger_freep) Ledger *ledger = NULL;
        _cleanup_(finding_freep) Finding *finding = check_once(target, manifest, policy, &ledger);

        print_finding(finding, manifest, ledger, format);
        return verdict_status(finding->verdict);
}

int wait_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format, uint64_t timeout_sec) {
        _cleanup_(freep) char *told = NULL;
        uint64_t deadline = now_msec() + timeout_sec * 1000;

        for (;;) {
                _cleanup_(ledger_freep) Ledger *ledger = NULL;
                _cleanup_(finding_freep) Finding *finding = check_once(target, manifest, policy, &ledger);
                bool over = now_msec() >= deadline;

                box_more_time();
                if (over || !verdict_may_change(finding->verdict)) {
                        print_finding(finding, manifest, ledger, format);
                        return verdict_may_change(finding->verdict) ? EXIT_TEMPFAIL : verdict_status(finding->verdict);
                }
                if (!told || !streq(told, finding->sentence)) {
                        free_and_strdup(&told, finding->sentence);
                        fprintf(stderr, "lago-gate: %s\n", told);
                }
                (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
}

/* --- ping ---------------------------------------------------------------------------------------------- */

static int ping_query(PGconn *conn, const Target *target, Ledger *ledger) {
        _cleanup_(query_error_done) QueryError error = {};
        _cleanup_(result_clearp) PGresult *row = NULL;
        int r = gate_query(conn, "SELECT current_setting('server_version'), pg_is_in_recovery()", target->timeout_sec, &row, &error);
        const char *version;

        if (r < 0 || !row || PQntuples(row) != 1 || PQnfields(row) != 2) {
                ledger->cause = escape_line(error.text ? error.text : "an answer that PostgreSQL does not give");
                return r < 0 ? r : -EPROTO;
        }
        version = PQgetvalue(row, 0, 0);
        ledger->server = first_word(version);
        ledger->server_major = atoi(ledger->server);
        ledger->standby = streq(PQgetvalue(row, 0, 1), "t");
        ledger->contact = CONTACT_READ;
        return 0;
}

static Verdict ping_verdict(const Ledger *ledger) {
        switch (ledger->contact) {
        case CONTACT_DENIED:
                return VERDICT_DENIED;
        case CONTACT_NO_DATABASE:
                return VERDICT_NO_DATABASE;
        case CONTACT_UNTRUSTED:
                return VERDICT_UNTRUSTED;
        case CONTACT_READ:
                return ledger->server_major < 14 ? VERDICT_WRONG_MAJOR
                       : ledger->standby         ? VERDICT_READ_ONLY
                                                 : VERDICT_VERIFIED;
        default:
                return VERDICT_UNREACHABLE;
        }
}

static char *ping_sentence(Verdict verdict, const Ledger *ledger) {
        switch (verdict) {
        case VERDICT_VERIFIED:
                return xasprintf("PostgreSQL %s at %s answers", ledger->server, ledger->endpoint);
        case VERDICT_READ_ONLY:
                return xasprintf("Waiting for PostgreSQL at %s: it is a standby", ledger->endpoint);
        case VERDICT_WRONG_MAJOR:
                return xasprintf("Refused: PostgreSQL %s is too old for Lago, which needs 14", ledger->server);
        case VERDICT_UNTRUSTED:
                return xasprintf("Refused: PostgreSQL at %s: %s", ledger->endpoint, ledger->cause);
        default:
                return xasprintf("Waiting for PostgreSQL at %s: %s", ledger->endpoint, ledger->cause);
        }
}

int ping_run(const Target *target, Format format) {
        _cleanup_(ledger_freep) Ledger *ledger = ledger_for(target);
        _cleanup_(conn_finishp) PGconn *conn = NULL;
        _cleanup_(freep) char *sentence = NULL;
        Verdict verdict;

        if (gate_connect(target, ledger, &conn) >= 0)
                (void)ping_query(conn, target, ledger);
        verdict = ping_verdict(ledger);
        sentence = ping_sentence(verdict, ledger);
        print_answer(verdict == VERDICT_VERIFIED ? "reachable" : verdict_name(verdict), sentence, ledger, format);
        return verdict_status(verdict);
}
