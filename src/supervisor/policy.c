/* SPDX-License-Identifier: MIT */
#include "supervisor/policy.h"

#include "base/time.h"
#include "base/util.h"
#include "stack/stack.h"

#include <signal.h>

#define END_WINDOW_USEC (600 * USEC_PER_SEC)

uint64_t wait_rest(unsigned attempts) {
        uint64_t sec = attempts < 7 ? UINT64_C(1) << (attempts > 0 ? attempts - 1 : 0) : 60;

        return (sec < 60 ? sec : 60) * USEC_PER_SEC;
}

unsigned end_add(EndHistory *history, uint64_t now) {
        unsigned recent = 0;

        history->times[history->n++ % ELEMENTSOF(history->times)] = now;
        for (unsigned i = 0; i < ELEMENTSOF(history->times) && i < history->n; i++)
                recent += now - history->times[i] < END_WINDOW_USEC;
        return recent;
}

uint64_t end_rest(unsigned ends) {
        static const uint64_t msec[] = {200, 200, 2000, 10000, 20000, 40000, 80000};

        return msec[ends < ELEMENTSOF(msec) ? ends : ELEMENTSOF(msec) - 1] * USEC_PER_MSEC;
}

bool stop_was_kill(uint64_t took, unsigned grace_sec, int exit_code) {
        return took >= grace_sec * USEC_PER_SEC && (exit_code < 0 || exit_code == 128 + SIGKILL);
}

uint64_t probe_rest(uint64_t running) {
        if (running < 15 * USEC_PER_SEC)
                return 10 * USEC_PER_MSEC;
        return running < 60 * USEC_PER_SEC ? 250 * USEC_PER_MSEC : USEC_PER_SEC;
}

bool reach_due(Reach *reach) {
        if (reach->missed == 0 && reach->turns > 0) {
                reach->turns--;
                return false;
        }
        reach->turns = 5;
        return true;
}

static bool is_power_of_two(unsigned n) {
        return n >= 2 && (n & (n - 1)) == 0;
}

/* Made again at the misses 2, 4, 8, 16 …; the next one tells that it did not help. */
ReachAct reach_heard(Reach *reach, bool answered) {
        bool was_away = reach->missed >= 2;

        if (answered) {
                reach->missed = 0;
                reach->ever = true;
                return was_away ? REACH_BACK : REACH_NOTHING;
        }
        reach->missed++;
        if (!reach->ever && reach->missed > 3)
                return REACH_NOTHING;
        if (is_power_of_two(reach->missed))
                return REACH_RELOAD;
        return is_power_of_two(reach->missed - 1) ? REACH_TELL : REACH_NOTHING;
}

bool migrate_failed(MigrateHistory *history, const char *first) {
        if (!streq(history->first, first)) {
                history->same = 0;
                strncpy(history->first, first, sizeof(history->first) - 1);
        }
        return ++history->same >= 2;
}

bool log_is_torn(const char *lines) {
        return strstr(lines, "redis-check-aof --fix") || strstr(lines, "Unexpected end of file reading the append only file");
}

bool gate_wants_migrating(int status) {
        return status >= GATE_PENDING && status <= GATE_EMPTY;
}

bool gate_refuses(int status) {
        return status >= GATE_AHEAD && status < _GATE_REFUSED_END;
}

bool second_runs_first(int status, const char *first, const char *second) {
        if (status != GATE_PENDING || isempty(first) || isempty(second))
                return false;
        return strlen(second) != strlen(first) ? strlen(second) < strlen(first) : strcmp(second, first) < 0;
}

GateChoice gate_choice(int first, int second) {
        if (second == 0 || (gate_wants_migrating(second) && gate_wants_migrating(first)))
                return GATE_CHOICE_FIRST;
        return gate_wants_migrating(second) ? GATE_CHOICE_SECOND_PENDING : GATE_CHOICE_SECOND;
}
