/* SPDX-License-Identifier: MIT */
/*
 * Lago's service names. The engine's own means, "depends_on" and health checks, are used for what they can do: an order at
 * "up". What they cannot, the script in each container does: an engine that restarts a container knows no "depends_on".
 */
#include "export/export.h"

#include "base/util.h"

#include <stdio.h>

#define GATE_SECONDS  "3600"
#define AWAIT_SECONDS "600"

typedef struct Compose {
        const ExportInput *input;
        const Config *config;
        Export *export;
        FILE *f;
        char **secrets, **volumes; /* that were referred to */
} Compose;

static const char head[] =
        "# Written by \"lagoctl export compose\" from lago.conf; a change here is lost with the next one.\n"
        "# Start: docker-compose up -d    A second time: nothing but the verdict is asked again, without a boot of Rails.\n"
        "# Every member that needs the schema waits for \"gate\" at \"up\", and asks lago-gate itself whenever it is started.\n"
        "\n"
        "services:\n"
        "  # The API's image has another C library than lago-gate, and no libpq: the copy in this volume brings its own along.\n"
        "  gate-install:\n"
        "    image: %s\n"
        "    command: [install, /gate]\n"
        "    volumes: [\"lago_gate:/gate\"]\n"
        "    network_mode: none\n"
        "    read_only: true\n"
        "    restart: \"no\"\n";

static const char with_clickhouse[] =
        "\n"
        "  gate-install-clickhouse:\n"
        "    image: %s\n"
        "    entrypoint: [/usr/lib/lago/lago-gate-clickhouse]\n"
        "    command: [install, /gate]\n"
        "    volumes: [\"lago_gate:/gate\"]\n"
        "    network_mode: none\n"
        "    read_only: true\n"
        "    restart: \"no\"\n";

static void put_environment(Compose *c, char *const *pairs) {
        if (pairs)
                fputs("    environment:\n", c->f);
        STRV_FOREACH(pair, pairs) {
                size_t n = strcspn(*pair, "=");
                _cleanup_(freep) char *value = export_quote(*pair + n + 1, true);

                fprintf(c->f, "      %.*s: %s\n", (int)n, *pair, value);
        }
}

/* As a file at /run/secrets/lago, which the script reads. */
static void put_secrets(Compose *c, const char *service, char *const *pairs) {
        _cleanup_(freep) char *name = xasprintf("secrets/%s", service);

        fprintf(c->f, "    secrets: [{source: %s, target: lago}]\n", service);
        if (strv_contains(c->secrets, service))
                return;
        strv_add(&c->secrets, service);
        export_add(c->export, name, export_shell(pairs), true);
}

static void put_settings(Compose *c, const Member *member, const char *service) {
        Settings settings = export_settings(c->input, member);

        put_environment(c, settings.plain);
        put_secrets(c, service, settings.secret);
        export_settings_done(&settings);
}

/* The official image reads the password out of a file, before it gives up being root. */
static void put_database_settings(Compose *c, const Member *member) {
        Settings settings = export_settings(c->input, member);
        const char *password = "";

        STRV_FOREACH(pair, settings.secret)
                if (startswith(*pair, "POSTGRES_PASSWORD="))
                        password = strchr(*pair, '=') + 1;
        strv_add(&settings.plain, "POSTGRES_PASSWORD_FILE=/run/secrets/db-password");
        put_environment(c, settings.plain);
        fputs("    secrets: [db-password]\n", c->f);
        strv_add(&c->secrets, "db-password");
        export_add(c->export, "secrets/db-password", xstrdup(password), true);
        export_settings_done(&settings);
}

/* "NAME:/path", or "/host/path:/path:ro"; of the first the name is declared below. */
static void put_volumes(Compose *c, const Member *member) {
        _cleanup_(strv_freep) char **volumes = export_volumes(c->input, member);
        _cleanup_(freep) char *list = NULL;

        if (member_info(member->kind)->backend) {
                strv_add(&volumes, "lago_gate:/gate:ro");
                strv_add(&volumes, "./run:/lago/run:ro");
        }
        if (!volumes)
                return;
        list = export_list(volumes, true);
        fprintf(c->f, "    volumes: %s\n", list);
        STRV_FOREACH(volume, volumes) {
                _cleanup_(freep) char *name = xstrndup(*volume, strcspn(*volume, ":"));

                if (*name != '/' && *name != '.' && !strv_contains(c->volumes, name))
                        strv_add(&c->volumes, name);
        }
}

static void put_edge(Compose *c, const char *service, const char *condition) {
        fprintf(c->f, "      %s: {condition: %s}\n", service, condition);
}

