/* SPDX-License-Identifier: MIT */
#pragma once
/* lago-gate: reads an image's migrations and a database's ledger, and prints the verdict. The only room with libpq. */

#include "base/time.h"
#include "config/dburl.h"
#include "schema/print.h"

#include <libpq-fe.h>
#include <stdio.h>

/* What a server sees of us, whatever name the URL has for Lago's connections. */
#define GATE_APPLICATION "lago-gate"

/* The gate's own exit statuses; those of the verdicts are verdict_status()'s. */
enum {
        GATE_REDIS_UNREACHABLE = 20,
        GATE_REDIS_UNABLE = 23,
        GATE_BAD_MANIFEST = 65,
        GATE_REDIS_REFUSED = 78,
};

/* --- image.c ------------------------------------------------------------------------------------------- */

/**
 * image_read() - the manifest of the application below @root.
 *
 * @root    a directory; no link leads out of it.
 * @prefix  where in it the application is: "app/" or "".
 * @reterr  a sentence; the caller frees it.
 * Errors:  -errno of what could not be read, -EBADMSG.
 */
int image_read(const char *root, const char *prefix, Manifest **ret, char **reterr);

/** image_read_migrations() - the same from a directory of migration files alone. */
int image_read_migrations(const char *directory, Manifest **ret, char **reterr);

/* --- resolve.c ----------------------------------------------------------------------------------------- */

/* Where to try, in this order; three vectors of one length. */
typedef struct Endpoints {
        char **hosts;     /* as in the URL: what the certificate is for */
        char **addresses; /* "" for a socket, or a host that is an address itself */
        char **ports;     /* "" for the default */
} Endpoints;

void endpoints_done(Endpoints *endpoints);

/**
 * gate_resolve() - the addresses of the URL's hosts, also of those that a service's file names.
 *
 * @ret_cause  on failure why, as a clause; the caller frees it.
 * Answer: 1 with *@ret filled, 0 when there is nothing to resolve. Errors: -ENOTCONN.
 */
int gate_resolve(const DbUrl *url, unsigned timeout_sec, Endpoints *ret, char **ret_cause);

/* --- connect.c ----------------------------------------------------------------------------------------- */

typedef struct Target {
        DbUrl *url; /* with hostaddr, sslrootcert and so on set as asked for */
        char *search_path;
        unsigned timeout_sec; /* of a login, and of each answer */
} Target;

/** endpoint_of() - "db:5432", "/run/postgresql" or "service lago": where the target is, without a secret. */
char *endpoint_of(const DbUrl *url);

/**
 * gate_connect() - logs in within the target's time.
 *
 * @ledger  on failure its contact and cause say why.
 * Errors:  -ENOTCONN.
 */
int gate_connect(const Target *target, Ledger *ledger, PGconn **ret);

/* --- trust.c ------------------------------------------------------------------------------------------- */

/** gate_ca_fault() - why the CA file cannot be read, as a clause that the caller frees; NULL: it can, or is not asked for. */
char *gate_ca_fault(const Target *target, Contact *ret_contact, Trust *ret);

/**
 * gate_distrust() - why the server's certificate was not taken, as a clause; the caller frees it.
 *
 * @ca_file  that it was checked with; may be NULL.
 * @message  libpq's.
 * @greet    makes a connection on which TLS was agreed on, whatever the certificate, and not a byte of the login was sent;
 *           NULL when it did not come to that within the target's time.
 */
typedef PGconn *(*Greet)(const Target *target, const Endpoints *endpoints);

char *gate_distrust(const Target *target, const Endpoints *endpoints, const char *ca_file, const char *message, Greet greet,
                    Trust *ret);

void conn_finishp(PGconn **conn);
void result_clearp(PGresult **result);

/* What a server answered when it refused a statement. */
typedef struct QueryError {
        char sqlstate[6]; /* empty when there was none */
        char *text;       /* its first line, not escaped */
} QueryError;

void query_error_done(QueryError *error);

/**
 * gate_query() - runs one or more statements in one round trip.
 *
 * @ret    the rows of the last statement that answered with rows, or NULL.
 * @error  filled on failure.
 * Errors: -EREMOTEIO the server refused a statement; -ETIMEDOUT; -ECONNRESET; -EPROTO an answer that makes no sense.
 */
int gate_query(PGconn *conn, const char *sql, unsigned timeout_sec, PGresult **ret, QueryError *error);

/* --- read.c -------------------------------------------------------------------------------------------- */

/**
 * gate_read() - the ledger, one round trip on an open connection.
 *
 * Answer: 0 when @ledger was filled; else its contact and cause say why, and the errors are gate_query()'s, or -EOPNOTSUPP:
 *         the server is older than the query, and its version alone was filled in.
 */
int gate_read(PGconn *conn, const Target *target, Ledger *ledger);

/**
 * gate_collect() - the SQL by which each look at a ledger begins, followed by @facts. It collects the versions in the
 * transaction's setting lago_gate.versions, from which ledger_take_versions() reads them. NULL without memory; the caller frees it.
 */
char *gate_collect(PGconn *conn, const Target *target, const char *facts);

