/* SPDX-License-Identifier: MIT */
#include "probe/redis.h"

#include "base/util.h"
#include "probe/reading.h"

#include <stdio.h>

/*
 * "-MISCONF Errors writing to the AOF file: No space left on device", or long words about the snapshot. Restarted it would lose
 * what it holds, and as it refuses to end before it has saved, it would have to be killed.
 */
static ProbeReading read_unable(const char *answer) {
        const char *why = startswith(answer, "-MISCONF Errors writing to the AOF file: ");
        _cleanup_(freep) char *line = NULL;

        if (!why)
                return reading(PROBE_UNABLE, "cannot save its data: its log says why");
        line = first_line(why, strlen(why));
        return reading(PROBE_UNABLE, "cannot write its log of jobs: %.50s", line);
}

/* What stands behind one reply of Redis, a line or "$N" and N bytes; NULL while it is not whole. */
static const char *behind_reply(const char *reply) {
        const char *end = strstr(reply, "\r\n");
        uint64_t n = 0;
        _cleanup_(freep) char *digits = NULL;

        if (!end || *reply != '$')
                return end ? end + 2 : NULL;
        digits = xstrndup(reply + 1, (size_t)(end - reply - 1));
        /* "$-1": there is nothing. */
        if (parse_uint(digits, INT32_MAX, &n) < 0)
                return end + 2;
        return strlen(end + 2) >= n + 2 ? end + 2 + n + 2 : NULL;
}

/* Who may not, and what: "-NOPERM this user has no permissions to run the 'setrange' command". */
static ProbeReading read_forbidden(const char *answer) {
        const char *what = strstr(answer, "run the '");
        _cleanup_(freep) char *command = what ? xstrndup(what, strcspn(what, "\r\n")) : xstrdup("use its keys");
        _cleanup_(freep) char *line = first_line(command, strlen(command));

        return reading(PROBE_LATER, "its user lacks a right: ACL SETUSER USER +@all ~* &* (to %.30s)", line);
}

/* Sidekiq 7, which every release has, ends at once where it is less. */
#define OLDEST "6.2"

/* "5.0.7" where it is too old, in @ret; one that names no version is none of Redis' own, and may do. */
static bool is_old(const char *info, char ret[static 16]) {
        const char *version = strstr(info, "redis_version:");
        unsigned major, minor;

        if (!version || sscanf(version, "redis_version:%3u.%3u", &major, &minor) != 2)
                return false;
        version += strlen("redis_version:");
        (void)snprintf(ret, 16, "%.*s", (int)strspn(version, "0123456789."), version);
        return major < 6 || (major == 6 && minor < 2);
}

/* What INFO says; who may not ask is told nothing of it. */
static ProbeReading read_info(const char *info) {
        const char *policy = strstr(info, "maxmemory_policy:allkeys-"), *most = strstr(info, "\nmaxmemory:");
        char version[16];

        if (strstr(info, "cluster_enabled:1"))
                return reading(PROBE_NEVER, "it is a node of a cluster, which Lago cannot use; name a Redis without one");
        if (is_old(info, version))
                return reading(PROBE_LATER, "it is Redis %s, and Lago's workers need " OLDEST, version);
        if (!policy || !most || startswith(most, "\nmaxmemory:0\r"))
                return reading(PROBE_GOOD, "PONG");
        policy = strchr(policy, ':') + 1;
        return reading(PROBE_GOOD, PROBE_EVICTS "%.*s", (int)strcspn(policy, "\r\n"), policy);
}

/* What the write that changes nothing was answered, and three sections of INFO behind it. */
static ProbeReading read_written(const ProbeTarget *target, const char *answer, bool eof) {
        const char *info = behind_reply(answer), *end = info;

        for (int i = 0; end && i < 3; i++)
                end = behind_reply(end);
        if (!end && !eof)
                return (ProbeReading){.complete = false};
        if (startswith(answer, "-READONLY") && !target->grouped)
                return reading(PROBE_LATER, "it is a replica, which takes no jobs; name the primary in REDIS_URL");
        if (startswith(answer, "-OOM"))
                return reading(PROBE_UNABLE, "its memory is full (maxmemory), so it takes no jobs");
        if (startswith(answer, "-NOREPLICAS"))
                return reading(PROBE_UNABLE, "it lacks the replicas that it wants for a write (min-replicas-to-write)");
        if (startswith(answer, "-MISCONF"))
                return read_unable(answer);
        if (startswith(answer, "-NOPERM"))
                return read_forbidden(answer);
        if (startswith(answer, "-ERR unknown command"))
                return reading(PROBE_LATER, "it keeps no data, as a sentinel; name a server of the group in REDIS_URL");
        if (startswith(answer, "-MOVED") || startswith(answer, "-CLUSTERDOWN"))
                return read_info("cluster_enabled:1");
        return read_info(info ? info : "");
}

