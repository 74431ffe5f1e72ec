/* SPDX-License-Identifier: MIT */
#pragma once
/* /run/lago/state/MEMBER as its readers see it: what each supervisor tells the others, and lagoctl. */

#define RUN_DIRECTORY "/run/lago/state"

/* Made by "lagoctl migrate": lago-migrate takes it away and runs what is pending, whatever "automatic" says. */
#define MIGRATE_ONCE_FILE "/run/lago/migrate-once"

/* Made by what an operator does: lago-migrate is to admit /etc/lago. It takes it away when that is done. */
#define APPLY_FILE "/run/lago/apply"

/* Made by lago-migrate: it was started in this boot of the host. What starts it first is the boot. */
#define STARTED_FILE "/run/lago/started"

/* Made by lago-setup, for the same: a boot that waits for a database has started lago-setup, and lago-migrate not yet. */
#define SET_UP_FILE "/run/lago/set-up"

/* Made by lago-ready before it has lago-migrate started: no operator asked for that. */
#define KEEPER_FILE "/run/lago/started-by-keeper"

/* Made by lago-migrate and the API: the highest number of the jobs of systemd that they have seen; see ready/act.h. */
#define NOTED_FILE "/run/lago/jobs"

/* STATE of a member that serves. */
#define RUN_STATE_SERVING "serving"

/* STATE of a clock that waits for the one of another host to go: all is well with it. */
#define RUN_STATE_STANDBY "standby"

/* STATE of lago-ready, as long as it watches over the chain. */
#define RUN_STATE_KEEPING "keeping"

/* STATE of one whose process has ended. */
#define RUN_STATE_ENDED "ended"

/* STATE of one that waits until its next attempt. */
#define RUN_STATE_RESTING "resting"

/** runstate_prepare() - makes the directory, for who writes or watches it. Errors: -errno. */
int runstate_prepare(void);

/** runstate_write() - @member's file holds exactly @text afterwards. Errors: -errno. */
int runstate_write(const char *member, const char *text);

/** runstate_read() - the lines of @member's file, for keyfile_get(); NULL when it has none. The caller frees it. */
char *runstate_read(const char *member);

/** runstate_address() - where @member serves, NULL while it does not. The caller frees it. */
char *runstate_address(const char *member);
