/* SPDX-License-Identifier: MIT */
#include "config/check.h"

#include "base/util.h"
#include "config/address.h"

#include <strings.h>

/* Where a key was set, else lago.conf as a whole. */
static Origin origin_of(const Origins *origins, KeyId id) {
        return origins->of[id].file ? origins->of[id] : (Origin){.file = origins->main_file};
}

static bool is_any_address(const char *address) {
        return streq(address, "0.0.0.0") || streq(address, "::");
}

static void check_ports(const Config *config, const Origins *origins, ConfigErrors *errors) {
        const Listen *api = &config->api_listen, *front = &config->front_listen;
        Origin origin = origin_of(origins, origins->of[KEY_FRONT_LISTEN].file ? KEY_FRONT_LISTEN
                                                                              : KEY_API_LISTEN);

        if (!config->front_enabled || !config->api_enabled || api->port != front->port)
                return;
        if (!streq(api->address, front->address) && !is_any_address(api->address) &&
            !is_any_address(front->address))
                return;
        config_errors_add(errors, origin.file, origin.line,
                          "[api] and [front] both listen on port %u; give one of them another "
                          "port",
                          api->port);
}

static int port_of(const char *url) {
        int port = url_port(url);

        return port > 0 ? port : startswith(url, "https:") ? 443
                                                           : 80;
}

/* Names in the network of containers, where no browser is. */
static bool is_of_containers(const char *host) {
        static const char *const names[] = {"api", "front", "lago-api", "lago-front"};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcasecmp(host, names[i]) == 0)
                        return true;
        return false;
}

/* Behind https there is a proxy in any case, as Lago's containers speak plain HTTP; where it runs is not ours to ask. */
static void check_reach(KeyId url_id, const char *url, const char *section, const Listen *listen,
                        const Origins *origins, ConfigErrors *errors) {
        _cleanup_(freep) char *host = url ? url_host(url) : NULL;
        Origin origin = origin_of(origins, url_id);

        if (!host || host_is_local(host) || is_of_containers(host) || !startswith(url, "http://") ||
            !listen_is_loopback(listen))
                return;
        config_errors_add_kind(
                errors, CONFIG_WARNING, origin.file, origin.line,
                "%s names %s, but [%s] listens on %s, which only a proxy on this host can "
                "reach; without "
                "one write listen = 0.0.0.0:%u",
                config_key(url_id)->name, host, section, listen->address, listen->port);
}

/* Whatever the letters of the host, and whether the usual port is written. */
static bool is_same_place(const char *a, const char *b) {
        _cleanup_(freep) char *host_a = url_host(a), *host_b = url_host(b);
        const char *path_a = strchr(strstr(a, "://") + 3, '/'), *path_b = strchr(strstr(b, "://") + 3, '/');

        return host_a && host_b && strcasecmp(host_a, host_b) == 0 && port_of(a) == port_of(b) &&
               streq(path_a ? path_a : "", path_b ? path_b : "");
}

static void check_container_names(KeyId id, const char *host, const Origins *origins, ConfigErrors *errors) {
        Origin origin = origin_of(origins, id);

        if (is_of_containers(host))
                config_errors_add_kind(errors, CONFIG_WARNING, origin.file, origin.line,
                                       "%s names %s, which Lago's containers know, and browsers do not; write the address at which "
                                       "they reach it",
                                       config_key(id)->name, host);
}

/* What stands there was refused, and a default is in its place. */
static bool is_refused(const ConfigErrors *errors, const Origin *origin) {
        for (size_t i = 0; i < errors->n; i++) {
                const ConfigError *error = &errors->list[i];

                if (error->kind != CONFIG_WARNING && error->line == origin->line && origin->file && streq(error->file, origin->file))
                        return true;
        }
        return false;
}

/* The front is a program in a browser somewhere, which calls the API at api-url. */
static void check_browsers(const Config *config, const Origins *origins, ConfigErrors *errors) {
        _cleanup_(freep) char *front = config->front_url ? url_host(config->front_url) : NULL;
        _cleanup_(freep) char *api = config->api_url ? url_host(config->api_url) : NULL;
        Origin origin =
                origin_of(origins, origins->of[KEY_API_URL].file ? KEY_API_URL : KEY_FRONT_URL);

        if (!front || !api || is_refused(errors, &origin))
                return;
        check_container_names(KEY_FRONT_URL, front, origins, errors);
        check_container_names(KEY_API_URL, api, origins, errors);
        if (is_same_place(config->front_url, config->api_url))
                config_errors_add_kind(
                        errors, CONFIG_WARNING, origin.file, origin.line,
                        "front-url and api-url are the same: whatever answers there is only one of the "
                        "two; give the API a name, a port or a path of its own");
        if (host_is_local(front))
                return;
        if (host_is_local(api))
                config_errors_add_kind(
                        errors, CONFIG_WARNING, origin.file, origin.line,
                        "api-url names %s, where browsers of other hosts find themselves; "
                        "write the address at which they reach the API",
                        api);
        else if (startswith(config->front_url, "https://") &&
                 startswith(config->api_url, "http://"))
                config_errors_add_kind(
                        errors, CONFIG_WARNING, origin.file, origin.line,
                        "a page from https may not call an API by http: browsers refuse "
                        "that; write https in api-url, too");
}

