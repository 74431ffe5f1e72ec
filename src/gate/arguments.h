/* SPDX-License-Identifier: MIT */
#pragma once
/* The command line of lago-gate, checked. */

#include "gate/gate.h"

typedef enum Command {
        COMMAND_MANIFEST,
        COMMAND_CHECK,
        COMMAND_WAIT,
        COMMAND_PING,
        COMMAND_HOLD,
        COMMAND_WATCH,
        COMMAND_REPLAY,
        COMMAND_LOAD,
        COMMAND_OPEN,
        COMMAND_REDIS,
        _COMMAND_MAX,
} Command;

typedef struct Arguments {
        Command command;
        const char *root, *manifest, *migrations, *app;
        const char *url_file, *hostaddr, *ca_file, *schema;
        uint64_t connect_timeout_sec, timeout_sec;
        char **passed_bridges;
        Policy policy;
        Format format;
        HoldLock lock;
} Arguments;

/** usage() - what is wrong with the command line, to standard error. Answer: -EINVAL. */
int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * arguments_parse() - @arguments holds the defaults before, and what was asked for after.
 * Answer: 1 to go on, 0 when all was said (--help), -EINVAL after a message.
 */
int arguments_parse(int argc, char **argv, Arguments *arguments);

/** command_is_imageless() - to this command the database alone matters. */
bool command_is_imageless(Command command);

/** parse_schema() - a list of schemas as in a search path, and nothing that could be more. Errors: -EINVAL, told. */
int parse_schema(const char *value, const char **ret);
