/* SPDX-License-Identifier: MIT */
#include "config/values.h"

#include "base/util.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

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

static const struct {
        const char *name;
        uint64_t usec;
} span_units[] = {
        {"", 1000000},    {"us", 1},       {"ms", 1000},      {"s", 1000000},
        {"sec", 1000000}, {"m", 60000000}, {"min", 60000000}, {"h", 3600000000},
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
        free_and_strdup(target, value);
        return 0;
}

static int parse_releases(const char *value, void *target, char **reterr) {
        _cleanup_(strv_freep) char **words = strv_split(value, " \t,");

        STRV_FOREACH(i, words)
                if (!is_release(*i)) {
                        *reterr = xasprintf(
                                "\"%s\" is no release; write them like v1.45.0, with spaces between",
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
        static const char *const reserved[] = {"bridge",  "container",  "default", "host",
                                               "none",    "ns",         "pasta",   "podman",
                                               "private", "slirp4netns"};

        for (size_t i = 0; i < ELEMENTSOF(reserved); i++)
                if (streq(value, reserved[i])) {
                        *reterr = xasprintf(
                                "\"%s\" means something else to the container engine; write another name, "
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
                        "a path with ':' or ',' cannot be mounted; use another name for the file");
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

static const char *const pools[] = {"ai_agent", "alerts",   "analytics", "billing", "clock",
                                    "events",   "payments", "pdfs",      "wallets", "webhook"};

const char *const *config_pools(size_t *ret_n) {
        *ret_n = ELEMENTSOF(pools);
        return pools;
}

static int check_pool(const char *name, char *const *others, char **reterr) {
        const char *nearest = nearest_word(name, pools, ELEMENTSOF(pools));

        if (strv_contains(others, name)) {
                *reterr = xasprintf("\"%s\" is named twice; name it once", name);
                return -EINVAL;
        }
        for (size_t i = 0; i < ELEMENTSOF(pools); i++)
                if (streq(name, pools[i]))
                        return 0;
        if (nearest)
                *reterr = xasprintf("Lago has no pool \"%s\"; did you mean %s?", name, nearest);
        return -EINVAL;
}

static int parse_pools(const char *value, void *target, char **reterr) {
        _cleanup_(strv_freep) char **words = strv_split(value, " \t,"), **taken = NULL;

        STRV_FOREACH(i, words) {
                if (check_pool(*i, taken, reterr) < 0)
                        return -EINVAL;
                strv_add(&taken, *i);
        }
        clear_strv(target);
        *(char ***)target = TAKE_PTR(taken);
        return 0;
}

/* --- addresses ---------------------------------------------------------------------------------------- */

static bool is_address(const char *s) {
        struct in6_addr any;

        return inet_pton(strchr(s, ':') ? AF_INET6 : AF_INET, s, &any) == 1;
}

static int parse_port(const char *s, uint16_t *ret) {
        uint64_t n;

        if (strlen(s) > 5 || parse_uint(s, 65535, &n) < 0 || n == 0)
                return -EINVAL;
        *ret = (uint16_t)n;
        return 0;
}

static int parse_listen(const char *value, void *target, char **reterr) {
        Listen *listen = target;
        const char *colon = strrchr(value, ':');
        size_t n = colon ? (size_t)(colon - value) : 0;
        bool brackets = n >= 2 && value[0] == '[' && value[n - 1] == ']';
        _cleanup_(freep) char *address = xstrndup(value + brackets, brackets ? n - 2 : n);
        uint16_t port;

        if (parse_port(colon ? colon + 1 : value, &port) < 0)
                return -EINVAL;
        if (n == 0 || streq(address, "localhost")) {
                *reterr = xasprintf(
                        "write a numeric address and a port: 127.0.0.1:%u, or 0.0.0.0:%u to be reached "
                        "from other hosts",
                        port, port);
                return -EINVAL;
        }
        if (!is_address(address) || brackets != (strchr(address, ':') != NULL))
                return -EINVAL;
        free_and_strdup(&listen->address, address);
        listen->port = port;
        return 0;
}

bool listen_is_loopback(const Listen *listen) {
        return host_is_local(listen->address) && !streq(listen->address, "0.0.0.0") &&
               !streq(listen->address, "::");
}

bool host_is_local(const char *host) {
        return strcasecmp(host, "localhost") == 0 || streq(host, "::1") || streq(host, "::") ||
               streq(host, "0.0.0.0") || (startswith(host, "127.") && is_address(host));
}

char *url_host(const char *url) {
        const char *start = strstr(url, "://"), *at;
        size_t n;

        if (!start)
                return NULL;
        start += 3;
        n = strcspn(start, "/?#");
        at = memrchr(start, '@', n);
        if (at) {
                n -= (size_t)(at + 1 - start);
                start = at + 1;
        }
        if (n > 0 && start[0] == '[') {
                start++;
                n = strcspn(start, "]/?#");
        } else if (memchr(start, ':', n))
                n = (size_t)((const char *)memchr(start, ':', n) - start);
        return n > 0 ? xstrndup(start, n) : NULL;
}

/* Host, port and path of what follows "http://". */
static int check_authority(const char *s, bool path_allowed, char **reterr) {
        size_t n = strcspn(s, "/");
        _cleanup_(freep) char *authority = xstrndup(s, n);
        size_t n_host = authority[0] == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":");
        const char *rest = n_host <= n ? authority + n_host : NULL;
        _cleanup_(freep) char *host = xstrndup(authority, n_host);
        uint16_t port;

        if (!rest || n_host == 0 || strspn(host, LETTERS CAPITALS DIGITS "-._:[]") != strlen(host))
                return -EINVAL;
        if (*rest && (*rest != ':' || parse_port(rest + 1, &port) < 0)) {
                *reterr = xstrdup("the port must be a number from 1 to 65535");
                return -EINVAL;
        }
        if (s[n] && s[n + 1] && !path_allowed) {
                *reterr = xstrdup("Lago's front knows no path; write scheme, host and port only");
                return -EINVAL;
        }
        return 0;
}

static int parse_any_url(const char *value, void *target, bool path_allowed, char **reterr) {
        const char *rest = startswith(value, "http://");
        size_t n = strlen(value);

        if (!rest)
                rest = startswith(value, "https://");
        if (!rest) {
                if (*value && !strstr(value, "://"))
                        *reterr = xasprintf("it lacks its scheme; write https://%s or http://%s",
                                            value, value);
                return -EINVAL;
        }
        if (strpbrk(value, "?#@ \t\"'\\<>")) {
                *reterr = xstrdup("write it without user, query and fragment");
                return -EINVAL;
        }
        if (check_authority(rest, path_allowed, reterr) < 0)
                return -EINVAL;
        free_and_strdup(target, value);
        /* Lago puts paths behind it. */
        if (value[n - 1] == '/')
                (*(char **)target)[n - 1] = '\0';
        return 0;
}

static int parse_origin_url(const char *value, void *target, char **reterr) {
        return parse_any_url(value, target, /* path_allowed= */ false, reterr);
}

static int parse_url(const char *value, void *target, char **reterr) {
        return parse_any_url(value, target, /* path_allowed= */ true, reterr);
}

/* --- images ------------------------------------------------------------------------------------------- */

static bool is_digest(const char *s) {
        const char *hex = startswith(s, "sha256:");

        return hex && strlen(hex) == 64 && strspn(hex, DIGITS "abcdef") == 64;
}

/* Path components of an image's name, between slashes; a registry with a port may be the first. */
static bool is_image_name(const char *s) {
        size_t n = strlen(s);

        return n > 0 && n < 200 && strspn(s, LETTERS DIGITS "._-/") == n &&
               isalnum((unsigned char)s[0]) && s[n - 1] != '/' && !strstr(s, "//") &&
               !strstr(s, "..");
}

/* Takes the port out of "registry.example.com:5000/name", in place. */
static int drop_port(char *name) {
        size_t n_host = strcspn(name, "/");
        char *colon = memchr(name, ':', n_host);
        uint16_t port;

        if (colon) {
                _cleanup_(freep) char *number =
                        xstrndup(colon + 1, (size_t)(name + n_host - colon - 1));

                if (parse_port(number, &port) < 0)
                        return -EINVAL;
                memmove(colon, name + n_host, strlen(name + n_host) + 1);
        }
        return 0;
}

static int parse_image(const char *value, void *target, char **reterr) {
        _cleanup_(freep) char *name = xstrdup(value);
        char *at = strchr(name, '@'), *slash, *colon;

        if (at && !is_digest(at + 1)) {
                *reterr = xstrdup("behind '@' stands a digest: sha256: and 64 hexadecimal digits");
                return -EINVAL;
        }
        if (at)
                *at = '\0';
        slash = strrchr(name, '/');
        colon = strrchr(name, ':');
        if (colon && (!slash || colon > slash)) {
                size_t n = strlen(colon + 1);

                if (n == 0 || n > 128 || strspn(colon + 1, LETTERS CAPITALS DIGITS "_.-") != n)
                        return -EINVAL;
                *colon = '\0';
        }
        if ((slash && drop_port(name) < 0) || !is_image_name(name))
                return -EINVAL;
        free_and_strdup(target, value);
        return 0;
}

static int parse_registry(const char *value, void *target, char **reterr) {
        _cleanup_(freep) char *name = xstrdup(value);

        if (strstr(value, "://")) {
                *reterr = xstrdup("write it without its scheme: docker.io");
                return -EINVAL;
        }
        if (drop_port(name) < 0 || !is_image_name(name))
                return -EINVAL;
        free_and_strdup(target, value);
        return 0;
}

/* clang-format off */
const ConfigType config_type_yes_no     = {parse_yes_no, NULL, "write yes or no"};
const ConfigType config_type_place      = {parse_place, NULL, "write bundled or external"};
const ConfigType config_type_pull       = {parse_pull, NULL, "write missing or never"};
const ConfigType config_type_fresh      = {parse_fresh, NULL, "write auto, load or replay"};
const ConfigType config_type_count      = {parse_count, NULL, "write a number from 0 to 1000"};
const ConfigType config_type_span       = {parse_span, NULL, "write a time from 100ms to 24h, such as 10s, 1min or 500ms"};
const ConfigType config_type_size       = {parse_size, clear_string, "write a size such as 256M or 1G"};
const ConfigType config_type_release    = {parse_release, clear_string, "write a release such as v1.50.0"};
const ConfigType config_type_releases   = {parse_releases, clear_strv, "write releases such as v1.45.0, with spaces between"};
const ConfigType config_type_origin_url = {parse_origin_url, clear_string, "write a URL such as https://lago.example.com"};
const ConfigType config_type_url        = {parse_url, clear_string, "write a URL such as https://api.example.com"};
const ConfigType config_type_listen     = {parse_listen, clear_listen, "write ADDRESS:PORT, such as 127.0.0.1:3000 or [::1]:3000"};
const ConfigType config_type_pools      = {parse_pools, clear_strv, "write names out of: ai_agent alerts analytics billing clock events payments pdfs wallets webhook"};
const ConfigType config_type_path       = {parse_path, clear_string, "write an absolute path"};
const ConfigType config_type_image      = {parse_image, clear_string, "write an image such as getlago/api, getlago/api:v1.50.0 or getlago/api@sha256:DIGEST"};
const ConfigType config_type_registry   = {parse_registry, clear_string, "write a registry such as docker.io or registry.example.com:5000"};
const ConfigType config_type_volume     = {parse_volume, clear_string, "write a name of letters, digits, '_', '.' and '-'"};
const ConfigType config_type_network    = {parse_network, clear_string, "write a name of letters, digits, '_', '.' and '-'"};
const ConfigType config_type_arguments  = {parse_arguments, clear_strv, "a quote is not closed"};
/* clang-format on */
