/* SPDX-License-Identifier: MIT */
#include "supervisor/settings.h"

#include "config/admitted.h"
#include "config/check.h"
#include "supervisor/admit.h"
#include "supervisor/supervisor.h"

#include <systemd/sd-daemon.h>

/* The environment file of this member alone. Errors are logged, and answered as an exit status. */
static int load_env(Supervisor *s, const char *directory) {
        _cleanup_(freep) char *name = member_environment_name(&s->member);
        _cleanup_(freep) char *path = xasprintf("%s/env.d/%s.env", directory, name);
        Env *env = env_new();
        ConfigErrors errors = {0};
        int r = env_read(env, path, &errors), status;

        if (r >= 0)
                (void)check_member_environment(env, &errors);
        else if (r != -ENOENT && r != -EBADMSG)
                config_errors_add_errno(&errors, path, r, "cannot be read");
        status = config_errors_status(&errors);
        /* Warnings about a copy were logged for the original already. */
        if (!streq(directory, ADMITTED_NEW_DIRECTORY) || status != 0)
                config_errors_tell(&errors);
        config_errors_done(&errors);
        if (status != 0) {
                env_free(env);
                return status;
        }
        env_free(s->own_env);
        s->own_env = env;
        return 0;
}

/* What it runs with is the copy that it may admit, and not what the operator writes meanwhile. */
static int load_to_admit(Supervisor *s, Config **ret) {
        int status;

        s->run.source = admit_source();
        status = admit_begin(s->run.source, ret);
        if (status == 0 && s->run.source == ADMIT_CONFIGURED)
                status = load_env(s, CONFIG_DIRECTORY);
        return status != 0 ? status
                           : load_env(s, s->run.source == ADMIT_KEPT ? ADMITTED_DIRECTORY : ADMITTED_NEW_DIRECTORY);
}

/* Of those that start from what was admitted, and of lago-migrate when it admits nothing else. */
static bool was_not_applied(const Supervisor *s) {
        bool kept = s->member.kind == MEMBER_MIGRATE ? s->run.source == ADMIT_KEPT : s->info->admitted;
        _cleanup_(strv_freep) char **edited = kept ? admitted_edited(CONFIG_DIRECTORY, ADMITTED_DIRECTORY) : NULL;

        return edited != NULL;
}

int settings_load(Supervisor *s) {
        const char *directory = s->info->admitted ? ADMITTED_DIRECTORY : admitted_boot_directory();
        int status;

        if (s->member.kind == MEMBER_MIGRATE) {
                admit_hear();
                status = load_to_admit(s, &s->config);
        } else {
                status = config_load_or_tell(directory, &s->config);
                if (status == 0)
                        status = load_env(s, directory);
        }
        if (status != 0) {
                (void)sd_notify(0, exit_is_final(status)
                                           ? "STATUS=Refused: configuration; see \"lagoctl check\" and the journal"
                                           : "STATUS=Cannot read the configuration yet; see the journal");
                return status;
        }
        s->wait.unapplied = was_not_applied(s);
        s->image.reference = stack_image(s->config, s->member.kind);
        /* The generator keeps systemd from starting it, unless lago.conf could not be read at the last reload. */
        if (!stack_is_enabled(s->config, &s->member)) {
                (void)sd_notifyf(0, "STATUS=Refused: %s is switched off in lago.conf", s->name);
                log_message(LOG_ERR, MESSAGE_CONFIG_REFUSED, "%s is switched off in lago.conf, so it is not started.", s->name);
                return EXIT_CONFIG;
        }
        return 0;
}

/*
 * What lago-migrate waits for may be a wrong setting: each attempt reads the configuration afresh, so that mending the
 * file is enough. The others start from what it admitted.
 */
bool settings_reload(Supervisor *s) {
        _cleanup_(config_freep) Config *config = NULL;

        if (s->member.kind != MEMBER_MIGRATE || s->wait.attempts == 0)
                return true;
        if (load_to_admit(s, &config) != 0) {
                supervisor_later(s, "Waiting for a configuration without errors; see the journal");
                return false;
        }
        config_free(s->config);
        s->config = TAKE_PTR(config);
        free(s->image.reference);
        s->image.reference = stack_image(s->config, s->member.kind);
        return true;
}
