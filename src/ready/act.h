/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which act started lago-migrate. systemd does not tell a unit so; but the jobs that it has queued do: the one that
 * somebody asked for has the lowest number of all that systemd derived from it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known when lago-migrate starts; the number of a job, 0 where a unit has none. */
typedef struct Act {
        uint32_t target, ready, setup, migrate;
        uint32_t follower; /* of those that require lago-migrate, and that are no older than this act, the lowest */
        uint32_t highest;  /* of all these units */
        uint32_t noted;    /* the highest number that was there before this act; 0: not known */
        bool setup_is_new; /* lago-setup began after lago-migrate had last ended */
        bool automatic;    /* systemd starts it again after a crash */
        bool by_keeper;    /* lago-ready asked for it */
        bool first;        /* in this boot of the host */
} Act;

/** act_take_job() - one of systemd's jobs, of whichever unit; @act has what is noted. Pure. */
void act_take_job(Act *act, uint32_t id, const char *unit);

/**
 * act_is_by_name() - whether lago.target or lago-migrate was started or restarted under its own name. Pure.
 *
 * A boot, a crash, the keeper, and a start that was derived from that of another unit are not; in doubt it is none.
 */
bool act_is_by_name(const Act *act);

/** act_of_setup() - the same for lago-setup, where it was @started before in this boot: lago.target alone restarts both. Pure. */
bool act_of_setup(const Act *act, bool started);

/** act_ask() - the act that is going on, as systemd has it. Errors: -errno; then nothing is known. */
int act_ask(Act *ret);

/** act_note() - for the acts that come: the jobs of @act were there before them. Errors: -errno. */
int act_note(const Act *act);

/** act_note_unit() - the same of the start of @unit, which has gone on for a while. Errors: -errno. */
int act_note_unit(const char *unit);
