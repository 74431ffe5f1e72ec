/* SPDX-License-Identifier: MIT */
#include "schema/verdict.h"

#include "base/util.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* clang-format off */
static const struct {
        const char *name;
        int status;
} verdicts[_VERDICT_MAX] = {
        [VERDICT_UNREACHABLE] = { "unreachable", 20 },
        [VERDICT_DENIED]      = { "denied",      21 },
        [VERDICT_NO_DATABASE] = { "no-database", 22 },
        [VERDICT_UNTRUSTED]   = { "untrusted",   39 },
        [VERDICT_READ_ONLY]   = { "read-only",   23 },
        [VERDICT_WRONG_MAJOR] = { "wrong-major", 37 },
        [VERDICT_INVISIBLE]   = { "invisible",   33 },
        [VERDICT_HALF_LOADED] = { "half-loaded", 34 },
        [VERDICT_OCCUPIED]    = { "occupied",    35 },
        [VERDICT_FOREIGN]     = { "foreign",     36 },
        [VERDICT_AHEAD]       = { "ahead",       30 },
        [VERDICT_GAP]         = { "gap",         31 },
        [VERDICT_STOP]        = { "stop",        32 },
        [VERDICT_EXTENSION]   = { "extension",   38 },
        [VERDICT_BUSY]        = { "busy",        13 },
        [VERDICT_FRESH]       = { "fresh",       11 },
        [VERDICT_EMPTY]       = { "empty",       12 },
        [VERDICT_PENDING]     = { "pending",     10 },
        [VERDICT_VERIFIED]    = { "verified",     0 },
};
/* clang-format on */

const char *verdict_name(Verdict verdict) {
        return verdicts[verdict].name;
}

int verdict_status(Verdict verdict) {
        return verdicts[verdict].status;
}

Finding *finding_free(Finding *finding) {
        if (!finding)
                return NULL;
        free(finding->sentence);
        free(finding->remedy);
        strv_free(finding->warnings);
        free(finding);
        return NULL;
}

void finding_freep(Finding **finding) {
        *finding = finding_free(*finding);
}

/* What the steps below share: the facts, and the sets made from them. */
typedef struct Case {
        const Manifest *manifest;
        const Ledger *ledger;
        const Policy *policy;
        const char *release; /* the image's, in words */
        Versions needed;     /* files and structure.sql */
        Versions squashed;   /* of these, those without a file */
        Versions extra;      /* in the ledger, unknown to the image, no tombstones */
        Versions missing;    /* files that are to be run */
        Versions lost;       /* squashed ones that the ledger lacks */
        bool replayed;
        Standing image, database; /* of the needed, and of the ledger with what replaying stands for */
        Finding *finding;
} Case;

static void _printf_(3, 4) tell(Case *c, Verdict verdict, const char *format, ...) {
        char *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&sentence, format, ap) < 0)
                sentence = xstrdup(verdict_name(verdict));
        va_end(ap);
        if (strlen(sentence) > FINDING_SENTENCE)
                memcpy(sentence + FINDING_SENTENCE - 3, "...", 4);
        c->finding->verdict = verdict;
        /* The cut may have split a character, and names in it come from the server. */
        c->finding->sentence = escape_line(sentence);
        free(sentence);
}

static void _printf_(2, 3) advise(Case *c, const char *format, ...) {
        char *remedy = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&remedy, format, ap) < 0)
                remedy = NULL;
        va_end(ap);
        free(c->finding->remedy);
        c->finding->remedy = remedy;
}

static bool ledger_is_empty(const Ledger *ledger) {
        return ledger->versions.n == 0 && ledger->n_garbage == 0;
}

static void needed_by(const Manifest *manifest, Versions *ret) {
        versions_or(&manifest->versions, &manifest->structure, ret);
}

/* By its number; an image without one, built from a branch, by what it holds. */
static bool is_at_least(const Manifest *manifest, const char *release) {
        _cleanup_(versions_done) Versions needed = {};
        uint64_t number = release_number(manifest->release);
        Standing standing;

        if (number > 0)
                return number >= release_number(release);
        needed_by(manifest, &needed);
        standing_of(&needed, &standing);
        return standing_covers(&standing, release_find(release));
}

bool verdict_rails8(const Manifest *manifest) {
        return manifest->structure.n > 0 && is_at_least(manifest, "v1.27.1");
}

/* --- the steps, in their order ------------------------------------------------------------------------ */

