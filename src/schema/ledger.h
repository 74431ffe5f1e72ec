/* SPDX-License-Identifier: MIT */
#pragma once
/* A ledger: what a database says of its own state, as plain facts. Filled by the gate, judged by verdict.h. */

#include "schema/versions.h"

#include <sys/types.h>

typedef enum Contact {
        CONTACT_UNREACHABLE, /* the zero: what nobody has asked was not read */
        CONTACT_READ,        /* everything below was read */
        CONTACT_DENIED,
        CONTACT_NO_DATABASE,
        CONTACT_UNTRUSTED, /* the server's certificate: waiting cannot help */
} Contact;

/* Why a certificate was not taken. */
typedef enum Trust {
        TRUST_UNKNOWN, /* zero: nobody looked */
        TRUST_EXPIRED,
        TRUST_NOT_YET,
        TRUST_NAME,
        TRUST_AUTHORITY,
        TRUST_NO_FILE,
        TRUST_UNREADABLE,
        TRUST_FORMAT,
} Trust;

typedef enum RolesState {
        ROLES_NONE, /* no table for them yet */
        ROLES_MISSING,
        ROLES_PRESENT,
} RolesState;

typedef struct ExtensionFact {
        char *name;
        bool installed;
        bool available;  /* on the server's disk */
        bool allowed;    /* this role may create it here */
        bool in_partman; /* installed in the schema of that name, where this role may make tables */
        char *version;   /* installed; else as the server would create it */
        char *offered;   /* as the server would create it */
} ExtensionFact;

/* Whether Lago's tables hold a row, but for those that the migrations put there themselves. */
typedef enum RowsState {
        ROWS_UNKNOWN, /* zero: nobody asked, or there was no answer */
        ROWS_SOME,
        ROWS_NONE,
} RowsState;

/* Who holds the advisory lock of Rails' migrator. */
typedef struct Migrator {
        int pid;        /* 0: nobody */
        char *address;  /* "10.0.0.7", or "the same host" */
        char *since;    /* "14:03" */
        int blocked_by; /* pid of the backend that it or its sibling waits for, or 0 */
} Migrator;

typedef struct Ledger {
        Contact contact;
        Trust trust;    /* with CONTACT_UNTRUSTED, and with one that is not valid yet */
        char *cause;    /* why not CONTACT_READ: "connection refused" */
        char *endpoint; /* "db:5432"; always there */

        char *server;     /* "15.6" */
        int server_major; /* 15 */
        char *database, *role;
        bool standby, read_only;
        bool clickhouse;                        /* it is of ClickHouse, where much of what follows means nothing */
        char *encoding;                         /* of the database's text: "UTF8" */
        char *statement_timeout, *lock_timeout; /* of a session of this role; "0" is none. NULL: not asked for */
        char *locale;                           /* that text is sorted by; NULL: the server is older than 15, and cannot tell the rest */
        char *collation_made, *collation_here;  /* its version when the database was made, and on this server; NULL: it has none */
        bool pooled;                            /* a connection pooler answers in the server's place */

        char *search_path;   /* as asked for */
        char *schema;        /* the first of it that exists: where Rails would create; NULL for none */
        bool has_migrations; /* schema_migrations is visible */
        bool odd_migrations; /* … but is not Rails' table */
        Versions versions;
        size_t n_garbage;   /* its rows that are no versions */
        char *lago_schema;  /* a schema that holds Lago's tables, whatever the search path; or NULL */
        unsigned n_objects; /* tables, views and types in public and the target schema, but for Rails' two own */
        char *first_object; /* one of them by name */
        bool lago_objects;  /* some of them have names of Lago's tables */
        RolesState roles;
        char **invalid_indexes; /* "invoices: index_…" */
        Migrator migrator;
        Migrator loader; /* of an empty ledger: who runs psql, which Rails has load structure.sql before it takes the lock */
        bool superuser, may_create;
        char *keyless;           /* a table that each Lago has with a primary key, and that has none; or NULL */
        char *absent;            /* a table that each Lago has, and that is not there; or NULL */
        bool loose;              /* foreign keys that every release makes are not there */
        unsigned n_not_owned;    /* tables, views, types and functions of another owner, when asked for */
        char *not_owned, *owner; /* the first of them, and whose it is */
        bool owner_is_first;     /* … the role that the server was made with */

        ExtensionFact *extensions; /* those asked for; NULL when nobody asked */
        size_t n_extensions;
        RowsState rows;
        int64_t rows_left; /* of the task of the bridge the database stands on; -1: not known */
} Ledger;

/** ledger_new() - nothing known: unreachable. */
Ledger *ledger_new(void);
Ledger *ledger_free(Ledger *ledger);
void ledger_freep(Ledger **ledger);

/** ledger_add_extension() - one more fact, the rest of which the caller fills in before the next. */
ExtensionFact *ledger_add_extension(Ledger *ledger, const char *name, bool installed,
                                    bool available, bool allowed);
