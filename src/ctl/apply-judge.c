/* SPDX-License-Identifier: MIT */
#include "ctl/apply.h"

#include "base/file.h"
#include "base/keyfile.h"
#include "base/log.h"
#include "base/runstate.h"
#include "base/time.h"
#include "config/admitted.h"
#include "ctl/ask-gate.h"
#include "process/port.h"
#include "setup/setup.h"
#include "stack/stack.h"

#include <stdio.h>

#define FILE_MAX          65536
#define GATE_TIMEOUT_USEC (60 * USEC_PER_SEC)

static int judge_configuration(Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        ConfigErrors errors = {0};
        int r = config_load(CONFIG_DIRECTORY, &config, &errors), status;

        if (r >= 0)
                setup_check(CONFIG_DIRECTORY, config, &errors);
        config_errors_tell(&errors);
        status = config_errors_status(&errors);
        config_errors_done(&errors);
        if (r < 0 && status == 0)
                status = EXIT_CONFIG;
        if (status == 0)
                *ret = TAKE_PTR(config);
        return status;
}

/* Other keys on the same database: what is stored encrypted could not be read. */
static int judge_keys(const Config *config) {
        _cleanup_(freep) char *text = NULL, *names = NULL;
        _cleanup_(strv_freep) char **changed = NULL;
        int r = file_read(FINGERPRINTS_FILE, FILE_MAX, &text, NULL);

        if (r == -ENOENT)
                return 0;
        if (r < 0) {
                log_error("Cannot read " FINGERPRINTS_FILE ": %s", strerror(-r));
                return EXIT_TEMPFAIL;
        }
        changed = fingerprints_changed(config, text);
        if (!changed || strv_contains(changed, FINGERPRINTS_OTHER_DATABASE))
                return 0;
        names = strv_join(changed, ", ");
        log_error("%s changed since this database was first used; put the old value back into lago.env or secrets.env", names);
        return EXIT_KEYS;
}

/* One that a member has now is free when it stops. */
static int judge_port(const Config *admitted, const Config *config, MemberKind kind) {
        const Listen *listen = stack_listen(config, kind), *now = admitted ? stack_listen(admitted, kind) : NULL;
        _cleanup_(freep) char *text = listen ? stack_listen_text(listen) : NULL;
        _cleanup_(freep) char *text_now = now ? stack_listen_text(now) : NULL, *state = NULL, *run_file = NULL;

        if (!listen || !stack_is_enabled(config, &(Member){.kind = kind}) || (text_now && streq(text, text_now)))
                return 0;
        run_file = runstate_read(member_info(kind)->name);
        state = run_file ? keyfile_get(run_file, "STATE") : NULL;
        if (!admitted && state && streq(state, RUN_STATE_SERVING))
                return 0;
        if (!port_is_taken(listen->address, listen->port))
                return 0;
        log_error("Another program listens on %s; see listen of [%s] in lago.conf", text, member_info(kind)->name);
        return EXIT_STRANGER;
}

/* From what lago-gate said, with its exit status. */
static int judge_verdict(const RunResult *child, char **ret_sentence) {
        _cleanup_(freep) char *sentence = keyfile_get(child->output, "SENTENCE"),
                              *remedy = keyfile_get(child->output, "REMEDY");

        if (!sentence) {
                log_error("lago-gate gave no verdict (exit %d): %s", child->status, child->error);
                return EXIT_TEMPFAIL;
        }
        if (child->status == GATE_VERIFIED || (child->status >= GATE_PENDING && child->status <= GATE_EMPTY)) {
                *ret_sentence = TAKE_PTR(sentence);
                return 0;
        }
        log_error("%s", sentence);
        if (!isempty(remedy))
                log_error("%s", remedy);
        if (child->status < GATE_AHEAD || child->status >= _GATE_REFUSED_END)
                return EXIT_TEMPFAIL;
        return child->status >= GATE_WRONG_MAJOR ? EXIT_SERVER : EXIT_SCHEMA;
}

static int ask(char *const *argv, char *secret, char **ret_sentence) {
        RunResult child = {0};
        int r = ask_gate(argv, secret, (RunOptions){.max_bytes = FILE_MAX, .timeout_usec = GATE_TIMEOUT_USEC}, &child);

        if (r < 0)
                return EXIT_OSERR;
        r = judge_verdict(&child, ret_sentence);
        run_done(&child);
        return r;
}

static int judge_clickhouse(const Config *config, StackGate *gate) {
        _cleanup_(strv_freep) char **argv = NULL;
        _cleanup_(freep) char *settings = NULL, *sentence = NULL;

        if (!stack_has_clickhouse(config, gate->target))
                return 0;
        argv = stack_clickhouse_command(config, gate);
        settings = stack_clickhouse_settings(config);
        return ask(argv, settings, &sentence);
}

/* A bundled server that is down is asked at the start. */
static int judge_schema(Wanted *wanted) {
        const Config *config = wanted->release.config;
        _cleanup_(freep) char *manifest = NULL, *address = NULL, *url = NULL;
        _cleanup_(strv_freep) char **argv = NULL;
        int r = release_manifest(&wanted->release, &manifest);
        StackGate gate = {.manifest = manifest, .export = true};

        if (r != 0)
                return r;
        if (!config->database_external) {
                address = runstate_address("db");
                if (!address)
                        return 0;
                gate.address = address;
        }
        argv = stack_gate_command(config, "check", &gate);
        url = stack_database_url(config);
        r = ask(argv, url, &wanted->schema);
        return r != 0 ? r : judge_clickhouse(config, &gate);
}

/* What runs: its configuration, and the id of the API's image. */
static char *load_admitted(Config **ret) {
        ConfigErrors errors = {0};
        _cleanup_(freep) char *text = NULL;

        if (admitted_state(ADMITTED_KEPT_DIRECTORY) != ADMITTED_WHOLE)
                return NULL;
        (void)config_load(ADMITTED_KEPT_DIRECTORY, ret, &errors);
        config_errors_done(&errors);
        return *ret && file_read(ADMITTED_KEPT_DIRECTORY "/" ADMITTED_IMAGES, FILE_MAX, &text, NULL) >= 0
                       ? keyfile_get(text, "API_IMAGE_ID")
                       : NULL;
}

static int judge(Wanted *wanted) {
        _cleanup_(freep) char *running = load_admitted(&wanted->admitted);
        Release *release = &wanted->release;
        int r = judge_configuration(&release->config);

        if (r == 0)
                r = judge_keys(release->config);
        if (r == 0)
                r = judge_port(wanted->admitted, release->config, MEMBER_API);
        if (r == 0)
                r = judge_port(wanted->admitted, release->config, MEMBER_FRONT);
        if (r == 0)
                r = pull_images(release->config);
        if (r != 0)
                return r;
        release->image = stack_image(release->config, MEMBER_API);
        release->image_id = image_id(release->image);
        release->version = xstrdup(release->config->release);
        wanted->other_image = running && release->image_id && !streq(running, release->image_id);
        wanted->edited = admitted_edited(CONFIG_DIRECTORY, ADMITTED_KEPT_DIRECTORY);
        return judge_schema(wanted);
}

int apply_judge(Wanted *ret) {
        Wanted wanted = {0};
        int status = judge(&wanted);

        if (status != 0)
                wanted_done(&wanted);
        else
                *ret = wanted;
        return status;
}

void wanted_done(Wanted *wanted) {
        release_done(&wanted->release);
        config_free(wanted->admitted);
        strv_free(wanted->edited);
        free(wanted->schema);
        *wanted = (Wanted){0};
}
