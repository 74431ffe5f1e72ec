/* SPDX-License-Identifier: MIT */
/*
 * Podman's own units. Their names have an underscore, so that they are never those of this package on one host; all files lie
 * in one folder below /etc/containers/systemd, which "./" means in them.
 */
#include "export/export.h"

#include "base/util.h"

#include <stdio.h>

typedef struct Quadlet {
        const ExportInput *input;
        const Config *config;
        Export *export;
        FILE *f;
        char **volumes; /* that were referred to */
} Quadlet;

/* A word as systemd reads it: quoted, without specifiers and variables. */
static char *quote_word(const char *word) {
        _cleanup_(freep) char *quoted = export_quote(word, true);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        for (const char *c = quoted; *c; c++)
                fprintf(f, *c == '%' ? "%%%%" : "%c", *c);
        fclose(f);
        return text;
}

/* It becomes an argument of "podman run", in a line where systemd reads "$" as it does in Exec=. */
static void put_environment(Quadlet *q, char *const *pairs) {
        STRV_FOREACH(pair, pairs) {
                _cleanup_(freep) char *quoted = quote_word(*pair);

                fprintf(q->f, "Environment=%s\n", quoted);
        }
}

static void put_exec(Quadlet *q, char *const *words) {
        fputs("Exec=", q->f);
        STRV_FOREACH(word, words) {
                _cleanup_(freep) char *quoted = quote_word(*word);

                fprintf(q->f, "%s%s", word == words ? "" : " ", quoted);
        }
        fputc('\n', q->f);
}

static void put_volume(Quadlet *q, const char *volume) {
        _cleanup_(freep) char *name = xstrndup(volume, strcspn(volume, ":"));

        if (*name == '/' || *name == '.') {
                fprintf(q->f, "Volume=%s\n", volume);
                return;
        }
        fprintf(q->f, "Volume=%s.volume%s\n", name, volume + strlen(name));
        if (!strv_contains(q->volumes, name))
                strv_add(&q->volumes, name);
}

/*
 * Most edges are Wants= and After=, not Requires=: a unit that was not started because a requirement failed is never started
 * again by systemd, and each container asks for the verdict itself.
 */
static void put_edge(Quadlet *q, const char *service, bool requires) {
        fprintf(q->f, "%s=lago_%s.service\nAfter=lago_%s.service\n", requires ? "Requires" : "Wants", service, service);
}

static void put_unit(Quadlet *q, const Member *member) {
        const MemberInfo *info = member_info(member->kind);

        fprintf(q->f, "# Written by \"lagoctl export quadlet\" from lago.conf; a change here is lost with the next one.\n"
                      "[Unit]\nDescription=%s\n",
                info->description);
        if (member->kind == MEMBER_MIGRATE) {
                put_edge(q, "gate-install", true);
                if (stack_has_clickhouse(q->config, NULL))
                        put_edge(q, "gate-install-clickhouse", true);
        } else if (info->backend)
                put_edge(q, "gate", false);
        if (info->backend && !stack_is_external(q->config, MEMBER_DB))
                put_edge(q, "db", false);
        if (info->awaits_redis && !stack_is_external(q->config, MEMBER_REDIS))
                put_edge(q, "redis", false);
        if (stack_awaits_api(q->config, member->kind))
                put_edge(q, "api", false);
}

static void put_secrets(Quadlet *q, const Member *member, const char *service, const Settings *settings) {
        _cleanup_(freep) char *name = NULL;

        if (!settings->secret)
                return;
        if (member->kind == MEMBER_DB) {
                STRV_FOREACH(pair, settings->secret)
                        if (startswith(*pair, "POSTGRES_PASSWORD="))
                                export_add(q->export, "secrets/db-password", xstrdup(strchr(*pair, '=') + 1), true);
                fputs("Environment=POSTGRES_PASSWORD_FILE=/run/secrets/db-password\n"
                      "Volume=./secrets/db-password:/run/secrets/db-password:ro\n",
                      q->f);
                return;
        }
        name = xasprintf("secrets/%s", service);
        export_add(q->export, name, export_shell(settings->secret), true);
        fprintf(q->f, "Volume=./%s:/run/secrets/lago:ro\n", name);
}

