/* SPDX-License-Identifier: MIT */
/*
 * The steps about a restore that went wrong. pg_restore brings the rows of all tables, those of schema_migrations too, before
 * it makes the first key or index: cut off there, the database looks complete, and Lago bills without one unique index. And
 * it leaves what it makes to whoever ran it, where it is told no other owner.
 */
#include "schema/judges.h"

#include "base/util.h"

/* Recorded, the tables that are looked for were made: by files of v1.6.0, or by the one that has them since v1.31.0. */
#define VERSION_OF_TABLES   20240611074215
#define VERSION_OF_SQUASHED 20250122112050

/* A table whose type or extension the server lacks is left out by pg_restore, which goes on with the next. */
static bool refuse_absent(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->absent || ledger->odd_migrations ||
            (!versions_has(&ledger->versions, VERSION_OF_TABLES) && !versions_has(&ledger->versions, VERSION_OF_SQUASHED)))
                return false;
        case_tell(c, VERDICT_UNFINISHED, "Refused: table \"%s\" is not there, though it was made: a restore was not finished",
                  ledger->absent);
        case_advise(c, "Drop and create the database, and restore the backup again with pg_restore --exit-on-error, which ends "
                       "with the reason.");
        return true;
}

bool judge_unfinished(Case *c) {
        const Ledger *ledger = c->ledger;
        _cleanup_(freep) char *sql = NULL, *command = NULL;

        if (refuse_absent(c))
                return true;
        if (!ledger->keyless || ledger_is_empty(ledger) || ledger->odd_migrations)
                return false;
        sql = streq(ledger->keyless, "schema_migrations")
                      ? xstrdup("ALTER TABLE schema_migrations ADD PRIMARY KEY (version)")
                      : xasprintf("ALTER TABLE %s ADD PRIMARY KEY (id)", ledger->keyless);
        command = ledger_command(ledger, sql);
        case_tell(c, VERDICT_UNFINISHED, "Refused: table \"%s\" has no primary key: a restore was not finished",
                  ledger->keyless);
        case_advise(c,
                    "Drop and create the database, and restore the backup again with pg_restore --exit-on-error, nothing "
                    "of Lago running meanwhile. Only if every other key and index is there: %s",
                    command);
        return true;
}

void warn_loose(Case *c) {
        if (c->ledger->loose && !ledger_is_empty(c->ledger))
                strv_add(&c->finding->warnings,
                         "foreign keys are missing that Lago always makes, of \"invoices\" or \"fees_taxes\": a restore may have "
                         "stopped before its end, with indexes missing; compare with a backup restored by pg_restore "
                         "--exit-on-error into another database");
}

/* What PostgreSQL's first role owns cannot be reassigned as a whole: the server's own is among it. */
#define OF_EXTENSION(catalog, alias)                                                                     \
        "EXISTS (SELECT FROM pg_depend d WHERE d.classid = '" catalog "'::regclass AND d.objid = " alias \
        ".oid AND d.deptype = 'e')"

static char *reassign(const Ledger *ledger) {
        if (!ledger->owner_is_first)
                return xasprintf("REASSIGN OWNED BY \"%s\" TO \"%s\"", ledger->owner, ledger->role);
        return xasprintf("DO $$ DECLARE s text; r text := '%s'; n oid := '%s'::regnamespace; BEGIN FOR s IN "
                         "SELECT format('ALTER TABLE %%s OWNER TO %%I', c.oid::regclass, r) FROM pg_class c "
                         "WHERE c.relnamespace = n AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT " OF_EXTENSION("pg_class", "c") " UNION ALL SELECT format('ALTER TYPE %%s OWNER TO %%I', t.oid::regtype, r) FROM pg_type t "
                                                                                                                                 "WHERE t.typnamespace = n AND t.typtype IN ('e', 'd') AND NOT " OF_EXTENSION("pg_type", "t") " UNION ALL SELECT format('ALTER ROUTINE %%s OWNER TO %%I', p.oid::regprocedure, r) FROM pg_proc p "
                                                                                                                                                                                                                              "WHERE p.pronamespace = n AND NOT " OF_EXTENSION("pg_proc", "p") " LOOP EXECUTE s; END LOOP; END $$",
                         ledger->role, ledger->schema);
}

bool judge_owner(Case *c) {
        const Ledger *ledger = c->ledger;
        _cleanup_(freep) char *sql = NULL, *others = NULL;

        if (c->missing.n == 0 || ledger->n_not_owned == 0)
                return false;
        others = ledger->n_not_owned > 1 ? xasprintf(" and %u others", ledger->n_not_owned - 1) : xstrdup("");
        case_tell(c, VERDICT_OWNER, "Refused: \"%.30s\"%s belong%s to role \"%.20s\", not to \"%.20s\"", ledger->not_owned, others,
                  ledger->n_not_owned > 1 ? "" : "s", ledger->owner, ledger->role);
        sql = reassign(ledger);
        case_advise(c, "Migrations change these, which their owner alone may. As a superuser in this database: %s;", sql);
        return true;
}
