/* SPDX-License-Identifier: MIT */
/* How lago-gate is called for this stack. */
#include "stack/stack.h"

#include "base/util.h"

static const char *fresh_word(FreshMode mode) {
        return mode == FRESH_LOAD ? "load" : mode == FRESH_REPLAY ? "replay" : "auto";
}

static void add_manifest_options(char ***argv, const Config *config, const StackGate *gate) {
        _cleanup_(freep) char *bridges = strv_join(config->passed_bridges, ",");
        _cleanup_(freep) char *tombstones = strv_join(config->tombstones, ",");

        strv_addf(argv, "--manifest=%s", gate->manifest);
        strv_addf(argv, "--target=%s", gate->target ? gate->target : config->release);
        strv_addf(argv, "--fresh=%s", fresh_word(config->migrate_fresh));
        if (!isempty(bridges))
                strv_addf(argv, "--passed-bridges=%s", bridges);
        if (!isempty(tombstones))
                strv_addf(argv, "--tombstones=%s", tombstones);
}

char **stack_gate_command(const Config *config, const char *verb, const StackGate *gate) {
        const char *schema = env_get(config->env, "POSTGRES_SCHEMA");
        char **argv = NULL;

        strv_add(&argv, "lago-gate");
        strv_add(&argv, verb);
        strv_add(&argv, "--url-file=-");
        if (gate->export)
                strv_add(&argv, "--format=export");
        if (gate->lock)
                strv_addf(&argv, "--lock=%s", gate->lock);
        if (gate->address)
                strv_addf(&argv, "--hostaddr=%s", gate->address);
        if (config->ca_file)
                strv_addf(&argv, "--ca-file=%s", config->ca_file);
        if (!isempty(schema))
                strv_addf(&argv, "--schema=%s", schema);
        if (gate->manifest)
                add_manifest_options(&argv, config, gate);
        return argv;
}
