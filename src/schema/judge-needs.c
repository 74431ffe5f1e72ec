/* SPDX-License-Identifier: MIT */
/* The step about what the migrations still to be run need of the server: rights, a schema, extensions. */
#include "schema/judges.h"

#include "base/util.h"

#include <stdlib.h>

static const ExtensionFact *extension_fact(const Ledger *ledger, const char *name) {
        for (size_t i = 0; i < ledger->n_extensions; i++)
                if (streq(ledger->extensions[i].name, name))
                        return &ledger->extensions[i];
        return NULL;
}

/* The version whose migration creates pg_trgm and btree_gin, without asking whether the server has them. */
#define VERSION_TRIGRAMS 20260422085615

/* The extensions that running the missing files one by one creates. */
char **extensions_of_files(const Manifest *manifest, const Ledger *ledger) {
        char **names = NULL;

        if (ledger->versions.n == 0) {
                strv_add(&names, "pgcrypto");
                strv_add(&names, "unaccent");
        }
        if (versions_has(&manifest->versions, VERSION_TRIGRAMS) && !versions_has(&ledger->versions, VERSION_TRIGRAMS)) {
                strv_add(&names, "pg_trgm");
                strv_add(&names, "btree_gin");
        }
        return names;
}

/* The first of @names that cannot be had, with why in *@ret_why; NULL when all can. */
static const char *extension_lacking(const Ledger *ledger, char *const *names, const char **ret_why) {
        STRV_FOREACH(name, names) {
                const ExtensionFact *fact = extension_fact(ledger, *name);

                if (!fact || fact->installed || (fact->available && fact->allowed))
                        continue;
                *ret_why = fact->available ? "the role may not create it" : "the server does not have it";
                return *name;
        }
        return NULL;
}

/*
 * structure.sql begins with DROP EXTENSION: one that is installed must be made again, which takes the right to, and
 * the extension's files. And it names the schema public throughout, as the squashed first migration does.
 */
static const char *load_lacking(const Case *c, const char **ret_why) {
        STRV_FOREACH(name, c->manifest->extensions) {
                const ExtensionFact *fact = extension_fact(c->ledger, *name);

                if (!fact || (fact->available && fact->allowed))
                        continue;
                *ret_why = fact->available ? "the role may not create it" : "the server does not have it";
                return *name;
        }
        return NULL;
}

FreshWay fresh_way(const Case *c) {
        const char *why;

        if (!ledger_is_fresh(c->ledger) || !manifest_is_rails8(c->manifest))
                return FRESH_WAY_PLAIN;
        if (c->policy->fresh == FRESH_WAY_LOAD || c->policy->fresh == FRESH_WAY_REPLAY)
                return c->policy->fresh;
        return load_lacking(c, &why) ? FRESH_WAY_REPLAY : FRESH_WAY_LOAD;
}

static bool refuse_schema(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->schema) {
                case_tell(c, VERDICT_EXTENSION, "Refused: no schema of \"%s\" exists in the database", ledger->search_path);
                case_advise(c, "Create the schema, or correct POSTGRES_SCHEMA.");
                return true;
        }
        if (!ledger->may_create) {
                case_tell(c, VERDICT_EXTENSION, "Refused: role \"%s\" may not create tables in schema \"%s\"", ledger->role,
                          ledger->schema);
                case_advise(c, "As the schema's owner: GRANT CREATE ON SCHEMA %s TO %s; or let the role own the database.",
                            ledger->schema, ledger->role);
                return true;
        }
        if (ledger->versions.n == 0 && !streq(ledger->schema, "public") && manifest_is_rails8(c->manifest)) {
                case_tell(c, VERDICT_EXTENSION, "Refused: %s can be installed in schema public only, not in \"%s\"", c->release,
                          ledger->schema);
                case_advise(c, "Its first tables name public explicitly. Take POSTGRES_SCHEMA away, and give Lago a "
                               "database of its own.");
                return true;
        }
        return false;
}

/* --- pg_partman ------------------------------------------------------------------------------------------ */

