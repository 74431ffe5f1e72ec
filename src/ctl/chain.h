/* SPDX-License-Identifier: MIT */
#pragma once
/* The chain of units as an operator sees it: asked of systemd, judged and put into lines. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define SYSTEMD "org.freedesktop.systemd1"
/* Object and interface; with the service before them. */
#define SYSTEMD_MANAGER      "/org/freedesktop/systemd1", SYSTEMD ".Manager"
#define SYSTEMD_MANAGER_CALL SYSTEMD, SYSTEMD_MANAGER

typedef struct Link {
        char *name; /* "setup", a member's name, "ready" */
        char *unit;
        char *active, *sub;  /* as systemd has them; NULL: not known yet */
        char *status;        /* STATUS=, NULL for none */
        uint64_t since_usec; /* CLOCK_REALTIME, of the last change of state; 0: never started */
        char *release, *image,
                *image_id; /* as its supervisor says; NULL: unknown, or not running */
} Link;

typedef struct Chain {
        Link *links; /* upstream before downstream: setup first, ready last */
        size_t n;
} Chain;

/** chain_new() - of the members that lago.conf wants; all of them, when it cannot be read. */
Chain chain_new(void);
void chain_done(Chain *chain);

/** chain_ask() - fills in what systemd and the supervisors say now. Errors: -errno of the bus, told. */
int chain_ask(Chain *chain, sd_bus *bus);

/** chain_find() - the link of a unit or member; NULL for none. Pure. */
const Link *chain_find(const Chain *chain, const char *name);

/** chain_serves() - whether lago-ready says so. Pure. */
bool chain_serves(const Chain *chain);

/** chain_first_cause() - the first link, from the top, that has failed; NULL for none. Pure. */
const Link *chain_first_cause(const Chain *chain);

/**
 * front_note() - "front v1.47.0, which belongs to v1.47.2", where a front of another release than the one that runs is used.
 *
 * @image  of the front; NULL: unknown.
 * Answer: NULL where there is nothing to say; the caller frees it. Pure.
 */
char *front_note(const char *image, const char *release);

/** link_line() - one line for people, at most @width columns: name, state, how long, what it says. Pure; the caller frees it. */
char *link_line(const Link *link, uint64_t now_usec, size_t width);

/** link_same() - whether two lines would tell the same, counting seconds and percents aside. Pure. */
bool link_same(const char *status_a, const char *status_b);

/** bus_open() - the system bus. Errors: -errno, told. */
int bus_open(sd_bus **ret);
