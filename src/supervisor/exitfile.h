/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The end of a container as its monitor writes it down. The monitor's own end, which tells as much, comes when the engine has
 * taken the container's network away: some 150 ms later on two idle processors, during which nobody need wait for a verdict.
 */

#include <sys/types.h>
#include <systemd/sd-event.h>

typedef struct ExitFile {
        char *path;
        sd_event_source *source;
        void (*told)(void *userdata, int exit_status);
        void *userdata;
} ExitFile;

/**
 * exitfile_watch() - calls @told once with the exit status (128 + the signal's number for one) that @monitor writes, at once
 * when it has. Errors: -errno; -ENOENT: the monitor does not say where. Its own end tells it then.
 */
int exitfile_watch(ExitFile *f, sd_event *event, pid_t monitor, void (*told)(void *userdata, int exit_status), void *userdata);

/** exitfile_done() - no longer. */
void exitfile_done(ExitFile *f);
