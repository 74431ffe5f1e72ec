/* SPDX-License-Identifier: MIT */
#pragma once
/* The catalogue of Lago's members: one table says what each is, how it is run, probed and stopped. Pure. */

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum MemberKind {
        MEMBER_DB,
        MEMBER_REDIS,
        MEMBER_MIGRATE,
        MEMBER_API,
        MEMBER_WORKER, /* the main worker, or a pool */
        MEMBER_CLOCK,
        MEMBER_FRONT,
        MEMBER_PDF,
        _MEMBER_KIND_MAX,
} MemberKind;

/* What shows that a member is ready. */
typedef enum ReadyBy {
        READY_BY_ITSELF, /* nothing can be asked: what it says, or that it has run for a while */
        READY_BY_HTTP,   /* GET of a path answers 200 */
        READY_BY_PONG,   /* PING answers +PONG */
        READY_BY_LOGIN,  /* login and a query, through lago-gate */
} ReadyBy;

typedef enum EnvironmentKind {
        ENVIRONMENT_NONE,
        ENVIRONMENT_BACKEND,
        ENVIRONMENT_FRONT,
        ENVIRONMENT_DATABASE,
        ENVIRONMENT_REDIS,
} EnvironmentKind;

typedef struct MemberInfo {
        const char *name;        /* "api" */
        const char *description; /* of its unit */
        const char *serves;      /* what STATUS= says when it runs: "Serving", "Running" */
        bool backend;            /* runs Lago's code against the database: gated by the verdict */
        bool admitted;           /* starts from the admitted copy of the configuration */
        bool awaits_redis, awaits_api;
        EnvironmentKind environment;
        ReadyBy ready_by;
        const char *probe_path;
        bool logs_probes;        /* its web server is nginx, which writes a line for each */
        uint16_t port;           /* inside the container; 0: none */
        const char *ready_line;  /* READY_BY_ITSELF: words of the line by which it says that it is ready; NULL: none */
        char *const *ticks;      /* words of the lines that it writes for each piece of its work; NULL: it writes none */
        unsigned grace_sec;      /* what its process needs to stop without losing anything */
        const char *stop_signal; /* NULL: what the image says */
        bool outlives_clients;   /* stopped after API and workers, and asked once more when nobody is connected */
} MemberInfo;

typedef struct Member {
        MemberKind kind;
        char pool[32]; /* "events" of worker@events, "events-2" of its second process, else empty */
} Member;

/* So long one that outlives its clients waits for them: longer than their grace. */
#define OUTLIVE_SEC 60U

const MemberInfo *member_info(MemberKind kind);

/** member_parse() - "api", "worker", "worker@events". Errors: -EINVAL for no member of the stack. */
int member_parse(const char *name, Member *ret);
/** member_pool() - "events" of all processes of that pool, "" of none; the caller frees it. */
char *member_pool(const Member *member);
/** member_environment_name() - "worker@events": of its file in env.d, which all processes of a pool share; the caller frees it. */
char *member_environment_name(const Member *member);
/** member_name() - "worker@events"; the caller frees it. */
char *member_name(const Member *member);
/** member_container() - the container's name: "lago-api", "lago-worker-events". */
char *member_container(const Member *member);
/** member_unit() - "lago-worker@events.service". */
char *member_unit(const Member *member);

/** stack_image() - the full reference that runs this member: "docker.io/getlago/api:v1.50.0". Never NULL. */
char *stack_image(const Config *config, MemberKind kind);

/**
 * stack_front_before() - where to look when the registry does not have @reference, the front's image so far: the front of the
 * patch release before. Lago tags some releases for the API alone, and has always run the last front of that minor release
 * with them. Answer: NULL when there is none before, for a release of the table, whose front is known, and where front = in
 * lago.conf names the tag. The caller frees it.
 */
char *stack_front_before(const Config *config, const char *reference);

/** stack_image_absent() - what to look at when the registry does not have it. */
const char *stack_image_absent(MemberKind kind);

