/* SPDX-License-Identifier: MIT */
/* The steps about what is in the database: whose it is, and whether the image is older or too new for it. */
#include "schema/judges.h"

#include "base/util.h"

#include <inttypes.h>

bool judge_invisible(Case *c) {
        const Ledger *ledger = c->ledger;

        if (ledger->has_migrations || !ledger->lago_schema)
                return false;
        case_tell(c, VERDICT_INVISIBLE, "Refused: Lago's tables are in schema \"%s\", but no schema_migrations is visible",
                  ledger->lago_schema);
        case_advise(c,
                    "Migrating would drop these tables. If schema_migrations is in another schema, correct "
                    "POSTGRES_SCHEMA (the search path is \"%s\"); if it is lost, restore it from a backup.",
                    ledger->search_path);
        return true;
}

bool judge_half_loaded(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->has_migrations || !ledger_is_empty(ledger) || ledger->odd_migrations || ledger->n_objects == 0)
                return false;
        case_tell(c, VERDICT_HALF_LOADED, "Refused: schema_migrations is empty, but there are %u tables (\"%s\")",
                  ledger->n_objects, ledger->first_object);
        case_advise(c, "A first load was interrupted, or the rows of schema_migrations are lost; a retry repairs neither. "
                       "With data in the tables restore a backup; without, drop and create the database and start again.");
        return true;
}

bool judge_occupied(Case *c) {
        const Ledger *ledger = c->ledger;

        if (ledger->has_migrations || ledger->n_objects == 0)
                return false;
        if (ledger->lago_objects) {
                case_tell(c, VERDICT_OCCUPIED, "Refused: %u tables, some of Lago's (\"%s\"), and no schema_migrations",
                          ledger->n_objects, ledger->first_object);
                case_advise(c, "This is what a first load leaves that was interrupted early. If nothing in the tables "
                               "matters, drop and create the database and start again.");
                return true;
        }
        case_tell(c, VERDICT_OCCUPIED, "Refused: the database holds %u tables of somebody else (\"%s\")",
                  ledger->n_objects, ledger->first_object);
        case_advise(c, "A new Lago drops tables in schema public whoever owns them. Give it a database of its own.");
        return true;
}

static bool any_known(const Case *c) {
        for (size_t i = 0; i < c->ledger->versions.n; i++)
                if (versions_has(&c->needed, c->ledger->versions.list[i]) ||
                    release_of_version(c->ledger->versions.list[i]) < n_releases)
                        return true;
        return false;
}

bool judge_foreign(Case *c) {
        const Ledger *ledger = c->ledger;

        if (!ledger->odd_migrations && (ledger_is_empty(ledger) || any_known(c)))
                return false;
        if (ledger->odd_migrations)
                case_tell(c, VERDICT_FOREIGN, "Refused: schema_migrations in \"%s\" is not a table of Rails",
                          ledger->database);
        else
                case_tell(c, VERDICT_FOREIGN, "Refused: database \"%s\" belongs to another application than Lago",
                          ledger->database);
        case_advise(c, "No row of its schema_migrations is of a Lago release. Correct DATABASE_URL or POSTGRES_SCHEMA.");
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

static const char *known_name(size_t release) {
        return streq(releases[release].name, "HEAD") ? "the release after " RELEASES_NEWEST : releases[release].name;
}

/* One that the operator named as a tombstone, and that a release carries; 0 for none. */
static uint64_t false_tombstone(const Case *c) {
        for (size_t i = 0; i < c->extra.n; i++)
                if (versions_has(&c->policy->tombstones, c->extra.list[i]))
                        return c->extra.list[i];
        return 0;
}

bool judge_ahead(Case *c) {
        size_t release = release_of_extras(c);
        bool named = release < n_releases && !streq(releases[release].name, "HEAD");
        uint64_t alive = false_tombstone(c);

        if (c->extra.n == 0)
                return false;
        case_tell(c, VERDICT_AHEAD, "Refused: database is newer than %s (%zu unknown, newest %" PRIu64 "); set release %s %s",
                  c->release, c->extra.n, c->finding->newest, named ? "=" : ">",
                  named ? releases[release].name : RELEASES_NEWEST);
        case_advise(c,
                    "A database is never taken back to an older release. Set release to %s%s, or restore the backup "
                    "made before the upgrade.",
                    named ? releases[release].name : "the one that migrated it, newer than ",
                    named ? " or later" : RELEASES_NEWEST);
        if (alive > 0)
                strv_addf(&c->finding->warnings, "version %" PRIu64 " is no tombstone: it comes with %s", alive,
                          known_name(release_of_version(alive)));
        return true;
}

/* The bridges that a database of these versions has still before it, up to a release: "v1.25.0, v1.28.1". */
static char *way_to(const Case *c, const char *last) {
        _cleanup_(versions_done) Versions counted = {};
        _cleanup_(strv_freep) char **stops = NULL;
        Standing standing;

        (void)versions_minus(&c->ledger->versions, &c->tombstones, &counted);
        standing_of(&counted, &standing);
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

bool judge_gap(Case *c) {
        const Squash *squash = c->lost.n > 0 ? squash_of_version(c->lost.list[0]) : NULL;
        const char *last = squash ? squash->last : "an older release";
        _cleanup_(freep) char *way = squash ? way_to(c, last) : xstrdup(last);

        if (c->lost.n == 0 || c->replayed || ledger_is_empty(c->ledger))
                return false;
        case_tell(c, VERDICT_GAP, "Refused: %s lacks the files of %zu migrations not run yet; %s has them", c->release,
                  c->lost.n, last);
        case_advise(c,
                    "The first is %" PRIu64 ". %s holds them in structure.sql alone, for new databases, and would never "
                    "run them. Migrate first to, one after the other: %s.",
                    c->lost.list[0], c->release, way);
        return true;
}
