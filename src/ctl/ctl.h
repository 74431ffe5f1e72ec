/* SPDX-License-Identifier: MIT */
#pragma once
/* What the verbs of lagoctl share. */

#include "base/util.h"
#include "config/config.h"
#include "process/run.h"

/* "lagoctl status": not all of the stack serves; the number is that of systemctl(1). */
#define EXIT_NOT_SERVING 3

typedef struct Verb {
        const char *name;
        const char *arguments; /* as in the usage line, or "" */
        const char *summary;   /* one line, for the list of verbs */
        const char *help;      /* what is more to say; lines with their ends */
        bool as_root;          /* reads secrets or speaks to the engine */
        /** run() - the work; @argv[0] is the verb's name, the rest are its arguments. Answers the exit status. */
        int (*run)(const struct Verb *verb, int argc, char **argv);
} Verb;

extern const Verb verb_start, verb_stop, verb_restart, verb_apply, verb_status, verb_check, verb_verify,
        verb_migrate, verb_pull, verb_rails, verb_create_org, verb_backup, verb_export;

typedef struct Flag {
        const char *name; /* "--quiet" */
        bool *value;
} Flag;

/**
 * arguments_parse() - takes the flags out of the arguments; "--" ends them.
 *
 * @flags, @n_flags  what this verb knows.
 * @words, @max      where the other words go, in order; those that are not given become NULL.
 * @min              how many there must be.
 *
 * Errors: -EINVAL, and what is wrong was told: the caller ends with EXIT_USAGE.
 */
int arguments_parse(const Verb *verb, int argc, char **argv, const Flag *flags, size_t n_flags,
                    const char **words, size_t min, size_t max);

/* What is to run here, and what is known of its images. */
typedef struct Release {
        Config *config;
        bool admitted; /* the copy that lago-migrate admitted; else /etc/lago */
        char *version; /* "v1.50.0" as the image says it, else the configured one */
        char *image,
                *image_id; /* of the backend; the id is NULL when the image is not on this host */
} Release;

/**
 * release_load() - the admitted release when there is one, else the configured one; with @name, the configuration of
 * /etc/lago with that release in place of the configured one. Answers an exit status, 0 with *@ret; the rest was told.
 */
int release_load(const char *name, Release *ret);
/** release_load_admitted() - the admitted release alone. Answers an exit status; EXIT_TEMPFAIL, told, when there is none. */
int release_load_admitted(Release *ret);
void release_done(Release *release);

/** config_set_release() - puts @name in place of the configured release. Answers an exit status, told. */
int config_set_release(Config *config, const char *name);

/** image_id() - the id of an image on this host, without "sha256:"; NULL when there is none. The caller frees it. */
char *image_id(const char *image);

/** pull_images() - what the members of @config need and this host lacks. Answers an exit status, told. */
int pull_images(const Config *config);

/** engine_ask() - runs @argv (freed here) of the engine to its end. Errors: -errno, told; else *@ret, any status. */
int engine_ask(char **argv, RunResult *ret);

/**
 * release_manifest() - the file with the image's migrations, read from the image when nobody has yet.
 * Answer: an exit status, 0 with *@ret, which the caller frees; else it was told. EXIT_IMAGE is about the image alone.
 */
int release_manifest(const Release *release, char **ret);
