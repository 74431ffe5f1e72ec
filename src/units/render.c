/* SPDX-License-Identifier: MIT */
#include "units/render.h"

#include "base/util.h"
#include "stack/stack.h"

#include <stdio.h>

#define SUPERVISOR "/usr/libexec/lago/lago-supervisor"
#define SETUP      "/usr/libexec/lago/lago-setup"
#define CTL        "/usr/bin/lagoctl"

/* Statuses that say "this can never succeed as it stands": a restart would only repeat the message. */
#define NEVER_STATUSES "64 78 79 80 81 82 83 84 85"

/* Reaping comes after stopping and shares TimeoutStopSec= with it: that much beside the grace of the process. */
#define REAP_SEC 30U

/* Neither podman nor anything that it starts with its own defaults has a use for these. */
#define NEVER_NEEDED                                                                               \
        "CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_BLOCK_SUSPEND CAP_CHECKPOINT_RESTORE CAP_IPC_OWNER " \
        "CAP_LEASE CAP_LINUX_IMMUTABLE CAP_MAC_OVERRIDE CAP_NET_BROADCAST CAP_SYS_BOOT "           \
        "CAP_SYS_PACCT CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_SYSLOG CAP_WAKE_ALARM"

#define STORES   "lago-db.service lago-redis.service"
#define OF_CHAIN "Documentation=man:lago.target(7) man:lago.conf(5)\nPartOf=lago.target\n"

/* Why what is missing is missing: packaging/doc/security.md, which "make lint" compares with these units. */
#define HARDENED                           \
        "PrivateTmp=yes\n"                 \
        "PrivateMounts=yes\n"              \
        "PrivateDevices=yes\n"             \
        "ProtectKernelTunables=yes\n"      \
        "ProtectKernelModules=yes\n"       \
        "ProtectKernelLogs=yes\n"          \
        "ProtectControlGroups=yes\n"       \
        "ProtectClock=yes\n"               \
        "ProtectHostname=yes\n"            \
        "RestrictNamespaces=yes\n"         \
        "RestrictRealtime=yes\n"           \
        "RestrictSUIDSGID=yes\n"           \
        "LockPersonality=yes\n"            \
        "MemoryDenyWriteExecute=yes\n"     \
        "SystemCallArchitectures=native\n" \
        "IPAddressDeny=any\n"

/* The keeper talks to systemd and reads files; root it is only because systemd takes orders from root alone. */
#define KEEPER                                                                             \
        "Slice=lago.slice\n"                                                               \
        "UMask=0077\n"                                                                     \
        "# It talks to systemd and reads files: it needs no right of root but its name.\n" \
        "RuntimeDirectory=lago\n"                                                          \
        "RuntimeDirectoryPreserve=yes\n"                                                   \
        "CapabilityBoundingSet=\n"                                                         \
        "NoNewPrivileges=yes\n"                                                            \
        "ProtectSystem=strict\n"                                                           \
        "ProtectHome=yes\n"                                                                \
        "ProtectProc=invisible\n"                                                          \
        "ProcSubset=pid\n"                                                                 \
        "PrivateNetwork=yes\n"                                                             \
        "RestrictAddressFamilies=AF_UNIX\n"                                                \
        "SystemCallFilter=@system-service\n"                                               \
        "SystemCallFilter=~@privileged @resources\n" HARDENED

/* clang-format off */
static const char target_text[] =
        "[Unit]\n"
        "Description=Lago billing\n"
        "Documentation=man:lago.target(7)\n"
        "Wants=lago-db.service lago-redis.service lago-migrate.service lago-api.service\n"
        "Wants=lago-worker.service lago-clock.service lago-front.service lago-pdf.service\n"
        "Requires=lago-ready.service\n"
        "# After multi-user: a start that waits must not hold the host's boot.\n"
        "After=lago-ready.service multi-user.target\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n";

static const char slice_text[] =
        "[Unit]\n"
        "Description=Lago billing, all members\n"
        "Documentation=man:lago.target(7)\n";

static const char ready_text[] =
        "[Unit]\n"
        "Description=Lago serves (waits for the chain)\n"
        "Documentation=man:lago.target(7)\n"
        "PartOf=lago.target\n"
        "OnFailure=lago-again.service\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        "NotifyAccess=main\n"
        "ExecStart=" SUPERVISOR " ready\n"
        "# Not restarted: systemd would pass that on to lago.target, and so to every member.\n"
        "Restart=no\n"
        "TimeoutStartSec=infinity\n"
        "WatchdogSec=60s\n"
        "LimitCORE=0\n" KEEPER;

