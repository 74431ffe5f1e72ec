/* SPDX-License-Identifier: MIT */
#pragma once
/* What is wrong with the files of a directory, collected while they are read. */

#include <stddef.h>

typedef enum ConfigErrorKind {
        CONFIG_ERROR,      /* refused: EXIT_CONFIG */
        CONFIG_ERROR_KEYS, /* refused: a key or secret that Lago must not run with, EXIT_KEYS */
        CONFIG_WARNING,    /* told, and obeyed */
        CONFIG_UNREAD,     /* no refusal: a file could not be read, for a reason that may pass by itself */
} ConfigErrorKind;

/* One thing wrong, in words an operator can act on. */
typedef struct ConfigError {
        ConfigErrorKind kind;
        char *file;    /* full path */
        unsigned line; /* 0: the file as a whole */
        char *text;    /* what is wrong and what to write instead; no secret value */
        int error;     /* of CONFIG_UNREAD: the negative errno */
} ConfigError;

typedef struct ConfigErrors {
        ConfigError *list;
        size_t n;
} ConfigErrors;

/** config_errors_add() - appends one that is refused with EXIT_CONFIG; @file is copied. */
void config_errors_add(ConfigErrors *errors, const char *file, unsigned line, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/** config_errors_add_kind() - the same, of any kind. */
void config_errors_add_kind(ConfigErrors *errors, ConfigErrorKind kind, const char *file, unsigned line,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));
/**
 * config_errors_add_errno() - @file could not be read for @r, a negative errno, which becomes the end of the text: CONFIG_UNREAD
 * when it may pass, else CONFIG_ERROR.
 */
void config_errors_add_errno(ConfigErrors *errors, const char *file, int r, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/** config_errors_unread() - the first of kind CONFIG_UNREAD, NULL when there is none. */
const ConfigError *config_errors_unread(const ConfigErrors *errors);
/**
 * config_errors_status() - 0 when there are none but warnings. As long as a file could not be read nothing is refused: that is
 * EXIT_OSERR or EXIT_TEMPFAIL, see errno_status(). EXIT_KEYS when all are of keys, else EXIT_CONFIG.
 */
int config_errors_status(const ConfigErrors *errors);
void config_errors_done(ConfigErrors *errors);

/** config_errors_tell() - logs every error and warning as a message of its own, with file and line. */
void config_errors_tell(const ConfigErrors *errors);