/** stack_is_enabled() - whether lago.conf wants this member on this host. */
bool stack_is_enabled(const Config *config, const Member *member);

/** stack_awaits_api() - whether it is started behind the API: a clock of a host without one has its own verdict alone. */
bool stack_awaits_api(const Config *config, MemberKind kind);

/** stack_is_external() - db or redis that is watched, not run. */
bool stack_is_external(const Config *config, MemberKind kind);

/** stack_members() - every enabled member, upstream before downstream; *ret_n of them, the caller frees it. */
Member *stack_members(const Config *config, size_t *ret_n);

/** stack_database_url() - the URL that Lago gets: lago.env's, or that of the bundled server. NULL without a password. */
char *stack_database_url(const Config *config);

/** stack_database_identity() - which database that is, without a secret, to tell it from another one it may be changed for. */
char *stack_database_identity(const Config *config);

/** stack_database_place() - "\"lago\" at db:5432", for a sentence; what the URL does not say is left out. The caller frees it. */
char *stack_database_place(const Config *config);

/** stack_redis_url() - the same for Redis; that of the bundled one has its password in it, once lago-setup has made one. */
char *stack_redis_url(const Config *config);

/** stack_forget_redis_password() - from now on the bundled Redis of @config has none: for one that is run elsewhere, without STACK_REDIS_CONF. */
void stack_forget_redis_password(Config *config);

/* Written by the supervisor: the volume in which the bundled Redis was seen to keep its jobs. */
#define STACK_JOBS_NOTE "/var/lib/lago/jobs-volume"

/* What Redis keeps in its volume: the log of version 7, that of those before, and the snapshot. */
#define STACK_REDIS_LOG      "appendonlydir"
#define STACK_REDIS_OLD_LOG  "appendonly.aof"
#define STACK_REDIS_SNAPSHOT "dump.rdb"

/* Where the bundled Redis finds what no argument may tell: its password. */
#define STACK_REDIS_CONF "/etc/lago-redis.conf"

/** stack_redis_conf() - the text of that file; NULL where the bundled Redis has no password. The caller frees it. */
char *stack_redis_conf(const Config *config);

/** stack_environment() - "KEY=VALUE" for the member's container, sorted by key, @own (env.d/MEMBER.env, may be NULL) on top. */
char **stack_environment(const Config *config, const Member *member, const Env *own);

/* Where ca-file is mounted in Lago's containers; sslrootcert= in their DATABASE_URL names it. */
#define STACK_CA_FILE "/etc/ssl/lago-ca.pem"

/* Written by lago-setup: the network that PDF rendering has for itself. Without it nobody joins one; see stack_networks(). */
#define STACK_PAGES_NOTE "/var/lib/lago/pages-network"

/** stack_pages_network() - its name: that of [network] with "-pdf" behind; NULL when nothing is rendered here. The caller frees it. */
char *stack_pages_network(const Config *config);

/**
 * stack_networks() - what the member's container joins, the one with its upstreams first; at most two.
 *
 * @note  the text of STACK_PAGES_NOTE, NULL without: a stack from before there was such a network goes on in one, as
 *        otherwise who is started again would not find those who were not.
 */
char **stack_networks(const Config *config, MemberKind kind, const char *note);

/** stack_networks_now() - the same, with the note that is there now; NULL and errno while that cannot be read. */
char **stack_networks_now(const Config *config, MemberKind kind);

/** stack_volumes() - "volume:/path" for the engine; NULL for none. */
char **stack_volumes(const Config *config, MemberKind kind);

/** stack_listen() - where the member is published on this host; NULL: nowhere. */
const Listen *stack_listen(const Config *config, MemberKind kind);

/** stack_listen_local() - the numeric address to ask from this host: its own loopback where all addresses are meant. */
const char *stack_listen_local(const Listen *listen);

/** stack_listen_text() - "127.0.0.1:3000" or "[::1]:3000"; the caller frees it. */
char *stack_listen_text(const Listen *listen);

