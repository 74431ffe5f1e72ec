/* SPDX-License-Identifier: MIT */
/* A kustomization that puts the gate into what Lago's own Helm chart renders. */
#include "export/export.h"

#include "base/util.h"
#include "stack/stack.h"

#include <stdio.h>

/* The chart's deployments that run the API's image: io.lago.service without the release's name. */
static const char *const services[] = {
        "api",
        "clock",
        "worker",
        "events-worker",
        "billing-worker",
        "clock-worker",
        "pdf-worker",
        "payment-worker",
        "webhook-worker",
        "events-consumer-worker",
};

static const char head[] =
        "# Lago's own Helm chart with the gate in every pod of the backend. In this folder, for a release that is named \"lago\":\n"
        "#   helm template lago lago/lago --values values.yaml >chart.yaml && kubectl apply -k .\n"
        "# The chart's secret is taken to be lago-secrets; with existingSecret, write its name instead. What the chart does not\n"
        "# render is passed over.\n"
        "# Where lago-gate's image was pushed to: images: [{name: localhost/lago-gate, newName: REGISTRY/lago-gate}]\n"
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources: [chart.yaml]\n"
        "generatorOptions: {disableNameSuffixHash: true}\n"
        "configMapGenerator: [{name: lago-run, files: [run]}]\n"
        "patches:\n";

static void put_install(FILE *f, const ExportInput *input, const char *name, const char *command) {
        fprintf(f, "          - name: %s\n            image: %s\n            command: [%s]\n            args: [install, /gate]\n"
                   "            securityContext: " EXPORT_NOBODY "\n"
                   "            volumeMounts: [{name: gate, mountPath: /gate}]\n"
                   "            resources: " EXPORT_GATE_RESOURCES "\n",
                name, export_gate_image(input), command);
}

/*
 * Its first look at the schema, so that "kubectl get pods" shows who waits. ClickHouse's settings are known to the container
 * alone, which asks again in any case.
 */
static void put_gate(FILE *f, const char *image) {
        fprintf(f, "          - name: gate\n            image: %s\n            command: [/bin/sh, /lago/run, gate, \"3600\"]\n"
                   "            env: [{name: DATABASE_URL, valueFrom: {secretKeyRef: {name: lago-secrets, key: databaseUrl}}}]\n"
                   "            volumeMounts:\n            - {name: gate, mountPath: /gate, readOnly: true}\n"
                   "            - {name: run, mountPath: /lago, readOnly: true}\n"
                   "            resources: " EXPORT_GATE_RESOURCES "\n",
                image);
}

/* @args: NULL for those of the chart. */
static void put_container(FILE *f, const ExportInput *input, const char *name, const char *image, const char *command, const char *args) {
        bool ca = export_has_clickhouse_ca(input);

        fprintf(f, "          containers:\n          - name: %s\n            image: %s\n            command: %s\n", name, image, command);
        if (args)
                fprintf(f, "            args: %s\n", args);
        fprintf(f, "            volumeMounts:\n            - {name: gate, mountPath: /gate, readOnly: true}\n"
                   "            - {name: run, mountPath: /lago, readOnly: true}\n%s"
                   "          volumes:\n          - {name: gate, emptyDir: {}}\n          - {name: run, configMap: {name: lago-run}}\n%s",
                ca ? "            - {name: clickhouse-ca, mountPath: " EXPORT_CLICKHOUSE_CA ", subPath: ca.pem, readOnly: true}\n" : "",
                ca ? "          # kubectl create secret generic lago-clickhouse-ca --from-file=ca.pem=FILE\n"
                     "          - {name: clickhouse-ca, secret: {secretName: lago-clickhouse-ca}}\n"
                   : "");
}

static void put_patch(FILE *f, const ExportInput *input, const char *service) {
        _cleanup_(freep) char *image = export_image(input, MEMBER_API), *name = xasprintf("lago-%s", service);
        bool clock = streq(service, "clock"), clickhouse = stack_has_clickhouse(input->config, NULL);

        fprintf(f, "- target: {kind: Deployment, name: lago-%s}\n  patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n"
                   "    metadata: {name: lago-%s}\n    spec:\n%s      template:\n        spec:\n          initContainers:\n",
                service, service, clock ? "      strategy: {type: Recreate}\n" : "");
        put_install(f, input, "gate-install", "/usr/lib/lago/lago-gate");
        if (clickhouse)
                put_install(f, input, "gate-install-clickhouse", "/usr/lib/lago/lago-gate-clickhouse");
        else
                put_gate(f, image);
        /* The chart's arguments stay, as they name Lago's script; of one deployment its command does. */
        put_container(f, input, name, image, clock ? "[/bin/sh, /lago/run, clock]" : "[/bin/sh, /lago/run, start]",
                      streq(service, "events-consumer-worker") ? "[./scripts/start.events.consumer.sh]" : NULL);
}

/*
 * The chart's migration as well: with the verdict before and behind it, and under the lock. It is a hook for helm, and for
 * kubectl a Job like any other, which never changes: another release is another Job.
 */
static void put_job(FILE *f, const ExportInput *input) {
        _cleanup_(freep) char *image = export_image(input, MEMBER_MIGRATE), *final = export_final_statuses(),
                              *release = export_object_name(input->config->release);

        fputs("- target: {kind: Job, name: lago-migrate-db}\n  patch: |\n    apiVersion: batch/v1\n    kind: Job\n"
              "    metadata: {name: lago-migrate-db}\n    spec:\n      backoffLimit: 6\n      podFailurePolicy:\n        rules:\n",
              f);
        fprintf(f, "        - " EXPORT_EVICTED "\n        - {action: FailJob, onExitCodes: {containerName: lago-migrate, operator: In, values: [%s]}}\n"
                   "      template:\n        spec:\n          terminationGracePeriodSeconds: 1800\n          initContainers:\n",
                final);
        put_install(f, input, "gate-install", "/usr/lib/lago/lago-gate");
        if (stack_has_clickhouse(input->config, NULL))
                put_install(f, input, "gate-install-clickhouse", "/usr/lib/lago/lago-gate-clickhouse");
        put_container(f, input, "lago-migrate", image, "[/bin/sh, /lago/run]", "[migrate]");
        fprintf(f, "- target: {kind: Job, name: lago-migrate-db}\n  options: {allowNameChange: true}\n"
                   "  patch: '[{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"lago-migrate-%s\"}]'\n",
                release);
}

void export_helm(Export *export, const ExportInput *input) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        fputs(head, f);
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                put_patch(f, input, services[i]);
        put_job(f, input);
        fclose(f);
        export_add(export, "helm/kustomization.yaml", text, false);
        export_add(export, "helm/run", export_run_script(input), false);
}
