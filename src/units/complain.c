/* SPDX-License-Identifier: MIT */
#include "units/complain.h"

#include "base/log.h"
#include "base/util.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define IDENTIFIER "lago-generator"

/*
 * The socket belongs to process 1 and is there before journald is; what is sent early waits in it. Only a journal that
 * is stuck fills it, and then the answer is EAGAIN. libsystemd would wait there, and journald may be waiting for us.
 */
static bool tell_journal(const char *fields) {
        static const struct sockaddr_un journal = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/socket",
        };
        _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        return fd >= 0 && sendto(fd, fields, strlen(fields), MSG_NOSIGNAL,
                                 (const struct sockaddr *)&journal, sizeof(journal)) >= 0;
}

/* One write is one message. */
static bool tell_kernel(const char *text) {
        _cleanup_(closep) int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        _cleanup_(freep) char *line = xasprintf("<3>" IDENTIFIER "[%d]: %s\n", (int)getpid(), text);

        return fd >= 0 && write(fd, line, strlen(line)) >= 0;
}

static char *with_place(const char *file, unsigned line, const char *text) {
        _cleanup_(freep) char *whole = NULL;

        if (file && line > 0)
                whole = xasprintf("%s:%u: %s", file, line, text);
        else if (file)
                whole = xasprintf("%s: %s", file, text);
        return escape_line(whole ? whole : text);
}

/* Of the catalogue's entries only the one for a configuration that was refused fits, and it says where. */
static char *with_fields(const char *file, unsigned line, const char *message) {
        _cleanup_(freep) char *name = file ? escape_line(file) : NULL;
        _cleanup_(freep) char *place = name ? xasprintf("MESSAGE_ID=" MESSAGE_CONFIG_REFUSED "\n"
                                                        "FILE=%s\n"
                                                        "LINE=%u\n",
                                                        name, line)
                                            : xstrdup("");

        return xasprintf("MESSAGE=%s\n"
                         "PRIORITY=3\n"
                         "SYSLOG_IDENTIFIER=" IDENTIFIER "\n"
                         "%s",
                         message, place);
}

void complain(const char *file, unsigned line, const char *text) {
        _cleanup_(freep) char *message = with_place(file, line, text);
        _cleanup_(freep) char *fields = with_fields(file, line, message);

        /* systemd sets this for its generators, and gives them a standard error that nobody reads. */
        if (getenv("SYSTEMD_SCOPE") && (tell_journal(fields) || tell_kernel(message)))
                return;
        fprintf(stderr, IDENTIFIER ": %s\n", message);
}
