/* SPDX-License-Identifier: MIT */
#include "config/rubyurl.h"

#include "base/util.h"

#include <arpa/inet.h>
#include <ctype.h>

#define ALNUM      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define UNRESERVED ALNUM "-_.!~*'()"
#define LOGIN      UNRESERVED ";:&=+$,"
#define HOST       ALNUM "-."
#define PATH       UNRESERVED ":@&=+$,;/"
#define QUERY      PATH "?[]"

/* Bytes of the character that begins with this one, as far as @n and UTF-8 go. */
static size_t character_size(const char *s, size_t n) {
        size_t size = 1;

        while (size < n && size < 4 && ((unsigned char)s[size] & 0xc0) == 0x80)
                size++;
        return size;
}

static bool is_taken(const char *s, size_t n, const char *allowed) {
        if (*s == '%')
                return n > 2 && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2]);
        return *s != '\0' && strchr(allowed, *s);
}

/* The first character of @s that is none of @allowed, with what to write in its place; NULL when all are. */
static char *object(const char *s, size_t n, const char *allowed, const char *where) {
        _cleanup_(freep) char *encoded = NULL;
        size_t size;

        while (n > 0 && is_taken(s, n, allowed)) {
                s++;
                n--;
        }
        if (n == 0)
                return NULL;
        size = (unsigned char)*s >= 0x80 ? character_size(s, n) : 1;
        encoded = xcalloc(size * 3 + 1, 1);
        for (size_t i = 0; i < size; i++) {
                static const char digits[] = "0123456789ABCDEF";

                encoded[3 * i] = '%';
                encoded[3 * i + 1] = digits[(unsigned char)s[i] >> 4];
                encoded[3 * i + 2] = digits[(unsigned char)s[i] & 15];
        }
        if (*s > 0x20 && *s < 0x7f)
                return xasprintf("the character %c in %s, which Ruby does not take; write it as %s",
                                 *s, where, encoded);
        return xasprintf("a %s in %s, which Ruby does not take; write it as %s",
                         *s == ' '                  ? "space"
                         : (unsigned char)*s < 0x80 ? "control character"
                                                    : "letter beyond ASCII",
                         where, encoded);
}

/* What stands behind "[". */
static char *object_address(const char *s, size_t n) {
        const char *end = memchr(s, ']', n);
        _cleanup_(freep) char *address = end ? xstrndup(s, (size_t)(end - s)) : NULL;
        struct in6_addr any;

        if (memchr(s, '%', n))
                return xstrdup("an address with a zone, which Rails does not take");
        /* A bracket that is never closed is reported by whoever reads the rest. */
        return address && inet_pton(AF_INET6, address, &any) != 1
                       ? xstrdup("no IPv6 address between \"[\" and \"]\"")
                       : NULL;
}

/* What stands between "@" and the path; @with_login: there is an "@". */
static char *object_host(const char *s, size_t n, bool with_login) {
        size_t n_name = n > 0 && *s == '[' ? 0 : strcspn(s, ":/?#");

        n_name = n_name < n ? n_name : n;
        if (memchr(s, ',', n))
                return xstrdup(
                        "several hosts, which Rails does not take in this place; write one there, and all behind: "
                        "postgresql://USER:PASSWORD@HOST1/DATABASE?host=HOST1,HOST2");
        if (n > 0 && *s == '[')
                return object_address(s + 1, n - 1);
        if (n_name == 0 && (with_login || n > 0))
                return xstrdup("no host behind the \"@\"; Rails does not take that");
        if (memchr(s, '_', n_name))
                return xstrdup(
                        "the character _ in the host's name, which Rails does not take; write another name of it, or its "
                        "address");
        return object(s, n_name, HOST, "the host's name");
}

char *ruby_url_objection(const char *url, bool of_rails) {
        const char *s = strstr(url, "://"), *at, *end, *query;
        char *objection = NULL;

        if (!s)
                return NULL;
        s += 3;
        end = s + strcspn(s, "/?#");
        at = memrchr(s, '@', (size_t)(end - s));
        if (!at && strchr(end, '@'))
                return xstrdup(
                        "a /, ? or # in front of the \"@\"; in a password they are written %2F, %3F and %23");
        if (at)
                objection = object(s, (size_t)(at - s), LOGIN, "the user or password");
        s = at ? at + 1 : s;
        if (!objection && of_rails)
                objection = end == s && *end != '/' && !at
                                    ? xstrdup("nothing behind the \"//\"; Ruby does not take that")
                                    : object_host(s, (size_t)(end - s), at != NULL);
        query = end + strcspn(end, "?");
        if (!objection)
                objection = object(end, (size_t)(query - end), PATH, "the part behind the host");
        return objection ? objection
                         : object(query, strlen(query), QUERY, "the part behind the \"?\"");
}
