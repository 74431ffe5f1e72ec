/* SPDX-License-Identifier: MIT */
#include "ctl/chain.h"

#include "base/keyfile.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "base/util.h"
#include "schema/releases.h"
#include "stack/stack.h"

#include <ctype.h>
#include <stdio.h>

#define UNIT_INTERFACE    SYSTEMD ".Unit"
#define SERVICE_INTERFACE SYSTEMD ".Service"

int bus_open(sd_bus **ret) {
        int r = sd_bus_open_system(ret);

        if (r < 0)
                log_error("Cannot speak to systemd on the system bus: %s", strerror(-r));
        else
                /* A user who may do it with a password is asked for it. */
                (void)sd_bus_set_allow_interactive_authorization(*ret, 1);
        return r;
}

/* --- which units ---------------------------------------------------------------------------------------- */

static void add(Chain *chain, const char *name, char *unit) {
        chain->links = xrealloc(chain->links, (chain->n + 1) * sizeof(Link));
        chain->links[chain->n++] = (Link){.name = xstrdup(name), .unit = unit};
}

static void add_members(Chain *chain, const Config *config) {
        size_t n = 0;
        Member *members = stack_members(config, &n);

        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *name = member_name(&members[i]);

                add(chain, name, member_unit(&members[i]));
        }
        free(members);
}

static void add_all_kinds(Chain *chain) {
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++) {
                Member member = {.kind = kind};

                add(chain, member_info(kind)->name, member_unit(&member));
        }
}

Chain chain_new(void) {
        _cleanup_(config_freep) Config *config = NULL;
        Chain chain = {0};

        add(&chain, "setup", xstrdup("lago-setup.service"));
        if (config_load_files(CONFIG_DIRECTORY, &config, NULL) >= 0)
                add_members(&chain, config);
        else
                add_all_kinds(&chain);
        add(&chain, "ready", xstrdup("lago-ready.service"));
        return chain;
}

void chain_done(Chain *chain) {
        for (size_t i = 0; i < chain->n; i++) {
                Link *l = &chain->links[i];
                char *strings[] = {l->name, l->unit, l->active, l->sub,
                                   l->status, l->release, l->image, l->image_id};

                for (size_t j = 0; j < ELEMENTSOF(strings); j++)
                        free(strings[j]);
        }
        free(chain->links);
        *chain = (Chain){0};
}

/* --- asking --------------------------------------------------------------------------------------------- */

static int read_string(sd_bus *bus, const char *path, const char *interface, const char *name,
                       char **ret) {
        char *value = NULL;
        int r = sd_bus_get_property_string(bus, SYSTEMD, path, interface, name, NULL, &value);

        if (r >= 0) {
                free(*ret);
                *ret = value;
        }
        return r;
}

/* Its words are of use while it runs, and after it failed; a unit that ended as asked has nothing to say. */
static void read_status(Link *link, sd_bus *bus, const char *path) {
        if (streq(link->active, "inactive") ||
            read_string(bus, path, SERVICE_INTERFACE, "StatusText", &link->status) < 0 ||
            isempty(link->status)) {
                free(link->status);
                link->status = NULL;
        }
}

static void read_runstate(Link *link) {
        bool runs = !streq(link->active, "inactive") && !streq(link->active, "failed");
        _cleanup_(freep) char *text = runs ? runstate_read(link->name) : NULL;
        struct {
                char **field;
                const char *key;
        } fields[] = {{&link->release, "RELEASE"},
                      {&link->image, "IMAGE"},
                      {&link->image_id, "IMAGE_ID"}};

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                free(*fields[i].field);
                *fields[i].field = text ? keyfile_get(text, fields[i].key) : NULL;
        }
}

static int ask_link(Link *link, sd_bus *bus) {
        char *path = NULL;
        int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", link->unit, &path);

        if (r >= 0)
                r = read_string(bus, path, UNIT_INTERFACE, "ActiveState", &link->active);
        if (r >= 0)
                r = read_string(bus, path, UNIT_INTERFACE, "SubState", &link->sub);
        if (r >= 0)
                r = sd_bus_get_property_trivial(bus, SYSTEMD, path, UNIT_INTERFACE,
                                                "StateChangeTimestamp", NULL, 't',
                                                &link->since_usec);
        if (r >= 0) {
                read_status(link, bus, path);
                read_runstate(link);
        }
        free(path);
        return r;
}

