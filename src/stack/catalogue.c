/* SPDX-License-Identifier: MIT */
#include "stack/stack.h"

#include "base/util.h"

/*
 * Grace: Sidekiq gives its jobs 25 s and then writes them back to Redis, Puma finishes requests in hand, PostgreSQL
 * writes its checkpoint. Ports, paths and commands are those of Lago's own images.
 */
static const MemberInfo catalogue[_MEMBER_KIND_MAX] = {
        [MEMBER_DB] = {
                .name = "db",
                .description = "PostgreSQL of Lago (a container, or a watch on an external server)",
                .serves = "Serving",
                .environment = ENVIRONMENT_DATABASE,
                .ready_by = READY_BY_LOGIN,
                .port = 5432,
                .grace_sec = 120,
                .stop_signal = "SIGINT",
        },
        [MEMBER_REDIS] = {
                .name = "redis",
                .description = "Redis of Lago (a container, or a watch on an external server)",
                .serves = "Serving",
                .environment = ENVIRONMENT_REDIS,
                .ready_by = READY_BY_PONG,
                .port = 6379,
                .grace_sec = 30,
        },
        [MEMBER_MIGRATE] = {
                .name = "migrate", .description = "Lago schema: admit the release, migrate, verify", .serves = "Schema verified", .backend = true, .awaits_redis = true, .environment = ENVIRONMENT_BACKEND, .ready_by = READY_BY_ITSELF,
                /* "== 20260709135717 AddX: migrating ====", and what psql says of a file that it cannot load. */
                .ticks = (char *[]){(char[]){": migrating ="}, (char[]){"structure.sql"}, NULL},
                .grace_sec = 0, /* never stopped by us while it migrates */
        },
        [MEMBER_API] = {
                .name = "api",
                .description = "Lago API",
                .serves = "Serving",
                .backend = true,
                .admitted = true,
                .awaits_redis = true,
                .environment = ENVIRONMENT_BACKEND,
                .ready_by = READY_BY_HTTP,
                .probe_path = "/health",
                .port = 3000,
                .grace_sec = 45,
        },
        [MEMBER_WORKER] = {
                .name = "worker",
                .description = "Lago worker",
                .serves = "Running",
                .backend = true,
                .admitted = true,
                .awaits_redis = true,
                .environment = ENVIRONMENT_BACKEND,
                .ready_by = READY_BY_HTTP,
                .probe_path = "/",
                .port = 8080,
                .grace_sec = 45,
        },
        [MEMBER_CLOCK] = {
                .name = "clock",
                .description = "Lago clock (exactly one per database)",
                .serves = "Running",
                .backend = true,
                .admitted = true,
                .awaits_redis = true,
                .awaits_api = true,
                .environment = ENVIRONMENT_BACKEND,
                .ready_by = READY_BY_ITSELF,
                /* clockwork 3.0, which all releases have: "I, [TIME #1]  INFO -- : Starting clock for 26 events: [ ... ]" */
                .ready_line = "Starting clock for ",
                .ticks = (char *[]){(char[]){"INFO -- : Triggering '"}, NULL},
                .grace_sec = 15,
        },
        [MEMBER_FRONT] = {
                .name = "front",
                .description = "Lago front",
                .serves = "Serving",
                .admitted = true,
                .awaits_api = true,
                .environment = ENVIRONMENT_FRONT,
                .ready_by = READY_BY_HTTP,
                .probe_path = "/",
                .logs_probes = true,
                .port = 80,
                .grace_sec = 15,
        },
        [MEMBER_PDF] = {
                .name = "pdf",
                .description = "PDF rendering for Lago",
                .serves = "Serving",
                .ready_by = READY_BY_HTTP,
                .probe_path = "/health",
                .port = 3000,
                /* 7.8.2 dies of SIGTERM with the page in hand. At SIGINT it finishes that, and then waits out its time
                   (30 s) unless it is asked once more. */
                .stop_signal = "SIGINT",
                .outlives_clients = true,
                .grace_sec = 60,
        },
};

