/* SPDX-License-Identifier: MIT */
#include "gate/row.h"

#include "base/util.h"

const char *row_text(const PGresult *row, const char *name) {
        int i = PQfnumber(row, name);

        return i < 0 ? "" : PQgetvalue(row, 0, i);
}

bool row_is_true(const PGresult *row, const char *name) {
        const char *value = row_text(row, name);

        return streq(value, "t") || streq(value, "on");
}

uint64_t row_number(const PGresult *row, const char *name) {
        uint64_t value = 0;

        return parse_uint(row_text(row, name), INT64_MAX, &value) < 0 ? 0 : value;
}

void row_set(char **p, const PGresult *row, const char *name) {
        const char *value = row_text(row, name);

        free(*p);
        *p = *value ? xstrndup(value, NAME_BYTES) : NULL;
}

char *first_word(const char *s) {
        size_t n = strcspn(s, " ");

        return xstrndup(s, n < NAME_BYTES ? n : NAME_BYTES);
}

/* A pooler makes up the backend's number in its greeting; the server tells the true one. */
bool row_is_of_pooler(const PGconn *conn, const PGresult *row) {
        return (int)row_number(row, "pid") != PQbackendPID(conn);
}