static void check_volumes(const Config *config, const Origins *origins, ConfigErrors *errors) {
        const struct {
                KeyId id;
                const char *name;
        } volumes[] = {{KEY_DATABASE_VOLUME, config->database_volume},
                       {KEY_REDIS_VOLUME, config->redis_volume},
                       {KEY_STORAGE_VOLUME, config->storage_volume}};

        for (size_t i = 0; i < ELEMENTSOF(volumes); i++)
                for (size_t j = i + 1; j < ELEMENTSOF(volumes); j++) {
                        KeyId id = origins->of[volumes[j].id].file ? volumes[j].id : volumes[i].id;
                        Origin origin = origin_of(origins, id);

                        if (streq(volumes[i].name, volumes[j].name))
                                config_errors_add(
                                        errors, origin.file, origin.line,
                                        "[%s] and [%s] share the volume %s; give each its own",
                                        config_key(volumes[i].id)->section,
                                        config_key(volumes[j].id)->section, volumes[i].name);
                }
}

/* Where PostgreSQL's files are in its container, and how it is reached there, is settled. */
static const char *argument_refused(const char *argument) {
        static const char *const names[] = {"config_file", "data_directory", "hba_file", "listen_addresses", "port", "unix_socket_directories"};
        static const char *const letters[] = {"-D", "-h", "-k", "-p"};
        const char *name = startswith(argument, "--");

        for (size_t i = 0; i < ELEMENTSOF(letters); i++)
                if (startswith(argument, letters[i]))
                        return letters[i];
        if (!name)
                name = startswith(argument, "-c");
        name = name ? name : argument;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = strlen(names[i]);
                _cleanup_(freep) char *start = xstrndup(name, n);

                for (char *c = start; *c; c++)
                        *c = *c == '-' ? '_' : *c;
                if (name[n < strlen(name) ? n : strlen(name)] == '=' && strcasecmp(start, names[i]) == 0)
                        return names[i];
        }
        return NULL;
}

static void check_arguments(const Config *config, const Origins *origins, ConfigErrors *errors) {
        Origin origin = origin_of(origins, KEY_DATABASE_ARGUMENTS);

        STRV_FOREACH(argument, config->database_arguments) {
                const char *name = argument_refused(*argument);

                if (name)
                        config_errors_add(errors, origin.file, origin.line,
                                          "[database] arguments: Lago's containers find the server at port 5432 of its container, and "
                                          "its files in the volume; remove %s",
                                          name);
        }
}

static void check_front(const Config *config, const Origins *origins, ConfigErrors *errors) {
        _cleanup_(freep) char *lags = config_front_lags(config);
        Origin origin = origin_of(origins, KEY_IMAGES_FRONT);

        if (lags)
                config_errors_add_kind(errors, CONFIG_WARNING, origin.file, origin.line, "%s", lags);
}

/* A host for a part of Lago needs others that do the rest, and all of them the same stores. */
static void check_part(const Config *config, KeyId id, const char *section, bool enabled, const Origins *origins,
                       ConfigErrors *errors) {
        Origin origin = origin_of(origins, id);

        if (enabled || (config->database_external && config->redis_external))
                return;
        config_errors_add(errors, origin.file, origin.line,
                          "[%s] enabled = no leaves its part to another host, and none reaches a bundled PostgreSQL or "
                          "Redis; write mode = external below [database] and [redis], or remove this line",
                          section);
}

static void check_parts(const Config *config, const Origins *origins, ConfigErrors *errors) {
        Origin origin = origin_of(origins, KEY_API_ENABLED);

        check_part(config, KEY_API_ENABLED, "api", config->api_enabled, origins, errors);
        check_part(config, KEY_WORKER_ENABLED, "worker", config->worker_enabled, origins, errors);
        if (!config->api_enabled && config->front_enabled)
                config_errors_add(errors, origin.file, origin.line,
                                  "[api] enabled = no, but the front of a host is started behind its API; write "
                                  "enabled = no below [front], too");
}

void check_config(const Config *config, const Origins *origins, ConfigErrors *errors) {
        if (!config->release && !origins->of[KEY_RELEASE].file)
                config_errors_add(
                        errors, origins->main_file, 0,
                        "[lago] release is missing; write the release to run, such as release = "
                        "v1.50.0");
        check_parts(config, origins, errors);
        check_ports(config, origins, errors);
        check_volumes(config, origins, errors);
        check_arguments(config, origins, errors);
        check_front(config, origins, errors);
        if (config->front_enabled)
                check_browsers(config, origins, errors);
        if (config->api_enabled)
                check_reach(KEY_API_URL, config->api_url, "api", &config->api_listen, origins, errors);
        if (config->front_enabled)
                check_reach(KEY_FRONT_URL, config->front_url, "front", &config->front_listen,
                            origins, errors);
}