const MemberInfo *member_info(MemberKind kind) {
        return &catalogue[kind];
}

/* What stands behind the pool's name: nothing, or "-2" to "-16". */
static bool is_process(const char *s) {
        for (unsigned n = 2; *s && n <= POOL_PROCESSES_MAX; n++) {
                _cleanup_(freep) char *known = xasprintf("-%u", n);

                if (streq(s, known))
                        return true;
        }
        return *s == '\0';
}

static bool pool_is_known(const char *pool) {
        size_t n;
        const char *const *pools = config_pools(&n);

        for (size_t i = 0; i < n; i++) {
                const char *rest = startswith(pool, pools[i]);

                if (rest && is_process(rest))
                        return true;
        }
        return false;
}

int member_parse(const char *name, Member *ret) {
        const char *pool = startswith(name, "worker@");

        if (pool) {
                if (!pool_is_known(pool) || strlen(pool) >= sizeof(ret->pool))
                        return -EINVAL;
                *ret = (Member){.kind = MEMBER_WORKER};
                strcpy(ret->pool, pool);
                return 0;
        }
        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++)
                if (streq(catalogue[kind].name, name)) {
                        *ret = (Member){.kind = kind};
                        return 0;
                }
        return -EINVAL;
}

static char *name_with(const Member *member, const char *prefix, char separator, const char *suffix) {
        const char *name = catalogue[member->kind].name;

        return member->pool[0] ? xasprintf("%s%s%c%s%s", prefix, name, separator, member->pool, suffix)
                               : xasprintf("%s%s%s", prefix, name, suffix);
}

char *member_pool(const Member *member) {
        return xstrndup(member->pool, strcspn(member->pool, "-"));
}

char *member_environment_name(const Member *member) {
        _cleanup_(freep) char *pool = member_pool(member);

        return xasprintf("%s%s%s", catalogue[member->kind].name, *pool ? "@" : "", pool);
}

char *member_name(const Member *member) {
        return name_with(member, "", '@', "");
}

char *member_container(const Member *member) {
        return name_with(member, "lago-", '-', "");
}

char *member_unit(const Member *member) {
        return name_with(member, "lago-", '@', ".service");
}

bool stack_is_external(const Config *config, MemberKind kind) {
        return (kind == MEMBER_DB && config->database_external) ||
               (kind == MEMBER_REDIS && config->redis_external);
}

bool stack_is_enabled(const Config *config, const Member *member) {
        switch (member->kind) {
        case MEMBER_API:
                return config->api_enabled;
        case MEMBER_FRONT:
                return config->front_enabled;
        case MEMBER_CLOCK:
                return config->clock_enabled;
        case MEMBER_PDF:
                return config->pdf_enabled;
        case MEMBER_WORKER:
                return config->worker_enabled && (!member->pool[0] || strv_contains(config->pools, member->pool));
        default:
                return true;
        }
}

bool stack_awaits_api(const Config *config, MemberKind kind) {
        return catalogue[kind].awaits_api && config->api_enabled;
}

Member *stack_members(const Config *config, size_t *ret_n) {
        Member *list = xcalloc(_MEMBER_KIND_MAX + strv_length(config->pools), sizeof(Member));
        size_t n = 0;

        for (MemberKind kind = 0; kind < _MEMBER_KIND_MAX; kind++) {
                Member member = {.kind = kind};

                if (!stack_is_enabled(config, &member))
                        continue;
                list[n++] = member;
                if (kind != MEMBER_WORKER)
                        continue;
                STRV_FOREACH(pool, config->pools) {
                        list[n].kind = MEMBER_WORKER;
                        strncpy(list[n++].pool, *pool, sizeof(member.pool) - 1);
                }
        }
        *ret_n = n;
        return list;
}