static bool judge_contact(Case *c) {
        static const Verdict by_contact[] = {
                [CONTACT_UNREACHABLE] = VERDICT_UNREACHABLE,
                [CONTACT_DENIED] = VERDICT_DENIED,
                [CONTACT_NO_DATABASE] = VERDICT_NO_DATABASE,
                [CONTACT_UNTRUSTED] = VERDICT_UNTRUSTED,
        };
        const Ledger *ledger = c->ledger;

        if (ledger->contact == CONTACT_READ)
                return false;
        tell(c, by_contact[ledger->contact], "%s PostgreSQL at %s: %s",
             ledger->contact == CONTACT_UNTRUSTED ? "Refused:" : "Waiting for", ledger->endpoint,
             ledger->cause ? ledger->cause : "no answer");
        if (ledger->contact == CONTACT_DENIED)
                advise(c, "Compare user and password of DATABASE_URL with the server's, and its pg_hba.conf.");
        else if (ledger->contact == CONTACT_NO_DATABASE)
                advise(c, "Create the database, or correct its name in DATABASE_URL.");
        else if (ledger->contact == CONTACT_UNTRUSTED)
                advise(c, "Give the CA that signed the server's certificate (ca-file), and the host name that "
                          "stands in it.");
        return true;
}

static bool judge_read_only(Case *c) {
        if (!c->ledger->standby && !c->ledger->read_only)
                return false;
        tell(c, VERDICT_READ_ONLY, "Waiting for PostgreSQL at %s: it is %s", c->ledger->endpoint,
             c->ledger->standby ? "a standby" : "read-only");
        advise(c, "Promote it, let DATABASE_URL name the primary server, or switch "
                  "default_transaction_read_only off.");
        return true;
}

static bool judge_major(Case *c) {
        int major = c->ledger->server_major, least = is_at_least(c->manifest, "v1.41.0") ? 15 : 14;

        /* Lago asks for 15 from v1.30.0 on, but shipped a PostgreSQL 14 beside its releases up to v1.40.1. */
        if (major == 14 && is_at_least(c->manifest, "v1.30.0"))
                strv_addf(&c->finding->warnings, "Lago asks for PostgreSQL 15 from v1.30.0 on; this is %s",
                          c->ledger->server);
        if (major >= least)
                return false;
        tell(c, VERDICT_WRONG_MAJOR, "Refused: PostgreSQL %s is too old for %s, which needs %d", c->ledger->server,
             c->release, least);
        advise(c, "Move the database to PostgreSQL %d or later with pg_dump and pg_restore, or with pg_upgrade.",
               least);
        return true;
}

static bool judge_invisible(Case *c) {
        const Ledger *ledger = c->ledger;

        if (ledger->has_migrations || !ledger->lago_schema)
                return false;
        tell(c, VERDICT_INVISIBLE, "Refused: Lago's tables are in schema \"%s\", but no schema_migrations is visible",
             ledger->lago_schema);
        advise(c,
               "Migrating would drop these tables. If schema_migrations is in another schema, correct "
               "POSTGRES_SCHEMA (the search path is \"%s\"); if it is lost, restore it from a backup.",
               ledger->search_path);
        return true;
}

static bool judge_half_loaded(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->has_migrations || !ledger_is_empty(ledger) || ledger->odd_migrations || ledger->n_objects == 0)
                return false;
        tell(c, VERDICT_HALF_LOADED, "Refused: schema_migrations is empty, but there are %u tables (\"%s\")",
             ledger->n_objects, ledger->first_object);
        advise(c, "A first load was interrupted, or the rows of schema_migrations are lost; a retry repairs neither. "
                  "With data in the tables restore a backup; without, drop and create the database and start again.");
        return true;
}

static bool judge_occupied(Case *c) {
        const Ledger *ledger = c->ledger;

        if (ledger->has_migrations || ledger->n_objects == 0)
                return false;
        if (ledger->lago_objects) {
                tell(c, VERDICT_OCCUPIED, "Refused: %u tables, some of Lago's (\"%s\"), and no schema_migrations",
                     ledger->n_objects, ledger->first_object);
                advise(c, "This is what a first load leaves that was interrupted early. If nothing in the tables "
                          "matters, drop and create the database and start again.");
                return true;
        }
        tell(c, VERDICT_OCCUPIED, "Refused: the database holds %u tables of somebody else (\"%s\")",
             ledger->n_objects, ledger->first_object);
        advise(c, "A new Lago drops tables in schema public whoever owns them. Give it a database of its own.");
        return true;
}

