/* SPDX-License-Identifier: MIT */
/* Apart from errors.c, as not every program that reads the configuration speaks to the journal. */
#include "config/config.h"

#include "base/log.h"
#include "base/util.h"

static void tell(const ConfigError *error) {
        bool warning = error->kind == CONFIG_WARNING;
        const char *id = warning || error->kind == CONFIG_UNREAD ? NULL
                         : error->kind == CONFIG_ERROR_KEYS      ? MESSAGE_KEYS
                                                                 : MESSAGE_CONFIG_REFUSED;
        _cleanup_(strv_freep) char **fields = NULL;
        _cleanup_(freep) char *where = error->line > 0 ? xasprintf("%s:%u", error->file, error->line)
                                                       : xstrdup(error->file);

        strv_addf(&fields, "FILE=%s", error->file);
        if (error->line > 0)
                strv_addf(&fields, "LINE=%u", error->line);
        log_fields(warning ? LOG_WARNING : LOG_ERR, id, fields, "%s: %s%s", where,
                   warning ? "warning: " : "", error->text);
}

void config_errors_tell(const ConfigErrors *errors) {
        for (size_t i = 0; i < errors->n; i++)
                tell(&errors->list[i]);
}

int config_load_or_tell(const char *directory, Config **ret) {
        ConfigErrors errors = {0};
        int r = config_load(directory, ret, &errors), status = config_errors_status(&errors);

        /* What are warnings only, lago-setup has told: nine services need not repeat them. */
        if (r < 0)
                config_errors_tell(&errors);
        config_errors_done(&errors);
        return r < 0 && status == 0 ? EXIT_CONFIG : status;
}
