/* SPDX-License-Identifier: MIT */
/* The steps about the server: does it answer, may one write, is it new enough, is somebody else at work? */
#include "schema/judges.h"

#include "base/util.h"

#define ITS_CERTIFICATE "openssl s_client -starttls postgres -connect %s </dev/null | openssl x509 -noout "

static void advise_trust(Case *c) {
        const char *endpoint = c->ledger->endpoint;

        switch (c->ledger->trust) {
        case TRUST_EXPIRED:
                case_advise(c, "Renew it on the database server. What it shows: " ITS_CERTIFICATE "-dates", endpoint);
                return;
        case TRUST_NOT_YET:
                case_advise(c, "If this host's clock is wrong it is waited for; timedatectl shows whether it is set.");
                return;
        case TRUST_NAME:
                case_advise(c, "Let DATABASE_URL name the server as its certificate does: " ITS_CERTIFICATE "-ext subjectAltName",
                            endpoint);
                return;
        case TRUST_UNREADABLE:
                case_advise(c, "Let everybody read the ca-file, which is no secret, and enter its folder: chmod 0644 FILE; chmod "
                               "0755 FOLDER.");
                return;
        case TRUST_FORMAT:
                case_advise(c, "If it is DER: openssl x509 -inform der -in FILE -out FILE.pem, and name that as ca-file.");
                return;
        default:
                case_advise(c, "Write the certificate of the CA that signed the server's as ca-file below [database] in "
                               "lago.conf. Who signed it: " ITS_CERTIFICATE "-issuer",
                            endpoint);
        }
}

bool judge_contact(Case *c) {
        static const Verdict by_contact[] = {
                [CONTACT_UNREACHABLE] = VERDICT_UNREACHABLE,
                [CONTACT_DENIED] = VERDICT_DENIED,
                [CONTACT_NO_DATABASE] = VERDICT_NO_DATABASE,
                [CONTACT_UNTRUSTED] = VERDICT_UNTRUSTED,
        };
        const Ledger *ledger = c->ledger;

        if (ledger->contact == CONTACT_READ)
                return false;
        case_tell(c, by_contact[ledger->contact], "%s PostgreSQL at %s: %s",
                  ledger->contact == CONTACT_UNTRUSTED ? "Refused:" : "Waiting for", ledger->endpoint,
                  ledger->cause ? ledger->cause : "no answer");
        if (ledger->contact == CONTACT_DENIED)
                case_advise(c, "Compare user and password of DATABASE_URL with the server's, and its pg_hba.conf.");
        else if (ledger->contact == CONTACT_NO_DATABASE)
                case_advise(c, "Create the database, or correct its name in DATABASE_URL.");
        else if (ledger->trust != TRUST_UNKNOWN || ledger->contact == CONTACT_UNTRUSTED)
                advise_trust(c);
        return true;
}

bool judge_read_only(Case *c) {
        if (!c->ledger->standby && !c->ledger->read_only)
                return false;
        case_tell(c, VERDICT_READ_ONLY, "Waiting for PostgreSQL at %s: it is %s", c->ledger->endpoint,
                  c->ledger->standby ? "a standby" : "read-only");
        case_advise(c, "Promote it, let DATABASE_URL name the primary server, or switch "
                       "default_transaction_read_only off.");
        return true;
}

bool judge_major(Case *c) {
        int major = c->ledger->server_major, least = manifest_is_at_least(c->manifest, "v1.41.0") ? 15 : 14;

        /* Lago asks for 15 from v1.30.0 on, but shipped a PostgreSQL 14 beside its releases up to v1.40.1. */
        if (major == 14 && manifest_is_at_least(c->manifest, "v1.30.0"))
                strv_addf(&c->finding->warnings, "Lago asks for PostgreSQL 15 from v1.30.0 on; this is %s",
                          c->ledger->server);
        if (major >= least)
                return false;
        case_tell(c, VERDICT_WRONG_MAJOR, "Refused: PostgreSQL %s is too old for %s, which needs %d", c->ledger->server,
                  c->release, least);
        case_advise(c, "Move the database to PostgreSQL %d or later with pg_dump and pg_restore, or with pg_upgrade.",
                    least);
        return true;
}

static bool tell_busy(Case *c, const char *who, const Migrator *migrator) {
        if (migrator->pid == 0)
                return false;
        case_tell(c, VERDICT_BUSY, "Waiting for another %s: backend %d from %s since %s", who, migrator->pid,
                  migrator->address ? migrator->address : "unknown", migrator->since ? migrator->since : "unknown");
        if (migrator->blocked_by > 0)
                case_advise(c, "It waits itself, for backend %d.", migrator->blocked_by);
        return true;
}

bool judge_busy(Case *c) {
        return tell_busy(c, "migrator", &c->ledger->migrator);
}

/*
 * Through a pooler a lock of the session stays with whichever connection of the pool has run the statement: it is let go,
 * or is granted to a second one, without anybody's notice. Which mode the pooler is in cannot be asked.
 */
bool judge_pooled(Case *c) {
        if (!c->ledger->pooled || (c->missing.n == 0 && !ledger_is_empty(c->ledger)))
                return false;
        case_tell(c, VERDICT_POOLED, "Refused: a pooler answers at %s, and would keep no lock while migrating",
                  c->ledger->endpoint);
        case_advise(c, POOLED_REMEDY);
        return true;
}

bool judge_loading(Case *c) {
        if (!ledger_is_empty(c->ledger) || c->ledger->odd_migrations)
                return false;
        /* The lock keeps a second migrator from an untouched database by itself: see judge_busy(), and what is before it. */
        if (!ledger_is_fresh(c->ledger) && judge_busy(c))
                return true;
        return tell_busy(c, "first load (psql)", &c->ledger->loader);
}

static void warn_limit(Case *c, const char *name, const char *value, const char *of_what) {
        const Ledger *ledger = c->ledger;
        _cleanup_(freep) char *sql = NULL, *command = NULL;

        if (!value || streq(value, "0") || (c->missing.n == 0 && !ledger_is_empty(ledger)))
                return;
        sql = xasprintf("ALTER ROLE \"%s\" IN DATABASE \"%s\" SET %s = 0", ledger->role, ledger->database, name);
        command = ledger_command(ledger, sql);
        strv_addf(&c->finding->warnings,
                  "a session of role \"%s\" has %s = %s: a migration that %s longer is cancelled, and fails. Before it is run: %s",
                  ledger->role, name, value, of_what, command);
}

void warn_server(Case *c) {
        const char *encoding = c->ledger->encoding;

        warn_limit(c, "statement_timeout", c->ledger->statement_timeout, "takes");
        warn_limit(c, "lock_timeout", c->ledger->lock_timeout, "waits for a lock");
        if (encoding && !streq(encoding, "UTF8"))
                strv_addf(&c->finding->warnings,
                          "the database's encoding is %s, and Lago's text is UTF-8: what does not fit is refused when it is "
                          "stored, or stored wrong. Make it anew with ENCODING 'UTF8' TEMPLATE template0, and restore into that",
                          encoding);
}
