/* SPDX-License-Identifier: MIT */
#pragma once
/* What lago-setup does once per start: judge the configuration, make keys, network and volumes. */

#include "base/util.h"
#include "config/config.h"

/* How a step ended; what went wrong has been told by the step. */
typedef enum StepResult {
        STEP_DONE,
        STEP_LATER,    /* may pass: try again */
        STEP_SHORT,    /* the same, for want of memory, processes or descriptors: EXIT_OSERR */
        STEP_CONFIG,   /* EXIT_CONFIG */
        STEP_KEYS,     /* EXIT_KEYS */
        STEP_STRANGER, /* EXIT_STRANGER */
        STEP_ENGINE,   /* no engine to speak to: EXIT_OSERR */
} StepResult;

/** setup_crypto() - out of memory in libcrypto ends the process with EXIT_OSERR. Before anything else is asked of it. */
void setup_crypto(void);

/** setup_status() - STATUS=, fit to be shown. */
void setup_status(const char *format, ...) _printf_(1, 2);

/** setup_refused() - the one line of STATUS= that says why; the whole of it has gone to the journal. */
void setup_refused(const char *format, ...) _printf_(1, 2);

/** setup_later() - STEP_LATER: why it cannot be done yet, told to the journal when it is news. @message_id may be NULL. */
StepResult setup_later(const char *message_id, const char *format, ...) _printf_(2, 3);

/** setup_cause() - what setup_later() was told last, for STATUS=. */
const char *setup_cause(void);

/**
 * setup_check() - what config_load() cannot judge: env.d/, ca-file, the RSA key, who may read the files.
 *
 * @directory  /etc/lago.
 * @errors     appended to, warnings included.
 */
void setup_check(const char *directory, const Config *config, ConfigErrors *errors);

/** setup_rsa_error() - why @base64 is no RSA private key that Lago can use; NULL when it is one. */
const char *setup_rsa_error(const char *base64);

/**
 * setup_missing_keys() - names of the keys that lago.env and secrets.env do not give, without which nothing starts; so not the
 * password of Redis, which an installation from before has none of. The caller frees it.
 */
char **setup_missing_keys(const Config *config);

/**
 * setup_keys() - makes what is missing into @directory/secrets.env.
 *
 * @data_exists  the bundled database's volume holds something: new keys would not fit it.
 */
StepResult setup_keys(const char *directory, const Config *config, bool data_exists);

#define FINGERPRINTS_FILE STATE_DIRECTORY "/fingerprints"

/**
 * setup_fingerprints() - compares the encryption keys with those that the database was first used with, and remembers
 * them at the first start.
 *
 * @path         FINGERPRINTS_FILE: keyed hashes, from which no key can be had.
 * @data_exists  false when the database is new, whose first keys these are.
 */
StepResult setup_fingerprints(const char *path, const Config *config, bool data_exists);

/** fingerprints_make() - the file's text for these keys; pure. The caller frees it. */
char *fingerprints_make(const Config *config, const char *salt);
#define FINGERPRINTS_OTHER_DATABASE "DATABASE"

/**
 * fingerprints_changed() - names of the keys that are not those of @text, missing ones included; pure.
 * Answer: FINGERPRINTS_OTHER_DATABASE alone when @text is about another database than the configured one.
 */
char **fingerprints_changed(const Config *config, const char *text);

/** new_keys_note() - keys are about to be made for this external database. */
StepResult new_keys_note(const char *note, const Config *config);
/**
 * new_keys_judge() - whether it was noted that the keys of this database are new; the note goes when @fingerprints tell that
 * others have been put in their place. Answer: 1, 0. Errors: -errno.
 */
int new_keys_judge(const char *note, const char *fingerprints, const Config *config);
void new_keys_forget(const char *note, const Config *config);

