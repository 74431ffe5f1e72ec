/* SPDX-License-Identifier: MIT */
#include "supervisor/hold.h"

#include "base/util.h"

#include <stdio.h>

static void on_line(void *userdata, const char *line) {
        Hold *h = userdata;
        const char *address = startswith(line, "standby ");

        if (address) {
                (void)snprintf(h->others, sizeof(h->others), "%s", address);
                h->callbacks->standby(h->userdata, address);
        }
        if (!streq(line, "held"))
                return;
        h->others[0] = '\0';
        h->held = true;
        h->callbacks->held(h->userdata);
}

static void on_ended(void *userdata, const JobResult *result) {
        Hold *h = userdata;
        bool was_held = h->held;

        h->job = NULL;
        h->held = false;
        h->others[0] = '\0';
        h->callbacks->lost(h->userdata, was_held, result);
}

int hold_begin(Hold *h, Jobs *jobs, const GateCall *call, const HoldCallbacks *callbacks, void *userdata) {
        JobSpec spec = {
                .argv = call->argv,
                .input = call->input ? call->input : "",
                .unprivileged = true,
                .line = on_line,
                .done = on_ended,
                .userdata = h,
        };

        h->callbacks = callbacks;
        h->userdata = userdata;
        return job_start(jobs, &spec, &h->job);
}

void hold_release(Hold *h) {
        h->job = job_cancel(h->job);
        h->held = false;
        h->others[0] = '\0';
}
