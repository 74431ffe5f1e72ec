/* SPDX-License-Identifier: MIT */
#pragma once
/* The words of a container engine: argument vectors as functions of values. Nothing is run here. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Labels on what we make; a container of our name without the member's label is a stranger's. */
#define ENGINE_LABEL        "io.lago-supervisor"
#define ENGINE_HALF_MADE    "storage"
#define ENGINE_LABEL_MEMBER ENGINE_LABEL ".member"

/* What a container is to be. Strings are borrowed. */
typedef struct ContainerSpec {
        const char *name, *member;
        const char *image;                            /* id or reference that is present; it is never pulled here */
        const char *env_file;                         /* NULL: none */
        const char *network, *second_network, *alias; /* second_network: NULL, or joined as well */
        const char *publish;                          /* "127.0.0.1:3000:3000", or NULL */
        char *const *volumes;
        const char *entrypoint;             /* "": none, @command is run as it stands; NULL: the image's own */
        char *const *command;               /* NULL: the image's own */
        const char *shm_size, *stop_signal; /* NULL: the engine's and the image's default */
        unsigned grace_sec;
        const char *id_file;                    /* written by the engine when it has made the container; it must not be there yet */
        const char *conmon_pid_file, *pid_file; /* written by the engine at the start */
        bool terminal;                          /* run() alone: the container gets a terminal of its own */
} ContainerSpec;

/* What the engine wants of us, each a vector that the caller frees. */
typedef struct Engine {
        const char *name; /* "podman" */

        /**
         * start() - makes the container and starts it; it stays when its start fails. Standard output and error of this call
         * become the container's, and it writes there, too: why it failed, and nothing when it did not.
         */
        char **(*start)(const ContainerSpec *spec);
        /** create() - makes such a container, for a look from its place: what it would write is thrown away. */
        char **(*create)(const ContainerSpec *spec);
        /** init() - its network and its first process are there, and nothing of the image runs. */
        char **(*init)(const char *container);
        /** run() - makes, starts, attaches to our three descriptors, removes: for one command. Its exit status is ours. */
        char **(*run)(const ContainerSpec *spec);
        /** stop() - with the member's grace, then by force; succeeds when there is none. */
        char **(*stop)(const char *container, unsigned grace_sec);
        /** remove() - whatever its state; succeeds when there is none. */
        char **(*remove)(const char *container);
        /** exec() - @command in a running container, its descriptors being ours. */
        char **(*exec)(const char *container, char *const *command);
        /** owner() - prints a line for a container, the member's label or an empty one; nothing when there is no such container. */
        char **(*owner)(const char *container);
        /**
         * half_made() - prints ENGINE_HALF_MADE for a name that is reserved on the disk without being a container: a
         * client was killed while it made one. owner() does not find it, start() says that the name is taken.
         */
        char **(*half_made)(const char *container);
        /** images() - prints a line for engine_image() about each image that is here, fails when one is not. */
        char **(*images)(const char *const *images);
        /** image_environment() - prints what the image sets, NAME=VALUE lines. */
        char **(*image_environment)(const char *image);
        /** image_machine() - prints the processor it is made for, in the engine's word: see engine_machine(). */
        char **(*image_machine)(const char *image);
        /** volume_path() - prints the directory of a volume. */
        char **(*volume_path)(const char *volume);
        /** network_inspect() - prints a network as a list with one object, in JSON. */
        char **(*network_inspect)(const char *network);
        /** network_reload() - gives a running container's network its rules on this host again. */
        char **(*network_reload)(const char *container);
        /** image_remove() - fails while a container is made from it, running or not. */
        char **(*image_remove)(const char *image);
        /** idle() - prints of all containers of ours that do not run a line each: name, and image by id and by name. */
        char **(*idle)(void);
        char **(*pull)(const char *image);
        /** pull_shown() - the same, with its progress on a terminal. */
        char **(*pull_shown)(const char *image);
        /** create_for_files() - a container of the image that is never started: only to look at its files. */
        char **(*create_for_files)(const char *image, const char *name, const char *member);
        /** mount() - the files of a container; prints the directory. remove() undoes it. */
        char **(*mount)(const char *container);
} Engine;

extern const Engine engine_podman;

/* What an engine's failure means, from its words. */
typedef enum EngineFailure {
        ENGINE_FAILED,         /* something that may pass */
        ENGINE_NAME_TAKEN,     /* a container of that name exists */
        ENGINE_IMAGE_ABSENT,   /* the image is not on this host */
        ENGINE_IMAGE_DAMAGED,  /* it is in the engine's list, and its layers are not whole on the disk */
        ENGINE_NETWORK_ABSENT, /* the network is not */
        ENGINE_NO_SUCH_IMAGE,  /* the registry does not know it */
        ENGINE_OTHER_MACHINE,  /* there is none for this host's processor, or what is in it is made for another one */
        ENGINE_NAMES_TAKEN,    /* another program has the port 53 on which the network's name server is to listen */
        ENGINE_DISK_FULL,
        ENGINE_DENIED, /* the registry wants a login */
} EngineFailure;

/** engine_failure() - @text is what a failed client wrote on standard error. Podman has one exit status, 125, for all. */
EngineFailure engine_failure(const char *text);

/**
 * engine_record_damage() - what is wrong with the engine's own record of containers and volumes, when @words of it say so, and
 * its file; NULL when they do not.
 */
const char *engine_record_damage(const char *words, const char **ret_record);

/** engine_machine() - "amd64" for uname(2)'s "x86_64", and so on; what is not known here is handed back as it is. Pure. */
const char *engine_machine(const char *machine);

/** engine_other_platform() - a pull that succeeded said that what it pulled is made for another processor. */
bool engine_other_platform(const char *text);

/**
 * engine_image() - the id, without "sha256:", from a line that images() printed; NULL when there is none in it. The caller
 * frees it. *@ret_port is the one TCP port that the image exposes; 0 where there is none, or more than one.
 */
char *engine_image(const char *line, uint16_t *ret_port);

/** engine_exposed_port() - the same port, from the list alone: {"80/tcp":{}}. */
uint16_t engine_exposed_port(const char *text);

/**
 * engine_reason() - the same in at most @max bytes: engines put the cause last, so of a longer line the end is kept, from
 * the beginning of one of its parts if that fits. The caller frees it.
 */
char *engine_reason(const char *text, size_t max);

/**
 * engine_exit_file() - where a container's monitor writes the container's exit status, a decimal number, as soon as the first
 * process has ended. The monitor ends later: it lets the engine tidy up first. @command_line is the monitor's, @size bytes as in
 * /proc/PID/cmdline. NULL when it does not say; the caller frees it.
 */
char *engine_exit_file(const char *command_line, size_t size);

/** engine_last_line() - the last line of @text that says something, without the "Error: " before it; the caller frees it. */
char *engine_last_line(const char *text);
