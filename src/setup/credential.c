/* SPDX-License-Identifier: MIT */
/* Keys that systemd keeps, encrypted if the operator wants: a credential of lago-setup.service instead of secrets.env. */
#include "setup/setup.h"

#include "base/file.h"
#include "base/log.h"
#include "base/util.h"

#include <systemd/sd-login.h>
#include <unistd.h>

#define MAX_BYTES 65536

/* Another set beside it: which of the two this database was filled with nobody could say. */
static StepResult refuse_two(void) {
        log_error("Keys come as a credential of lago-setup.service, and there is a " CONFIG_DIRECTORY "/secrets.env, too; "
                  "compare them, then remove one: the file, or the drop-in with LoadCredential= or LoadCredentialEncrypted=");
        setup_refused("keys both as a credential and in secrets.env; see \"journalctl -u lago-setup\"");
        return STEP_CONFIG;
}

/* By hand it has no credentials, and the unit may. */
static bool is_unit(void) {
        _cleanup_(freep) char *unit = NULL;

        return sd_pid_get_unit(0, &unit) >= 0 && streq(unit, "lago-setup.service");
}

StepResult setup_credential(void) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        _cleanup_(freep) char *path = directory ? xasprintf("%s/secrets.env", directory) : NULL, *text = NULL;
        size_t n = 0;
        int r = path ? file_read(path, MAX_BYTES, &text, &n) : -ENOENT;

        if (r == -ENOENT) {
                if (is_unit())
                        (void)unlink(CONFIG_CREDENTIAL);
                return STEP_DONE;
        }
        if (r >= 0 && access(CONFIG_DIRECTORY "/secrets.env", F_OK) == 0) {
                explicit_bzero(text, n);
                return refuse_two();
        }
        if (r >= 0)
                r = make_dirs("/run/lago/credentials", 0700);
        if (r >= 0)
                r = file_write(CONFIG_CREDENTIAL, text, 0600);
        if (text)
                explicit_bzero(text, n);
        return r < 0 ? setup_later(NULL, "Cannot copy the credential secrets.env to " CONFIG_CREDENTIAL ": %s", strerror(-r))
                     : STEP_DONE;
}
