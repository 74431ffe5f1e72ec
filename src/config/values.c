/* SPDX-License-Identifier: MIT */
#include "config/values.h"

#include "base/util.h"
#include "config/address.h"
#include "schema/releases.h"

#define LETTERS  "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS   "0123456789"

static void clear_string(void *target) {
        char **s = target;

        free(*s);
        *s = NULL;
}

static void clear_strv(void *target) {
        strv_freep(target);
}

static void clear_listen(void *target) {
        clear_string(&((Listen *)target)->address);
}

/* --- choices ------------------------------------------------------------------------------------------ */

static int choose_bool(const char *value, void *target, const char *yes, const char *no) {
        if (!streq(value, yes) && !streq(value, no))
                return -EINVAL;
        *(bool *)target = streq(value, yes);
        return 0;
}

static int parse_yes_no(const char *value, void *target, char **reterr) {
        (void)reterr;
        return choose_bool(value, target, "yes", "no");
}

static int parse_place(const char *value, void *target, char **reterr) {
        (void)reterr;
        return choose_bool(value, target, "external", "bundled");
}

static int parse_pull(const char *value, void *target, char **reterr) {
        (void)reterr;
        return choose_bool(value, target, "missing", "never");
}

static int parse_fresh(const char *value, void *target, char **reterr) {
        static const char *const words[] = {
                [FRESH_AUTO] = "auto", [FRESH_LOAD] = "load", [FRESH_REPLAY] = "replay"};

        (void)reterr;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(value, words[i])) {
                        *(FreshMode *)target = (FreshMode)i;
                        return 0;
                }
        return -EINVAL;
}

/* --- numbers ------------------------------------------------------------------------------------------ */

static int parse_count(const char *value, void *target, char **reterr) {
        uint64_t n;

        (void)reterr;
        if (parse_uint(value, 1000, &n) < 0)
                return -EINVAL;
        *(unsigned *)target = (unsigned)n;
        return 0;
}

/* Fewer than a service that starts writes would hide why it does not. */
static int parse_lines(const char *value, void *target, char **reterr) {
        uint64_t n;

        (void)reterr;
        if (parse_uint(value, 1000000000, &n) < 0 || (n > 0 && n < 1000))
                return -EINVAL;
        *(unsigned *)target = (unsigned)n;
        return 0;
}

static const struct {
        const char *name;
        uint64_t usec;
} span_units[] = {
        {"", 1000000},
        {"us", 1},
        {"ms", 1000},
        {"s", 1000000},
        {"sec", 1000000},
        {"m", 60000000},
        {"min", 60000000},
        {"h", 3600000000},
};

#define SPAN_MAX_USEC 86400000000U /* a day */

/* One "90s" of a span; answers what follows it, or NULL. */
static const char *parse_span_part(const char *s, uint64_t *ret) {
        size_t n_digits = strspn(s, DIGITS), n_unit;
        _cleanup_(freep) char *digits = xstrndup(s, n_digits);
        uint64_t n;

        s += n_digits;
        s += strspn(s, " ");
        n_unit = strspn(s, LETTERS);
        if (parse_uint(digits, SPAN_MAX_USEC, &n) < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(span_units); i++)
                if (strlen(span_units[i].name) == n_unit &&
                    strncmp(s, span_units[i].name, n_unit) == 0) {
                        if (n > SPAN_MAX_USEC / span_units[i].usec)
                                return NULL;
                        *ret = n * span_units[i].usec;
                        s += n_unit;
                        return s + strspn(s, " ");
                }
        return NULL;
}

static int parse_span(const char *value, void *target, char **reterr) {
        uint64_t total = 0, part = 0;

        (void)reterr;
        if (isempty(value))
                return -EINVAL;
        while (*value) {
                value = parse_span_part(value, &part);
                if (!value || total + part > SPAN_MAX_USEC)
                        return -EINVAL;
                total += part;
        }
        if (total < 100000)
                return -EINVAL;
        *(uint64_t *)target = total;
        return 0;
}

/* --- strings ------------------------------------------------------------------------------------------ */

/* Takes @value when all of its bytes are of @first (the first) and @rest. */
static int take_word(const char *value, void *target, const char *first, const char *rest,
                     size_t max) {
        if (!*value || !strchr(first, *value) || strspn(value, rest) != strlen(value) ||
            strlen(value) > max)
                return -EINVAL;
        free_and_strdup(target, value);
        return 0;
}

static int parse_size(const char *value, void *target, char **reterr) {
        size_t n = strspn(value, DIGITS);

        (void)reterr;
        if (n == 0 || n > 9 || value[0] == '0' || !value[n] || !strchr("KMG", value[n]) ||
            value[n + 1])
                return -EINVAL;
        free_and_strdup(target, value);
        return 0;
}

