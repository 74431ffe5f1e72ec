/* SPDX-License-Identifier: MIT */
/* How lago-gate is called for this stack. */
#include "stack/stack.h"

#include "base/keyfile.h"
#include "base/util.h"
#include "schema/releases.h"

static const char *fresh_word(FreshMode mode) {
        return mode == FRESH_LOAD ? "load" : mode == FRESH_REPLAY ? "replay"
                                                                  : "auto";
}

/* The options that describe the image, the same for both gates. */
static void add_image_options(char ***argv, const Config *config, const StackGate *gate) {
        _cleanup_(freep) char *tombstones = strv_join(config->tombstones, ",");

        strv_addf(argv, "--manifest=%s", gate->manifest);
        strv_addf(argv, "--target=%s", gate->target ? gate->target : config->release);
        if (!isempty(tombstones))
                strv_addf(argv, "--tombstones=%s", tombstones);
}

static void add_manifest_options(char ***argv, const Config *config, const StackGate *gate) {
        _cleanup_(freep) char *passed = strv_join(config->passed_bridges, ",");

        add_image_options(argv, config, gate);
        strv_addf(argv, "--fresh=%s", fresh_word(config->migrate_fresh));
        if (!isempty(passed))
                strv_addf(argv, "--passed-bridges=%s", passed);
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

char **stack_redis_command(const char *address, unsigned timeout_sec) {
        char **argv = NULL;

        strv_add(&argv, "lago-gate");
        strv_add(&argv, "redis");
        strv_add(&argv, "--url-file=-");
        strv_add(&argv, "--format=export");
        strv_addf(&argv, "--hostaddr=%s", address);
        strv_addf(&argv, "--connect-timeout=%u", timeout_sec);
        return argv;
}

char *stack_redis_login(const Config *config) {
        _cleanup_(freep) char *url = stack_redis_url(config);
        char *text = NULL;

        keyfile_add(&text, "REDIS_URL", url);
        keyfile_add(&text, "REDIS_PASSWORD", env_get(config->env, "REDIS_PASSWORD"));
        keyfile_add(&text, "LAGO_REDIS_SIDEKIQ_SENTINELS", env_get(config->env, "LAGO_REDIS_SIDEKIQ_SENTINELS"));
        return text;
}

static const char *migrate_setting(const Config *config, const char *name) {
        const EnvPair *pair = config_migrate_pair(config, name);

        return pair ? pair->value : NULL;
}

bool stack_has_clickhouse(const Config *config, const char *release) {
        const char *value = migrate_setting(config, release_clickhouse_switch(release ? release : config->release));

        return value && value[strspn(value, " \t")] != '\0';
}

char **stack_clickhouse_command(const Config *config, const StackGate *gate) {
        char **argv = NULL;

        strv_add(&argv, CLICKHOUSE_GATE);
        strv_add(&argv, "check");
        strv_add(&argv, "--settings-file=-");
        if (gate->export)
                strv_add(&argv, "--format=export");
        if (config->clickhouse_ca_file)
                strv_addf(&argv, "--ca-file=%s", config->clickhouse_ca_file);
        add_image_options(&argv, config, gate);
        return argv;
}

char *stack_clickhouse_settings(const Config *config) {
        static const char *const names[] = {
                "LAGO_CLICKHOUSE_HOST",
                "LAGO_CLICKHOUSE_PORT",
                "LAGO_CLICKHOUSE_DATABASE",
                "LAGO_CLICKHOUSE_USERNAME",
                "LAGO_CLICKHOUSE_PASSWORD",
                "LAGO_CLICKHOUSE_SSL",
        };
        char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                keyfile_add(&text, names[i], migrate_setting(config, names[i]));
        return text ? text : xstrdup("");
}
