/* SPDX-License-Identifier: MIT */
#include "config/dburl.h"

#include "base/util.h"
#include "config/dburl-values.h"

#include <strings.h>

DbUrl *dburl_free(DbUrl *url) {
        if (!url)
                return NULL;
        strv_free(url->keywords);
        strv_free(url->values);
        free(url->schema);
        strv_free(url->dropped);
        free(url);
        return NULL;
}

void dburl_freep(DbUrl **url) {
        *url = dburl_free(*url);
}

const char *dburl_get(const DbUrl *url, const char *keyword) {
        for (size_t i = 0; url->keywords && url->keywords[i]; i++)
                if (streq(url->keywords[i], keyword))
                        return url->values[i];
        return NULL;
}

void dburl_set(DbUrl *url, const char *keyword, const char *value) {
        for (size_t i = 0; url->keywords && url->keywords[i]; i++)
                if (streq(url->keywords[i], keyword)) {
                        free_and_strdup(&url->values[i], value);
                        return;
                }
        strv_add(&url->keywords, keyword);
        strv_add(&url->values, value);
}

/* What libpq 15 and Rails' adapter both know; Rails drops every other parameter without a word, and so do we. */
static const char *const keywords[] = {
        "application_name",
        "channel_binding",
        "client_encoding",
        "connect_timeout",
        "dbname",
        "fallback_application_name",
        "gssencmode",
        "gsslib",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "options",
        "passfile",
        "password",
        "port",
        "replication",
        "requirepeer",
        "service",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcompression",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslmode",
        "sslpassword",
        "sslrootcert",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
        "user",
};

static bool is_libpq_keyword(const char *s) {
        for (size_t i = 0; i < ELEMENTSOF(keywords); i++)
                if (streq(keywords[i], s))
                        return true;
        return false;
}

int dburl_parse_redis(const char *url, DbUrl **ret) {
        const char *rest = strstr(url, "://");
        _cleanup_(freep) char *same_shape = rest ? xasprintf("postgresql%.*s", (int)strcspn(rest, "?"), rest) : NULL;
        _cleanup_(freep) char *error = NULL;

        return rest ? dburl_parse(same_shape, ret, &error) : -EINVAL;
}

const char *dburl_keyword_meant(const char *name) {
        const char *nearest;

        /* As other clients of PostgreSQL have it. */
        if (strcasecmp(name, "ssl") == 0)
                return "sslmode";
        nearest = nearest_word(name, keywords, ELEMENTSOF(keywords));
        return nearest && strlen(name) > 4 && word_distance(name, nearest) <= 2 ? nearest : NULL;
}

