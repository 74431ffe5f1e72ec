/* SPDX-License-Identifier: MIT */
#include "ctl/chain.h"
#include "ctl/ctl.h"

#include "base/json.h"
#include "base/time.h"

#include <stdio.h>
#include <time.h>

#define ID_COLUMNS 12

static char *time_text(uint64_t usec, bool utc) {
        time_t seconds = (time_t)(usec / USEC_PER_SEC);
        char text[64];
        struct tm tm;

        if (usec == 0)
                return NULL;
        if (utc ? !gmtime_r(&seconds, &tm) : !localtime_r(&seconds, &tm))
                return NULL;
        return strftime(text, sizeof(text), utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &tm) >
                               0
                       ? xstrdup(text)
                       : NULL;
}

/* Where an image is started by its name, that name stands in the place of the id. */
static const char *real_id(const Link *link) {
        const char *id = link->image_id;

        return id && strspn(id, "0123456789abcdef") == strlen(id) ? id : NULL;
}

/* --- for people ----------------------------------------------------------------------------------------- */

static const char *short_id(const char *id) {
        static char text[ID_COLUMNS + 1];

        return id ? strncpy(text, id, ID_COLUMNS) : "-";
}

static void print_row(const char *member, const char *state, const char *since, const char *release,
                      const char *image, const char *status) {
        _cleanup_(freep) char *raw = xasprintf("%-14s %-13s %-19s  %-10s %-*s  %s", member, state,
                                               since, release, ID_COLUMNS, image, status);
        _cleanup_(freep) char *line = escape_line(raw);

        puts(strip(line));
}

/* Only Lago's own images have its release. */
static bool runs_release(const Link *link) {
        static const char *const others[] = {"setup", "db", "redis", "pdf"};

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (streq(link->name, others[i]))
                        return false;
        return true;
}

static char *words_of(const Link *link) {
        const char *status = link->status ? link->status : "";
        _cleanup_(freep) char *note = streq(link->name, "front") ? front_note(link->image, link->release) : NULL;

        return note ? xasprintf("%s%s%s", status, *status ? "; " : "", note) : xstrdup(status);
}

static void print_table(const Chain *chain) {
        print_row("MEMBER", "STATE", "SINCE", "RELEASE", "IMAGE", "STATUS");
        for (size_t i = 0; i < chain->n; i++) {
                const Link *link = &chain->links[i];
                _cleanup_(freep) char *since = time_text(link->since_usec, /* utc= */ false), *words = words_of(link);

                print_row(link->name, link->active, since ? since : "-",
                          link->release && runs_release(link) ? link->release : "-",
                          short_id(real_id(link)), words);
        }
}

/* --- for programs --------------------------------------------------------------------------------------- */

static void print_pair(const char *key, const char *value, const char *end) {
        _cleanup_(freep) char *quoted = json_quote(value);

        printf("\"%s\":%s%s", key, quoted, end);
}

static void print_json(const Chain *chain) {
        printf("{\"serves\":%s,\"members\":[", chain_serves(chain) ? "true" : "false");
        for (size_t i = 0; i < chain->n; i++) {
                const Link *link = &chain->links[i];
                _cleanup_(freep) char *since = time_text(link->since_usec, /* utc= */ true);

                printf("%s{", i > 0 ? "," : "");
                print_pair("name", link->name, ",");
                print_pair("unit", link->unit, ",");
                print_pair("active", link->active, ",");
                print_pair("sub", link->sub, ",");
                print_pair("since", since, ",");
                print_pair("status", link->status, ",");
                print_pair("release", runs_release(link) ? link->release : NULL, ",");
                print_pair("image", link->image, ",");
                print_pair("image_id", real_id(link), "}");
        }
        puts("]}");
}

static int run(const Verb *verb, int argc, char **argv) {
        _cleanup_(chain_done) Chain chain = {0};
        bool json = false;
        Flag flags[] = {{"--json", &json}};
        sd_bus *bus = NULL;
        int r;

        if (arguments_parse(verb, argc, argv, flags, ELEMENTSOF(flags), NULL, 0, 0) < 0)
                return EXIT_USAGE;
        if (bus_open(&bus) < 0)
                return EXIT_TEMPFAIL;
        chain = chain_new();
        r = chain_ask(&chain, bus);
        sd_bus_flush_close_unref(bus);
        if (r < 0)
                return EXIT_TEMPFAIL;
        if (json)
                print_json(&chain);
        else
                print_table(&chain);
        return chain_serves(&chain) ? EXIT_SUCCESS : EXIT_NOT_SERVING;
}

const Verb verb_status = {
        .name = "status",
        .arguments = "[--json]",
        .summary = "Show the members, and whether Lago serves",
        .help = "Exit status: 0 when Lago serves, 3 when it does not.\n"
                "\n"
                "  --json  one object: \"serves\", and \"members\" with name, unit, active, sub, since, status, release,\n"
                "          image and image_id; null for what there is not\n",
        .run = run,
};
