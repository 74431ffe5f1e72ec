/* SPDX-License-Identifier: MIT */
#pragma once
/* Messages for the operator: to the journal with fields, or to standard error where no journal listens. */

#include "base/util.h"

#include <syslog.h>

/* Message ids with a text in conf/lago.catalog; the names say the event. */
#define MESSAGE_STACK_SERVES    "16ece643c1634c428f322301089506cd"
#define MESSAGE_MEMBER_READY    "fc944d3055624e00900b0c627a82ee56"
#define MESSAGE_WAITING         "c96e0e295d814605b24f4d84f0995ed5"
#define MESSAGE_WAIT_OVER       "390fd2008b444cfa9cb7bd73d99844e1"
#define MESSAGE_SCHEMA_VERIFIED "7e1e197ae80b4a3d9159ebc2a2d95204"
#define MESSAGE_SCHEMA_REFUSED  "7735b9c95219487eafa4cbb7358e602d"
#define MESSAGE_MIGRATE_BEGINS  "a6cf7b8d63774ef7a56ba70400a44b0d"
#define MESSAGE_MIGRATE_ENDS    "ad81449ae58841d1b8ecdbe16c1a4eaf"
#define MESSAGE_MIGRATE_BLOCKED "7cd6108cb72a4d9e832b1ca54ee01e00"
#define MESSAGE_CONFIG_REFUSED  "3a118b79f63949d2823ad1cd6a3a6eb9"
#define MESSAGE_KEYS            "d8374362127141edb68a13e880b1b354"
#define MESSAGE_IMAGE           "dfc2345d44db4d70acc7a4b5344864ea"
#define MESSAGE_CONTAINER_ENDED "29f3bdba81ac49cc875afb5e0170eeaf"
#define MESSAGE_CRASH_LOOP      "e36285a9c30a4f28b249ea48964107a6"
#define MESSAGE_HEALTH          "6ac80386b3854b73ae40beca34845c68"
#define MESSAGE_BRIDGE_OPEN     "2e611bdb611e490fa5a02b63b8ba04c8"
#define MESSAGE_START_REQUEUED  "6d053d1cc6fd4a3698141d4c2e21f02f"
#define MESSAGE_REAPED          "cdec3958c5d841349c830948b7206fd9"
#define MESSAGE_SCHEMA_IN_LOG   "8467a47c50a144c7a6ca2ae23963ff06"
#define MESSAGE_UPSTREAM_FAILED "3c6f1d0b9e3a4b53a54bd1fb6a0f7c92"
#define MESSAGE_UNREACHED       "5e0a1f7c4d9b4c0f9d3cf2f7a6c1b84e"
#define MESSAGE_LAST_LINES      "75e9d1f397114b01bc1c661c5f92edf0"
#define MESSAGE_STOPPED         "2f5e069a94a8472f991a43cfc1063f35"
#define MESSAGE_CLOCK_SILENT    "1cddb01245744e1bb0e17ddc68a04d69"
#define MESSAGE_SECOND_CLOCK    "78c0bbcefdc7464eb67f02f64e2139dd"

/** log_init() - the program's SYSLOG_IDENTIFIER, and whether the journal is on the other end of standard error. */
void log_init(const char *identifier);

/** log_field() - a field that every later message carries: "LAGO_MEMBER=api". A field of that name is replaced. */
void log_field(const char *field);

/** log_message() - one message; @message_id NULL for one without catalogue text. Priority as in syslog.h. */
void log_message(int priority, const char *message_id, const char *format, ...) _printf_(3, 4);

/** log_fields() - the same with more fields ("FILE=…"), for this message alone; @fields may be NULL. */
void log_fields(int priority, const char *message_id, char *const *fields, const char *format, ...)
        _printf_(4, 5);

#define log_error(...)   log_message(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_DEBUG, NULL, __VA_ARGS__)
