/* SPDX-License-Identifier: MIT */
#include "supervisor/notes.h"

#include "base/time.h"
#include "relay/watch.h"
#include "supervisor/supervisor.h"

/* "COUNT THING" */
static bool read_missing(const char *text, Missing *ret) {
        const char *thing = strchr(text, ' ');
        _cleanup_(freep) char *digits = thing ? xstrndup(text, (size_t)(thing - text)) : NULL;
        uint64_t count;

        if (!thing || parse_uint(digits, UINT32_MAX, &count) < 0)
                return false;
        *ret = (Missing){.thing = escape_line(thing + 1), .count = (unsigned)count, .seen_usec = now_usec()};
        return true;
}

static Missing *find_missing(Supervisor *s, const char *thing) {
        for (size_t i = 0; i < s->said.n_missing; i++)
                if (streq(s->said.missing[i].thing, thing))
                        return &s->said.missing[i];
        return NULL;
}

/*
 * Once for each member and thing. Of the database it is a client that asks, and of the migrations the schema is not verified
 * yet: neither is told as what the verdict should have prevented.
 */
static void tell_missing(const Supervisor *s, const char *thing) {
        _cleanup_(freep) char *unit = member_unit(&s->member);
        const char *verb = startswith(thing, "PG::") ? "was raised" : "does not exist";

        log_message(LOG_ERR, MESSAGE_SCHEMA_IN_LOG, "%s: %s %s%s.", unit, thing, verb,
                    s->info->admitted ? ", although the schema was verified"
                    : s->member.kind == MEMBER_DB ? ", and a client asked for it" : "");
}

static void missing(Supervisor *s, const char *text) {
        Missing heard = {0}, *known;

        if (!read_missing(text, &heard))
                return;
        known = find_missing(s, heard.thing);
        if (known) {
                /* A relay that took another one's place counts from one again. */
                known->count = heard.count > known->count ? heard.count : known->count + 1;
                known->seen_usec = heard.seen_usec;
                free(heard.thing);
        } else if (s->said.n_missing < ELEMENTSOF(s->said.missing)) {
                tell_missing(s, heard.thing);
                s->said.missing[s->said.n_missing++] = heard;
        } else
                free(heard.thing);
}

void notes_take(Supervisor *s, const char *note) {
        const char *rest;

        if (streq(note, NOTE_READY))
                s->said.ready = true;
        else if (streq(note, NOTE_SPOKE))
                s->said.spoke = true;
        else if ((rest = startswith(note, NOTE_MISSING)))
                missing(s, rest);
        else if ((rest = startswith(note, NOTE_LAST)))
                strv_add(&s->said.last_lines, rest);
}

void notes_begin(Supervisor *s) {
        s->said.ready = s->said.spoke = s->said.all = false;
        s->said.last_lines = strv_free(s->said.last_lines);
}

void notes_last_lines(Supervisor *s) {
        _cleanup_(freep) char *lines = NULL;

        if (!s->said.all || !s->container.ended || !s->container.by_itself || s->container.exit_code == 0 || !s->said.last_lines)
                return;
        lines = strv_join(s->said.last_lines, " | ");
        log_message(LOG_WARNING, MESSAGE_LAST_LINES, "Its last lines (exit %d): %s", s->container.exit_code, lines);
        s->said.last_lines = strv_free(s->said.last_lines);
}

/* A single query of a person who mistyped a name is no state of the member for ever. */
#define DOUBT_USEC (3600 * USEC_PER_SEC)

/* The one that was noted last, and not long ago. */
static const Missing *latest_missing(const Supervisor *s) {
        const Missing *latest = NULL;

        for (size_t i = 0; i < s->said.n_missing; i++)
                if (!latest || s->said.missing[i].seen_usec > latest->seen_usec)
                        latest = &s->said.missing[i];
        return latest && now_usec() - latest->seen_usec < DOUBT_USEC ? latest : NULL;
}

char *notes_doubt(const Supervisor *s) {
        const Missing *m = latest_missing(s);

        if (!m)
                return NULL;
        if (startswith(m->thing, "PG::"))
                return xasprintf("its log has %s (%u times)", m->thing, m->count);
        return m->count > 1 ? xasprintf("%.60s does not exist (%u times)", m->thing, m->count)
                            : xasprintf("%.60s does not exist", m->thing);
}