static const char again_text[] =
        "[Unit]\n"
        "Description=Lago: start lago-ready again when it was killed\n"
        "Documentation=man:lago-supervisor(8)\n"
        "PartOf=lago.target\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "ExecStart=" SUPERVISOR " again\n"
        KEEPER;

static const char setup_text[] =
        "[Unit]\n"
        "Description=Lago configuration, keys and container network\n"
        "Documentation=man:lago.conf(5)\n"
        "PartOf=lago.target\n"
        "Wants=network-online.target\n"
        "After=network-online.target\n"
        "# A disk for the volumes that need not be there (nofail) is waited for, and missed by lago-setup when it is not.\n"
        "After=var-lib-containers.mount var-lib-containers-storage.mount var-lib-containers-storage-volumes.mount\n"
        "# Every member's start asks for it: it must not be refused for being asked too often.\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        "NotifyAccess=main\n"
        "ExecStart=" SETUP "\n"
        "# What it writes into /run is memory of Lago's, as its members' is, for the limits of the slice.\n"
        "Slice=lago.slice\n"
        "UMask=0077\n"
        "RuntimeDirectory=lago\n"
        "RuntimeDirectoryPreserve=yes\n"
        "StateDirectory=lago\n"
        "CacheDirectory=lago\n"
        "# It handles keys: nothing of its memory goes to disk.\n"
        "LimitCORE=0\n"
        "# It runs podman to list and make volumes and networks, and starts no container.\n"
        "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_ADMIN\n"
        "ProtectSystem=full\n"
        "ReadWritePaths=/etc/lago -/etc/containers\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6\n"
        "SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap\n"
        "SystemCallErrorNumber=EPERM\n"
        HARDENED;

/*
 * The edges of the chain. Requires= where a verified schema is needed; Wants= to the stores, since Lago reconnects by
 * itself and a bounce of PostgreSQL must restart nobody. The stores stand in After= of the backend as well, so that
 * they stop last in every transaction.
 */
static const char store_edges[] = "Requires=lago-setup.service\n"
                                  "After=lago-setup.service\n";
static const char migrate_edges[] = "Requires=lago-setup.service\n"
                                    "Wants=" STORES "\n"
                                    "After=lago-setup.service " STORES "\n";
static const char backend_edges[] = "Requires=lago-migrate.service\n"
                                    "Wants=" STORES "\n"
                                    "After=lago-migrate.service " STORES "\n";
static const char clock_edges[] = "Requires=lago-api.service\n"
                                  "After=lago-api.service lago-worker.service time-sync.target\n";
static const char front_edges[] = "Requires=lago-api.service\n"
                                  "After=lago-api.service lago-worker.service\n";
/* clang-format on */

/* One row per unit file: a fixed text, or a member with its edges. */
typedef struct UnitFile {
        const char *name;
        const char *text;
        MemberKind kind;
        const char *argument; /* of lago-supervisor */
        const char *edges;
} UnitFile;

/* clang-format off */
static const UnitFile unit_files[] = {
        { "lago.target",          .text = target_text },
        { "lago-ready.service",   .text = ready_text },
        { "lago-again.service",   .text = again_text },
        { "lago-setup.service",   .text = setup_text },
        { "lago-db.service",      NULL, MEMBER_DB,      "db",        store_edges },
        { "lago-redis.service",   NULL, MEMBER_REDIS,   "redis",     store_edges },
        { "lago-migrate.service", NULL, MEMBER_MIGRATE, "migrate",   migrate_edges },
        { "lago-api.service",     NULL, MEMBER_API,     "api",       backend_edges },
        { "lago-worker.service",  NULL, MEMBER_WORKER,  "worker",    backend_edges },
        { "lago-worker@.service", NULL, MEMBER_WORKER,  "worker@%i", backend_edges },
        { "lago-clock.service",   NULL, MEMBER_CLOCK,   "clock",     clock_edges },
        { "lago-front.service",   NULL, MEMBER_FRONT,   "front",     front_edges },
        { "lago-pdf.service",     NULL, MEMBER_PDF,     "pdf",       store_edges },
        { "lago.slice",           .text = slice_text },
};
/* clang-format on */

