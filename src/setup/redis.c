/* SPDX-License-Identifier: MIT */
/*
 * Redis that logs its jobs starts from the log, and takes one that is not there for an empty one: it would forget the
 * snapshot beside it, with all the jobs in it. So it is where a volume comes from elsewhere, and where append-only was
 * "no" before.
 */
#include "setup/setup.h"

#include "base/log.h"
#include "base/passing.h"
#include "base/util.h"
#include "stack/stack.h"

#include <unistd.h>

/* 1: it is there, 0: it is not. Errors: -errno. */
static int has_file(const char *directory, const char *name) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", directory, name);

        if (access(path, F_OK) == 0)
                return 1;
        return errno_is_passing(-errno) ? -errno : 0;
}

static int has_log(const char *directory) {
        int r = has_file(directory, STACK_REDIS_LOG);

        return r == 0 ? has_file(directory, STACK_REDIS_OLD_LOG) : r;
}

int redis_has_data(const char *directory) {
        int r = has_log(directory);

        return r == 0 ? has_file(directory, STACK_REDIS_SNAPSHOT) : r;
}

int redis_would_forget(const char *directory) {
        int r = has_file(directory, STACK_REDIS_SNAPSHOT), log = r > 0 ? has_log(directory) : 0;

        return r <= 0 ? r : log < 0 ? log
                                    : !log;
}

StepResult setup_redis(const Config *config, const Inventory *inventory) {
        const char *directory = inventory_mountpoint(inventory, config->redis_volume);

        int r = config->redis_external || !config->redis_append_only || isempty(directory) ? 0
                                                                                           : redis_would_forget(directory);

        if (r < 0)
                return setup_later(NULL, "Cannot look into the volume %s: %s", config->redis_volume, strerror(-r));
        if (r == 0)
                return STEP_DONE;
        log_message(LOG_ERR, MESSAGE_CONFIG_REFUSED,
                    "[redis] append-only = yes, but the volume %s holds a snapshot (dump.rdb) and no log: Redis would "
                    "forget the jobs that wait in it. Make the log first, as \"Let Redis log its jobs\" in "
                    "moving-from-docker-compose.md tells (in the documentation of this package), or write append-only "
                    "= no",
                    config->redis_volume);
        setup_refused("Redis would forget its jobs: append-only = yes on a volume without a log");
        return STEP_CONFIG;
}
