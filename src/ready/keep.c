/* SPDX-License-Identifier: MIT */
#include "ready/keep.h"

#include "base/util.h"

static bool is_failed(const KeepMember *m) {
        return streq(m->active, "failed") && !m->has_job;
}

/* Neither running nor about to, and not by mishap: the operator stopped it, so it is left alone. */
static bool is_stopped(const KeepMember *m) {
        return streq(m->active, "inactive") && !m->has_job && !m->lost;
}

bool keep_is_awaited(const KeepMember *member) {
        return !member->optional && !member->serving && !is_stopped(member);
}

KeepAnswer keep_judge(const KeepMember *members, size_t n, size_t *ret_which) {
        bool waits = false;

        for (size_t i = 0; i < n; i++) {
                if (is_failed(&members[i]) && !members[i].optional) {
                        *ret_which = i;
                        return KEEP_FAILED;
                }
                waits |= keep_is_awaited(&members[i]);
        }
        return waits ? KEEP_WAIT : KEEP_SERVES;
}

bool keep_should_queue(const KeepMember *members, size_t i) {
        if (!members[i].lost || members[i].has_job)
                return false;
        for (size_t k = 0; k < i; k++)
                if (is_failed(&members[k]) && !members[k].optional)
                        return false;
        return true;
}