/** ledger_take_versions() - one on each line of @text, sorted; what is no version is counted. */
void ledger_take_versions(Ledger *ledger, const char *text);

/* --- ask.c --------------------------------------------------------------------------------------------- */

/** gate_ask() - what verdict_questions() wants to know besides; no answer is no error. */
void gate_ask(PGconn *conn, const Target *target, const Questions *questions, Ledger *ledger);

/* --- open.c -------------------------------------------------------------------------------------------- */

typedef enum OpenAnswer {
        OPEN_UNKNOWN, /* no key could be made of them */
        OPEN_GOOD,    /* a value was opened: these are the keys it was stored with */
        OPEN_NOTHING, /* nothing is stored that wants one */
        OPEN_CLOSED,
} OpenAnswer;

/** open_judge() - @stored: encrypted values, a line each, as Lago's columns have them. Pure. */
OpenAnswer open_judge(const char *stored, const char *primary_key, const char *salt);

/** open_run() - the command "open". Answer: its exit status. */
int open_run(const Target *target, const char *primary_key, const char *salt, Format format);

/* --- progress.c ------------------------------------------------------------------------------------------- */

/* How far a migration is. */
typedef struct Progress {
        Versions versions;
        bool begun;  /* Rails holds its lock: it is past its start */
        int blocker; /* pid of the backend the migration waits for, or 0 */
        uint64_t blocked_sec;
        char *blocker_state, *blocker_application; /* NULL: not known */
        char *table;                               /* an index of it is being created; NULL: none is */
        char *index;                               /* NULL while others cannot see its name */
        char *command, *phase;                     /* in PostgreSQL's words */
        uint64_t done, total;                      /* of this phase; total 0: not known */
} Progress;

void progress_done(Progress *progress);

/** gate_progress() - one look at a database that is being migrated. Errors: gate_query()'s. */
int gate_progress(PGconn *conn, const Target *target, Progress *ret);

/* --- pace.c -------------------------------------------------------------------------------------------- */

/* What was seen of one piece of work, from when on. */
typedef struct Pace {
        char *what;
        uint64_t first_done, total, first_msec;
} Pace;

void pace_done(Pace *pace);

/**
 * pace_left_sec() - how long the rest takes if it goes on as it did.
 *
 * @what  names the work: another name starts a new one.
 * Answer: -1 while too little was seen to say so.
 */
int64_t pace_left_sec(Pace *pace, const char *what, uint64_t done, uint64_t total, uint64_t at_msec);

/** index_phase() - the phase's number, from 1, and of how many; 0 for one that is not known here. */
unsigned index_phase(const char *command, const char *phase, unsigned *ret_phases);

/** migrator_key() - the key of the advisory lock that Rails' migrator takes in the database of that name. */
int64_t migrator_key(const char *database);

/* --- check.c, prepare.c, watch.c ----------------------------------------------------------------------- */

/** check_once() - connects, reads, judges; *@ret_ledger (may be NULL) takes the facts. */
Finding *check_once(const Target *target, const Manifest *manifest, const Policy *policy, Ledger **ret_ledger);

/** check_run(), wait_run(), ping_run(), replay_run(), load_run() - the subcommands; the answer is the exit status. */
int check_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format);
int wait_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format, uint64_t timeout_sec);
int ping_run(const Target *target, Format format);
int replay_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format);
int load_run(const Target *target, const Manifest *manifest, const Policy *policy, Format format);

/** watch_run() - follows a migration until standard output is closed or SIGTERM comes. */
int watch_run(const Target *target, const Manifest *manifest);

/* --- redis.c ------------------------------------------------------------------------------------------- */

/* Which Redis, and how Lago goes to it. */
typedef struct RedisTarget {
        const char *url, *password; /* REDIS_URL; REDIS_PASSWORD, or NULL */
        const char *address;        /* asked in place of the URL's host; NULL: that one */
        bool grouped;               /* sentinels say which of its group Lago takes */
        unsigned timeout_sec;       /* of the whole */
} RedisTarget;

/**
 * redis_run() - the command "redis": whether it takes jobs; nothing is written.
 * Answer: the exit status. Errors: -EINVAL for a URL that is none.
 */
int redis_run(const RedisTarget *target, Format format);

/* --- hold.c -------------------------------------------------------------------------------------------- */

/* What there may be only one of for each database, whatever is configured on how many hosts. */
typedef enum HoldLock {
        HOLD_CLOCK,   /* two would enqueue each periodic job twice */
        HOLD_MIGRATE, /* Rails takes a lock of its own, but not before it loads structure.sql into an empty database */
        _HOLD_MAX,
} HoldLock;

/**
 * hold_run() - takes @lock: prints "standby ADDRESS" while another session has it, "held" once it is
 * ours, and keeps it until standard output is closed, SIGTERM comes, or the session ends.
 * Answer: the exit status, EXIT_TEMPFAIL when the session was lost, that of VERDICT_POOLED when a pooler answers, through
 *         which no lock is anybody's.
 */
int hold_run(const Target *target, HoldLock lock);
