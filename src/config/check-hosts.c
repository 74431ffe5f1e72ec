/* SPDX-License-Identifier: MIT */
/* Names of servers that mean one thing to this host and another inside a container. */
#include "config/check-pair.h"

#include "base/file.h"
#include "base/util.h"
#include "config/address.h"

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_MAX  (4U << 20)

/* Names that an engine gives its host: they are known inside containers, and this host asks each server, too. */
static const char *const engine_hosts[] = {"host.containers.internal", "host.docker.internal"};

char *hosts_loopback(const char *text, const char *name) {
        _cleanup_(strv_freep) char **lines = strv_split(text, "\n");

        STRV_FOREACH(line, lines) {
                _cleanup_(strv_freep) char **words = NULL;

                (*line)[strcspn(*line, "#")] = '\0';
                words = strv_split(*line, " \t\r");
                for (size_t i = 1; words && words[0] && words[i]; i++)
                        if (check_is_one_of(name, (const char *const *)&words[i], 1))
                                return host_is_local(words[0]) ? xstrdup(words[0]) : NULL;
        }
        return NULL;
}

/* One that cannot be read gives no name to anybody. */
static char *text_of_hosts(void) {
        char *text = NULL;

        (void)file_read(HOSTS_FILE, HOSTS_MAX, &text, NULL);
        return text;
}

/* Containers get a copy of that file. */
static bool refuse_loopback(const Check *check, const EnvPair *pair, const char *host, const char *text) {
        _cleanup_(freep) char *loopback = text ? hosts_loopback(text, host) : NULL;

        if (loopback)
                REFUSE(check, pair,
                       "%s names %s, to which " HOSTS_FILE " gives %s: inside a container that is the "
                       "container itself; write an address of this host at which others reach it, and "
                       "let the server listen there",
                       pair->key, host, loopback);
        return loopback != NULL;
}

static bool refuse_name(const Check *check, const EnvPair *pair, const char *host, const char *text) {
        if (!check_is_one_of(host, engine_hosts, ELEMENTSOF(engine_hosts)))
                return refuse_loopback(check, pair, host, text);
        REFUSE(check, pair,
               "%s names %s, which only containers know, and this host asks the server too; "
               "write an address of this host at which others reach it, and let the server "
               "listen there",
               pair->key, host);
        return true;
}

void check_host_names(const Check *check, const EnvPair *pair, const char *hosts) {
        _cleanup_(strv_freep) char **list = strv_split(hosts, ",");
        _cleanup_(freep) char *text = text_of_hosts();

        STRV_FOREACH(host, list)
                if (refuse_name(check, pair, *host, text))
                        return;
}

bool check_container_host(const Check *check, const EnvPair *pair, const char *host) {
        _cleanup_(freep) char *text = text_of_hosts();

        if (!host_is_local(host))
                return refuse_loopback(check, pair, host, text);
        REFUSE(check, pair,
               "%s names this very host, which inside a container is the container itself; write another address", pair->key);
        return true;
}