int chain_ask(Chain *chain, sd_bus *bus) {
        for (size_t i = 0; i < chain->n; i++) {
                int r = ask_link(&chain->links[i], bus);

                if (r < 0) {
                        log_error("systemd does not tell the state of %s: %s", chain->links[i].unit,
                                  strerror(-r));
                        return r;
                }
        }
        return 0;
}

/* --- judging -------------------------------------------------------------------------------------------- */

const Link *chain_find(const Chain *chain, const char *name) {
        for (size_t i = 0; i < chain->n; i++)
                if (streq(chain->links[i].name, name) || streq(chain->links[i].unit, name))
                        return &chain->links[i];
        return NULL;
}

bool chain_serves(const Chain *chain) {
        const Link *ready = chain_find(chain, "ready");

        /* It stays active while a member is away for a while, and says so. */
        return ready && ready->active && streq(ready->active, "active") && ready->status &&
               startswith(ready->status, "Lago serves");
}

const Link *chain_first_cause(const Chain *chain) {
        const Link *pdf = NULL;

        for (size_t i = 0; i < chain->n; i++) {
                const Link *link = &chain->links[i];

                if (!link->active || !streq(link->active, "failed"))
                        continue;
                /* It gates nobody, so it is the cause of nothing when anybody else failed. */
                if (!streq(link->name, "pdf"))
                        return link;
                pdf = link;
        }
        return pdf;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

/* Cuts at a character of UTF-8, not within one. */
static void cut(char *line, size_t width) {
        size_t columns = 0;
        char *c = line;

        for (; *c; c++)
                if (((unsigned char)*c & 0xc0) != 0x80 && ++columns > width)
                        break;
        *c = '\0';
}

/* lago-migrate is active when its verdict is there; its process goes on to remove a container, which is no news to anybody. */
static bool is_done(const Link *link) {
        return streq(link->active, "active") && (streq(link->sub, "exited") || streq(link->name, "migrate"));
}

static const char *state_word(const Link *link) {
        if (!link->active)
                return "unknown";
        return is_done(link) ? "done" : link->active;
}

char *link_line(const Link *link, uint64_t now_usec, size_t width) {
        const char *state = state_word(link);
        bool in_motion = streq(state, "activating") || streq(state, "deactivating");
        _cleanup_(freep) char *span = NULL, *line = NULL, *escaped = NULL;

        if (in_motion && link->since_usec > 0 && now_usec > link->since_usec)
                span = span_text(now_usec - link->since_usec);
        line = xasprintf("%-14s %-13s%-9s %s", link->name, state, span ? span : "",
                         link->status ? link->status : "");
        escaped = escape_line(line);
        cut(escaped, width);
        while (escaped[0] && escaped[strlen(escaped) - 1] == ' ')
                escaped[strlen(escaped) - 1] = '\0';
        return TAKE_PTR(escaped);
}

char *front_note(const char *image, const char *release) {
        _cleanup_(freep) char *tag = image ? image_tag(image) : NULL;

        if (!tag || !release || streq(tag, release))
                return NULL;
        return streq(tag, release_front(release)) ? xasprintf("front %s, which belongs to %s", tag, release)
                                                  : xasprintf("front %s", tag);
}

static const char *skip_counts(const char *s) {
        while (isdigit((unsigned char)*s) || *s == ' ' || *s == '.')
                s++;
        return s;
}

/* "Waiting (12 s)" and "Waiting (2 min)" are the same news; what stands in brackets is how long. */
bool link_same(const char *a, const char *b) {
        a = a ? a : "";
        b = b ? b : "";
        for (;; a++, b++) {
                a = skip_counts(a);
                b = skip_counts(b);
                if (*a == '(' && *b == '(') {
                        a += strcspn(a, ")");
                        b += strcspn(b, ")");
                }
                if ((*a == '(' && *b == '\0') || (*b == '(' && *a == '\0'))
                        return true;
                if (*a != *b)
                        return false;
                if (*a == '\0')
                        return true;
        }
}
