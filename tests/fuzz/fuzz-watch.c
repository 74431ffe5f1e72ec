/* SPDX-License-Identifier: MIT */
/* What a container writes, once whole and once in pieces of the first byte's size: the relay notes the same, in lines. */
#include "relay/watch.h"

#include "fuzz.h"

typedef struct Notes {
        char *text;
        size_t n;
} Notes;

static void on_note(void *userdata, const char *note) {
        Notes *notes = userdata;
        char *longer = xasprintf("%s%s\n", notes->text ? notes->text : "", note);

        REQUIRE(fuzz_is_line(note));
        free(notes->text);
        notes->text = longer;
        notes->n++;
}

static Notes notes_of(const char *bytes, size_t size, size_t piece) {
        Notes notes = {0};
        WatchSpec spec = {.ready = "Starting clock", .missing = true, .note = on_note, .userdata = &notes};
        Watch *watch = watch_new(&spec);

        for (size_t at = 0; at < size; at += piece)
                watch_feed(watch, bytes + at, piece < size - at ? piece : size - at);
        watch_end(watch);
        watch_free(watch);
        return notes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Notes whole, pieces;

        if (size < 2)
                return 0;
        whole = notes_of((const char *)data + 1, size - 1, size);
        pieces = notes_of((const char *)data + 1, size - 1, 1U + data[0] % 61);
        REQUIRE(whole.n == pieces.n && (whole.n == 0 || streq(whole.text, pieces.text)));
        free(whole.text);
        free(pieces.text);
        return 0;
}