static void put_volumes(Quadlet *q, const Member *member) {
        _cleanup_(strv_freep) char **volumes = export_volumes(q->input, member);

        if (member_info(member->kind)->backend) {
                put_volume(q, "lago_gate:/gate:ro");
                put_volume(q, "./run:/lago/run:ro");
        }
        STRV_FOREACH(volume, volumes)
                put_volume(q, *volume);
}

static void put_settings(Quadlet *q, const Member *member, const char *service) {
        Settings settings = export_settings(q->input, member);

        put_environment(q, settings.plain);
        put_secrets(q, member, service, &settings);
        export_settings_done(&settings);
        put_volumes(q, member);
}

static void put_command(Quadlet *q, const Member *member, const char *verb) {
        _cleanup_(strv_freep) char **words = NULL, **more = export_run_verb(member);

        if (member_info(member->kind)->backend) {
                fputs("Entrypoint=/bin/sh\n", q->f);
                strv_add(&words, "/lago/run");
                if (verb)
                        strv_add(&words, verb);
        } else
                words = stack_command(q->config, member, NULL, NULL, true);
        strv_extend(&words, more);
        if (words)
                put_exec(q, words);
}

static void put_health(Quadlet *q, const Member *member) {
        /* Podman takes a quote away that ends the line. */
        static const char *const checks[_MEMBER_KIND_MAX] = {
                [MEMBER_DB] = "exec pg_isready -h 127.0.0.1 -U \"$$POSTGRES_USER\" -d \"$$POSTGRES_DB\" -q",
                [MEMBER_REDIS] = "redis-cli ping | grep -q PONG",
                [MEMBER_API] = "/bin/sh /lago/run healthy http://localhost:3000/health",
                [MEMBER_WORKER] = "curl -fsS -o /dev/null http://localhost:8080/",
        };

        if (!checks[member->kind])
                return;
        /* Started, for whoever is ordered behind it, is what answers. */
        fprintf(q->f, "HealthCmd=%s\nHealthInterval=2s\nHealthTimeout=%us\nHealthStartPeriod=600s\nNotify=healthy\n", checks[member->kind],
                export_seconds(q->config->health_timeout_usec) * 2);
}

static void put_service(Quadlet *q, const Member *member) {
        const MemberInfo *info = member_info(member->kind);

        fputs("\n[Service]\n# However long a migration takes, or what is waited for.\nTimeoutStartSec=infinity\n", q->f);
        if (member->kind == MEMBER_MIGRATE)
                fputs("Type=oneshot\nRemainAfterExit=yes\nTimeoutStopSec=1800\n", q->f);
        else
                fprintf(q->f, "Restart=always\nRestartSec=5\nTimeoutStopSec=%u\n\n[Install]\nWantedBy=multi-user.target\n", info->grace_sec + 15);
}

static void put_container(Quadlet *q, const Member *member, const char *service) {
        const MemberInfo *info = member_info(member->kind);
        _cleanup_(freep) char *image = export_image(q->input, member->kind);
        _cleanup_(freep) char *publish = stack_publish(q->config, member->kind, info->port);

        fprintf(q->f, "\n[Container]\nContainerName=lago_%s\nImage=%s\nNetwork=lago.network\nNetworkAlias=%s\n", service, image, service);
        if (publish)
                fprintf(q->f, "PublishPort=%s\n", publish);
        if (member->kind == MEMBER_DB)
                fprintf(q->f, "ShmSize=%s\n", q->config->shm_size);
        if (info->stop_signal)
                fprintf(q->f, "StopSignal=%s\n", info->stop_signal);
        fprintf(q->f, "StopTimeout=%u\n", member->kind == MEMBER_MIGRATE ? 1800 : info->grace_sec);
}

