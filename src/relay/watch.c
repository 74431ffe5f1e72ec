/* SPDX-License-Identifier: MIT */
#include "relay/watch.h"

#include "base/util.h"

/* Of a piece that was looked at, so much is looked at once more with the next: what is looked for may lie across. */
#define OVERLAP 512

typedef struct Thing {
        char *words;
        unsigned count;
} Thing;

struct Watch {
        WatchSpec spec;
        char line[WATCH_LINE_MAX];
        size_t n;
        bool is_rest;   /* what is in line[] is not its beginning */
        bool line_told; /* a thing in this line was counted; its rest may name it again */
        bool ready_told, spoke_told;
        Thing things[WATCH_THINGS_MAX];
        size_t n_things;
        char last[WATCH_LAST_LINES][WATCH_LAST_LENGTH + 1]; /* a ring */
        unsigned n_last;
};

Watch *watch_new(const WatchSpec *spec) {
        Watch *watch = xcalloc(1, sizeof(Watch));

        watch->spec = *spec;
        return watch;
}

Watch *watch_free(Watch *watch) {
        if (!watch)
                return NULL;
        for (size_t i = 0; i < watch->n_things; i++)
                free(watch->things[i].words);
        free(watch);
        return NULL;
}

static Thing *find_thing(Watch *watch, char *words) {
        for (size_t i = 0; i < watch->n_things; i++)
                if (streq(watch->things[i].words, words)) {
                        free(words);
                        return &watch->things[i];
                }
        if (watch->n_things == WATCH_THINGS_MAX) {
                free(words);
                return NULL;
        }
        watch->things[watch->n_things] = (Thing){.words = words};
        return &watch->things[watch->n_things++];
}

/* Noted when it is new and whenever its count has doubled: a member that fails a thousand times a second makes ten notes. */
static void count_thing(Watch *watch, char *words) {
        Thing *thing = find_thing(watch, words);
        _cleanup_(freep) char *note = NULL;

        if (!thing)
                return;
        thing->count++;
        if ((thing->count & (thing->count - 1)) != 0)
                return;
        note = xasprintf(NOTE_MISSING "%u %s", thing->count, thing->words);
        watch->spec.note(watch->spec.userdata, note);
}

static bool is_tick(const Watch *watch) {
        STRV_FOREACH(words, watch->spec.ticks)
                if (memmem(watch->line, watch->n, *words, strlen(*words)))
                        return true;
        return false;
}

static void look(Watch *watch) {
        const char *ready = watch->spec.ready;
        char *words;

        if (ready && !watch->ready_told && memmem(watch->line, watch->n, ready, strlen(ready))) {
                watch->ready_told = watch->spoke_told = true;
                watch->spec.note(watch->spec.userdata, NOTE_READY);
        } else if (ready && !watch->spoke_told) {
                watch->spoke_told = true;
                watch->spec.note(watch->spec.userdata, NOTE_SPOKE);
        }
        if (is_tick(watch))
                watch->spec.note(watch->spec.userdata, NOTE_TICK);
        if (!watch->spec.missing || watch->line_told)
                return;
        words = missing_thing(watch->line, watch->n);
        if (!words)
                return;
        watch->line_told = true;
        count_thing(watch, words);
}

static bool is_blank(const char *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
                        return false;
        return true;
}

static void remember(Watch *watch) {
        size_t n = watch->n < WATCH_LAST_LENGTH ? watch->n : WATCH_LAST_LENGTH;
        char *slot = watch->last[watch->n_last % WATCH_LAST_LINES];

        if (watch->is_rest || is_blank(watch->line, watch->n))
                return;
        for (size_t i = 0; i < n; i++)
                slot[i] = watch->line[i] == '\0' ? ' ' : watch->line[i];
        slot[n] = '\0';
        watch->n_last++;
}

static void end_line(Watch *watch) {
        look(watch);
        remember(watch);
        watch->n = 0;
        watch->is_rest = watch->line_told = false;
}

/* The line is longer than what is kept of it. */
static void end_piece(Watch *watch) {
        look(watch);
        remember(watch);
        memmove(watch->line, watch->line + watch->n - OVERLAP, OVERLAP);
        watch->n = OVERLAP;
        watch->is_rest = true;
}

void watch_feed(Watch *watch, const char *bytes, size_t n) {
        while (n > 0) {
                const char *end = memchr(bytes, '\n', n);
                size_t part = end ? (size_t)(end - bytes) : n;
                size_t room = WATCH_LINE_MAX - watch->n;
                size_t taken = part < room ? part : room;

                memcpy(watch->line + watch->n, bytes, taken);
                watch->n += taken;
                bytes += taken;
                n -= taken;
                if (end && taken == part) {
                        end_line(watch);
                        bytes++;
                        n--;
                } else if (watch->n == WATCH_LINE_MAX)
                        end_piece(watch);
        }
}

void watch_end(Watch *watch) {
        unsigned first;

        if (watch->n > 0)
                end_line(watch);
        first = watch->n_last > WATCH_LAST_LINES ? watch->n_last - WATCH_LAST_LINES : 0;
        for (unsigned i = first; i < watch->n_last; i++) {
                _cleanup_(freep) char *note = xasprintf(NOTE_LAST "%s", watch->last[i % WATCH_LAST_LINES]);

                watch->spec.note(watch->spec.userdata, note);
        }
        watch->n_last = 0;
}
