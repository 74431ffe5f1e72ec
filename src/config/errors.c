/* SPDX-License-Identifier: MIT */
#include "config/errors.h"

#include "base/passing.h"
#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>

_printf_(5, 0) static void add_va(ConfigErrors *errors, ConfigErrorKind kind, const char *file,
                                  unsigned line, const char *format, va_list ap) {
        char *text = NULL;

        if (vasprintf(&text, format, ap) < 0)
                text = xstrdup("out of memory");
        errors->list = xrealloc(errors->list, (errors->n + 1) * sizeof(*errors->list));
        errors->list[errors->n++] =
                (ConfigError){.kind = kind, .file = xstrdup(file), .line = line, .text = text};
}

void config_errors_add(ConfigErrors *errors, const char *file, unsigned line, const char *format,
                       ...) {
        va_list ap;

        va_start(ap, format);
        add_va(errors, CONFIG_ERROR, file, line, format, ap);
        va_end(ap);
}

void config_errors_add_kind(ConfigErrors *errors, ConfigErrorKind kind, const char *file,
                            unsigned line, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        add_va(errors, kind, file, line, format, ap);
        va_end(ap);
}

void config_errors_add_errno(ConfigErrors *errors, const char *file, int r, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        ConfigError *error;
        va_list ap;

        va_start(ap, format);
        add_va(errors, errno_is_passing(r) ? CONFIG_UNREAD : CONFIG_ERROR, file, 0, format, ap);
        va_end(ap);
        error = &errors->list[errors->n - 1];
        text = error->text;
        error->text = xasprintf("%s: %s", text, strerror(-r));
        error->error = r;
}

const ConfigError *config_errors_unread(const ConfigErrors *errors) {
        for (size_t i = 0; i < errors->n; i++)
                if (errors->list[i].kind == CONFIG_UNREAD)
                        return &errors->list[i];
        return NULL;
}

int config_errors_status(const ConfigErrors *errors) {
        const ConfigError *unread = config_errors_unread(errors);
        int status = 0;

        if (unread)
                return errno_status(unread->error);
        for (size_t i = 0; i < errors->n; i++) {
                if (errors->list[i].kind == CONFIG_ERROR)
                        return EXIT_CONFIG;
                if (errors->list[i].kind == CONFIG_ERROR_KEYS)
                        status = EXIT_KEYS;
        }
        return status;
}

void config_errors_done(ConfigErrors *errors) {
        for (size_t i = 0; i < errors->n; i++) {
                free(errors->list[i].file);
                free(errors->list[i].text);
        }
        free(errors->list);
        *errors = (ConfigErrors){0};
}