const char *const *unit_names(size_t *ret_n) {
        static const char *names[ELEMENTSOF(unit_files)];

        for (size_t i = 0; i < ELEMENTSOF(unit_files); i++)
                names[i] = unit_files[i].name;
        *ret_n = ELEMENTSOF(unit_files);
        return names;
}

static const UnitFile *unit_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(unit_files); i++)
                if (streq(unit_files[i].name, name))
                        return &unit_files[i];
        return NULL;
}

/*
 * [Service] of migrate: it ends when the schema is verified, and nothing limits how long that takes. Not Type=oneshot, whose
 * READY=1 systemd does not heed: who follows would wait until the container that migrated is removed, too.
 */
static const char once_head[] = "RemainAfterExit=yes\n";
static const char once_reload[] = "ExecReload=" CTL " apply --quiet --no-block\n";
static const char once_limits[] = "TimeoutStartSec=infinity\n"
                                  "TimeoutStopSec=infinity\n";

bool unit_is_of_member(const char *name) {
        const UnitFile *unit = unit_find(name);

        return unit && unit->argument;
}

char *unit_log_limit(unsigned lines) {
        return lines > 0 ? xasprintf("LogRateLimitIntervalSec=1min\n"
                                     "LogRateLimitBurst=%u\n",
                                     lines)
                         : xstrdup("LogRateLimitIntervalSec=1s\n"
                                   "LogRateLimitBurst=1000000\n");
}

static char *render_service(const UnitFile *unit) {
        _cleanup_(freep) char *limits = NULL, *log = unit_log_limit(CONFIG_JOURNAL_LINES);
        bool once = unit->kind == MEMBER_MIGRATE;

        limits = once ? xstrdup(once_limits)
                      : xasprintf("TimeoutStartSec=infinity\n"
                                  "TimeoutStopSec=%us\n"
                                  "WatchdogSec=60s\n"
                                  "WatchdogSignal=SIGKILL\n",
                                  member_info(unit->kind)->grace_sec + REAP_SEC +
                                          (member_info(unit->kind)->outlives_clients ? OUTLIVE_SEC : 0));
        return xasprintf(
                "[Service]\n"
                "Type=notify\n"
                "%s"
                "NotifyAccess=main\n"
                "ExecStart=" SUPERVISOR " run %s\n"
                "%s"
                "ExecStopPost=" SUPERVISOR " reap %s\n"
                "Restart=on-failure\n"
                "RestartSec=1s\n"
                "RestartPreventExitStatus=" NEVER_STATUSES "\n"
                "%s"
                "# A supervisor that dies must not take its container along without its grace: reap ends it.\n"
                "KillMode=process\n"
                "Delegate=yes\n"
                "OOMPolicy=continue\n"
                "Slice=lago.slice\n"
                "UMask=0077\n"
                "LimitNOFILE=65536\n"
                "LimitCORE=0\n"
                "# Containers inherit what is set here; what starting them needs cannot be taken away.\n"
                "CapabilityBoundingSet=~" NEVER_NEEDED "\n"
                "# Lago logs a line per request and per job: what a busy hour writes must not be cut; a container that floods\n"
                "# its log must not push the host's journal out. See [journal] in lago.conf.\n"
                "%s",
                once ? once_head : "", unit->argument, once ? once_reload : "", unit->argument, limits, log);
}

static char *render_member(const UnitFile *unit) {
        _cleanup_(freep) char *service = render_service(unit);
        bool is_pool = strchr(unit->argument, '@') != NULL;

        return xasprintf("[Unit]\n"
                         "Description=%s%s\n" OF_CHAIN "%s"
                         "StartLimitIntervalSec=0\n"
                         "\n"
                         "%s",
                         member_info(unit->kind)->description, is_pool ? ", pool %i" : "",
                         unit->edges, service);
}

char *unit_render(const char *name) {
        const UnitFile *unit = unit_find(name);
        _cleanup_(freep) char *text = NULL;

        if (!unit)
                return NULL;
        text = unit->text ? xstrdup(unit->text) : render_member(unit);
        return xasprintf(
                "# SPDX-License-Identifier: MIT\n"
                "# Written by \"make units\". What this host needs otherwise: systemctl edit %s\n"
                "\n"
                "%s",
                name, text);
}