/* What follows "1.2.3" in @s, or NULL. */
static const char *skip_three_numbers(const char *s) {
        for (unsigned i = 0; i < 3; i++) {
                size_t n = strspn(s, DIGITS);

                if (n == 0 || n > 6 || (i > 0 && s[-1] != '.'))
                        return NULL;
                s += n;
                if (i < 2 && *s++ != '.')
                        return NULL;
        }
        return s;
}

static bool is_release(const char *s) {
        const char *end = *s == 'v' ? skip_three_numbers(s + 1) : NULL;

        return end && !*end;
}

static int parse_release(const char *value, void *target, char **reterr) {
        const char *end = skip_three_numbers(value);

        if (!is_release(value)) {
                if (end && !*end)
                        *reterr = xasprintf("write it with its letter: v%s", value);
                return -EINVAL;
        }
        if (release_number(value) > 0 && release_number(value) < release_number(RELEASES_OLDEST)) {
                *reterr = xstrdup("it is older than " RELEASES_OLDEST ", the oldest release whose worker can be asked whether it "
                                  "is ready; write " RELEASES_OLDEST " or later, which takes its database over");
                return -EINVAL;
        }
        free_and_strdup(target, value);
        return 0;
}

static int parse_releases(const char *value, void *target, char **reterr) {
        _cleanup_(strv_freep) char **words = strv_split(value, " \t,");

        STRV_FOREACH(i, words)
                if (!is_release(*i)) {
                        *reterr = xasprintf(
                                "\"%s\" is no release; write them like v1.45.0, with spaces "
                                "between",
                                *i);
                        return -EINVAL;
                }
        clear_strv(target);
        *(char ***)target = TAKE_PTR(words);
        return 0;
}

#define VERSION_DIGITS 14 /* of a migration in Rails: 20240102030405 */

static int parse_versions(const char *value, void *target, char **reterr) {
        _cleanup_(strv_freep) char **words = strv_split(value, " \t,");

        STRV_FOREACH(i, words)
                if (strlen(*i) != VERSION_DIGITS || strspn(*i, DIGITS) != VERSION_DIGITS) {
                        *reterr = xasprintf("\"%s\" is no version of a migration; write its 14 digits, such as "
                                            "20240102030405, with spaces between",
                                            *i);
                        return -EINVAL;
                }
        clear_strv(target);
        *(char ***)target = TAKE_PTR(words);
        return 0;
}

static int parse_volume(const char *value, void *target, char **reterr) {
        if (value[0] == '/')
                *reterr = xstrdup("write the name of a volume, not a path");
        return take_word(value, target, LETTERS CAPITALS DIGITS, LETTERS CAPITALS DIGITS "_.-", 64);
}

static int parse_network(const char *value, void *target, char **reterr) {
        /* The engine's own words, and its default network, whose containers do not find each other by name. */
        static const char *const reserved[] = {"bridge", "container", "default", "host",
                                               "none", "ns", "pasta", "podman",
                                               "private", "slirp4netns"};

        for (size_t i = 0; i < ELEMENTSOF(reserved); i++)
                if (streq(value, reserved[i])) {
                        *reterr = xasprintf(
                                "\"%s\" means something else to the container engine; write "
                                "another name, "
                                "such as lago",
                                value);
                        return -EINVAL;
                }
        return take_word(value, target, LETTERS CAPITALS DIGITS, LETTERS CAPITALS DIGITS "_.-", 64);
}

static int parse_path(const char *value, void *target, char **reterr) {
        if (isempty(value)) {
                clear_string(target);
                return 0;
        }
        if (value[0] != '/')
                return -EINVAL;
        /* It becomes SOURCE:DESTINATION:OPTIONS of a mount. */
        if (strpbrk(value, ":,")) {
                *reterr = xstrdup(
                        "a path with ':' or ',' cannot be mounted; use another name for the "
                        "file");
                return -EINVAL;
        }
        free_and_strdup(target, value);
        return 0;
}

/* Words with spaces between; quotes of either kind keep spaces inside a word. */
static int split_arguments(const char *s, char ***ret) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_(freep) char *word = xcalloc(strlen(s) + 1, 1);

        for (s += strspn(s, " \t"); *s; s += strspn(s, " \t")) {
                char *out = word;

                for (char quote = '\0'; *s && (quote || !strchr(" \t", *s)); s++)
                        if (quote ? *s == quote : strchr("'\"", *s) != NULL) {
                                if (quote == '\0' && !strchr(s + 1, *s))
                                        return -EINVAL;
                                quote = quote ? '\0' : *s;
                        } else
                                *out++ = *s;
                *out = '\0';
                strv_add(&words, word);
        }
        *ret = TAKE_PTR(words);
        return 0;
}

static int parse_arguments(const char *value, void *target, char **reterr) {
        char **words = NULL;

        (void)reterr;
        if (split_arguments(value, &words) < 0)
                return -EINVAL;
        clear_strv(target);
        *(char ***)target = words;
        return 0;
}

