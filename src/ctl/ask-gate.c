/* SPDX-License-Identifier: MIT */
#include "ctl/ask-gate.h"

#include "base/log.h"
#include "base/privileges.h"
#include "base/util.h"

int ask_gate(char *const argv[], char *secret, RunOptions options, RunResult *ret) {
        int r = privileges_init();

        options.input = secret ? secret : "";
        options.unprivileged = true;
        if (r >= 0)
                r = run_child(argv, &options, ret);
        if (secret)
                explicit_bzero(secret, strlen(secret));
        if (r < 0)
                log_error("Cannot run %s as user " GATE_USER ": %s", argv[0], strerror(-r));
        return r;
}
