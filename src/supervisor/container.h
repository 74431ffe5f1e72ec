/* SPDX-License-Identifier: MIT */
#pragma once
/* The container: what it is to be (spec.c), made and started (start.c), its end (ended.c), stopped with its grace, removed (stop.c). */

#include "engine/engine.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define CONTAINER_DIRECTORY "/run/lago/engine"

typedef struct Supervisor Supervisor;

/** container_file() - what the engine and we say of the container of this member, in a file each. The caller frees it. */
char *container_file(const Supervisor *s, const char *suffix);

/** container_fails() - what is waited for is a failure of the engine: it is over when a container has started, not when one more is tried. */
bool container_fails(const Supervisor *s);

/**
 * container_words() - writes the container's environment, and answers the engine's @words for it as it is to be, which the
 * caller frees. NULL when that cannot be yet: LATER was fed.
 */
char **container_words(Supervisor *s, char **(*words)(const ContainerSpec *spec));

/** enter_start() - OK, or MIGRATE, when it runs. */
void enter_start(Supervisor *s);
/** enter_clean(), enter_doom(), enter_stop() - OK when it is gone, and what it wrote last is in the journal. */
void enter_clean(Supervisor *s);
void enter_doom(Supervisor *s);
void enter_stop(Supervisor *s);

/** on_stranger() - a JobStranger for adopted children: feeds ENDED when the container's monitor or first process ended. */
void on_stranger(void *userdata, pid_t pid, int code, int status);

/**
 * ended_watch() - feeds ENDED as soon as the monitor of what migrates has written down a good end. on_stranger() feeds it for
 * any other end, and for one that the monitor does not write down.
 */
void ended_watch(Supervisor *s);

/** strangers_take() - looks at the adopted children that ended during the start, now that the container's processes are known. */
void strangers_take(Supervisor *s);

/** stop_on_output_done() - timer: feeds OK, when the container's last lines are in the journal or have been waited for long enough. */
int stop_on_output_done(sd_event_source *source, uint64_t usec, void *userdata);
/** stop_on_orphan_gone() - timer: removes a container without a monitor, when its first process has ended. */
int stop_on_orphan_gone(sd_event_source *source, uint64_t usec, void *userdata);
