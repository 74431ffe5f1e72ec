/* SPDX-License-Identifier: MIT */
#include "config/mask.h"

#include "base/util.h"

#include <ctype.h>

static bool is_one_of(const char *s, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcasecmp(s, words[i]) == 0)
                        return true;
        return false;
}

static bool has_ending(const char *name, const char *const *endings, size_t n_endings) {
        size_t n = strlen(name);

        for (size_t i = 0; i < n_endings; i++) {
                size_t m = strlen(endings[i]);

                if (n >= m && streq(name + n - m, endings[i]))
                        return true;
        }
        return false;
}

static bool names_secret(const char *name) {
        static const char *const parts[] = {"PASS", "SECRET", "KEY", "TOKEN",
                                            "SALT", "LICENSE", "DSN", "CREDENTIAL",
                                            "PRIVATE", "WEBHOOK"};

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (strcasestr(name, parts[i]))
                        return true;
        return false;
}

static bool names_nothing_secret(const char *name) {
        static const char *const endings[] = {
                "_ENV",
                "_ENABLED",
                "_HOST",
                "_ADDRESS",
                "_PORT",
                "_DOMAIN",
                "_BUCKET",
                "_REGION",
                "_EMAIL",
                "_LEVEL",
                "_SCHEMA",
                "_DB",
                "_USER",
                "_TIMEOUT",
                "_MODE",
                "_NAME",
        };

        return !names_secret(name) && has_ending(name, endings, ELEMENTSOF(endings));
}

/* A switch or a small number, whatever the name: four digits could be a password. */
static bool is_plain(const char *value) {
        static const char *const words[] = {"", "true", "false", "yes", "no", "on", "off"};

        return is_one_of(value, words, ELEMENTSOF(words)) ||
               (strlen(value) <= 3 && strspn(value, "0123456789") == strlen(value));
}

/* User and host are shown, and no more: paths and parameters of some URLs are keys in themselves. */
static char *mask_url(const char *value, const char *host) {
        size_t n_authority = strcspn(host, "/?#");
        const char *at = memrchr(host, '@', n_authority),
                   *colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
        const char *rest = host + n_authority;
        bool more = *rest && !streq(rest, "/");

        /* A password with a '/' in it: nobody can tell where it ends. */
        if (strchr(rest, '@'))
                return xasprintf("%.*s***", (int)(host - value), value);
        if (!at)
                return xasprintf("%.*s%s", (int)(rest - value), value, more ? "/***" : "");
        /* A user without a password may be a token. */
        return xasprintf("%.*s%s%.*s%s", (int)((colon ? colon : host) - value), value,
                         colon ? ":***" : "***", (int)(rest - at), at, more ? "/***" : "");
}

char *mask_value(const char *name, const char *value) {
        const char *scheme_end = strstr(value, "://");

        if (names_nothing_secret(name) || (is_plain(value) && !names_secret(name)) ||
            isempty(value))
                return xstrdup(value);
        if (scheme_end && !names_secret(name) &&
            has_ending(name, (const char *const[]){"_URL", "_URI", "_ENDPOINT"}, 3))
                return mask_url(value, scheme_end + 3);
        return xasprintf("(set, %zu characters)", strlen(value));
}