static const char *const pools[] = {"ai_agent", "alerts", "analytics", "billing", "clock",
                                    "events", "payments", "pdfs", "wallets", "webhook"};

const char *const *config_pools(size_t *ret_n) {
        *ret_n = ELEMENTSOF(pools);
        return pools;
}

static int check_pool(const char *name, char *const *others, char **reterr) {
        const char *nearest;

        if (strv_contains(others, name)) {
                *reterr = xasprintf("\"%s\" is named twice; name it once", name);
                return -EINVAL;
        }
        for (size_t i = 0; i < ELEMENTSOF(pools); i++)
                if (streq(name, pools[i]))
                        return 0;
        nearest = nearest_word(name, pools, ELEMENTSOF(pools));
        if (nearest)
                *reterr = xasprintf("Lago has no pool \"%s\"; did you mean %s?", name, nearest);
        return -EINVAL;
}

/* "events*3": takes the number off @word. Errors: -EINVAL, *@reterr says what is right. */
static int split_processes(char *word, unsigned *ret_n, char **reterr) {
        char *star = strchr(word, '*');

        *ret_n = 1;
        if (!star)
                return 0;
        if (parse_count(star + 1, ret_n, reterr) < 0 || *ret_n < 1 || *ret_n > POOL_PROCESSES_MAX) {
                free(*reterr);
                *reterr = xasprintf("behind '*' stands how many processes the pool has here, from 1 to %u", POOL_PROCESSES_MAX);
                return -EINVAL;
        }
        *star = '\0';
        return 0;
}

static int parse_pools(const char *value, void *target, char **reterr) {
        _cleanup_(strv_freep) char **words = strv_split(value, " \t,"), **taken = NULL;
        unsigned processes;

        STRV_FOREACH(i, words) {
                if (split_processes(*i, &processes, reterr) < 0 || check_pool(*i, taken, reterr) < 0)
                        return -EINVAL;
                strv_add(&taken, *i);
                for (unsigned n = 2; n <= processes; n++)
                        strv_addf(&taken, "%s-%u", *i, n);
        }
        clear_strv(target);
        *(char ***)target = TAKE_PTR(taken);
        return 0;
}

/* clang-format off */
const ConfigType config_type_yes_no     = {parse_yes_no, NULL, "write yes or no"};
const ConfigType config_type_place      = {parse_place, NULL, "write bundled or external"};
const ConfigType config_type_pull       = {parse_pull, NULL, "write missing or never"};
const ConfigType config_type_fresh      = {parse_fresh, NULL, "write auto, load or replay"};
const ConfigType config_type_count      = {parse_count, NULL, "write a number from 0 to 1000"};
const ConfigType config_type_lines      = {parse_lines, NULL, "write a number from 1000 to 1000000000, or 0"};
const ConfigType config_type_span       = {parse_span, NULL, "write a time from 100ms to 24h, such as 10s, 1min or 500ms"};
const ConfigType config_type_size       = {parse_size, clear_string, "write a size such as 256M or 1G"};
const ConfigType config_type_release    = {parse_release, clear_string, "write a release such as v1.50.0"};
const ConfigType config_type_releases   = {parse_releases, clear_strv, "write releases such as v1.45.0, with spaces between"};
const ConfigType config_type_versions   = {parse_versions, clear_strv, "write versions such as 20240102030405, with spaces between"};
const ConfigType config_type_origin_url = {value_parse_origin_url, clear_string, "write a URL such as https://lago.example.com"};
const ConfigType config_type_url        = {value_parse_url, clear_string, "write a URL such as https://api.example.com"};
const ConfigType config_type_listen     = {value_parse_listen, clear_listen, "write ADDRESS:PORT, such as 127.0.0.1:3000 or 0.0.0.0:3000"};
const ConfigType config_type_pools      = {parse_pools, clear_strv, "write names out of: ai_agent alerts analytics billing clock events payments pdfs wallets webhook; events*3 for three processes"};
const ConfigType config_type_path       = {parse_path, clear_string, "write an absolute path"};
const ConfigType config_type_image      = {value_parse_image, clear_string, "write an image such as getlago/api, getlago/api:v1.50.0 or getlago/api@sha256:DIGEST"};
const ConfigType config_type_registry   = {value_parse_registry, clear_string, "write a registry such as docker.io or registry.example.com:5000"};
const ConfigType config_type_volume     = {parse_volume, clear_string, "write a name of letters, digits, '_', '.' and '-'"};
const ConfigType config_type_network    = {parse_network, clear_string, "write a name of letters, digits, '_', '.' and '-'"};
const ConfigType config_type_arguments  = {parse_arguments, clear_strv, "a quote is not closed"};
/* clang-format on */
