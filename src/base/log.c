/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* The location fields would name this file for every message. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <systemd/sd-login.h>

static const char *log_identifier = "lago";
static bool log_to_journal, log_debug_wanted;
static char **log_common;

/* systemd says in $JOURNAL_STREAM which device:inode is the journal's; see systemd.exec(5). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(2, &st) == 0 &&
               st.st_dev == device && st.st_ino == inode;
}

/*
 * The journal finds a message's unit by looking the sender up after it has arrived. A program that tells why it ends and
 * ends is often gone by then, and "systemctl status" would show nothing; of root it also believes this field.
 */
static void name_our_unit(void) {
        char *unit = NULL;

        if (sd_pid_get_unit(0, &unit) >= 0) {
                _cleanup_(freep) char *field = xasprintf("OBJECT_SYSTEMD_UNIT=%s", unit);

                log_field(field);
        }
        free(unit);
}

void log_init(const char *identifier) {
        const char *level = getenv("SYSTEMD_LOG_LEVEL");

        log_identifier = identifier;
        log_to_journal = stderr_is_journal();
        log_debug_wanted = level && streq(level, "debug");
        if (log_to_journal)
                name_our_unit();
}

void log_field(const char *field) {
        size_t n = strcspn(field, "=") + 1;

        for (size_t i = 0; log_common && log_common[i]; i++)
                if (strncmp(log_common[i], field, n) == 0) {
                        free(log_common[i]);
                        log_common[i] = xstrdup(field);
                        return;
                }
        strv_add(&log_common, field);
}

static void send_fields(char *const *fields) {
        struct iovec iov[32];
        int n = 0;

        STRV_FOREACH(i, fields) {
                if ((size_t)n == ELEMENTSOF(iov))
                        break;
                iov[n++] = (struct iovec){.iov_base = *i, .iov_len = strlen(*i)};
        }
        (void)sd_journal_sendv(iov, n);
}

static void log_va(int priority, const char *id, char *const *more, const char *format, va_list ap)
        _printf_(4, 0);

static void log_va(int priority, const char *id, char *const *more, const char *format, va_list ap) {
        _cleanup_(strv_freep) char **fields = NULL;
        _cleanup_(freep) char *raw = NULL, *text = NULL;

        if ((priority >= LOG_DEBUG && !log_debug_wanted) || vasprintf(&raw, format, ap) < 0)
                return;
        text = escape_line(raw);
        if (!log_to_journal) {
                fprintf(stderr, "%s: %s\n", log_identifier, text);
                return;
        }
        strv_addf(&fields, "MESSAGE=%s", text);
        strv_addf(&fields, "PRIORITY=%d", priority);
        strv_addf(&fields, "SYSLOG_IDENTIFIER=%s", log_identifier);
        if (id)
                strv_addf(&fields, "MESSAGE_ID=%s", id);
        strv_extend(&fields, log_common);
        strv_extend(&fields, more);
        send_fields(fields);
}

void log_message(int priority, const char *message_id, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_va(priority, message_id, NULL, format, ap);
        va_end(ap);
}

void log_fields(int priority, const char *message_id, char *const *fields, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        log_va(priority, message_id, fields, format, ap);
        va_end(ap);
}
