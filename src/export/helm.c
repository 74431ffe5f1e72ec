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
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources: [chart.yaml]\n"
        "generatorOptions: {disableNameSuffixHash: true}\n"
        "configMapGenerator: [{name: lago-run, files: [run]}]\n"
        "patches:\n";

static void put_install(FILE *f, const ExportInput *input, const char *name, const char *command) {
        fprintf(f, "          - name: %s\n            image: %s\n            command: [%s]\n            args: [install, /gate]\n"
                   "            volumeMounts: [{name: gate, mountPath: /gate}]\n",
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
                   "            - {name: run, mountPath: /lago, readOnly: true}\n",
                image);
}

static void put_patch(FILE *f, const ExportInput *input, const char *service) {
        _cleanup_(freep) char *image = export_image(input, MEMBER_API);
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
        fprintf(f, "          containers:\n          - name: lago-%s\n            image: %s\n            command: [/bin/sh, /lago/run, %s]\n%s"
                   "            volumeMounts:\n            - {name: gate, mountPath: /gate, readOnly: true}\n"
                   "            - {name: run, mountPath: /lago, readOnly: true}\n"
                   "          volumes:\n          - {name: gate, emptyDir: {}}\n          - {name: run, configMap: {name: lago-run}}\n",
                service, image, clock ? "clock" : "start",
                streq(service, "events-consumer-worker") ? "            args: [./scripts/start.events.consumer.sh]\n" : "");
}

void export_helm(Export *export, const ExportInput *input) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        fputs(head, f);
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                put_patch(f, input, services[i]);
        fclose(f);
        export_add(export, "helm/kustomization.yaml", text, false);
        export_add(export, "helm/run", export_run_script(input), false);
}