/* What the engine has under a name of ours. */
typedef struct NetworkFound {
        bool exists, is_ours;
        bool isolated; /* from other isolated networks; else the host passes on what goes from one to the other */
        char *problem; /* why it is of no use to us; NULL when it is, or the name is free */
} NetworkFound;

/* In place of the path of a volume that leads to a disk or a share, while that is not mounted. */
#define INVENTORY_UNMOUNTED "not mounted"

/* The volumes and networks that the engine has. */
typedef struct Inventory {
        char **volumes;              /* names */
        char **mountpoints;          /* of the same order */
        NetworkFound network, pages; /* pages: PDF rendering's own */
} Inventory;

/** inventory_parse() - from what the engine printed; pure. @pages: NULL where nothing is rendered. */
void inventory_parse(Inventory *inventory, const char *volumes, const char *networks, const char *network,
                     const char *pages);
void inventory_done(Inventory *inventory);

/**
 * inventory_volume_has_data() - 1 when the volume is there and not known to be empty, else 0.
 * Errors: -errno of one that cannot be looked into now, and may be later.
 */
int inventory_volume_has_data(const Inventory *inventory, const char *volume);

/** inventory_mountpoint() - where the files of @volume are, itself a path of the host perhaps; NULL when it is not there. */
const char *inventory_mountpoint(const Inventory *inventory, const char *volume);

/** inventory_store() - the engine's directory, as its volumes tell it, else the usual one; pure. The caller frees it. */
char *inventory_store(const Inventory *inventory);

/** setup_look() - asks the engine. */
StepResult setup_look(const Config *config, Inventory *ret);

/** setup_make_volume() - asks the engine for it; files that are in its folder already stay. */
StepResult setup_make_volume(const char *name);

/** setup_known() - a wanted volume that the engine does not know, and whose folder is there, is made known again, here too. */
StepResult setup_known(const Config *config, Inventory *inventory);

/** setup_volumes() - names of the volumes that the members here want; a path of the host is none. The caller frees it. */
char **setup_volumes(const Config *config);

#define VOLUMES_FILE STATE_DIRECTORY "/volumes"

/* Where it stands what this host had. */
typedef struct PlaceNotes {
        const char *volumes, *fingerprints, *unfinished, *jobs;
} PlaceNotes;

/**
 * place_objection() - why nothing may be made here: a volume that this host had is gone or empty, or what is in the
 * database's is not what PostgreSQL starts from. NULL: no reason; the caller frees it.
 *
 * @ret_error  -errno of what cannot be looked at now, else 0.
 */
char *place_objection(const Config *config, const Inventory *inventory, const PlaceNotes *notes, int *ret_error);

/** setup_place() - the same with the notes of this host, told. To be asked before anything is made. */
StepResult setup_place(const Config *config, const Inventory *inventory);

/** setup_note_volumes() - notes the volumes that are there now in VOLUMES_FILE. */
StepResult setup_note_volumes(const Config *config);

/**
 * setup_credential() - puts the credential secrets.env of this unit, if it has one, to where all read it, and removes it from
 * there if it has none. Refused beside a secrets.env in /etc/lago.
 */
StepResult setup_credential(void);

/** setup_runs() - whether a container of this stack is there: as long as one is, nothing changes in how they reach each other. */
bool setup_runs(void);

/**
 * setup_engine() - makes the networks and the volumes that are missing; no other user may read what the engine keeps.
 *
 * @note  STACK_PAGES_NOTE, written when nobody runs; NULL: those who run are not concerned.
 */
StepResult setup_engine(const Config *config, const Inventory *inventory, const char *note);

/** redis_has_data() - 1 when @directory holds a log or a snapshot of Redis. Errors: -errno. */
int redis_has_data(const char *directory);

/** redis_would_forget() - 1 when Redis, told to log, would start empty although @directory holds a snapshot. Errors: -errno. */
int redis_would_forget(const char *directory);

/** setup_redis() - refuses to start Redis where it would forget jobs. */
StepResult setup_redis(const Config *config, const Inventory *inventory);
