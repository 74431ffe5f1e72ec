/* SPDX-License-Identifier: MIT */
/* What a member's container is made of: image, command, volumes, published port. */
#include "stack/stack.h"

#include "base/file.h"
#include "base/util.h"
#include "schema/releases.h"

/* "registry.example/x" and "localhost/x" name their registry themselves, "getlago/api" does not. */
static bool names_registry(const char *name) {
        size_t n = strcspn(name, "/");

        return name[n] == '/' && (strncmp(name, "localhost/", 10) == 0 || memchr(name, '.', n) ||
                                  memchr(name, ':', n));
}

static bool is_tagged(const char *name) {
        const char *last = strrchr(name, '/');

        return strchr(name, '@') || strchr(last ? last : name, ':');
}

char *stack_image(const Config *config, MemberKind kind) {
        const char *const names[_MEMBER_KIND_MAX] = {
                [MEMBER_DB] = config->image_database,
                [MEMBER_REDIS] = config->image_redis,
                [MEMBER_MIGRATE] = config->image_api,
                [MEMBER_API] = config->image_api,
                [MEMBER_WORKER] = config->image_api,
                [MEMBER_CLOCK] = config->image_api,
                [MEMBER_FRONT] = config->image_front,
                [MEMBER_PDF] = config->image_pdf,
        };
        const char *name = names[kind];
        bool tagged = is_tagged(name);
        const char *release = kind == MEMBER_FRONT ? release_front(config->release) : config->release;

        return xasprintf("%s%s%s%s%s", names_registry(name) ? "" : config->registry,
                         names_registry(name) ? "" : "/", name, tagged ? "" : ":",
                         tagged ? "" : release);
}

char *stack_front_before(const Config *config, const char *reference) {
        _cleanup_(freep) char *tag = image_tag(reference), *before = tag ? release_patch_before(tag) : NULL;

        if (!before || is_tagged(config->image_front) || release_find(config->release) < n_releases)
                return NULL;
        return xasprintf("%.*s%s", (int)(strlen(reference) - strlen(tag)), reference, before);
}

const char *stack_image_absent(MemberKind kind) {
        return kind == MEMBER_FRONT ? "see release and [images] in lago.conf, where front = may name the front of a "
                                      "neighbouring release"
                                    : "see release and [images] in lago.conf";
}

char *stack_pages_network(const Config *config) {
        return config->pdf_enabled ? xasprintf("%s-pdf", config->network) : NULL;
}

/* What renders pages opens what it is told to: it sees those who ask it for pages, and neither database nor Redis. */
char **stack_networks(const Config *config, MemberKind kind, const char *note) {
        _cleanup_(freep) char *pages = stack_pages_network(config);
        bool apart = pages && note && streq(note, pages);
        char **networks = NULL;

        if (kind != MEMBER_PDF || !apart)
                strv_add(&networks, config->network);
        if (apart && (kind == MEMBER_PDF || kind == MEMBER_API || kind == MEMBER_WORKER))
                strv_add(&networks, pages);
        return networks;
}

char **stack_networks_now(const Config *config, MemberKind kind) {
        _cleanup_(freep) char *note = NULL;
        int r = file_read(STACK_PAGES_NOTE, 256, &note, NULL);

        /* Taken for absent it would let PDF rendering into the network of the stores. */
        if (r < 0 && r != -ENOENT) {
                errno = -r;
                return NULL;
        }
        return stack_networks(config, kind, note);
}

char **stack_volumes(const Config *config, MemberKind kind) {
        char **volumes = NULL;

        if (kind == MEMBER_DB)
                strv_addf(&volumes, "%s:/data/postgres", config->database_volume);
        if (kind == MEMBER_REDIS)
                strv_addf(&volumes, "%s:/data", config->redis_volume);
        if (kind == MEMBER_API || kind == MEMBER_WORKER)
                strv_addf(&volumes, "%s:/app/storage", config->storage_volume);
        if (config->ca_file && member_info(kind)->environment == ENVIRONMENT_BACKEND)
                strv_addf(&volumes, "%s:%s:ro", config->ca_file, STACK_CA_FILE);
        return volumes;
}

char *stack_listen_text(const Listen *listen) {
        return xasprintf(strchr(listen->address, ':') ? "[%s]:%u" : "%s:%u", listen->address, listen->port);
}

const Listen *stack_listen(const Config *config, MemberKind kind) {
        return kind == MEMBER_API     ? &config->api_listen
               : kind == MEMBER_FRONT ? &config->front_listen
                                      : NULL;
}