ProbeReading redis_read(const ProbeTarget *target, const char *bytes, size_t n, bool eof) {
        _cleanup_(freep) char *text = xstrndup(bytes, n), *line = NULL;
        const char *answer = text, *rest;

        /* AUTH and SELECT are answered first. */
        for (int i = (target->password != NULL) + (target->database > 0); i > 0; i--)
                if ((rest = startswith(answer, "+OK\r\n")))
                        answer = rest;
        if (!strstr(answer, "\r\n") && !eof)
                return (ProbeReading){.complete = false};
        line = first_line(answer, strlen(answer));
        if ((rest = startswith(answer, "+PONG\r\n")) && target->writes)
                return read_written(target, rest, eof);
        if (startswith(answer, "+PONG"))
                return reading(PROBE_GOOD, "PONG");
        if (startswith(answer, "-ERR DB index") || startswith(answer, "-ERR SELECT is not allowed"))
                return reading(PROBE_NEVER, "it has no database %u, which REDIS_URL names", target->database);
        if (startswith(answer, "-MISCONF"))
                return read_unable(answer);
        if (startswith(answer, "-DENIED"))
                return reading(PROBE_LATER, "protected mode: it takes no connection of another host until it has a password");
        if (startswith(answer, "-NOPERM"))
                return read_forbidden(answer);
        if (startswith(answer, "-MASTERDOWN"))
                return reading(PROBE_LATER, "it is a replica whose primary is away; name the primary in REDIS_URL");
        if (startswith(answer, "-LOADING"))
                return reading(PROBE_LATER, "loading its data");
        if (startswith(answer, "-NOAUTH"))
                return reading(PROBE_NEVER, "a password is required; set it in REDIS_URL or REDIS_PASSWORD");
        if (startswith(answer, "-ERR wrong number of arguments for 'auth'"))
                return reading(PROBE_LATER, "it knows no users, as before Redis 6, and Lago's workers need " OLDEST);
        if (startswith(answer, "-WRONGPASS") || startswith(answer, "-ERR invalid password") ||
            startswith(answer, "-ERR AUTH"))
                return reading(PROBE_NEVER, "the password is rejected, or wants a user: REDIS_URL=redis://USER:PASSWORD@HOST:6379");
        /* What speaks TLS alone sends an alert, or nothing. */
        if (*answer == '\0' || *answer == 21)
                return reading(PROBE_LATER, "no answer in the clear; if it speaks TLS alone, write rediss:// in REDIS_URL");
        return reading(PROBE_LATER, "answers %s", line);
}

/*
 * As Lago's client logs in, with the user "default" where none is named: one that has no password takes any then, which is how
 * REDIS_PASSWORD stands beside the Redis of Lago's compose file.
 */
static char *redis_login(const ProbeTarget *target) {
        const char *user = isempty(target->user) ? "default" : target->user;

        if (isempty(target->password))
                return xstrdup("");
        return xasprintf("*3\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(user), user, strlen(target->password),
                         target->password);
}

/*
 * A write as to where it is refused: of nothing at all, which leaves a key as it is. Sidekiq counts by this one, so who may not
 * write it has no use for the server.
 */
#define WRITE_OF_NOTHING "*4\r\n$8\r\nSETRANGE\r\n$14\r\nstat:processed\r\n$1\r\n0\r\n$0\r\n\r\nINFO cluster\r\nINFO memory\r\nINFO server\r\n"

char *redis_request(const ProbeTarget *target) {
        _cleanup_(freep) char *login = redis_login(target);
        _cleanup_(freep) char *select = target->database > 0 ? xasprintf("SELECT %u\r\n", target->database) : xstrdup("");

        return xasprintf("%s%sPING\r\n%s", login, select, target->writes ? WRITE_OF_NOTHING : "");
}
