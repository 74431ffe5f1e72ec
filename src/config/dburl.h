/* SPDX-License-Identifier: MIT */
#pragma once
/* DATABASE_URL as Lago and Rails write it, taken apart for libpq. Pure. */

#include <stdint.h>

/*
 * Rails accepts parameters that libpq refuses: Lago's own compose file ends its URL in "?search_path=public", which
 * libpq answers with "invalid URI query parameter". Those are taken out. Rails ignores search_path= and obeys
 * schema_search_path= (and the environment's POSTGRES_SCHEMA, which is the caller's to add).
 */
typedef struct DbUrl {
        char **keywords, **values; /* of the same length, in libpq's words: host, port, user, password, dbname, sslmode … */
        char *schema;              /* of schema_search_path=, or NULL */
        char **dropped;            /* names of the parameters that libpq does not know; NULL for none */
} DbUrl;

/**
 * dburl_parse() - takes "postgres://", "postgresql://" apart, percent-decoding included;
 * IPv6 in brackets, several hosts, sockets in host= and service= are passed through.
 *
 * @reterr  a sentence without any part of the URL that could be a password; the caller frees it.
 * Errors:  -EINVAL.
 */
int dburl_parse(const char *url, DbUrl **ret, char **reterr);

/** dburl_parse_redis() - the same for "redis://" and "rediss://", whose URLs have this shape; what follows a '?' is left out. Errors: -EINVAL. */
int dburl_parse_redis(const char *url, DbUrl **ret);

/** dburl_keyword_meant() - the libpq keyword that a parameter of this name was meant for: "sslmode" for "ssl_mode"; NULL for none. */
const char *dburl_keyword_meant(const char *name);

/** dburl_get() - the value of a libpq keyword, or NULL. */
const char *dburl_get(const DbUrl *url, const char *keyword);
/** dburl_set() - sets or replaces a keyword. */
void dburl_set(DbUrl *url, const char *keyword, const char *value);

DbUrl *dburl_free(DbUrl *url);
void dburl_freep(DbUrl **url);
