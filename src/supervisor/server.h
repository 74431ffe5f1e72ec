/* SPDX-License-Identifier: MIT */
#pragma once
/* The states of the bundled PostgreSQL's data that no restart mends: each is found, and refused, waited for or mended. */

#include <stdbool.h>

typedef struct Supervisor Supervisor;

/** server_refuses_password() - the login was rejected, and the password was changed after the data had been made: feeds a NEVER. */
bool server_refuses_password(Supervisor *s);

/**
 * server_prepare() - before the bundled server's container is made: a data directory whose making was cut off is emptied;
 * after a container that ended before it answered, is the data of another major version? Feeds OK or NEVER.
 */
void server_prepare(Supervisor *s);
