/* SPDX-License-Identifier: MIT */
#include "supervisor/excuse.h"

#include "base/util.h"
#include "supervisor/policy.h"

#include <stddef.h>
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

void excuse_begin(Excuse *e, time_t now) {
        e->why = NULL;
        e->known = false;
        e->since = now;
}

void excuse_find(Excuse *e, const char *lines) {
        e->known = true;
        e->why = NULL;
        for (size_t i = 0; lines && !e->why && i < ELEMENTSOF(table); i++)
                if (strcasestr(lines, table[i].words))
                        e->why = table[i].why;
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
