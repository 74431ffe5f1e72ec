/* SPDX-License-Identifier: MIT */
/*
 * Plain manifests. Kubernetes has no order between its objects: each pod of Lago's backend has the gate as a container that is to
 * end before the real one starts, and asks once more whenever that one is restarted.
 */
#include "export/export.h"

#include "base/util.h"

#include <stdio.h>

#define GATE_RESOURCES "        resources: " EXPORT_GATE_RESOURCES "\n"
#define LABELS(name)   "{app.kubernetes.io/part-of: lago, app.kubernetes.io/name: " name "}"

typedef struct Kubernetes {
        const ExportInput *input;
        const Config *config;
        FILE *f, *secrets;
        uint32_t mark; /* of what a pod has from other objects */
} Kubernetes;

/* What a member asks of a node, as Lago's own chart does, but for a small installation; and of those with a place, its kind. */
static const char *requests(MemberKind kind) {
        static const char *const sizes[_MEMBER_KIND_MAX] = {
                [MEMBER_DB] = "{cpu: 500m, memory: 1Gi}",
                [MEMBER_REDIS] = "{cpu: 100m, memory: 256Mi}",
                [MEMBER_MIGRATE] = "{cpu: 250m, memory: 1Gi}",
                [MEMBER_API] = "{cpu: 500m, memory: 1Gi}",
                [MEMBER_WORKER] = "{cpu: 500m, memory: 1Gi}",
                [MEMBER_CLOCK] = "{cpu: 100m, memory: 512Mi}",
                [MEMBER_FRONT] = "{cpu: 50m, memory: 64Mi}",
                [MEMBER_PDF] = "{cpu: 250m, memory: 512Mi}",
        };

        return sizes[kind];
}

/* --- one container ------------------------------------------------------------------------------------------ */

/* In "value" and "args" Kubernetes takes "$(NAME)" for a variable and "$$" for one "$"; in a Secret it takes neither. */
static void put_environment(Kubernetes *k, const char *indent, const char *service, const Settings *settings) {
        if (settings->plain)
                fprintf(k->f, "%senv:\n", indent);
        STRV_FOREACH(pair, settings->plain) {
                size_t n = strcspn(*pair, "=");
                _cleanup_(freep) char *value = export_quote(*pair + n + 1, true);

                fprintf(k->f, "%s- {name: %.*s, value: %s}\n", indent, (int)n, *pair, value);
        }
        if (settings->secret)
                fprintf(k->f, "%senvFrom: [{secretRef: {name: lago-%s}}]\n", indent, service);
}

static void put_secret(Kubernetes *k, const char *service, const Settings *settings) {
        if (!settings->secret)
                return;
        fprintf(k->secrets, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: lago-%s}\nstringData:\n", service);
        STRV_FOREACH(pair, settings->secret) {
                size_t n = strcspn(*pair, "=");
                _cleanup_(freep) char *value = export_quote(*pair + n + 1, false);

                fprintf(k->secrets, "  %.*s: %s\n", (int)n, *pair, value);
        }
}

/* Of "/host/path:/path:ro": whose authority's certificate it is. */
static const char *ca_name(const char *volume) {
        return strstr(volume, ":" EXPORT_CLICKHOUSE_CA ":") ? "clickhouse-ca" : "ca";
}

static void put_ca_mount(Kubernetes *k, const char *volume) {
        fprintf(k->f, "        - {name: %s, mountPath: %s, subPath: ca.pem, readOnly: true}\n", ca_name(volume),
                streq(ca_name(volume), "ca") ? STACK_CA_FILE : EXPORT_CLICKHOUSE_CA);
}

/* Where files lie in a bucket, a claim that one node alone may have would only keep the pods together. */
static char **volumes_of(const Kubernetes *k, const Member *member) {
        _cleanup_(strv_freep) char **all = export_volumes(k->input, member);
        bool bucket = export_has_bucket(k->config);
        char **volumes = NULL;

        STRV_FOREACH(volume, all)
                if (**volume == '/' || !bucket || !member_info(member->kind)->backend)
                        strv_add(&volumes, *volume);
        return volumes;
}

/* A new disk has a folder "lost+found", and PostgreSQL makes its files in an empty folder alone: in one below. */
static void put_data_mount(Kubernetes *k, const Member *member, const char *path) {
        int n = (int)(member->kind == MEMBER_DB ? strrchr(path, '/') - path : (long)strlen(path));

        fprintf(k->f, "        - {name: data, mountPath: %.*s}\n", n, path);
        if (member->kind == MEMBER_DB)
                fputs("        - {name: shm, mountPath: /dev/shm}\n", k->f);
}

