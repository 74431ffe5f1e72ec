/* SPDX-License-Identifier: MIT */
#include "config/redisurl.h"

#include "base/util.h"
#include "config/dburl.h"

void redisurl_done(RedisUrl *url) {
        free(url->host);
        free(url->user);
        if (url->password)
                explicit_bzero(url->password, strlen(url->password));
        free(url->password);
        *url = (RedisUrl){0};
}

static int parse_number(const char *text, uint64_t max, uint64_t fallback, uint64_t *ret) {
        *ret = fallback;
        return isempty(text) ? 0 : parse_uint(text, max, ret);
}

bool redisurl_has_user(const char *url) {
        const char *rest = strstr(url, "://"), *login = rest ? rest + strlen("://") : url;
        size_t n_authority = strcspn(login, "/?");
        const char *at = memrchr(login, '@', n_authority);

        return at && *login != ':' && memchr(login, ':', (size_t)(at - login));
}

/* What stands before the "@" alone is the password, to the client in Lago; a user counts where a colon follows it. */
static void take_login(const char *url, const DbUrl *parsed, const char *password, RedisUrl *ret) {
        const char *user = dburl_get(parsed, "user"), *of_url = dburl_get(parsed, "password");
        bool has_user = redisurl_has_user(url);

        if (isempty(password))
                password = of_url || has_user ? of_url : user;
        ret->user = has_user ? xstrdup(user) : NULL;
        ret->password = password ? xstrdup(password) : NULL;
}

int redisurl_parse(const char *url, const char *password, RedisUrl *ret) {
        _cleanup_(dburl_freep) DbUrl *parsed = NULL;
        uint64_t port, database;
        const char *host;

        if (dburl_parse_redis(url, &parsed) < 0 || parse_number(dburl_get(parsed, "port"), UINT16_MAX, 6379, &port) < 0 ||
            parse_number(dburl_get(parsed, "dbname"), INT32_MAX, 0, &database) < 0)
                return -EINVAL;
        host = dburl_get(parsed, "host");
        *ret = (RedisUrl){
                .host = xstrdup(host ? host : "redis"),
                .port = (uint16_t)port,
                .database = (unsigned)database,
                .tls = startswith(url, "rediss://") != NULL,
        };
        take_login(url, parsed, password, ret);
        return 0;
}