static bool any_known(const Case *c) {
        for (size_t i = 0; i < c->ledger->versions.n; i++)
                if (versions_has(&c->needed, c->ledger->versions.list[i]) ||
                    release_of_version(c->ledger->versions.list[i]) < n_releases)
                        return true;
        return false;
}

static bool judge_foreign(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->odd_migrations && (ledger_is_empty(ledger) || any_known(c)))
                return false;
        if (ledger->odd_migrations)
                tell(c, VERDICT_FOREIGN, "Refused: schema_migrations in \"%s\" is not a table of Rails",
                     ledger->database);
        else
                tell(c, VERDICT_FOREIGN, "Refused: database \"%s\" belongs to another application than Lago",
                     ledger->database);
        advise(c, "No row of its schema_migrations is of a Lago release. Correct DATABASE_URL or POSTGRES_SCHEMA.");
        return true;
}

/* The first release that knows every extra version, or n_releases. */
static size_t release_of_extras(const Case *c) {
        size_t newest = 0;

        for (size_t i = 0; i < c->extra.n; i++) {
                size_t release = release_of_version(c->extra.list[i]);

                newest = release > newest ? release : newest;
        }
        return newest;
}

static bool judge_ahead(Case *c) {
        size_t release = release_of_extras(c);
        bool named = release < n_releases && !streq(releases[release].name, "HEAD");

        if (c->extra.n == 0)
                return false;
        tell(c, VERDICT_AHEAD, "Refused: database is newer than %s (%zu unknown, newest %" PRIu64 "); set release %s %s",
             c->release, c->extra.n, c->finding->newest, named ? "=" : ">",
             named ? releases[release].name : RELEASES_NEWEST);
        advise(c,
               "A database is never taken back to an older release. Set release to %s%s, or restore the backup "
               "made before the upgrade.",
               named ? releases[release].name : "the one that migrated it, newer than ",
               named ? " or later" : RELEASES_NEWEST);
        return true;
}

/* The bridges that a database of these versions has still before it, up to a release: "v1.25.0, v1.28.1". */
static char *way_to(const Versions *versions, const char *last) {
        _cleanup_(strv_freep) char **stops = NULL;
        Standing standing;

        standing_of(versions, &standing);
        for (size_t i = 0; i < n_bridges; i++) {
                size_t release = release_find(bridges[i].release);

                if (release <= release_find(last) && standing_is_within(&standing, release) &&
                    !standing_covers(&standing, release))
                        strv_add(&stops, bridges[i].release);
        }
        if (!strv_contains(stops, last))
                strv_add(&stops, last);
        return strv_join(stops, ", ");
}

static bool judge_gap(Case *c) {
        const Squash *squash = c->lost.n > 0 ? squash_of_version(c->lost.list[0]) : NULL;
        const char *last = squash ? squash->last : "an older release";
        _cleanup_(freep) char *way = squash ? way_to(&c->ledger->versions, last) : xstrdup(last);

        if (c->lost.n == 0 || c->replayed || ledger_is_empty(c->ledger))
                return false;
        tell(c, VERDICT_GAP, "Refused: %s lacks the files of %zu migrations not run yet; %s has them", c->release,
             c->lost.n, last);
        advise(c,
               "The first is %" PRIu64 ". %s holds them in structure.sql alone, for new databases, and would never "
               "run them. Migrate first to, one after the other: %s.",
               c->lost.list[0], c->release, way);
        return true;
}

/* What a bridge is to this database and this image. */
typedef enum BridgePlace {
        BRIDGE_ELSEWHERE,
        BRIDGE_CROSSED, /* the database is before it, the image behind it */
        BRIDGE_LEFT,    /* the database is on it, the image behind it */
        BRIDGE_HERE,    /* database and image are on it */
        BRIDGE_NEXT,    /* the database is before it, the image on it */
} BridgePlace;

static BridgePlace bridge_place(const Bridge *bridge, const Manifest *manifest, const Standing *image,
                                const Standing *database) {
        size_t release = release_find(bridge->release);

        if (release == n_releases) {
                /* Newer than the table: the image's number tells, and the database is before it while all is known. */
                uint64_t number = release_number(manifest->release);

                return number > release_number(bridge->release) && database->newest < n_releases ? BRIDGE_CROSSED
                                                                                                 : BRIDGE_ELSEWHERE;
        }
        /*
         * An image is behind a release when it has all of its versions and more. One that lacks some is before it,
         * whatever else it has: a build of one's own with a migration that no release has.
         */
        if (!standing_is_within(database, release) || !standing_covers(image, release))
                return BRIDGE_ELSEWHERE;
        if (standing_covers(database, release))
                return standing_is_within(image, release) ? BRIDGE_HERE : BRIDGE_LEFT;
        return standing_is_within(image, release) ? BRIDGE_NEXT : BRIDGE_CROSSED;
}