const char *stack_listen_local(const Listen *listen) {
        return streq(listen->address, "0.0.0.0") ? "127.0.0.1" : streq(listen->address, "::") ? "::1"
                                                                                              : listen->address;
}

uint16_t stack_port(MemberKind kind, uint16_t exposed) {
        return kind == MEMBER_FRONT && exposed > 0 ? exposed : member_info(kind)->port;
}

char *stack_publish(const Config *config, MemberKind kind, uint16_t port) {
        const Listen *listen = stack_listen(config, kind);
        _cleanup_(freep) char *place = listen ? stack_listen_text(listen) : NULL;

        return place ? xasprintf("%s:%u", place, port) : NULL;
}

char **stack_scripts(const Member *member) {
        char **scripts = NULL;

        if (member->kind == MEMBER_API) {
                strv_add(&scripts, "scripts/start.api.sh");
                /* Before v1.16.0 there is only the script that migrates first. */
                strv_add(&scripts, "scripts/start.sh");
        } else if (member->kind == MEMBER_CLOCK)
                strv_add(&scripts, "scripts/start.clock.sh");
        else if (member->kind == MEMBER_WORKER && member->pool[0]) {
                _cleanup_(freep) char *pool = member_pool(member);

                strv_addf(&scripts, "scripts/start.%s.worker.sh", pool);
        } else if (member->kind == MEMBER_WORKER)
                strv_add(&scripts, "scripts/start.worker.sh");
        return scripts;
}

/* Redis is told on its command line: switched on later, with CONFIG SET, it would empty an existing volume. */
static char **redis_command(const Config *config) {
        char **command = NULL;

        _cleanup_(freep) char *conf = stack_redis_conf(config);

        strv_add(&command, "redis-server");
        if (conf)
                strv_add(&command, STACK_REDIS_CONF);
        strv_add(&command, "--appendonly");
        strv_add(&command, config->redis_append_only ? "yes" : "no");
        return command;
}

/* It answers our probe every few seconds, and writes a line for each unless it is told not to. */
static char **renderer_command(const Config *config) {
        char **command = NULL;

        /* An image of another name may have another program in it. */
        if (!strstr(config->image_pdf, "gotenberg"))
                return NULL;
        strv_add(&command, "gotenberg");
        strv_add(&command, "--api-disable-health-check-logging=true");
        return command;
}

static char **shell_command(const char *command) {
        char **argv = NULL;

        strv_add(&argv, "/bin/sh");
        strv_add(&argv, "-c");
        strv_addf(&argv, "exec %s", command);
        return argv;
}

/*
 * Lago's programs for all addresses ask for [::], which takes in those of IPv4, and which a kernel without IPv6 does not have.
 * That line of the API's scripts and of the front's configuration is the same in every release.
 */
#define SERVE_IPV4 "bundle exec rails s -b 0.0.0.0"

static char **front_command_ipv4(void) {
        char **argv = NULL;

        strv_add(&argv, "/bin/sh");
        strv_add(&argv, "-c");
        strv_add(&argv, "sed -i '/listen *\\[::\\]/d' /etc/nginx/conf.d/default.conf; ./.env.sh && exec nginx -g 'daemon off;'");
        return argv;
}

char **stack_command(const Config *config, const Member *member, const char *script, const char *command, bool ipv6) {
        char **argv = NULL;

        switch (member->kind) {
        case MEMBER_REDIS:
                return redis_command(config);
        case MEMBER_PDF:
                return renderer_command(config);
        case MEMBER_DB:
                if (config->database_arguments)
                        strv_add(&argv, "postgres");
                strv_extend(&argv, config->database_arguments);
                return argv;
        case MEMBER_FRONT:
                return ipv6 ? NULL : front_command_ipv4();
        case MEMBER_API:
                if (script && !ipv6)
                        return shell_command(SERVE_IPV4);
                __attribute__((fallthrough));
        case MEMBER_WORKER:
        case MEMBER_CLOCK:
                if (!script)
                        return NULL;
                if (!streq(command, "exec"))
                        return shell_command(command);
                strv_addf(&argv, "./%s", script);
                return argv;
        default:
                return NULL;
        }
}

const char *stack_entrypoint(MemberKind kind, char *const *command) {
        return command && (member_info(kind)->backend || kind == MEMBER_FRONT) ? "" : NULL;
}
