/* SPDX-License-Identifier: MIT */
/* The step about bridge releases, which an upgrade must not jump over. */
#include "schema/judges.h"

#include "base/util.h"

#include <inttypes.h>

/* What a bridge is to this database and this image. */
typedef enum BridgePlace {
        BRIDGE_ELSEWHERE,
        BRIDGE_CROSSED, /* the database is before it, the image behind it */
        BRIDGE_LEFT,    /* the database is on it, the image behind it */
        BRIDGE_HERE,    /* database and image are on it */
        BRIDGE_NEXT,    /* the database is before it, the image on it */
} BridgePlace;

static BridgePlace bridge_place(const Case *c, const Bridge *bridge) {
        const Standing *image = &c->image, *database = &c->database;
        size_t release = release_find(bridge->release);

        if (release == n_releases) {
                /* Newer than the table: the image's number tells, and the database is before it while all is known. */
                uint64_t number = release_number(c->manifest->release);

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

static bool is_few(int64_t rows) {
        return rows >= 0 && rows <= BRIDGE_MANY;
}

/* What is to be done to get over a bridge that the database is still before. */
static void advise_crossing(Case *c, const Bridge *bridge) {
        const char *release = bridge->release;

        if (bridge->before)
                case_advise(
                        c,
                        "Set release = %s, start, and go on; before that, %s. Done elsewhere: passed-bridges = %s.",
                        release, bridge->task, release);
        else
                case_advise(
                        c,
                        "Set release = %s, start, and %s; then go on. Done elsewhere: passed-bridges = %s.",
                        release, bridge->task, release);
}

static bool judge_bridge(Case *c, const Bridge *bridge) {
        BridgePlace where = bridge_place(c, bridge);

        if (strv_contains(c->policy->passed_bridges, bridge->release))
                return false;
        if (where == BRIDGE_NEXT && bridge->before && !is_few(c->ledger->rows_left))
                strv_addf(&c->finding->warnings, "%s is a bridge release: %s", bridge->release, bridge->task);
        if (c->missing.n == 0)
                return false;
        if (where == BRIDGE_CROSSED) {
                case_tell(c, VERDICT_STOP, "Refused: %s must not be reached without stopping at %s", c->release,
                          bridge->release);
                advise_crossing(c, bridge);
                return true;
        }
        if (where == BRIDGE_LEFT && c->ledger->rows_left > 0 && bridge->rows && !bridge->before) {
                case_tell(c, VERDICT_STOP, "Refused: the task of %s has %" PRIi64 "%s rows left",
                          bridge->release,
                          c->ledger->rows_left > BRIDGE_MANY ? (int64_t)BRIDGE_MANY
                                                             : c->ledger->rows_left,
                          c->ledger->rows_left > BRIDGE_MANY ? " or more" : "");
                case_advise(c, "Set release = %s, start, and %s; then go on. If these rows are to stay: passed-bridges = %s.",
                            bridge->release, bridge->task, bridge->release);
                return true;
        }
        return false;
}

/*
 * What no row holds, no task has to move: such is a first replay that was cut off. And while a migrator is at work, whose
 * locks may have kept the answer from us, it is the one to wait for.
 */
static bool nothing_to_move(const Case *c) {
        return ledger_is_empty(c->ledger) || c->ledger->rows == ROWS_NONE ||
               (c->ledger->rows == ROWS_UNKNOWN && c->ledger->migrator.pid > 0);
}

bool judge_stop(Case *c) {
        if (nothing_to_move(c))
                return false;
        for (size_t i = 0; i < n_bridges; i++)
                if (judge_bridge(c, &bridges[i]))
                        return true;
        return false;
}

void warn_bridges(Case *c) {
        for (size_t i = 0; i < n_bridges; i++) {
                const Bridge *bridge = &bridges[i];

                if (bridge_place(c, bridge) != BRIDGE_HERE || bridge->before ||
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

const char *bridge_question(const Case *c) {
        if (c->ledger->versions.n == 0)
                return NULL;
        for (size_t i = 0; i < n_bridges; i++) {
                BridgePlace where = bridge_place(c, &bridges[i]);

                if (bridges[i].before ? where == BRIDGE_NEXT
                                      : where == BRIDGE_HERE || where == BRIDGE_LEFT)
                        return bridges[i].rows;
        }
        return NULL;
}

bool bridge_is_crossed(const Case *c) {
        if (c->missing.n == 0 || ledger_is_empty(c->ledger))
                return false;
        for (size_t i = 0; i < n_bridges; i++)
                if (bridge_place(c, &bridges[i]) == BRIDGE_CROSSED &&
                    !strv_contains(c->policy->passed_bridges, bridges[i].release))
                        return true;
        return false;
}