static bool judge_bridge(Case *c, const Bridge *bridge) {
        BridgePlace where = bridge_place(bridge, c->manifest, &c->image, &c->database);

        if (strv_contains(c->policy->passed_bridges, bridge->release))
                return false;
        if (where == BRIDGE_NEXT && bridge->before)
                strv_addf(&c->finding->warnings, "%s is a bridge release: %s", bridge->release, bridge->task);
        if (c->missing.n == 0)
                return false;
        if (where == BRIDGE_CROSSED) {
                tell(c, VERDICT_STOP, "Refused: %s must not be reached without stopping at %s", c->release,
                     bridge->release);
                advise(c, "Set release = %s, start, and %s; then go on. Done elsewhere: passed-bridges = %s.",
                       bridge->release, bridge->task, bridge->release);
                return true;
        }
        if (where == BRIDGE_LEFT && c->ledger->rows_left > 0 && bridge->rows) {
                tell(c, VERDICT_STOP, "Refused: the task of %s has %" PRIi64 "%s rows left", bridge->release,
                     c->ledger->rows_left > 1000000 ? (int64_t)1000000 : c->ledger->rows_left,
                     c->ledger->rows_left > 1000000 ? " or more" : "");
                advise(c, "Set release = %s, start, and %s; then go on. If these rows are to stay: passed-bridges = %s.",
                       bridge->release, bridge->task, bridge->release);
                return true;
        }
        return false;
}

static bool judge_stop(Case *c) {
        if (ledger_is_empty(c->ledger))
                return false;
        for (size_t i = 0; i < n_bridges; i++)
                if (judge_bridge(c, &bridges[i]))
                        return true;
        return false;
}

/* --- what the steps still to be run need of the server --------------------------------------------------- */

static const ExtensionFact *extension_fact(const Ledger *ledger, const char *name) {
        for (size_t i = 0; i < ledger->n_extensions; i++)
                if (streq(ledger->extensions[i].name, name))
                        return &ledger->extensions[i];
        return NULL;
}

/* The version whose migration creates pg_trgm and btree_gin, without asking whether the server has them. */
#define VERSION_TRIGRAMS 20260422085615