/* The files that create it, and call it in the words of version 5. Each does nothing on a server that does not have it. */
#define VERSION_PARTMAN   20260109092932
#define VERSION_PARTITION 20260109132143

bool partman_is_needed(const Case *c) {
        return versions_has(&c->missing, VERSION_PARTMAN) ||
               versions_has(&c->missing, VERSION_PARTITION);
}

static bool is_version_5(const char *version) {
        return version && atoi(version) >= 5;
}

static void advise_partman(Case *c, const char *first) {
        case_advise(
                c,
                "%s: CREATE SCHEMA IF NOT EXISTS partman; CREATE EXTENSION IF NOT EXISTS " PARTMAN
                " SCHEMA partman; "
                "GRANT ALL ON SCHEMA partman TO %s; GRANT ALL ON ALL TABLES IN SCHEMA partman TO %s.",
                first, c->ledger->role, c->ledger->role);
}

/* 4 takes the call for an error, in the middle of an upgrade. */
static bool refuse_version(Case *c, const ExtensionFact *fact) {
        if (!versions_has(&c->missing, VERSION_PARTITION) || is_version_5(fact->version))
                return false;
        case_tell(c, VERDICT_EXTENSION, "Refused: %s needs " PARTMAN " 5, and %s %s", c->release,
                  fact->installed ? "the database has" : "the server offers", fact->version);
        if (fact->installed && is_version_5(fact->offered))
                case_advise(c,
                            "As a superuser in this database: ALTER EXTENSION " PARTMAN " UPDATE.");
        else if (fact->installed)
                case_advise(
                        c,
                        "Install version 5 on the database server, then as a superuser in this database: ALTER "
                        "EXTENSION " PARTMAN " UPDATE.");
        else
                case_advise(
                        c,
                        "Install version 5 on the database server, or remove its package there: where the "
                        "server has none, Lago does without.");
        return true;
}

static bool refuse_partman(Case *c) {
        const ExtensionFact *fact = extension_fact(c->ledger, PARTMAN);
        bool creates = versions_has(&c->missing, VERSION_PARTMAN);

        if (!partman_is_needed(c) || !fact || !fact->available)
                return false;
        if (refuse_version(c, fact))
                return true;
        if (!fact->installed && !(creates && fact->allowed)) {
                case_tell(c, VERDICT_EXTENSION,
                          "Refused: %s needs the extension " PARTMAN ", and %s", c->release,
                          creates ? "the role may not create it" : "it was not created");
                advise_partman(c, "As a superuser in this database");
                return true;
        }
        if (fact->installed && !fact->in_partman && versions_has(&c->missing, VERSION_PARTITION)) {
                case_tell(c, VERDICT_EXTENSION,
                          "Refused: %s needs " PARTMAN " in schema partman, open to role \"%s\"",
                          c->release, c->ledger->role);
                advise_partman(c, "As a superuser in this database, after DROP EXTENSION " PARTMAN
                                  " where it is in another schema");
                return true;
        }
        return false;
}

bool judge_extension(Case *c) {
        _cleanup_(strv_freep) char **names = NULL;
        const char *lacking, *why = "";
        bool load = ledger_is_fresh(c->ledger) && fresh_way(c) == FRESH_WAY_LOAD;

        if (c->missing.n == 0)
                return false;
        if (refuse_schema(c))
                return true;
        names = extensions_of_files(c->manifest, c->ledger);
        lacking = load ? load_lacking(c, &why) : extension_lacking(c->ledger, names, &why);
        if (!lacking)
                return !load && refuse_partman(c);
        case_tell(c, VERDICT_EXTENSION, "Refused: %s needs the extension %s, and %s", c->release, lacking, why);
        case_advise(
                c,
                "Install it on the database server, then as a superuser in this database: CREATE EXTENSION %s;%s",
                lacking,
                streq(lacking, PARTMAN) && !extension_fact(c->ledger, PARTMAN)->available
                        ? " or set fresh = replay, which does without"
                        : "");
        return true;
}