static void put_mounts(Kubernetes *k, const Member *member) {
        _cleanup_(strv_freep) char **volumes = volumes_of(k, member);
        bool backend = member_info(member->kind)->backend;

        if (!volumes && !backend)
                return;
        fputs("        volumeMounts:\n", k->f);
        if (backend)
                fputs("        - {name: gate, mountPath: /gate, readOnly: true}\n        - {name: run, mountPath: /lago, readOnly: true}\n", k->f);
        STRV_FOREACH(volume, volumes)
                if (**volume == '/')
                        put_ca_mount(k, *volume);
                else
                        put_data_mount(k, member, strchr(*volume, ':') + 1);
}

static void put_volumes(Kubernetes *k, const Member *member) {
        _cleanup_(strv_freep) char **volumes = volumes_of(k, member);
        bool backend = member_info(member->kind)->backend;

        if (!volumes && !backend)
                return;
        fputs("      volumes:\n", k->f);
        if (backend)
                fputs("      - {name: gate, emptyDir: {}}\n      - {name: run, configMap: {name: lago-run}}\n", k->f);
        STRV_FOREACH(volume, volumes) {
                _cleanup_(freep) char *volume_name = xstrndup(*volume, strcspn(*volume, ":")), *name = export_object_name(volume_name);

                if (**volume == '/')
                        fprintf(k->f, "      # kubectl create secret generic lago-%s --from-file=ca.pem=FILE\n"
                                      "      - {name: %s, secret: {secretName: lago-%s}}\n",
                                ca_name(*volume), ca_name(*volume), ca_name(*volume));
                else
                        fprintf(k->f, "      - {name: data, persistentVolumeClaim: {claimName: %s}}\n", name);
        }
        if (member->kind == MEMBER_DB)
                fprintf(k->f, "      - {name: shm, emptyDir: {medium: Memory, sizeLimit: %si}}\n", k->config->shm_size);
}

static void put_probes(Kubernetes *k, const Member *member) {
        static const char *const ready[_MEMBER_KIND_MAX] = {
                [MEMBER_DB] = "exec: {command: [/bin/sh, -c, 'exec pg_isready -q -h 127.0.0.1 -U \"$POSTGRES_USER\" -d \"$POSTGRES_DB\"']}",
                [MEMBER_REDIS] = "exec: {command: [/bin/sh, -c, 'redis-cli ping | grep -q PONG']}",
                [MEMBER_API] = "exec: {command: [/bin/sh, /lago/run, healthy, 'http://localhost:3000/health']}",
                [MEMBER_FRONT] = "httpGet: {path: /, port: 80}",
                [MEMBER_PDF] = "httpGet: {path: /health, port: 3000}",
        };
        /* Whether it lives, and no more: a schema that is behind is no reason to kill what waits for it. */
        static const char *const alive[_MEMBER_KIND_MAX] = {
                [MEMBER_API] = "httpGet: {path: /health, port: 3000}",
                [MEMBER_WORKER] = "httpGet: {path: /, port: 8080}",
        };
        unsigned interval = export_seconds(k->config->health_interval_usec), timeout = export_seconds(k->config->health_timeout_usec);

        if (ready[member->kind])
                fprintf(k->f, "        readinessProbe: {%s, periodSeconds: %u, timeoutSeconds: %u}\n", ready[member->kind], interval, timeout);
        if (alive[member->kind]) {
                /* It may wait for the schema first, for as long as that takes: an hour. */
                fprintf(k->f, "        startupProbe: {%s, periodSeconds: 10, timeoutSeconds: %u, failureThreshold: 360}\n", alive[member->kind], timeout);
                fprintf(k->f, "        livenessProbe: {%s, periodSeconds: %u, timeoutSeconds: %u, failureThreshold: %u}\n", alive[member->kind],
                        interval, timeout, k->config->health_restart_after > 0 ? k->config->health_restart_after : 6);
        }
}

static void put_command(Kubernetes *k, const Member *member) {
        _cleanup_(strv_freep) char **words = NULL, **more = export_run_verb(member);
        _cleanup_(freep) char *list = NULL;

        if (member->kind == MEMBER_MIGRATE)
                strv_add(&words, "migrate");
        if (member_info(member->kind)->backend)
                fputs("        command: [/bin/sh, /lago/run]\n", k->f);
        else
                words = stack_command(k->config, member, NULL, NULL, true);
        strv_extend(&words, more);
        if (!words)
                return;
        list = export_list(words, true);
        fprintf(k->f, "        args: %s\n", list);
}

/* It is nobody's, and writes into that volume alone. */
static void put_install(Kubernetes *k, const char *name, const char *program) {
        fprintf(k->f, "      - name: %s\n        image: %s\n        command: [/usr/lib/lago/%s]\n        args: [install, /gate]\n"
                      "        securityContext: " EXPORT_NOBODY "\n"
                      "        volumeMounts: [{name: gate, mountPath: /gate}]\n" GATE_RESOURCES,
                name, export_gate_image(k->input), program);
}

