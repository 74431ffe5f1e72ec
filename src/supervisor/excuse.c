/* SPDX-License-Identifier: MIT */
#include "supervisor/excuse.h"

#include "base/time.h"
#include "base/util.h"
#include "supervisor/policy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The words are letters, colons and blanks only, so that they stand for themselves in a pattern. */
static const struct {
        const char *words, *why;
} table[] = {
        {"No space left on device", "no space left on device"},
        {"PG::DiskFull", "no space left on device"},
        {"MISCONF", "Redis cannot write to its disk"},
        {"too many clients", "too many connections"},
        {"remaining connection slots", "too many connections"},
        {"PG::ConnectionBad", "the connection to PostgreSQL was lost"},
        {"PG::UnableToSend", "the connection to PostgreSQL was lost"},
        {"CannotConnectError", "the connection to Redis was lost"},
        {"CanNotConnectError", "the connection to Redis was lost"},
        /* Ruby's HTTP: the migrations speak it to ClickHouse, the start of Rails to the server of licences. */
        {"Failed to open TCP connection", "an HTTP server was away"},
        {"Net::ReadTimeout", "an HTTP server was away"},
        {"EOFError", "an HTTP server was away"},
};

void excuse_begin(Excuse *e, uint64_t now) {
        e->why = NULL;
        e->known = false;
        e->since_usec = now;
}

/* "[  123.456789] host lago-migrate[77]: text". False for a line that goes on with the message before. */
static bool stamp_of(const char *line, uint64_t *ret) {
        char *dot, *end;
        unsigned long long sec, usec;

        if (*line != '[')
                return false;
        sec = strtoull(line + 1, &dot, 10);
        if (*dot != '.')
                return false;
        usec = strtoull(dot + 1, &end, 10);
        if (end != dot + 7 || *end != ']')
                return false;
        *ret = sec * USEC_PER_SEC + usec;
        return true;
}

static const char *why_of(const char *lines) {
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strcasestr(lines, table[i].words))
                        return table[i].why;
        return NULL;
}

void excuse_find(Excuse *e, const char *lines) {
        _cleanup_(strv_freep) char **all = strv_split(lines ? lines : "", "\n"), **ours = NULL;
        _cleanup_(freep) char *text = NULL;
        bool is_ours = false;

        STRV_FOREACH(line, all) {
                uint64_t usec;

                if (stamp_of(*line, &usec))
                        is_ours = usec >= e->since_usec;
                if (is_ours)
                        strv_add(&ours, *line);
        }
        text = strv_join(ours, "\n");
        e->known = true;
        e->why = why_of(text);
}

uint64_t excuse_rest(Excuse *e) {
        return wait_rest(++e->n);
}

char *excuse_pattern(void) {
        _cleanup_(strv_freep) char **words = NULL;

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                strv_add(&words, table[i].words);
        return strv_join(words, "|");
}
