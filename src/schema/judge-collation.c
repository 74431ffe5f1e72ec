/* SPDX-License-Identifier: MIT */
/*
 * The order of text belongs to the server's C library (or ICU), and an index keeps the order it was made in. Taken over by
 * another one the database starts, and looks up rows where they are not. musl, in Alpine's images, compares bytes whatever the
 * locale and has no version; C and C.UTF-8 are the same everywhere, and have none either.
 */
#include "schema/judges.h"

#include "base/util.h"

/* PostgreSQL refreshes a version by another one only: to or from none is a superuser's to write. */
static char *remedy_of(const Ledger *ledger) {
        bool refreshed = ledger->collation_made && ledger->collation_here;
        _cleanup_(freep) char *mend =
                refreshed ? xasprintf("ALTER DATABASE \"%s\" REFRESH COLLATION VERSION", ledger->database)
                          : xstrdup("UPDATE pg_database SET datcollversion = pg_database_collation_actual_version(oid) "
                                    "WHERE datname = current_database()");

        return ledger_is_bundled(ledger)
                       ? xasprintf("podman exec lago-db psql -U %s -d %s -c 'REINDEX DATABASE \"%s\"' -c '%s'", ledger->role,
                                   ledger->database, ledger->database, mend)
                       : xasprintf("REINDEX DATABASE \"%s\"; %s;", ledger->database, mend);
}

static char *cause_of(const Ledger *ledger) {
        if (!ledger->collation_made)
                return xasprintf("it was made by a server that sorts by bytes (musl, as in Alpine's images), and this one sorts by "
                                 "%s %s",
                                 ledger->locale, ledger->collation_here);
        if (!ledger->collation_here)
                return xasprintf("it was made sorting by %s %s, and this server sorts by bytes (musl, as in Alpine's images)",
                                 ledger->locale, ledger->collation_made);
        return xasprintf("it was made sorting by %s %s, and this server sorts by %s", ledger->locale, ledger->collation_made,
                         ledger->collation_here);
}

void warn_collation(Case *c) {
        const Ledger *ledger = c->ledger;
        const char *made = ledger->collation_made, *here = ledger->collation_here;
        _cleanup_(freep) char *cause = NULL, *remedy = NULL;

        if (!ledger->locale || ledger_is_empty(ledger) || (!made && !here) || (made && here && streq(made, here)))
                return;
        cause = cause_of(ledger);
        remedy = remedy_of(ledger);
        strv_addf(&c->finding->warnings,
                  "indexes on text of database \"%s\" may miss rows: %s; mend them with: %s (writers wait meanwhile)",
                  ledger->database, cause, remedy);
}