/* Before it: lago-gate into the pod, and its verdict on the very image that is to run. */
static void put_init(Kubernetes *k, const Member *member, const char *service, const Settings *settings) {
        _cleanup_(strv_freep) char **volumes = export_volumes(k->input, member);
        _cleanup_(freep) char *image = export_image(k->input, member->kind);

        fputs("      initContainers:\n", k->f);
        put_install(k, "gate-install", "lago-gate");
        if (stack_has_clickhouse(k->config, NULL))
                put_install(k, "gate-install-clickhouse", "lago-gate-clickhouse");
        if (member->kind == MEMBER_MIGRATE)
                return;
        fprintf(k->f, "      - name: gate\n        image: %s\n        command: [/bin/sh, /lago/run]\n        args: [gate, \"3600\"]\n", image);
        put_environment(k, "        ", service, settings);
        fputs("        volumeMounts:\n        - {name: gate, mountPath: /gate, readOnly: true}\n"
              "        - {name: run, mountPath: /lago, readOnly: true}\n",
              k->f);
        STRV_FOREACH(volume, volumes)
                if (**volume == '/')
                        put_ca_mount(k, *volume);
        fputs(GATE_RESOURCES, k->f);
}

static void put_pod(Kubernetes *k, const Member *member, const char *service) {
        const MemberInfo *info = member_info(member->kind);
        _cleanup_(freep) char *image = export_image(k->input, member->kind);
        Settings settings = export_settings(k->input, member);

        fprintf(k->f, "      enableServiceLinks: false\n      automountServiceAccountToken: false\n      terminationGracePeriodSeconds: %u\n",
                member->kind == MEMBER_MIGRATE ? 1800 : info->grace_sec);
        if (info->backend)
                put_init(k, member, service, &settings);
        fprintf(k->f, "      containers:\n      - name: %s\n        image: %s\n", service, image);
        put_command(k, member);
        put_environment(k, "        ", service, &settings);
        put_mounts(k, member);
        put_probes(k, member);
        fprintf(k->f, "        resources: {requests: %s}\n", requests(member->kind));
        put_volumes(k, member);
        put_secret(k, service, &settings);
        export_settings_done(&settings);
}

/* --- objects ------------------------------------------------------------------------------------------------ */

static void put_service(Kubernetes *k, const Member *member, const char *service) {
        unsigned port = member_info(member->kind)->port;

        if (port > 0 && member->kind != MEMBER_WORKER)
                fprintf(k->f, "---\napiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"
                              "spec: {selector: {app.kubernetes.io/part-of: lago, app.kubernetes.io/name: %s}, ports: [{port: %u}]}\n",
                        service, service, port);
}

/* A kubelet starts no pod anew because a Secret was changed, or the script; so what these are is said in the pod as well. */
static uint32_t mark_of(const ExportInput *input) {
        _cleanup_(freep) char *script = export_run_script(input);
        uint32_t mark = export_mark(0, script);
        size_t n = 0;
        Member *members = stack_members(input->config, &n);

        for (size_t i = 0; i < n; i++) {
                Settings settings = export_settings(input, &members[i]);

                STRV_FOREACH(pair, settings.secret)
                        mark = export_mark(mark, *pair);
                export_settings_done(&settings);
        }
        free(members);
        return mark;
}

static void put_template(Kubernetes *k, const Member *member, const char *service) {
        bool backend = member_info(member->kind)->backend;

        fprintf(k->f, "  template:\n    metadata:\n      labels: {app.kubernetes.io/part-of: lago, app.kubernetes.io/name: %s%s}\n",
                service, backend ? ", lago/backend: \"yes\"" : "");
        if (backend)
                fprintf(k->f, "      annotations: {lago/settings: \"%08x\"}\n", k->mark);
        fputs("    spec:\n", k->f);
        if (member->kind == MEMBER_MIGRATE)
                fputs("      restartPolicy: Never\n", k->f);
        put_pod(k, member, service);
}

/* A database and a clock must never be two for a while, as in a rolling update. */
static void put_deployment(Kubernetes *k, const Member *member, const char *service) {
        bool one = member->kind == MEMBER_DB || member->kind == MEMBER_REDIS || member->kind == MEMBER_CLOCK;

        if (member->kind == MEMBER_CLOCK)
                fputs("---\n# One: its script holds a lock in the database, and ends the clock when that is lost.\n", k->f);
        else
                fputs("---\n", k->f);
        fprintf(k->f, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s, labels: " LABELS("%s") "}\nspec:\n"
                                                                                                          "  replicas: 1\n  strategy: {type: %s}\n  selector: {matchLabels: " LABELS("%s") "}\n",
                service, service, one ? "Recreate" : "RollingUpdate", service);
        put_template(k, member, service);
}

