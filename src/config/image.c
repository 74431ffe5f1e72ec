/* SPDX-License-Identifier: MIT */
/* Names of images and registries. */
#include "config/address.h"
#include "config/config.h"

#include "base/util.h"
#include "schema/releases.h"

#include <ctype.h>

#define LETTERS  "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS   "0123456789"

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

                if (value_parse_port(number, &port) < 0)
                        return -EINVAL;
                memmove(colon, name + n_host, strlen(name + n_host) + 1);
        }
        return 0;
}

int value_parse_image(const char *value, void *target, char **reterr) {
        _cleanup_(freep) char *name = xstrdup(value);
        char *at = strchr(name, '@'), *slash, *colon;

        if (at && !is_digest(at + 1)) {
                *reterr = xstrdup("behind '@' stands a digest: sha256: and 64 hexadecimal "
                                  "digits");
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

int value_parse_registry(const char *value, void *target, char **reterr) {
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

char *image_tag(const char *image) {
        _cleanup_(freep) char *name = xstrndup(image, strcspn(image, "@"));
        const char *slash = strrchr(name, '/'), *colon = strrchr(name, ':');

        return colon && (!slash || colon > slash) ? xstrdup(colon + 1) : NULL;
}

char *config_front_lags(const Config *config) {
        _cleanup_(freep) char *tag = image_tag(config->image_front);
        uint64_t number = tag ? release_number(tag) : 0;

        if (!config->front_enabled || !config->release || number == 0 ||
            number >= release_number(release_front(config->release)))
                return NULL;
        return xasprintf("front = %s stays behind %s; write it without its tag, and it goes with the release",
                         config->image_front, config->release);
}
