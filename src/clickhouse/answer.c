/* SPDX-License-Identifier: MIT */
#include "clickhouse/clickhouse.h"

#include "base/util.h"

/* FINAL, since the table keeps the older rows of a version until it merges them; a row of a rolled back one is inactive. */
const char clickhouse_query[] =
        "SELECT count(), arrayStringConcat(groupArray(toString(version)), ','), version() "
        "FROM (SELECT version FROM schema_migrations FINAL WHERE active = 1) FORMAT TabSeparated";

/* ClickHouse's numbers; they never change, its texts do. */
enum {
        UNKNOWN_IDENTIFIER = 47,
        UNKNOWN_TABLE = 60,
        UNKNOWN_DATABASE = 81,
        ILLEGAL_FINAL = 181,
        UNKNOWN_USER = 192,
        WRONG_PASSWORD = 193,
        REQUIRED_PASSWORD = 194,
        ACCESS_DENIED = 497,
        AUTHENTICATION_FAILED = 516,
};

static void tell(Ledger *ledger, Contact contact, char *cause) {
        free(ledger->cause);
        ledger->contact = contact;
        ledger->cause = escape_line(cause);
        free(cause);
}

static void tell_nonsense(Ledger *ledger) {
        tell(ledger, CONTACT_UNREACHABLE, xstrdup("an answer that ClickHouse does not give"));
}

static void read_exception(const Answer *answer, const Settings *settings, Ledger *ledger) {
        switch (answer->exception_code) {
        case UNKNOWN_TABLE:
                ledger->contact = CONTACT_READ;
                break;
        case UNKNOWN_IDENTIFIER:
        case ILLEGAL_FINAL:
                /* A table of that name, of another make. */
                ledger->contact = CONTACT_READ;
                ledger->has_migrations = ledger->odd_migrations = true;
                break;
        case UNKNOWN_DATABASE:
                tell(ledger, CONTACT_NO_DATABASE, xasprintf("database \"%s\" does not exist", settings->database));
                break;
        case UNKNOWN_USER:
        case WRONG_PASSWORD:
        case REQUIRED_PASSWORD:
        case AUTHENTICATION_FAILED:
                tell(ledger, CONTACT_DENIED, xasprintf("password rejected for \"%s\"", settings->username));
                break;
        case ACCESS_DENIED:
                tell(ledger, CONTACT_DENIED, xasprintf("\"%s\" may not read schema_migrations", settings->username));
                break;
        default:
                tell(ledger, CONTACT_UNREACHABLE,
                     xasprintf("HTTP %ld, exception %ld", answer->status, answer->exception_code));
        }
}

/* "VERSION,VERSION"; how many there were. */
static size_t read_versions(const char *s, size_t size, Ledger *ledger) {
        const char *end = s + size;
        size_t n = 0;

        while (s < end) {
                const char *comma = memchr(s, ',', (size_t)(end - s));
                size_t length = (size_t)((comma ? comma : end) - s);
                uint64_t version;

                if (versions_parse(s, length, &version) >= 0)
                        versions_add(&ledger->versions, version);
                else
                        ledger->n_garbage++;
                n++;
                s += length + (comma != NULL);
        }
        (void)versions_sort(&ledger->versions);
        return n;
}

static bool read_line(const char *body, Ledger *ledger) {
        size_t n_count = strspn(body, "0123456789"), n_list, n_version;
        _cleanup_(freep) char *count = xstrndup(body, n_count);
        const char *list = body + n_count + 1, *version;
        uint64_t expected;

        if (body[n_count] != '\t' || parse_uint(count, UINT32_MAX, &expected) < 0)
                return false;
        n_list = strcspn(list, "\t\n");
        if (list[n_list] != '\t')
                return false;
        version = list + n_list + 1;
        n_version = strspn(version, "0123456789.abcdefghijklmnopqrstuvwxyz-");
        if (!streq(version + n_version, "\n") || read_versions(list, n_list, ledger) != expected)
                return false;
        ledger->server = xstrndup(version, n_version < 32 ? n_version : 32);
        return true;
}

void answer_read(const Answer *answer, const Settings *settings, Ledger *ledger) {
        if (answer->exception_code > 0) {
                read_exception(answer, settings, ledger);
                return;
        }
        if (answer->status == 401 || answer->status == 403) {
                tell(ledger, CONTACT_DENIED, xasprintf("HTTP %ld for \"%s\"", answer->status, settings->username));
                return;
        }
        if (answer->status != 200) {
                tell(ledger, CONTACT_UNREACHABLE, xasprintf("HTTP %ld", answer->status));
                return;
        }
        if (strlen(answer->body) != answer->size || !read_line(answer->body, ledger)) {
                tell_nonsense(ledger);
                return;
        }
        ledger->contact = CONTACT_READ;
        ledger->has_migrations = true;
}
