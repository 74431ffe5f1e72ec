/* SPDX-License-Identifier: MIT */
#pragma once
/* The Redis of this stack, ours or an external one: whether it answers. */

#include "config/config.h"
#include "supervisor/work.h"

/* What came of a question. */
typedef struct RedisAnswer {
        ProbeVerdict verdict;
        const char *reason; /* a part of a sentence, unless it is PROBE_GOOD */
        const char *host;   /* NULL: it was not asked, as the URL is none, or the bundled one does not serve */
        uint16_t port;
} RedisAnswer;

typedef void (*RedisAnswered)(void *userdata, const RedisAnswer *answer);

/* From inside a container, of which nothing need run. */
typedef struct RedisView {
        pid_t pid;    /* its first process; 0: from this host */
        int netns_fd; /* its network; borrowed */
} RedisView;

typedef struct RedisClient {
        Work *work;
        const Config *config; /* of the question in hand */
        RedisView view;
        RedisAnswered done;
        void *userdata;
} RedisClient;

#define REDIS_CONF "/run/lago/engine/redis.conf"

/**
 * redis_give_conf() - writes the bundled Redis' own configuration file and adds it to @volumes; nothing where it has no
 * password. Errors: -errno.
 */
int redis_give_conf(const Config *config, char ***volumes);

/**
 * redis_note_volume() - notes that the jobs are in @volume, once the bundled Redis has written them there: an empty one is
 * missed then (setup/place.c).
 *
 * @init  the first process of its container, which serves.
 */
void redis_note_volume(const char *volume, pid_t init);

/** redis_ask() - asks the Redis of @config, as the work of the state; @done is called once unless that is dropped before. */
void redis_ask(RedisClient *r, const Config *config, RedisAnswered done, void *userdata);

/** redis_ask_from() - the same, of an external one, from where @view is. */
void redis_ask_from(RedisClient *r, RedisView view, const Config *config, RedisAnswered done, void *userdata);
