/* SPDX-License-Identifier: MIT */
#include "ready/keep.h"

static bool is_failed(const Unit *unit) {
        return unit->active == UNIT_FAILED && !unit->has_job;
}

bool keep_is_stopped(const Unit *unit) {
        return unit->active == UNIT_INACTIVE && !unit->has_job && !unit->lost;
}

bool keep_is_awaited(const Unit *unit) {
        return !unit->optional && !unit->serving && !keep_is_stopped(unit);
}

KeepAnswer keep_judge(const Unit *units, size_t n, size_t *ret_which) {
        bool waits = false;

        for (size_t i = 0; i < n; i++) {
                if (is_failed(&units[i]) && !units[i].optional) {
                        *ret_which = i;
                        return KEEP_FAILED;
                }
                waits |= keep_is_awaited(&units[i]);
        }
        return waits ? KEEP_WAIT : KEEP_SERVES;
}

bool keep_should_queue(const Unit *units, size_t i) {
        if (!units[i].lost || units[i].has_job)
                return false;
        for (size_t k = 0; k < i; k++)
                if (is_failed(&units[k]) && !units[k].optional)
                        return false;
        return true;
}