static char *job_text(Kubernetes *k, const Member *member) {
        _cleanup_(freep) char *final = export_final_statuses();
        FILE *whole = k->f;
        char *text = NULL;
        size_t size;

        k->f = open_memstream(&text, &size);
        fprintf(k->f, "spec:\n  backoffLimit: 6\n  podFailurePolicy:\n    rules:\n"
                      "    # A node that is emptied is no fault of the migration.\n"
                      "    - " EXPORT_EVICTED "\n"
                      "    - {action: FailJob, onExitCodes: {containerName: migrate, operator: In, values: [%s]}}\n",
                final);
        put_template(k, member, "migrate");
        fclose(k->f);
        k->f = whole;
        return text;
}

/* A Job cannot be changed, so another release, setting or secret is another Job. It is not retried when a second run would end the same. */
static void put_job(Kubernetes *k, const Member *member) {
        _cleanup_(freep) char *release = export_object_name(k->config->release), *text = job_text(k, member);

        fprintf(k->f, "---\n# Ends with 0 only when the verdict is good, before or behind its migrations. What a person has to look at is not tried again.\n"
                      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: lago-migrate-%s-%08x, labels: " LABELS("migrate") "}\n%s",
                release, export_mark(0, text), text);
}

static void put_claim(Kubernetes *k, const char *volume, const char *size) {
        _cleanup_(freep) char *name = export_object_name(volume);

        fprintf(k->f, "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: %s}\n"
                      "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: %s}}}\n",
                name, size);
}

static void put_script(Kubernetes *k) {
        _cleanup_(freep) char *script = export_run_script(k->input);

        fputs("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: lago-run}\ndata:\n  run: |\n", k->f);
        for (const char *line = script; *line; line += strcspn(line, "\n") + 1) {
                int n = (int)strcspn(line, "\n");

                fprintf(k->f, "%s%.*s\n", n > 0 ? "    " : "", n, line);
        }
}

static void put_policy(Kubernetes *k, const char *service, unsigned port) {
        fprintf(k->f, "---\n# Lago's backend alone may speak to it.\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                      "metadata: {name: lago-%s}\nspec:\n  podSelector: {matchLabels: " LABELS("%s") "}\n  policyTypes: [Ingress]\n"
                                                                                                     "  ingress: [{from: [{podSelector: {matchLabels: {lago/backend: \"yes\"}}}], ports: [{port: %u}]}]\n",
                service, service, port);
}

static void put_member(Kubernetes *k, const Member *member) {
        _cleanup_(freep) char *service = export_service(member);

        if (member->kind == MEMBER_DB)
                put_claim(k, k->config->database_volume, "20Gi");
        if (member->kind == MEMBER_REDIS)
                put_claim(k, k->config->redis_volume, "5Gi");
        if (!export_has_bucket(k->config) &&
            (member->kind == MEMBER_API || (member->kind == MEMBER_WORKER && !member->pool[0] && !k->config->api_enabled)))
                put_claim(k, k->config->storage_volume, "10Gi");
        put_service(k, member, service);
        if (member->kind == MEMBER_MIGRATE)
                put_job(k, member);
        else
                put_deployment(k, member, service);
        if (member->kind == MEMBER_DB || member->kind == MEMBER_REDIS || member->kind == MEMBER_PDF)
                put_policy(k, service, member_info(member->kind)->port);
}

static const char kustomization[] =
        "# kubectl apply -k .    The migration is a Job that is named for its release; everything that needs the schema waits.\n"
        "# Where lago-gate's image was pushed to: images: [{name: localhost/lago-gate, newName: REGISTRY/lago-gate}]\n"
        "# In a namespace that is there already: namespace: NAME\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "- lago.yaml\n"
        "- secrets.yaml\n";

void export_kubernetes(Export *export, const ExportInput *input) {
        Kubernetes k = {.input = input, .config = input->config, .mark = mark_of(input)};
        char *text = NULL, *secrets = NULL;
        size_t size, secrets_size, n = 0;
        Member *members = stack_members(input->config, &n);

        k.f = open_memstream(&text, &size);
        k.secrets = open_memstream(&secrets, &secrets_size);
        fputs("# Written by \"lagoctl export kubernetes\" from lago.conf; a change here is lost with the next one: patch it with kustomize.\n", k.f);
        fputs("# Applied with lago.yaml, and kept out of version control.\n", k.secrets);
        put_script(&k);
        for (size_t i = 0; i < n; i++)
                if (!stack_is_external(input->config, members[i].kind))
                        put_member(&k, &members[i]);
        fclose(k.f);
        fclose(k.secrets);
        export_add(export, "lago.yaml", text, false);
        export_add(export, "secrets.yaml", secrets, true);
        export_add(export, "kustomization.yaml", xstrdup(kustomization), false);
        export_helm(export, input);
        free(members);
}