/* The extensions that running the missing files one by one creates. */
static char **extensions_of_files(const Manifest *manifest, const Ledger *ledger) {
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

static bool is_fresh(const Ledger *ledger) {
        return !ledger->has_migrations && ledger->n_objects == 0 && !ledger->lago_schema;
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

static FreshWay fresh_way(const Case *c) {
        const char *why;

        if (!is_fresh(c->ledger) || !verdict_rails8(c->manifest))
                return FRESH_WAY_PLAIN;
        if (c->policy->fresh == FRESH_WAY_LOAD || c->policy->fresh == FRESH_WAY_REPLAY)
                return c->policy->fresh;
        return load_lacking(c, &why) ? FRESH_WAY_REPLAY : FRESH_WAY_LOAD;
}

static bool refuse_schema(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->schema) {
                tell(c, VERDICT_EXTENSION, "Refused: no schema of \"%s\" exists in the database", ledger->search_path);
                advise(c, "Create the schema, or correct POSTGRES_SCHEMA.");
                return true;
        }
        if (!ledger->may_create) {
                tell(c, VERDICT_EXTENSION, "Refused: role \"%s\" may not create tables in schema \"%s\"", ledger->role,
                     ledger->schema);
                advise(c, "As the schema's owner: GRANT CREATE ON SCHEMA %s TO %s; or let the role own the database.",
                       ledger->schema, ledger->role);
                return true;
        }
        if (ledger->versions.n == 0 && !streq(ledger->schema, "public") && verdict_rails8(c->manifest)) {
                tell(c, VERDICT_EXTENSION, "Refused: %s can be installed in schema public only, not in \"%s\"", c->release,
                     ledger->schema);
                advise(c, "Its first tables name public explicitly. Take POSTGRES_SCHEMA away, and give Lago a "
                          "database of its own.");
                return true;
        }
        return false;
}

static bool judge_extension(Case *c) {
        _cleanup_(strv_freep) char **names = NULL;
        const char *lacking, *why = "";

        if (c->missing.n == 0)
                return false;
        if (refuse_schema(c))
                return true;
        names = extensions_of_files(c->manifest, c->ledger);
        lacking = is_fresh(c->ledger) && fresh_way(c) == FRESH_WAY_LOAD ? load_lacking(c, &why)
                                                                         : extension_lacking(c->ledger, names, &why);
        if (!lacking)
                return false;
        tell(c, VERDICT_EXTENSION, "Refused: %s needs the extension %s, and %s", c->release, lacking, why);
        advise(c, "Install it on the database server, then as a superuser in this database: CREATE EXTENSION %s;%s",
               lacking,
               streq(lacking, "pg_partman") ? " or set fresh = replay, which does without" : "");
        return true;
}

static bool judge_busy(Case *c) {
        const Migrator *migrator = &c->ledger->migrator;

        if (migrator->pid == 0)
                return false;
        tell(c, VERDICT_BUSY, "Waiting for another migrator: backend %d from %s since %s", migrator->pid,
             migrator->address ? migrator->address : "unknown", migrator->since ? migrator->since : "unknown");
        if (migrator->blocked_by > 0)
                advise(c, "It waits itself, for backend %d.", migrator->blocked_by);
        return true;
}

static bool judge_fresh(Case *c) {
        Verdict verdict = c->ledger->has_migrations ? VERDICT_EMPTY : VERDICT_FRESH;

        if (!ledger_is_empty(c->ledger))
                return false;
        tell(c, verdict, "Waiting for the schema: the database is empty, %zu migrations to run", c->missing.n);
        c->finding->fresh = fresh_way(c);
        return true;
}

static bool judge_pending(Case *c) {
        if (c->missing.n == 0)
                return false;
        tell(c, VERDICT_PENDING, "Waiting for the schema: %zu of %zu missing, first %" PRIu64, c->missing.n,
             c->finding->needed, c->finding->first);
        return true;
}

static void warn_bridges(Case *c) {
        for (size_t i = 0; i < n_bridges; i++) {
                const Bridge *bridge = &bridges[i];

                if (bridge_place(bridge, c->manifest, &c->image, &c->database) != BRIDGE_HERE || bridge->before ||
                    strv_contains(c->policy->passed_bridges, bridge->release) ||
                    (bridge->rows && c->ledger->rows_left == 0))
                        continue;
                if (bridge->rows && c->ledger->rows_left > 0)
                        strv_addf(&c->finding->warnings, "%s is a bridge release, its task has %" PRIi64 " rows left: %s",
                                  bridge->release, c->ledger->rows_left, bridge->task);
                else
                        strv_addf(&c->finding->warnings, "%s is a bridge release; before the next one: %s",
                                  bridge->release, bridge->task);
        }
}

static bool judge_verified(Case *c) {
        assert(c->missing.n == 0 && (c->lost.n == 0 || c->replayed));
        tell(c, VERDICT_VERIFIED, "Schema verified: %s, %zu of %zu", c->release, c->finding->applied,
             c->finding->needed);
        if (c->ledger->roles == ROLES_MISSING)
                strv_add(&c->finding->warnings, "the predefined roles are missing; run: bundle exec rails "
                                                "roles:seed_predefined");
        STRV_FOREACH(name, c->ledger->invalid_indexes)
                strv_addf(&c->finding->warnings, "invalid index %s, left by an interrupted concurrent build; drop and "
                                                 "create it again", *name);
        warn_bridges(c);
        return true;
}

/* --- all together ------------------------------------------------------------------------------------- */

static void warn_generally(Case *c) {
        const char *target = c->policy->target;
        char ***warnings = &c->finding->warnings;

        if (c->ledger->contact != CONTACT_READ)
                return;
        if (c->ledger->pooled)
                strv_add(warnings, "a connection pooler answers in PostgreSQL's place; in transaction mode it defeats "
                                   "the lock that keeps a second migrator out");
        if (target && !streq(c->manifest->release, "-") &&
            release_number(c->manifest->release) != release_number(target))
                strv_addf(warnings, "the image says it is %s, not %s", c->manifest->release, target);
        if (c->ledger->n_garbage > 0)
                strv_addf(warnings, "%zu rows of schema_migrations are not versions", c->ledger->n_garbage);
        for (size_t i = 0; i < c->policy->tombstones.n; i++)
                if (versions_has(&c->ledger->versions, c->policy->tombstones.list[i]))
                        strv_addf(warnings, "version %" PRIu64 " is in the ledger, of no release, and accepted",
                                  c->policy->tombstones.list[i]);
}

/*
 * A ledger that lacks all squashed versions but has their successor was made by running the files one by one: it has
 * everything but their numbers. One missing number alone, in contrast, is a hole.
 */
static bool was_replayed(const Case *c) {
        return c->squashed.n >= 2 && c->lost.n == c->squashed.n && c->manifest->n_files > 0 &&
               versions_has(&c->ledger->versions, c->manifest->files[0].version);
}

static void stand(Case *c) {
        static const Versions none = {};
        _cleanup_(versions_done) Versions have = {};

        versions_or(&c->ledger->versions, c->replayed ? &c->squashed : &none, &have);
        standing_of(&c->needed, &c->image);
        standing_of(&have, &c->database);
}

static void compare(Case *c) {
        const Versions *have = &c->ledger->versions;
        Versions unknown = {};
        Finding *finding = c->finding;

        needed_by(c->manifest, &c->needed);
        (void)versions_minus(&c->manifest->structure, &c->manifest->versions, &c->squashed);
        (void)versions_minus(&c->squashed, have, &c->lost);
        (void)versions_minus(&c->manifest->versions, have, &c->missing);
        (void)versions_minus(have, &c->needed, &unknown);
        (void)versions_minus(&unknown, &c->policy->tombstones, &c->extra);
        versions_done(&unknown);
        c->replayed = was_replayed(c);
        stand(c);
        if (c->ledger->contact != CONTACT_READ)
                return;
        finding->needed = c->replayed || ledger_is_empty(c->ledger) ? c->manifest->versions.n : c->needed.n;
        finding->missing = c->missing.n + (c->replayed || ledger_is_empty(c->ledger) ? 0 : c->lost.n);
        finding->applied = finding->needed - finding->missing;
        finding->extra = c->extra.n;
        finding->newest = versions_newest(&c->extra);
        finding->first = c->missing.n > 0 ? c->missing.list[0] : 0;
}

Finding *verdict_of(const Manifest *manifest, const Ledger *ledger, const Policy *policy) {
        static bool (*const judges[])(Case *) = {
                judge_contact, judge_read_only, judge_major,     judge_invisible, judge_half_loaded,
                judge_occupied, judge_foreign,  judge_ahead,     judge_gap,       judge_stop,
                judge_extension, judge_busy,    judge_fresh,     judge_pending,   judge_verified,
        };
        Case c = {
                .manifest = manifest,
                .ledger = ledger,
                .policy = policy,
                .finding = xcalloc(1, sizeof(Finding)),
        };

        c.release = !streq(manifest->release, "-") ? manifest->release : policy->target ? policy->target : "this image";
        compare(&c);
        for (size_t i = 0; i < ELEMENTSOF(judges); i++)
                if (judges[i](&c))
                        break;
        warn_generally(&c);
        versions_done(&c.needed);
        versions_done(&c.squashed);
        versions_done(&c.extra);
        versions_done(&c.missing);
        versions_done(&c.lost);
        return c.finding;
}

void verdict_questions(const Manifest *manifest, const Ledger *ledger, char ***ret_extensions, const char **ret_rows) {
        _cleanup_(versions_done) Versions needed = {};
        Standing image, database;
        char **names = NULL;

        *ret_extensions = NULL;
        *ret_rows = NULL;
        if (ledger->contact != CONTACT_READ || versions_is_subset(&manifest->versions, &ledger->versions)) {
                /* Nothing to run: extensions do not matter. */
        } else {
                names = extensions_of_files(manifest, ledger);
                if (is_fresh(ledger) && verdict_rails8(manifest))
                        STRV_FOREACH(name, manifest->extensions)
                                if (!strv_contains(names, *name))
                                        strv_add(&names, *name);
        }
        needed_by(manifest, &needed);
        standing_of(&needed, &image);
        standing_of(&ledger->versions, &database);
        for (size_t i = 0; i < n_bridges && ledger->versions.n > 0; i++) {
                BridgePlace where = bridge_place(&bridges[i], manifest, &image, &database);

                if (bridges[i].rows && (where == BRIDGE_HERE || where == BRIDGE_LEFT))
                        *ret_rows = bridges[i].rows;
        }
        *ret_extensions = names;
}
