/* SPDX-License-Identifier: MIT */
#pragma once
/* REDIS_URL as the client in Lago reads it: redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]. Pure. */

#include <stdbool.h>
#include <stdint.h>

typedef struct RedisUrl {
        char *host;
        char *user, *password; /* NULL: none */
        uint16_t port;
        unsigned database;
        bool tls;
} RedisUrl;

/**
 * redisurl_parse() - takes @url apart.
 *
 * @password  REDIS_PASSWORD, which stands before the URL's; NULL or empty: none.
 * Errors:    -EINVAL.
 */
int redisurl_parse(const char *url, const char *password, RedisUrl *ret);

/** redisurl_has_user() - whether @url names one: only where a colon follows does what stands before the "@" begin with a user. */
bool redisurl_has_user(const char *url);
void redisurl_done(RedisUrl *url);
