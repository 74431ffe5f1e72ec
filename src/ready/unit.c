/* SPDX-License-Identifier: MIT */
#include "ready/unit.h"

#include "base/keyfile.h"
#include "base/runstate.h"
#include "base/util.h"

static UnitActive active_of(const char *word) {
        static const struct {
                const char *word;
                UnitActive active;
        } words[] = {{"inactive", UNIT_INACTIVE}, {"active", UNIT_ACTIVE}, {"failed", UNIT_FAILED}};

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(words[i].word, word))
                        return words[i].active;
        return UNIT_CHANGING;
}

static bool is_well(const Unit *unit) {
        _cleanup_(freep) char *state = NULL;

        if (streq(unit->member, "migrate") || streq(unit->member, "setup"))
                return true;
        state = unit_told(unit, "STATE");
        return state && (streq(state, RUN_STATE_SERVING) || streq(state, RUN_STATE_STANDBY));
}

void unit_heard(Unit *unit, const char *active, bool has_job) {
        unit->active = active_of(active);
        unit->has_job = has_job;
        if (unit->active != UNIT_INACTIVE)
                unit->lost = false;
        free(unit->run_file);
        unit->run_file = runstate_read(unit->member);
        unit->serving = unit->active == UNIT_ACTIVE && is_well(unit);
}

char *unit_told(const Unit *unit, const char *key) {
        return unit->run_file ? keyfile_get(unit->run_file, key) : NULL;
}

Unit *unit_find(Unit *units, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (streq(units[i].name, name))
                        return &units[i];
        return NULL;
}
