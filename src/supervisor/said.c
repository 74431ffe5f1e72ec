/* SPDX-License-Identifier: MIT */
#include "supervisor/said.h"

#include "base/time.h"
#include "base/util.h"
#include "relay/watch.h"

/* A person may have mistyped a name in a single query: STATUS= forgets it after this time. */
#define DOUBT_USEC (3600 * USEC_PER_SEC)

/* "COUNT THING" */
static bool read_missing(const char *text, uint64_t now, Missing *ret) {
        const char *thing = strchr(text, ' ');
        _cleanup_(freep) char *digits = thing ? xstrndup(text, (size_t)(thing - text)) : NULL;
        uint64_t count;

        if (!thing || parse_uint(digits, UINT32_MAX, &count) < 0)
                return false;
        *ret = (Missing){.thing = escape_line(thing + 1), .count = (unsigned)count, .seen_usec = now};
        return true;
}

static Missing *find_missing(Said *said, const char *thing) {
        for (size_t i = 0; i < said->n_missing; i++)
                if (streq(said->missing[i].thing, thing))
                        return &said->missing[i];
        return NULL;
}

static const Missing *take_missing(Said *said, const char *text, uint64_t now) {
        Missing heard = {0}, *known;

        if (!read_missing(text, now, &heard))
                return NULL;
        known = find_missing(said, heard.thing);
        if (!known && said->n_missing < ELEMENTSOF(said->missing)) {
                said->missing[said->n_missing] = heard;
                return &said->missing[said->n_missing++];
        }
        if (known) {
                /* A relay that took another one's place counts from one again. */
                known->count = heard.count > known->count ? heard.count : known->count + 1;
                known->seen_usec = now;
        }
        free(heard.thing);
        return NULL;
}

const Missing *said_take(Said *said, const char *note, uint64_t now) {
        const char *rest;

        if (streq(note, NOTE_READY))
                said->ready = true;
        else if (streq(note, NOTE_SPOKE))
                said->spoke = true;
        else if (streq(note, NOTE_TICK))
                said->ticked_usec = now;
        else if ((rest = startswith(note, NOTE_MISSING)))
                return take_missing(said, rest, now);
        else if ((rest = startswith(note, NOTE_LAST)))
                strv_add(&said->last_lines, rest);
        return NULL;
}

void said_begin(Said *said) {
        said->ready = said->spoke = said->all = false;
        said->ticked_usec = 0;
        said->last_lines = strv_free(said->last_lines);
}

char *said_last_lines(Said *said) {
        char *lines;

        if (!said->all || !said->last_lines)
                return NULL;
        lines = strv_join(said->last_lines, " | ");
        said->last_lines = strv_free(said->last_lines);
        return lines;
}

bool said_is_exception(const char *thing) {
        return startswith(thing, "PG::") != NULL;
}

/* The one that was noted last, and not long ago. */
static const Missing *latest_missing(const Said *said, uint64_t now) {
        const Missing *latest = NULL;

        for (size_t i = 0; i < said->n_missing; i++)
                if (!latest || said->missing[i].seen_usec > latest->seen_usec)
                        latest = &said->missing[i];
        return latest && now - latest->seen_usec < DOUBT_USEC ? latest : NULL;
}

char *said_doubt(const Said *said, uint64_t now) {
        const Missing *m = latest_missing(said, now);

        if (!m)
                return NULL;
        if (said_is_exception(m->thing))
                return xasprintf("its log has %s (%u times)", m->thing, m->count);
        return m->count > 1 ? xasprintf("%.60s does not exist (%u times)", m->thing, m->count)
                            : xasprintf("%.60s does not exist", m->thing);
}

void said_done(Said *said) {
        for (size_t i = 0; i < said->n_missing; i++)
                free(said->missing[i].thing);
        strv_free(said->last_lines);
        *said = (Said){0};
}