/** stack_port() - where the member listens in its container; of the front the image knows better: @exposed, 0 for unknown. */
uint16_t stack_port(MemberKind kind, uint16_t exposed);

/** stack_publish() - "127.0.0.1:3000:3000", the last being @port of the container; or NULL. */
char *stack_publish(const Config *config, MemberKind kind, uint16_t port);

/** stack_scripts() - start scripts of the image that run this member, best first ("scripts/start.api.sh"); NULL for none. */
char **stack_scripts(const Member *member);

/**
 * stack_command() - what the container runs; NULL for the image's own command.
 *
 * @script   the one of stack_scripts() that the image has, NULL when it has none.
 * @command  how that script ends: "exec" when its last command is an exec, and the script is run as it is; else that
 *           last command, which is run directly, as a shell that is process 1 ignores SIGTERM.
 * @ipv6     whether the kernel has IPv6 at all: without it the API and the front are to listen on 0.0.0.0 alone.
 */
char **stack_command(const Config *config, const Member *member, const char *script, const char *command, bool ipv6);

/** stack_entrypoint() - "" where @command is run as it stands, NULL where the image's entry point takes it. */
const char *stack_entrypoint(MemberKind kind, char *const *command);

/* What lago-gate is to look at. Strings are borrowed. */
typedef struct StackGate {
        const char *manifest; /* file; NULL: the verb needs none */
        const char *target;   /* release of the image; NULL: the configured one */
        const char *address;  /* where the database's host is; NULL: its name is looked up */
        const char *lock;     /* what "hold" holds; NULL: not for that verb */
        bool export;          /* KEY=VALUE lines instead of sentences */
} StackGate;

/** stack_redis_command() - "lago-gate redis", which reads stack_redis_login() from its standard input. */
char **stack_redis_command(const char *address, unsigned timeout_sec);
/** stack_redis_login() - lines "REDIS_URL=…", "REDIS_PASSWORD=…" and so on; the caller frees them. */
char *stack_redis_login(const Config *config);

/* Found by its path: it is run where Lago's second database is switched on, and nowhere else. */
#define CLICKHOUSE_GATE "/usr/libexec/lago/lago-gate-clickhouse"

/**
 * stack_has_clickhouse() - whether Lago migrates that database too.
 *
 * @release  of the image, which says what variable it looks at; NULL: the configured one.
 * Shape:    Lago asks if the variable is set to anything at all, in whichever file lago-migrate gets it from.
 */
bool stack_has_clickhouse(const Config *config, const char *release);
/** stack_clickhouse_command() - "lago-gate-clickhouse check …", which reads stack_clickhouse_settings() from its standard input. */
char **stack_clickhouse_command(const Config *config, const StackGate *gate);
/** stack_clickhouse_settings() - lines "LAGO_CLICKHOUSE_HOST=…" with a password among them; the caller frees them. */
char *stack_clickhouse_settings(const Config *config);

/* Exit statuses of lago-gate(8) that its callers tell apart; schema/finding.c has all of them. */
typedef enum GateStatus {
        GATE_VERIFIED = 0,
        GATE_PENDING = 10,
        GATE_FRESH = 11,
        GATE_EMPTY = 12,
        GATE_UNREACHABLE = 20,
        GATE_DENIED = 21,
        GATE_REDIS_UNABLE = 23,
        GATE_AHEAD = 30, /* from here on it refuses: first what is in the database … */
        GATE_INVISIBLE = 33,
        GATE_HALF_LOADED = 34,
        GATE_OCCUPIED = 35,
        GATE_WRONG_MAJOR = 37, /* … then the server */
        GATE_POOLED = 40,
        GATE_UNFINISHED = 41, /* … but this is in the database */
        _GATE_REFUSED_END = 43,
        GATE_REDIS_REFUSED = 78,
        GATE_NO_VERDICT = 70, /* it was not asked, or could not answer: opens nothing */
} GateStatus;

/** stack_gate_command() - "lago-gate @verb …", which reads the URL from its standard input. */
char **stack_gate_command(const Config *config, const char *verb, const StackGate *gate);