/* @text becomes the file's. */
static void add_unit(Quadlet *q, const char *service, char *text) {
        _cleanup_(freep) char *name = xasprintf("lago_%s.container", service);

        export_add(q->export, name, text, false);
}

static void add_member(Quadlet *q, const Member *member) {
        _cleanup_(freep) char *service = export_service(member);
        char *text = NULL;
        size_t size;

        q->f = open_memstream(&text, &size);
        put_unit(q, member);
        put_container(q, member, service);
        put_command(q, member, member->kind == MEMBER_MIGRATE ? "migrate" : NULL);
        put_settings(q, member, service);
        put_health(q, member);
        put_service(q, member);
        fclose(q->f);
        add_unit(q, service, text);
}

/* That lago_migrate has ended with 0 proves nothing; this one reads the database. */
static void add_gate(Quadlet *q) {
        static const Member migrate = {.kind = MEMBER_MIGRATE};
        _cleanup_(freep) char *image = export_image(q->input, MEMBER_MIGRATE);
        Settings settings = export_settings(q->input, &migrate);
        char *text = NULL;
        size_t size;

        q->f = open_memstream(&text, &size);
        fputs("# Written by \"lagoctl export quadlet\" from lago.conf; a change here is lost with the next one.\n"
              "# That lago_migrate has ended with 0 proves nothing; this one reads the database.\n"
              "[Unit]\nDescription=The schema of Lago is verified\n",
              q->f);
        put_edge(q, "migrate", false);
        fprintf(q->f, "\n[Container]\nContainerName=lago_gate\nImage=%s\nNetwork=lago.network\nEntrypoint=/bin/sh\n"
                      "Exec=/lago/run gate 3600\n",
                image);
        put_environment(q, settings.plain);
        fputs("Volume=./secrets/migrate:/run/secrets/lago:ro\n", q->f);
        put_volumes(q, &migrate);
        fputs("\n[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\n", q->f);
        fclose(q->f);
        export_settings_done(&settings);
        add_unit(q, "gate", text);
}

static void add_install(Quadlet *q, const char *service, const char *program) {
        add_unit(q, service,
                 xasprintf("# The API's image has another C library than lago-gate, and no libpq: the copy brings its own along.\n"
                           "[Unit]\nDescription=A copy of lago-gate for the images of Lago\n\n[Container]\nContainerName=lago_%s\n"
                           "Image=%s\nEntrypoint=/usr/lib/lago/%s\nExec=install /gate\nVolume=lago_gate.volume:/gate\nNetwork=none\n"
                           "ReadOnly=true\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n",
                           service, export_gate_image(q->input), program));
}

void export_quadlet(Export *export, const ExportInput *input) {
        Quadlet q = {.input = input, .config = input->config, .export = export};
        size_t n = 0;
        Member *members = stack_members(input->config, &n);

        add_install(&q, "gate-install", "lago-gate");
        if (stack_has_clickhouse(input->config, NULL))
                add_install(&q, "gate-install-clickhouse", "lago-gate-clickhouse");
        strv_add(&q.volumes, "lago_gate");
        for (size_t i = 0; i < n; i++) {
                if (!stack_is_external(input->config, members[i].kind))
                        add_member(&q, &members[i]);
                if (members[i].kind == MEMBER_MIGRATE)
                        add_gate(&q);
        }
        STRV_FOREACH(volume, q.volumes) {
                _cleanup_(freep) char *name = xasprintf("%s.volume", *volume);

                export_add(export, name, xasprintf("[Volume]\nVolumeName=%s\n", *volume), false);
        }
        export_add(export, "lago.network", xasprintf("[Network]\nNetworkName=%s\n", input->config->network), false);
        export_add(export, "run", export_run_script(input), false);
        strv_free(q.volumes);
        free(members);
}
