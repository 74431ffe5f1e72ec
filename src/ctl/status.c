/* SPDX-License-Identifier: MIT */
#include "ctl/chain.h"
#include "ctl/ctl.h"

#include "base/json.h"
#include "base/time.h"
#include "config/admitted.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

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

/* --- what is edited and not applied --------------------------------------------------------------------- */

/* Root alone can read both sides; before anything was admitted there is nothing to differ from. */
static bool edits_are_known(void) {
        return geteuid() == 0 && admitted_state(ADMITTED_KEPT_DIRECTORY) == ADMITTED_WHOLE;
}

static void print_edited(void) {
        _cleanup_(strv_freep) char **edited = NULL;
        _cleanup_(freep) char *list = NULL;

        if (!edits_are_known())
                return;
        edited = admitted_edited(CONFIG_DIRECTORY, ADMITTED_KEPT_DIRECTORY);
        list = edited ? strv_join(edited, ", ") : NULL;
        if (list)
                printf("\nEdited in " CONFIG_DIRECTORY " and not applied: %s; \"lagoctl apply\" applies it\n", list);
}

static void print_edited_json(void) {
        _cleanup_(strv_freep) char **edited = NULL;
        const char *separator = "";

        if (!edits_are_known()) {
                printf("],\"edited\":null}\n");
                return;
        }
        edited = admitted_edited(CONFIG_DIRECTORY, ADMITTED_KEPT_DIRECTORY);
        printf("],\"edited\":[");
        STRV_FOREACH(file, edited) {
                _cleanup_(freep) char *quoted = json_quote(*file);

                printf("%s%s", separator, quoted);
                separator = ",";
        }
        puts("]}");
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
        print_edited_json();
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
        if (!json)
                print_edited();
        return chain_serves(&chain) ? EXIT_SUCCESS : EXIT_NOT_SERVING;
}

const Verb verb_status = {
        .name = "status",
        .arguments = "[--json]",
        .summary = "Show the members, and whether Lago serves",
        .help = "To root it says below the table what was edited in " CONFIG_DIRECTORY " and is not applied.\n"
                "Exit status: 0 when Lago serves, 3 when it does not.\n"
                "\n"
                "  --json  one object: \"serves\", \"members\" with name, unit, active, sub, since, status, release,\n"
                "          image and image_id, and \"edited\", files; null for what there is not, or is not known\n",
        .run = run,
};