static void put_stores(Compose *c, bool redis) {
        if (!stack_is_external(c->config, MEMBER_DB))
                put_edge(c, "db", "service_healthy");
        if (redis && !stack_is_external(c->config, MEMBER_REDIS))
                put_edge(c, "redis", "service_healthy");
}

static void put_installs(Compose *c) {
        put_edge(c, "gate-install", "service_completed_successfully");
        if (stack_has_clickhouse(c->config, NULL))
                put_edge(c, "gate-install-clickhouse", "service_completed_successfully");
}

/* The clock speaks to Redis alone, and has its own verdict: as in Lago's file, it is behind the schema and not behind the API. */
static bool awaits_api(const Compose *c, MemberKind kind) {
        return kind == MEMBER_FRONT && stack_awaits_api(c->config, kind);
}

static void put_edges(Compose *c, const Member *member) {
        const MemberInfo *info = member_info(member->kind);

        if (!info->backend && !awaits_api(c, member->kind))
                return;
        fputs("    depends_on:\n", c->f);
        if (member->kind == MEMBER_MIGRATE)
                put_installs(c);
        else if (info->backend)
                put_edge(c, "gate", "service_completed_successfully");
        if (info->backend)
                put_stores(c, info->awaits_redis);
        if (awaits_api(c, member->kind))
                put_edge(c, "await-api", "service_completed_successfully");
}

static void put_check(Compose *c, const Member *member) {
        static const struct {
                const char *test, *why;
        } checks[_MEMBER_KIND_MAX] = {
                [MEMBER_DB] = {"[CMD-SHELL, 'exec pg_isready -q -h 127.0.0.1 -U \"$$POSTGRES_USER\" -d \"$$POSTGRES_DB\"']",
                               "Over TCP: while the image makes its cluster a server answers on the socket only."},
                [MEMBER_REDIS] = {"[CMD-SHELL, 'redis-cli ping | grep -q PONG']",
                                  "Its answer, as the status is 0 also while it loads its data."},
                [MEMBER_API] = {"[CMD, /bin/sh, /lago/run, healthy, 'http://localhost:3000/health']",
                                "The verdict as well: /health alone is 200 on an empty database."},
                [MEMBER_WORKER] = {"[CMD, curl, -fsS, -o, /dev/null, 'http://localhost:8080/']",
                                   "That it lives and reaches Redis; of the schema it says nothing."},
        };
        const char *test = checks[member->kind].test;
        unsigned retries = c->config->health_restart_after, interval = export_seconds(c->config->health_interval_usec);

        if (!test)
                return;
        fprintf(c->f, "    # %s\n", checks[member->kind].why);
        /* All others wait for these two at "up", and an engine first asks after one interval. */
        if ((member->kind == MEMBER_DB || member->kind == MEMBER_REDIS) && interval > 2)
                interval = 2;
        /* Within the time to come up a failed check counts for nothing: a wait for the schema may be long. */
        fprintf(c->f, "    healthcheck: {test: %s, interval: %us, timeout: %us, retries: %u, start_period: 600s}\n", test, interval,
                export_seconds(c->config->health_timeout_usec) * 2,
                retries > 0 ? retries : 6);
}

static void put_command(Compose *c, const Member *member) {
        _cleanup_(strv_freep) char **command = export_run_verb(member);
        _cleanup_(freep) char *list = NULL;

        if (member->kind == MEMBER_MIGRATE)
                strv_add(&command, "migrate");
        if (member_info(member->kind)->backend)
                fputs("    entrypoint: [/bin/sh, /lago/run]\n", c->f);
        else if (!command)
                command = stack_command(c->config, member, NULL, NULL, true);
        if (!command)
                return;
        list = export_list(command, true);
        fprintf(c->f, "    command: %s\n", list);
}

static void put_end(Compose *c, const Member *member) {
        const MemberInfo *info = member_info(member->kind);
        _cleanup_(freep) char *publish = stack_publish(c->config, member->kind, info->port);

        if (publish)
                fprintf(c->f, "    ports: [\"%s\"]\n", publish);
        if (member->kind == MEMBER_DB)
                fprintf(c->f, "    shm_size: \"%s\"\n", c->config->shm_size);
        if (info->stop_signal)
                fprintf(c->f, "    stop_signal: %s\n", info->stop_signal);
        if (member->kind == MEMBER_MIGRATE)
                fputs("    # A migration that is killed may leave what no second one can mend: it is waited for.\n"
                      "    stop_grace_period: 1800s\n    restart: \"no\"\n",
                      c->f);
        else
                fprintf(c->f, "    stop_grace_period: %us\n    restart: unless-stopped\n", info->grace_sec);
}

