/* SPDX-License-Identifier: MIT */
#include "clickhouse/clickhouse.h"

#include "base/keyfile.h"
#include "base/util.h"

#include <strings.h>

#define PREFIX "LAGO_CLICKHOUSE_"

extern char **environ;

void settings_done(Settings *settings) {
        if (settings->password)
                explicit_bzero(settings->password, strlen(settings->password));
        free(settings->host);
        free(settings->database);
        free(settings->username);
        free(settings->password);
        *settings = (Settings){};
}

char *settings_of_environment(void) {
        char *text = xstrdup("");

        for (char **pair = environ; *pair; pair++) {
                char *longer;

                if (!startswith(*pair, PREFIX) || strchr(*pair, '\n'))
                        continue;
                longer = xasprintf("%s%s\n", text, *pair);
                free(text);
                text = longer;
        }
        return text;
}

static int refuse(char **reterr, const char *text) {
        *reterr = xstrdup(text);
        return -EINVAL;
}

/* It becomes a part of a URL as it is. */
static bool is_host(const char *s) {
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";

        return *s != '\0' && strlen(s) < 256 && s[strspn(s, allowed)] == '\0';
}

/* Lago's configuration is YAML, read by Ruby: these words are no there, and the number 0 is yes. */
static bool is_no(const char *s) {
        static const char *const words[] = {"", "false", "no", "off", "~", "null"};

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcasecmp(s, words[i]) == 0)
                        return true;
        return false;
}

static char *value_of(const char *text, const char *key, const char *fallback) {
        char *value = keyfile_get(text, key);

        if (!isempty(value))
                return value;
        free(value);
        return xstrdup(fallback);
}

int settings_parse(const char *text, Settings *settings, char **reterr) {
        _cleanup_(freep) char *port = value_of(text, PREFIX "PORT", "8123"), *tls = value_of(text, PREFIX "SSL", "");
        uint64_t number;

        settings->host = value_of(text, PREFIX "HOST", "");
        settings->database = value_of(text, PREFIX "DATABASE", "default");
        settings->username = value_of(text, PREFIX "USERNAME", "default");
        settings->password = value_of(text, PREFIX "PASSWORD", "");
        if (*settings->host == '\0')
                return refuse(reterr, PREFIX "HOST is not set");
        if (!is_host(settings->host))
                return refuse(reterr, PREFIX "HOST is not a host's name or address alone");
        if (parse_uint(port, 65535, &number) < 0 || number == 0)
                return refuse(reterr, PREFIX "PORT is not a number from 1 to 65535");
        settings->port = (unsigned)number;
        /* On the port of HTTPS Lago's adapter speaks it whatever the variable says. */
        settings->tls = !is_no(tls) || number == 443;
        /* They go into a line of a header. */
        if (settings->username[strcspn(settings->username, "\r\n")] || settings->password[strcspn(settings->password, "\r\n")])
                return refuse(reterr, PREFIX "USERNAME or " PREFIX "PASSWORD holds a line break");
        return 0;
}
