/* SPDX-License-Identifier: MIT */
#include "supervisor/inside.h"

#include "process/netns.h"
#include "supervisor/gate.h"
#include "supervisor/inside-words.h"
#include "supervisor/supervisor.h"

bool inside_is_outside(const Supervisor *s) {
        return s->config->database_external || s->config->redis_external || stack_has_clickhouse(s->config, s->image.version);
}

bool inside_is_wanted(const Supervisor *s) {
        return s->member.kind == MEMBER_MIGRATE && inside_is_outside(s);
}

static void not_reached(Supervisor *s, const char *place, const char *reason, unsigned port) {
        char subnet[64] = "";
        InsideFacts facts = {.place = place, .reason = reason, .network = s->config->network, .subnet = subnet, .port = port, .wall = wall_here()};
        _cleanup_(freep) char *sentence = inside_sentence(&facts), *advice = NULL;

        (void)netns_subnet(s->container.netns_fd, subnet, sizeof(subnet));
        advice = inside_advice(&facts);
        s->container.inside.missed(s, sentence, advice);
}

/*
 * "Waiting for PostgreSQL at HOST:PORT: REASON", of which @what is the beginning of the place; the host is a name or an
 * address, none of which has ": " in it.
 */
static void gate_not_reached(Supervisor *s, const char *sentence, const char *what, uint64_t port) {
        const char *place = strstr(sentence, what), *reason = place ? strstr(place, ": ") : NULL;
        _cleanup_(freep) char *where = reason ? xstrndup(place, (size_t)(reason - place)) : xstrndup(what, strcspn(what, " "));
        const char *colon = strrchr(where, ':');

        if (colon)
                (void)parse_uint(colon + 1, UINT16_MAX, &port);
        not_reached(s, where, reason ? reason + 2 : sentence, (unsigned)port);
}

#define CLICKHOUSE "ClickHouse at "

/* What it has and what it lacks was heard from here already: this one is about the way there. */
static void on_clickhouse(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        if (strstr(answer->sentence, CLICKHOUSE))
                gate_not_reached(s, answer->sentence, CLICKHOUSE, 8123);
        else
                s->container.inside.reached(s);
}

static void ask_clickhouse(Supervisor *s) {
        GateCall call = gate_clickhouse_call(s);

        if (!call.argv) {
                s->container.inside.reached(s);
                return;
        }
        call.view_of = s->container.init;
        gate_client_ask(&s->gate, call, on_clickhouse, s);
}

static void on_redis(void *userdata, const RedisAnswer *answer) {
        Supervisor *s = userdata;
        _cleanup_(freep) char *place = answer->host ? xasprintf("Redis at %.60s:%u", answer->host, answer->port) : xstrdup("Redis");

        if (answer->verdict == PROBE_GOOD)
                ask_clickhouse(s);
        else
                not_reached(s, place, answer->reason, answer->port);
}

static void ask_redis(Supervisor *s) {
        if (s->config->redis_external)
                redis_ask_from(&s->redis, (RedisView){.pid = s->container.init, .netns_fd = s->container.netns_fd}, s->config,
                               on_redis, s);
        else
                ask_clickhouse(s);
}

static void on_database(void *userdata, GateAnswer *answer) {
        Supervisor *s = userdata;

        if (answer->status == 0)
                ask_redis(s);
        else
                gate_not_reached(s, answer->sentence, "PostgreSQL at ", 5432);
}

void inside_ask(Supervisor *s, void (*reached)(Supervisor *s), InsideMissed missed) {
        GateCall call;

        s->container.inside.reached = reached;
        s->container.inside.missed = missed;
        /* The container may have ended already, or be a stranger's; the start that follows reports that. */
        if (s->container.init <= 0 || s->container.netns_fd < 0) {
                reached(s);
                return;
        }
        if (!s->config->database_external || !gate_call(s, "ping", /* with_manifest= */ false, &call)) {
                ask_redis(s);
                return;
        }
        call.view_of = s->container.init;
        gate_client_ask(&s->gate, call, on_database, s);
}