static int hex_digit(char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/* @n bytes of @s with %XX resolved; NULL for a "%" that starts no such thing, or one for a zero byte. */
static char *decode(const char *s, size_t n) {
        char *text = xcalloc(n + 1, 1), *out = text;

        for (size_t i = 0; i < n; i++) {
                int high = -1, low = -1;

                if (s[i] != '%') {
                        *out++ = s[i];
                        continue;
                }
                if (n - i > 2) {
                        high = hex_digit(s[i + 1]);
                        low = hex_digit(s[i + 2]);
                }
                if (high < 0 || low < 0 || high + low == 0) {
                        free(text);
                        return NULL;
                }
                *out++ = (char)(high * 16 + low);
                i += 2;
        }
        return text;
}

static int refuse(char **reterr, const char *text) {
        *reterr = xstrdup(text);
        return -EINVAL;
}

static int set_decoded(DbUrl *url, const char *keyword, const char *s, size_t n, char **reterr) {
        _cleanup_(freep) char *value = decode(s, n);

        if (!value)
                return refuse(reterr, "a \"%\" that is not followed by two hexadecimal digits; write it as %25");
        if (n > 0)
                dburl_set(url, keyword, value);
        return 0;
}

/* "user:password" in front of the "@". */
static int parse_login(DbUrl *url, const char *s, size_t n, char **reterr) {
        const char *colon = memchr(s, ':', n);
        size_t n_user = colon ? (size_t)(colon - s) : n;
        int r = set_decoded(url, "user", s, n_user, reterr);

        return r >= 0 && colon ? set_decoded(url, "password", colon + 1, n - n_user - 1, reterr) : r;
}

/* One "host:port", "[::1]:5432" or "host"; either half may be empty. Appends to both vectors. */
static int parse_host(const char *s, size_t n, char ***hosts, char ***ports, char **reterr) {
        const char *end = s + n, *host = s, *host_end, *after;
        char *decoded;

        if (n > 0 && *s == '[') {
                host = s + 1;
                host_end = memchr(host, ']', (size_t)(end - host));
                if (!host_end)
                        return refuse(reterr, "an IPv6 address without its closing \"]\"");
                after = host_end + 1;
        } else {
                host_end = memchr(s, ':', n);
                host_end = after = host_end ? host_end : end;
        }
        if (after < end && (*after != ':' || (after + 1 < end && !dburl_is_port(after + 1, (size_t)(end - after - 1)))))
                return refuse(reterr, "the port is not a number from 1 to 65535 (an IPv6 address needs \"[]\")");
        decoded = decode(host, (size_t)(host_end - host));
        if (!decoded)
                return refuse(reterr, "a \"%\" in the host that is not followed by two hexadecimal digits");
        strv_take(hosts, decoded);
        strv_take(ports, after < end ? xstrndup(after + 1, (size_t)(end - after - 1)) : xstrdup(""));
        return 0;
}

/* Whether any of the strings says something. */
static bool any_text(char *const *v) {
        STRV_FOREACH(s, v)
                if (**s != '\0')
                        return true;
        return false;
}

static void set_list(DbUrl *url, const char *keyword, char *const *v) {
        _cleanup_(freep) char *list = strv_join(v, ",");

        dburl_set(url, keyword, list);
}

/* "host:port,host:port" behind the "@". */
static int parse_hosts(DbUrl *url, const char *s, size_t n, char **reterr) {
        _cleanup_(strv_freep) char **hosts = NULL, **ports = NULL;
        const char *end = s + n;

        for (;;) {
                const char *comma = memchr(s, ',', (size_t)(end - s));
                int r = parse_host(s, (size_t)((comma ? comma : end) - s), &hosts, &ports, reterr);

                if (r < 0)
                        return r;
                if (!comma)
                        break;
                s = comma + 1;
        }
        if (any_text(hosts))
                set_list(url, "host", hosts);
        if (any_text(ports))
                set_list(url, "port", ports);
        return 0;
}

static int parse_parameter(DbUrl *url, const char *s, size_t n, char **reterr) {
        const char *equals = memchr(s, '=', n);
        _cleanup_(freep) char *key = NULL, *value = NULL;

        if (n == 0)
                return 0;
        if (!equals)
                return refuse(reterr, "a parameter behind the \"?\" without \"=\"");
        key = decode(s, (size_t)(equals - s));
        value = decode(equals + 1, n - (size_t)(equals - s) - 1);
        if (!key || !value)
                return refuse(reterr, "a \"%\" behind the \"?\" that is not followed by two hexadecimal digits");
        if (streq(key, "schema_search_path"))
                free_and_strdup(&url->schema, *value ? value : NULL);
        else if (streq(key, "username"))
                dburl_set(url, "user", value);
        else if (streq(key, "database"))
                dburl_set(url, "dbname", value);
        else if (!is_libpq_keyword(key))
                strv_add(&url->dropped, key);
        else if (!dburl_takes(key, value)) {
                *reterr = xasprintf("a value of %s that PostgreSQL's client does not know", key);
                return -EINVAL;
        } else
                dburl_set(url, key, value);
        return 0;
}

static int parse_parameters(DbUrl *url, const char *s, char **reterr) {
        while (*s) {
                size_t n = strcspn(s, "&");
                int r = parse_parameter(url, s, n, reterr);

                if (r < 0)
                        return r;
                s += n + (s[n] == '&');
        }
        return 0;
}

static const char *skip_scheme(const char *s) {
        static const char *const schemes[] = {"postgresql://", "postgres://"};

        for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                const char *rest = startswith(s, schemes[i]);

                if (rest)
                        return rest;
        }
        return NULL;
}

static int parse_url(DbUrl *url, const char *s, char **reterr) {
        size_t n_authority = strcspn(s, "/?"), n_path;
        const char *at = memrchr(s, '@', n_authority);
        int r = 0;

        if (at) {
                r = parse_login(url, s, (size_t)(at - s), reterr);
                n_authority -= (size_t)(at + 1 - s);
                s = at + 1;
        }
        if (r >= 0 && n_authority > 0)
                r = parse_hosts(url, s, n_authority, reterr);
        s += n_authority;
        if (r >= 0 && *s == '/') {
                s++;
                n_path = strcspn(s, "?");
                r = set_decoded(url, "dbname", s, n_path, reterr);
                s += n_path;
        }
        return r >= 0 && *s == '?' ? parse_parameters(url, s + 1, reterr) : r;
}

/* How many a list has; an empty one none. */
static size_t n_listed(const char *list) {
        size_t n = isempty(list) ? 0 : 1;

        for (const char *c = n > 0 ? list : ""; *c; c++)
                n += *c == ',';
        return n;
}

/* As libpq counts before it tries to connect. */
static bool lists_match(const DbUrl *url) {
        size_t hosts = n_listed(dburl_get(url, "host")), addresses = n_listed(dburl_get(url, "hostaddr"));
        size_t ports = n_listed(dburl_get(url, "port")), most = hosts > addresses ? hosts : addresses;

        return (hosts == 0 || addresses == 0 || hosts == addresses) && (ports <= 1 || ports == most);
}

int dburl_parse(const char *url, DbUrl **ret, char **reterr) {
        _cleanup_(dburl_freep) DbUrl *parsed = xcalloc(1, sizeof(DbUrl));
        const char *s = skip_scheme(url);
        int r;

        if (!s)
                return refuse(reterr, "it must start with postgresql:// or postgres://");
        for (const char *c = s; *c; c++)
                if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '#')
                        return refuse(reterr, "a space, control character or \"#\"; write it as %20, %23 and so on");
        r = parse_url(parsed, s, reterr);
        if (r < 0)
                return r;
        if (!lists_match(parsed))
                return refuse(reterr, "lists of hosts, addresses and ports that differ in length; write one of each, or as many");
        *ret = TAKE_PTR(parsed);
        return 0;
}