static const char *why_member(MemberKind kind) {
        static const char *const why[_MEMBER_KIND_MAX] = {
                [MEMBER_MIGRATE] = "Once at \"up\": migrates what is pending, and starts no Rails when nothing is.",
                [MEMBER_WORKER] = "Its jobs are not tried again: one against a missing table is lost.",
                [MEMBER_CLOCK] = "One for each database, by a lock there: with a second host it waits its turn.",
        };

        return why[kind];
}

static void put_member(Compose *c, const Member *member) {
        _cleanup_(freep) char *service = export_service(member), *image = export_image(c->input, member->kind);
        const char *why = why_member(member->kind);

        fputc('\n', c->f);
        if (why)
                fprintf(c->f, "  # %s\n", why);
        fprintf(c->f, "  %s:\n    image: %s\n", service, image);
        put_command(c, member);
        if (member->kind == MEMBER_DB)
                put_database_settings(c, member);
        else if (member_info(member->kind)->backend)
                put_settings(c, member, service);
        else {
                Settings settings = export_settings(c->input, member);

                put_environment(c, settings.plain);
                export_settings_done(&settings);
        }
        put_volumes(c, member);
        put_edges(c, member);
        put_check(c, member);
        put_end(c, member);
}

/*
 * A health check is first asked after one whole interval, and what would make that shorter at a start engines older than 25 do not
 * know; one that asks each second would ask for ever.
 */
static void put_await(Compose *c) {
        static const Member front = {.kind = MEMBER_FRONT};
        _cleanup_(freep) char *image = export_image(c->input, MEMBER_API);

        if (stack_is_enabled(c->config, &front) && awaits_api(c, MEMBER_FRONT))
                fprintf(c->f, "\n  # The front comes behind the API; a health check would tell it some seconds late.\n"
                              "  await-api:\n    image: %s\n    entrypoint: [/bin/sh, /lago/run]\n"
                              "    command: [await, \"" AWAIT_SECONDS "\", 'http://api:3000/health']\n"
                              "    volumes: [\"./run:/lago/run:ro\"]\n    depends_on:\n      api: {condition: service_started}\n"
                              "    restart: \"no\"\n",
                        image);
}

/* The verdict as a step of its own: what depends on it is not even created before. */
static void put_gate(Compose *c) {
        static const Member migrate = {.kind = MEMBER_MIGRATE};
        _cleanup_(freep) char *image = export_image(c->input, MEMBER_MIGRATE);

        fprintf(c->f, "\n  # That \"migrate\" ended with 0 proves nothing; this one reads the database.\n"
                      "  gate:\n    image: %s\n    entrypoint: [/bin/sh, /lago/run]\n    command: [gate, \"" GATE_SECONDS "\"]\n",
                image);
        put_settings(c, &migrate, "migrate");
        put_volumes(c, &migrate);
        fputs("    depends_on:\n", c->f);
        put_edge(c, "migrate", "service_completed_successfully");
        put_stores(c, false);
        fputs("    restart: \"no\"\n", c->f);
}

static void put_rest(Compose *c) {
        fputs("\nvolumes:\n", c->f);
        STRV_FOREACH(volume, c->volumes)
                fprintf(c->f, "  %s: {name: %s}\n", *volume, *volume);
        fprintf(c->f, "\nnetworks:\n  default: {name: %s}\n\n# Files that root alone can read, beside this one.\nsecrets:\n",
                c->config->network);
        STRV_FOREACH(secret, c->secrets)
                fprintf(c->f, "  %s: {file: ./secrets/%s}\n", *secret, *secret);
}

void export_compose(Export *export, const ExportInput *input) {
        Compose c = {.input = input, .config = input->config, .export = export};
        size_t size, n = 0, first = export->n;
        char *text = NULL;
        Member *members = stack_members(input->config, &n);

        export_add(export, "compose.yaml", NULL, false);
        c.f = open_memstream(&text, &size);
        strv_add(&c.volumes, "lago_gate");
        fprintf(c.f, head, export_gate_image(input));
        if (stack_has_clickhouse(input->config, NULL))
                fprintf(c.f, with_clickhouse, export_gate_image(input));
        for (size_t i = 0; i < n; i++) {
                if (stack_is_external(input->config, members[i].kind))
                        continue;
                put_member(&c, &members[i]);
                if (members[i].kind == MEMBER_MIGRATE)
                        put_gate(&c);
                if (members[i].kind == MEMBER_API)
                        put_await(&c);
        }
        put_rest(&c);
        fclose(c.f);
        export->files[first].text = text;
        export_add(export, "run", export_run_script(input), false);
        /* Without it the project has the name of the folder, wherever that is copied to. */
        export_add(export, ".env", xstrdup("COMPOSE_PROJECT_NAME=lago\n"), false);
        strv_free(c.secrets);
        strv_free(c.volumes);
        free(members);
}
